"""`ParityMeter` in numpy: the source and what was built from it, both rebuilt from their files, on the same tokens."""

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from trueup import __version__
from trueup.adapters.builders.gguf.config import read_config
from trueup.adapters.networks.codes import NOT_COMPARABLE
from trueup.adapters.networks.decoder import hidden_states, output_head
from trueup.adapters.networks.opening import Network, open_network
from trueup.adapters.parity.comparing import compare
from trueup.adapters.parity.texts import token_windows
from trueup.core.digests import digest_of
from trueup.core.errors import PermanentError
from trueup.desired.parity import RequiredParity
from trueup.evidence.evidence import Evidence
from trueup.evidence.gates import judge
from trueup.evidence.parity import measurements_of, thresholds_of
from trueup.ports import Clock, ParityRequest, Progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


class NumpyParity:
    """Measures parity on this machine's processor."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def check(self, required: RequiredParity, source: Path, text: Path | None) -> None:
        """Raise what keeps a build of *source* from being compared with it, before anything is built.

        Raises:
            PermanentError: The source cannot be computed here, or there is too little text.
        """
        _tokens(source, text, required)

    def measure(self, request: ParityRequest, progress: Progress) -> Evidence:
        """Compare source and result and return what was measured, held to the declared bounds.

        Raises:
            PermanentError: One of them cannot be computed here, or there is too little text.
        """
        required, began = request.required, self._clock.now()
        source = open_network(request.source)
        result = open_network(request.result)
        tokens = _tokens(request.source, request.text, required)
        found = measurements_of(
            compare(
                _computed(source, tokens, progress, "computing the source"),
                _computed(result, tokens, progress, "computing the result"),
                tokens,
                progress,
            )
        )
        drawn = digest_of(tokens.tolist())
        return Evidence(
            evaluation=str(request.build),
            key=required.key,
            subject=(*request.subject, ("tokens", drawn)),
            measurements=found,
            gates=judge(thresholds_of(required), found),
            tool=f"trueup {__version__}, numpy {version('numpy')}, gguf {version('gguf')}",
            started_at=began,
            completed_at=self._clock.now(),
        )


def _tokens(source: Path, text: Path | None, required: RequiredParity) -> "NDArray[np.int64]":
    context = read_config(source).context
    if required.seq_len > context:
        detail = f"`seqLen` is {required.seq_len}, and the model has a context of {context} tokens."
        hint = f"ask for a `seqLen` of at most {context} under `parity.logits`"
        raise PermanentError(NOT_COMPARABLE, detail, hint=hint)
    return token_windows(source, text, required)


def _computed(network: Network, tokens: "NDArray[np.int64]", progress: Progress, what: str) -> "tuple[Floats, Floats]":
    head = output_head(network)
    if tokens.max() >= len(head):
        detail = f"The tokenizer gives the token {tokens.max()}, and the network knows {len(head)}."
        raise PermanentError(NOT_COMPARABLE, detail)
    return hidden_states(network.decoder, network, tokens, progress, what), head
