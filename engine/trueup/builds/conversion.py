"""From a Hugging Face model to a TensorRT-LLM checkpoint: which script makes what a Build declares, with which options.

Source: options of `examples/models/core/llama/convert_checkpoint.py` and `examples/quantization/quantize.py` of
NVIDIA/TensorRT-LLM, 0.19 to 1.2.1. The converters of other families were not read: for these, `quantize.py` converts
through ModelOpt, which knows them all.
"""

from collections.abc import Iterator, Mapping

from trueup.builds import codes
from trueup.builds.declared import Declared, declared_build
from trueup.builds.findings import Finding, Level
from trueup.builds.network import Network
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of

CONVERT = "models/core/llama/convert_checkpoint.py"
QUANTIZE = "quantization/quantize.py"

Options = tuple[tuple[str, str], ...]
"""Names with their values, in the order in which they are given; an empty value is that of a switch."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Data that scales are measured on.

    Attributes:
        dataset: It, `name@version`.
        size: Examples.
        length: Tokens an example is cut to.
        batch: Examples at once.
        seed: Seed of the choice.
    """

    dataset: str
    size: int = 512
    length: int = 512
    batch: int = 1
    seed: int = 1234


@dataclass(frozen=True, slots=True)
class Conversion:
    """One call of a script.

    Attributes:
        name: What it does: `convert` or `quantize`.
        script: It, below the folder of examples.
        options: Its options but those that name places.
        reads_data: It measures scales on the calibration data.
    """

    name: str
    script: str
    options: Options
    reads_data: bool = False


_LLAMA = frozenset({"LlamaForCausalLM", "MistralForCausalLM", "MixtralForCausalLM"})
"""Architectures that the converter of Llama takes."""

_CONVERTED: Mapping[str, Options] = {
    "none": (),
    "int8_wo": (("use_weight_only", ""), ("weight_only_precision", "int8")),
    "int4_wo": (("use_weight_only", ""), ("weight_only_precision", "int4")),
    "int4_gptq": (("use_weight_only", ""), ("weight_only_precision", "int4_gptq"), ("per_group", "")),
    "fp8_rowwise": (("use_fp8_rowwise", ""),),
}
"""Formats that the converter makes from the weights alone, with its options."""

_MEASURED = frozenset({"fp8", "int8_sq", "int4_awq", "w4a8_awq", "nvfp4", "auto"})
"""Formats whose scales `quantize.py` measures."""

_UNMEASURED = {"none": "full_prec", "int8_wo": "int8_wo", "int4_wo": "int4_wo"}
"""Formats that `quantize.py` makes without looking at data, under its own names."""

_AUTO = "fp8,int4_awq"
"""Formats that are mixed for `auto`: FP8 excludes INT8, and with a 4-bit one the mean may go down to 4 bits."""

_CACHES = {"fp8": "fp8_kv_cache", "int8": "int8_kv_cache"}


def conversion_of(spec: Mapping[str, Json], network: Network) -> tuple[Conversion, tuple[Finding, ...]]:
    """Return the call that makes the checkpoint, and what it cannot do of what the Build's *spec* declares."""
    declared = declared_build(spec)
    quantization = mapping_of(spec.get("quantization"))
    if declared.format in _CONVERTED and network.architecture in _LLAMA:
        conversion, problems = _converting(declared, quantization, network)
    else:
        conversion, problems = _quantizing(declared, quantization, network)
    return conversion, (*problems, *_never(declared, quantization, spec), *_data(declared, conversion))


def calibration_of(spec: Mapping[str, Json]) -> Calibration | None:
    """Return the calibration that a Build's *spec* declares."""
    found = mapping_of(mapping_of(spec.get("quantization")).get("calibration"))
    if not isinstance(found.get("dataset"), str):
        return None
    default = Calibration("")
    return Calibration(
        str(found["dataset"]),
        _whole(found.get("size"), default.size),
        _whole(found.get("seqLen"), default.length),
        _whole(found.get("batchSize"), default.batch),
        _whole(found.get("seed"), default.seed),
    )


