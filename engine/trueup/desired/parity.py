"""What a build must keep of its source: which tokens both are compared on, and the declared bounds."""

from typing import TYPE_CHECKING

from trueup.core.digests import Digest, digest_of
from trueup.core.frozen import dataclass
from trueup.core.json import Json

if TYPE_CHECKING:
    from trueup.desired.state import ArtifactPin

SCHEMA = 1
"""Raised when the same declaration is measured in another way, so that old results are not taken for new ones."""

NEUTRAL_TEXT = Digest("sha256:338e5f50bb64c359431b357d6c2cffce487543a3e9d5d412fdb3293a3e5a11c1")
"""Digest of the text that ships with trueup, read where no dataset is declared."""

MODES = frozenset({"gguf", "pytorch", "autodeploy"})
"""Modes whose results can be computed here. An engine runs on its own accelerator alone."""


@dataclass(frozen=True, slots=True)
class RequiredParity:
    """The logits gate of a build.

    Attributes:
        key: Digest of everything the measurement depends on; the bounds are not in it, so that others are held to
            what was measured already.
        text: Dataset whose text the tokens come from; None for the text that ships with trueup.
        sequences: Sequences compared.
        seq_len: Tokens of a sequence.
        max_kl: Largest mean KL divergence, in nats.
        min_top1: Least share of equal likeliest tokens.
        max_perplexity_ratio: Largest perplexity of the result over that of the source; None for any.
    """

    key: Digest
    text: "ArtifactPin | None"
    sequences: int
    seq_len: int
    max_kl: float
    min_top1: float
    max_perplexity_ratio: float | None = None


def parity_key(build: Digest, source: Digest, text: Digest, sequences: int, seq_len: int) -> Digest:
    """Return what a measurement of parity depends on, known before anything is built.

    Args:
        build: Key of the build.
        source: Digest of the artifact that it is built from.
        text: Digest of the text; `NEUTRAL_TEXT` for ours.
        sequences: Sequences compared.
        seq_len: Tokens of each.
    """
    keyed: dict[str, Json] = {
        "schema": SCHEMA,
        "measure": "parity",
        "build": build,
        "source": source,
        "text": text,
        "sequences": sequences,
        "seqLen": seq_len,
    }
    return digest_of(keyed)
