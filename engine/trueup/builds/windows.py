"""Build modes: which tool makes them, in which of its versions, and what loads the result.

Sources: TensorRT-LLM's release notes up to 1.3.0rc20 and its removal of the engine backend (NVIDIA/TensorRT-LLM#15907,
#15918); the change of the default backend in 1.0 (#8223). Read in November 2026.
"""

from trueup.core.frozen import dataclass
from trueup.core.versions import version_key


@dataclass(frozen=True, slots=True)
class Mode:
    """What is known of a build mode.

    Attributes:
        tool: Key in a Build's toolchain that carries the version; empty when the mode has no tool of its own.
        name: What people call that tool.
        first: First version that has the mode; empty when all have it.
        last: Last version that has it; empty when it is still there.
        runtimes: Runtimes that load the result, and those of them that need the tool's own window, too.
        bound: The result loads only in a runtime whose version is in the window.
        before: Mode to take with an older tool; empty when there is none.
        after: Mode to take with a newer one.
    """

    tool: str = ""
    name: str = ""
    first: str = ""
    last: str = ""
    runtimes: frozenset[str] = frozenset()
    bound: bool = False
    before: str = ""
    after: str = ""

    @property
    def window(self) -> str:
        """The window in words: `0.19 to 1.2.1`, `1.0 and later`; empty when there is none."""
        if not self.first:
            return ""
        return f"{self.first} to {self.last}" if self.last else f"{self.first} and later"

    def has(self, version: str | None) -> bool | None:
        """Tell whether *version* of the tool has the mode; None when that cannot be told."""
        found = version_key(version) if version else None
        if found is None or not self.first:
            return None
        return not self.is_before(version) and not self.is_after(version)

    def is_before(self, version: str | None) -> bool:
        """Tell whether *version* is older than the window."""
        found, first = version_key(version or ""), version_key(self.first)
        return found is not None and first is not None and found < first

    def is_after(self, version: str | None) -> bool:
        """Tell whether *version* is newer than the window."""
        found, last = version_key(version or ""), version_key(self.last)
        return found is not None and last is not None and found > last


_TRTLLM_NAME = "TensorRT-LLM"
CHECKPOINT_RUNTIMES = frozenset({"trtllm", "vllm", "sglang", "nim", "dynamo"})
_TRTLLM = frozenset({"trtllm"})

MODES: dict[str, Mode] = {
    "gguf": Mode(runtimes=frozenset({"llama.cpp", "ollama"})),
    # `trtllm-build` is in every release from 0.19 (the oldest that is looked after) to 1.2.1; it was removed during
    # the pre-releases of 1.3.
    "engine": Mode("tensorrtLlm", _TRTLLM_NAME, "0.19", "1.2.1", _TRTLLM, bound=True, after="pytorch"),
    # The PyTorch backend is the default since 1.0; AutoDeploy came with it.
    "pytorch": Mode("tensorrtLlm", _TRTLLM_NAME, "1.0", "", CHECKPOINT_RUNTIMES, before="engine"),
    "autodeploy": Mode("tensorrtLlm", _TRTLLM_NAME, "1.0", "", _TRTLLM, before="engine"),
    "edge_engine": Mode("tensorrtEdgellm", "TensorRT Edge-LLM", runtimes=frozenset({"tensorrt-edgellm"})),
}

EDGE_VERSION = "0.11.0"
"""Version of TensorRT Edge-LLM whose families and payloads are known here."""

FORMATS: dict[str, frozenset[str]] = {
    "safetensors": frozenset({"transformers", "tgi", *CHECKPOINT_RUNTIMES}),
    "gguf": frozenset({"llama.cpp", "ollama"}),
    "pytorch": frozenset({"transformers", "vllm", "sglang", "tgi"}),
    "pickle": frozenset({"transformers"}),
    "tensorrt-llm": _TRTLLM,
}
"""Runtimes that load a model as it is (mode `none`), by its format."""

RUNTIMES = frozenset().union(*FORMATS.values(), *(m.runtimes for m in MODES.values()))
"""Runtimes that this table knows; of a plugin's, nobody here can say what it loads."""

NAIVE_RUNTIMES = frozenset({"transformers"})
"""Runtimes that load a checkpoint of Model Optimizer without its scales: no error, and nonsense for answers."""


def loads_naively(runtime: str, mode: str, format_: str, source: str) -> bool:
    """Tell whether *runtime* would load quantized weights as if they were plain ones.

    transformers 4.57 and 5 were seen to do so with FP8 and INT8 of Model Optimizer 0.47; INT4 fails on its shapes.

    Args:
        runtime: What serves.
        mode: Mode of the Build.
        format_: Format that the Build quantizes to; `none` when it does not.
        source: `quantization` of the Model; it matters where it names Model Optimizer.
    """
    if runtime not in NAIVE_RUNTIMES:
        return False
    made = mode in ("pytorch", "autodeploy") and format_ not in ("", "none")
    return made or (mode in ("none", "pytorch", "autodeploy") and "modelopt" in source.lower())
