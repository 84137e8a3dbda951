"""Number formats of weights and caches: how many bytes they take, and which accelerators compute with them.

Sources: sizes as ModelOpt and TensorRT-LLM lay tensors out (scales included); rules of the builder and of the plugins
(`builder.py`, `plugin.py`), and the hardware matrix of TensorRT-LLM's page on quantization, November 2026.
"""

from collections.abc import Mapping

from trueup.builds.accelerators import Generation, Product
from trueup.core.frozen import dataclass
from trueup.core.versions import version_key

DEFAULT_GROUP = 128
"""Weights that share a scale in AWQ and GPTQ unless a Build says otherwise."""

GROUPED = frozenset({"int4_awq", "w4a8_awq", "int4_gptq"})
"""Formats with a scale for each group of weights."""

NEED_CALIBRATION = frozenset({"fp8", "int8_sq", "int4_awq", "w4a8_awq", "nvfp4", "auto"})
"""Formats whose scales are measured on data; the others are computed from the weights alone, or are there already."""

QUANTIZED_ON_GPU = frozenset({"nvfp4"})
"""Formats that ModelOpt makes on CUDA tensors only."""

_BYTES: Mapping[str, float] = {
    "fp8": 1.0,
    "fp8_rowwise": 1.0,
    "fp8_block": 1.0 + 4 / 16384,  # a float32 scale for each block of 128 x 128
    "int8_sq": 1.0,
    "int8_wo": 1.0,
    "int4_wo": 0.5,
    "nvfp4": 0.5 + 1 / 16,  # an FP8 scale for each 16
    "mxfp4": 0.5 + 1 / 32,  # an 8-bit exponent for each 32
    "Q8_0": 1.0 + 2 / 32,  # llama.cpp: a float16 scale for each 32
    "Q4_1": 0.5 + 4 / 32,
    "Q4_0": 0.5 + 2 / 32,
    "F16": 2.0,
    "float16": 2.0,
    "bfloat16": 2.0,
    "float32": 4.0,
}
_CACHE_BYTES: Mapping[str, float] = {"none": 2.0, "fp8": 1.0, "int8": 1.0, "nvfp4": 0.5 + 1 / 16}

_OF_SOURCES: Mapping[str, str] = {
    "awq": "int4_awq",
    "gptq": "int4_gptq",
    "fp16": "float16",
    "bf16": "bfloat16",
    "fp32": "float32",
    "f32": "float32",
    "half": "float16",
    "fp8_e4m3": "fp8",
    **{name.lower(): name for name in _BYTES},
}


def bytes_of_weight(
    format_: str, *, group: int = 0, bits: float | None = None, is_engine: bool = False
) -> float | None:
    """Return the bytes of one weight, its share of scales included; None for a format that is not known.

    Args:
        format_: Format of a Build, of llama.cpp, or a type such as `bfloat16`.
        group: Weights that share a scale; 0 takes the format's own.
        bits: Mean bits of a weight for `auto`.
        is_engine: Laid out for `trtllm-build`, which keeps scales in 16 bits; Hugging Face exports have 32.
    """
    if format_ in GROUPED:
        return 0.5 + (2 if is_engine else 4) / (group or DEFAULT_GROUP)
    if format_ == "auto":
        return None if bits is None else bits / 8
    return _BYTES.get(format_)


def bytes_of_cache(format_: str) -> float | None:
    """Return the bytes of one value in the key-value cache; None for a format that is not known."""
    return _CACHE_BYTES.get(format_)


def format_of_source(name: str) -> str:
    """Return the format that a model's own `quantization` or `precision` names; empty when it is not known."""
    return _OF_SOURCES.get(name.strip().lower().replace("-", "_"), "")


@dataclass(frozen=True, slots=True)
class Rule:
    """When a format is refused on an accelerator.

    Attributes:
        formats: Formats it is about; those of caches end in `_kv`.
        modes: Modes it is about.
        least: Smallest capability that has it.
        below: First capability that has it no more.
        never: Capabilities in between that have it not.
        why: The reason.
        is_certain: Refused, or only said not to be supported.
        until: First version of TensorRT-LLM that it is no rule of; empty for a rule of all versions.
    """

    formats: frozenset[str]
    modes: frozenset[str]
    least: int = 0
    below: int = 10_000
    never: frozenset[int] = frozenset()
    why: str = ""
    is_certain: bool = True
    until: str = ""

    def is_broken_by(self, sm: int) -> bool:
        """Tell whether it refuses accelerators of that capability."""
        return not self.least <= sm < self.below or sm in self.never

    def is_of(self, version: str) -> bool | None:
        """Tell whether it is a rule of *version* of TensorRT-LLM; None when that cannot be told."""
        if not self.until:
            return True
        found, first = version_key(version), version_key(self.until)
        return None if found is None or first is None else found < first


