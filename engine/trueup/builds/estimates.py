"""What a build is likely to take, before it runs: time and memory of the host, from the size of what it is built from.

These are estimates, and every one names its basis: single measurements, scaled in proportion. They are for people who
wonder whether to wait for minutes or for hours; nothing is decided by them.
"""

from collections.abc import Mapping

from trueup.core.frozen import dataclass
from trueup.core.json import Json

_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a build may take: seconds, bytes of host memory, and what both are scaled from."""

    seconds: int
    memory_bytes: int
    basis: str


_PRECISION_BYTES: Mapping[str, float] = {
    "float32": 4,
    "fp32": 4,
    "float16": 2,
    "fp16": 2,
    "bfloat16": 2,
    "bf16": 2,
    "fp8": 1,
    "int8": 1,
}

_CPU_OPERATIONS_PER_SECOND = 30e9
"""What a few cores reach in matrix products of float32; a machine with many is faster by as much."""

_AWQ_PASSES = 11
"""AWQ tries ten scales and the weights as they are on the same data."""


def estimate(mode: str, parameters: Mapping[str, Json], source_bytes: int, source: str) -> Estimate | None:
    """Return what it may take to build with *mode*; None where nobody has measured anything like it.

    Args:
        mode: The Build's mode.
        parameters: Its settings under their own keys.
        source_bytes: Size of what it is built from.
        source: Where that size is known from, for the basis.
    """
    match mode:
        case "gguf":
            # SmolLM2-135M: 269 MB in 2.1 s; a model of 1.8 MB takes 0.9 s. One tensor is in memory at a time.
            basis = "conversion of SmolLM2-135M, 269 MB in 2.1 s"
            return _of(0.9 + source_bytes / 220e6, 0.2 * _GIB + source_bytes / 2, source, basis)
        case "pytorch" | "autodeploy":
            return _checkpoint(parameters, source_bytes, source)
        case "engine":
            return _engine(parameters, source_bytes, source)
        case _:
            return None


def declared_bytes(parameters: Json, precision: Json) -> int | None:
    """Return the size of a model's weights as its document has it: their number times the bytes of one."""
    size = _PRECISION_BYTES.get(str(precision).lower())
    if size is None or not isinstance(parameters, int):
        return None
    return int(parameters * size)


def _checkpoint(parameters: Mapping[str, Json], source_bytes: int, source: str) -> Estimate:
    settings = _mapping(parameters, "quantization")
    memory = 0.7 * _GIB + 2.2 * source_bytes
    if settings.get("format", "none") == "none":
        return _of(source_bytes / 500e6, 0.1 * _GIB, source, "a copy at 500 MB a second")
    if parameters.get("accelerator"):
        basis = "Qwen2.5-7B to FP8 on an RTX 6000 Ada, 15 GB in 454 s"
        return _of(source_bytes * 454 / 15e9, memory, source, basis)
    data = _mapping(settings, "calibration")
    tokens = _whole(data, "size", 0) * _whole(data, "seqLen", 512)
    passes = _AWQ_PASSES if "awq" in str(settings["format"]) else 1
    # Two operations for each weight and token; weights of two bytes.
    operations = source_bytes * tokens * passes
    basis = "8 s to import torch and ModelOpt, calibration on CPU at 30 billion operations a second"
    return _of(8 + operations / _CPU_OPERATIONS_PER_SECOND + source_bytes / 100e6, memory, source, basis)


def _engine(parameters: Mapping[str, Json], source_bytes: int, source: str) -> Estimate:
    cut = _mapping(parameters, "parallelism")
    ranks = _whole(cut, "tensor", 1) * _whole(cut, "pipeline", 1)
    is_quantized = _mapping(parameters, "quantization").get("format", "none") != "none"
    # One user's published runs of 1.2.1 on an RTX 6000 Ada: convert and build, or quantize and build.
    seconds, words = (454 + 236, "FP8") if is_quantized else (120 + 166, "FP16")
    basis = f"Qwen2.5-7B as {words} on an RTX 6000 Ada, 15 GB in {seconds} s; 2.5 times a rank's weights and 5 GiB"
    return _of(source_bytes * seconds / 15e9, 5 * _GIB + 2.5 * source_bytes / ranks, source, basis)


def _of(seconds: float, memory_bytes: float, source: str, basis: str) -> Estimate:
    """Round up to two digits: more would claim more than is known."""
    return Estimate(max(1, _rounded(seconds)), _rounded(memory_bytes), f"{source}; {basis}")


def _rounded(value: float) -> int:
    whole = int(value) + 1
    step = int(10 ** max(0, len(str(whole)) - 2))
    return -(-whole // step) * step


def _whole(values: Mapping[str, Json], name: str, default: int) -> int:
    found = values.get(name, default)
    return found if isinstance(found, int) and not isinstance(found, bool) else default


def _mapping(values: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    found = values.get(name)
    return found if isinstance(found, Mapping) else {}