def _converting(
    declared: Declared, quantization: Mapping[str, Json], network: Network
) -> tuple[Conversion, list[Finding]]:
    options = [*_CONVERTED[declared.format]]
    if declared.format == "int4_gptq":
        options.append(("group_size", str(declared.group or 128)))
    problems = []
    if declared.cache in _CACHES:
        options.append((_CACHES[declared.cache], ""))
    if network.experts:
        options += [
            ("moe_tp_size", str(declared.tensor // declared.expert or 1)),
            ("moe_ep_size", str(declared.expert)),
        ]
    elif declared.expert > 1:
        problems.append(_no("`parallelism.expert` is for mixtures of experts.", "parallelism", "expert"))
    if declared.quantizes_head:
        problems.append(_no(f"The head stays as it is with `{declared.format}`.", "quantization", "quantizeLmHead"))
    if declared.group and declared.format != "int4_gptq":
        problems.append(_no(f"`{declared.format}` has no groups.", "quantization", "groupSize"))
    # An INT8 cache has scales of its own, which the script measures whatever the weights are.
    reads_data = declared.cache == "int8"
    if reads_data:
        options += _data_options(quantization)
    return Conversion("convert", CONVERT, (*_common(declared), *options), reads_data), problems


def _quantizing(
    declared: Declared, quantization: Mapping[str, Json], network: Network
) -> tuple[Conversion, list[Finding]]:
    format_ = declared.format
    problems = []
    options: list[tuple[str, str]] = []
    if format_ == "auto":
        options += [("autoq_format", _AUTO), ("auto_quantize_bits", f"{declared.bits or 0:g}")]
        if declared.bits is None:
            problems.append(_no("`auto` needs the mean bits of a weight.", "quantization", "bits"))
    else:
        options.append(("qformat", _UNMEASURED.get(format_, format_)))
    if format_ not in _MEASURED and format_ not in _UNMEASURED:
        why = "the converter of Llama makes it" if format_ in _CONVERTED else "mode `pytorch` has it"
        detail = f"`{format_}` is not made for `{network.architecture}` in mode `engine`; {why}."
        problems.append(_no(detail, "quantization", "format"))
    if declared.cache in _CACHES:
        options.append(("kv_cache_dtype", declared.cache))
    if declared.group:
        options.append(("awq_block_size", str(declared.group)))
        if format_ not in _WITH_GROUPS:
            problems.append(_no(f"`{format_}` has no groups.", "quantization", "groupSize"))
    if declared.quantizes_head:
        options.append(("quantize_lm_head", ""))
    if declared.expert > 1:
        problems.append(_no("`quantize.py` cannot cut by experts.", "parallelism", "expert"))
    reads_data = format_ in _MEASURED or declared.cache in _CACHES
    if reads_data:
        calibration = calibration_of({"quantization": quantization}) or Calibration("")
        options += [
            *_data_options(quantization),
            ("batch_size", str(calibration.batch)),
            ("seed", str(calibration.seed)),
        ]
    return Conversion("quantize", QUANTIZE, (*_common(declared), *options), reads_data), problems


_WITH_GROUPS = frozenset({"int4_awq", "w4a8_awq", "auto"})


def _common(declared: Declared) -> Options:
    return (
        ("dtype", declared.dtype),
        ("tp_size", str(declared.tensor)),
        ("pp_size", str(declared.pipeline)),
        ("cp_size", str(declared.context)),
    )


def _data_options(quantization: Mapping[str, Json]) -> Options:
    calibration = calibration_of({"quantization": quantization}) or Calibration("")
    return (("calib_size", str(calibration.size)), ("calib_max_seq_length", str(calibration.length)))


def _never(declared: Declared, quantization: Mapping[str, Json], spec: Mapping[str, Json]) -> Iterator[Finding]:
    """Yield what neither script has an option for."""
    if quantization.get("excludeModules"):
        yield _no("Neither script leaves out modules by name.", "quantization", "excludeModules")
    if declared.cache not in ("none", *_CACHES):
        detail = f"Neither script makes a cache in `{declared.cache}`; they make {' and '.join(_CACHES)}."
        yield _no(detail, "quantization", "kvCache")
    if _whole(mapping_of(spec.get("parallelism")).get("data"), 1) > 1:
        yield _no("An engine is not cut by data; a Deployment has `replicas`.", "parallelism", "data")


def _data(declared: Declared, conversion: Conversion) -> Iterator[Finding]:
    path = ("spec", "quantization", "calibration")
    if conversion.reads_data and not declared.calibration:
        what = f"`{declared.format}`" if declared.format in _MEASURED else f"a cache in `{declared.cache}`"
        detail = f"Scales of {what} are measured on data, and none is declared: the script would download its own."
        yield Finding(codes.NO_CALIBRATION, Level.ERROR, detail, path=path)
    elif declared.calibration and not conversion.reads_data:
        detail = f"`{declared.format}` measures nothing: the calibration data would not be read."
        yield Finding(codes.IGNORED_ARGUMENT, Level.WARNING, detail, "leave it out", path=path)


def _no(detail: str, *path: str) -> Finding:
    return Finding(codes.NOT_CONVERTED, Level.ERROR, detail, path=("spec", *path))


def _whole(value: Json, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default