_ENGINE, _CHECKPOINT = frozenset({"engine"}), frozenset({"pytorch", "autodeploy"})
_BOTH = _ENGINE | _CHECKPOINT
_NO_WEIGHT_ONLY = "the builder refuses weights of 8 and 4 bits without activations from capability 10.0 on"
_RULES: tuple[Rule, ...] = (
    Rule(frozenset({"bfloat16"}), _BOTH, least=80, why="bfloat16 starts at capability 8.0"),
    Rule(frozenset({"fp8"}), _BOTH, least=89, why="FP8 tensor cores start at capability 8.9"),
    Rule(
        frozenset({"fp8_rowwise"}),
        _ENGINE,
        least=89,
        never=frozenset(range(100, 120)),
        why="it needs FP8 tensor cores (8.9), and its plugin is refused from 10.0 up to 12.0",
    ),
    Rule(
        frozenset({"fp8_rowwise"}),
        _CHECKPOINT,
        least=90,
        below=100,
        why="the PyTorch backend has it on Hopper (9.0) only",
    ),
    Rule(
        frozenset({"fp8_block"}),
        _CHECKPOINT,
        least=90,
        below=104,
        why="the PyTorch backend has it on 9.0, 10.0 and 10.3",
    ),
    Rule(frozenset({"w4a8_awq"}), _BOTH, least=89, below=100, why="it exists for capabilities 8.9 and 9.0"),
    Rule(
        frozenset({"int4_awq", "int4_gptq"}), _BOTH, below=100, why="it is there for Ampere, Ada and Hopper, up to 9.0"
    ),
    Rule(frozenset({"int8_sq"}), _ENGINE, below=100, why="the builder refuses SmoothQuant from capability 10.0 on"),
    Rule(frozenset({"int8_wo", "int4_wo"}), _ENGINE, below=100, why=_NO_WEIGHT_ONLY),
    Rule(frozenset({"int8_kv"}), _ENGINE, below=100, why="the builder refuses an INT8 cache from capability 10.0 on"),
    Rule(frozenset({"fp8_kv"}), _ENGINE, least=89, why="FP8 attention is off below capability 8.9"),
    Rule(frozenset({"fp8_kv"}), _CHECKPOINT, least=80, why="an FP8 cache starts with Ampere (8.0)"),
    Rule(frozenset({"nvfp4", "nvfp4_kv"}), _ENGINE, least=100, why="FP4 tensor cores start at capability 10.0"),
    Rule(
        frozenset({"nvfp4"}),
        _CHECKPOINT,
        least=90,
        why="FP4 tensor cores start at capability 10.0, and Hopper (9.0) is the first that computes it weight-only",
    ),
    Rule(frozenset({"nvfp4_kv"}), _CHECKPOINT, least=100, why="FP4 tensor cores start at capability 10.0"),
    Rule(
        frozenset({"nvfp4"}),
        _CHECKPOINT,
        never=frozenset(range(90, 100)),
        why="Hopper computes it weight-only, from TensorRT-LLM 1.3.0rc20 on",
        until="1.3.0rc20",
    ),
    Rule(
        frozenset({"mxfp4"}),
        _CHECKPOINT,
        least=100,
        why="it is listed for Blackwell only; GPT-OSS also runs on Hopper, by other kernels",
        is_certain=False,
    ),
)

_HALF_INTEGERS = frozenset({"int8_sq", "int8_wo", "int4_wo", "int4_awq", "int4_gptq", "int8_kv"})
_ADA_ENGINE = _HALF_INTEGERS | {"fp8", "fp8_rowwise", "w4a8_awq", "fp8_kv"}
_LISTED: Mapping[tuple[str, Generation], frozenset[str]] = {
    ("engine", Generation.AMPERE): _HALF_INTEGERS,
    ("engine", Generation.ADA): _ADA_ENGINE,
    ("engine", Generation.HOPPER): _ADA_ENGINE,
    ("engine", Generation.BLACKWELL): frozenset({"fp8", "nvfp4", "fp8_kv"}),
    ("engine", Generation.BLACKWELL_RTX): frozenset({"fp8", "nvfp4"}),
    ("pytorch", Generation.AMPERE): frozenset({"int4_awq", "int4_gptq", "fp8_kv"}),
    ("pytorch", Generation.ADA): frozenset({"fp8", "w4a8_awq", "int4_awq", "int4_gptq", "fp8_kv"}),
    ("pytorch", Generation.HOPPER): frozenset(
        {"fp8", "fp8_block", "fp8_rowwise", "w4a8_awq", "int4_awq", "int4_gptq", "fp8_kv", "nvfp4"}
    ),
    ("pytorch", Generation.BLACKWELL): frozenset({"nvfp4", "mxfp4", "fp8", "fp8_block", "fp8_kv", "nvfp4_kv"}),
    ("pytorch", Generation.BLACKWELL_RTX): frozenset({"nvfp4", "mxfp4", "fp8", "fp8_kv"}),
}
"""What TensorRT-LLM lists, by backend and generation, besides 16-bit."""

_ALWAYS = frozenset({"none", "float16", "bfloat16", "float32", "auto"})


def broken_rules(format_: str, mode: str, product: Product) -> tuple[Rule, ...]:
    """Return the rules by which *product* does not compute with *format_* as *mode* needs it."""
    if not product.sm:
        return ()
    return tuple(r for r in _RULES if format_ in r.formats and mode in r.modes and r.is_broken_by(product.sm))


def is_listed(format_: str, mode: str, product: Product) -> bool | None:
    """Tell whether TensorRT-LLM lists *format_* for the generation of *product*; None when it has no list."""
    listed = _LISTED.get(("pytorch" if mode == "autodeploy" else mode, product.generation))
    if listed is None:
        return None
    return format_ in _ALWAYS or format_ in listed
