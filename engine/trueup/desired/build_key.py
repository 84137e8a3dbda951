"""The key of a build: the digest of everything that decides its bytes, known before anything is built."""

from collections.abc import Mapping, Sequence

from trueup.core.digests import Digest, digest_of
from trueup.core.json import Json

SCHEMA = 1
"""Raised when the form of the key itself changes."""

BUILDER_VERSIONS: Mapping[str, int] = {"gguf": 1, "pytorch": 1, "autodeploy": 1, "engine": 1, "edge_engine": 1}
"""Raised whenever a builder gives other bytes for the same input, so that old results are not taken for new ones."""


def build_key(source: Digest, mode: str, parameters: Mapping[str, Json], inputs: Sequence[Digest] = ()) -> Digest:
    """Return the store key of what *mode* makes from *source*; mode `none` keeps the source and so its digest.

    Args:
        source: Digest of the artifact that is built from.
        mode: The Build's mode; one without a version here is versioned by its own parameters.
        parameters: What changes the bytes of the result, and nothing else; the order of keys does not matter.
        inputs: Digests of the other artifacts that it reads.
    """
    if mode == "none":
        return source
    keyed: dict[str, Json] = {
        "schema": SCHEMA,
        "builder": {"mode": mode, "version": BUILDER_VERSIONS.get(mode, 0)},
        "source": source,
        "parameters": dict(parameters),
    }
    if inputs:
        keyed["inputs"] = list(inputs)
    return digest_of(keyed)
