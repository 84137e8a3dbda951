"""What was exported, held against what was asked for and what it was made of; nothing else is admitted."""

import math
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trueup.adapters.builders.gguf.documents import read_document
from trueup.adapters.builders.gguf.weights import Located, load, locate
from trueup.adapters.builders.modelopt import codes
from trueup.adapters.builders.modelopt.formats import COMPANIONS, Format
from trueup.adapters.builders.modelopt.rotary import lost_settings
from trueup.adapters.builders.modelopt.settings import PLAIN, Settings
from trueup.adapters.builders.modelopt.source import Source, is_excluded
from trueup.adapters.stores.formats import pickles_by_name
from trueup.core.errors import PermanentError
from trueup.core.json import Json

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PLAIN_TYPES = frozenset({"F32", "F16", "BF16"})
_SHOWN = 3

BLOCK = 128
"""Rows and columns of a block of `fp8_block`."""


def check_result(folder: Path, source: Source, settings: Settings) -> None:
    """Check the exported checkpoint.

    Raises:
        PermanentError: It is not what was asked for (ART307), all problems at once, or says something else of rotary
            positions than the source (ART308).
    """
    config, declared = read_document(folder, "config.json"), read_document(folder, "hf_quant_config.json")
    lost = lost_settings(source.config, config)
    if lost:
        raise PermanentError(codes.LOST_POSITIONS, f"The exported config.json: {'; '.join(lost)}.")
    tensors = locate(folder)
    problems = [
        *_configuration_problems(config, declared, settings),
        *_missing(source, tensors),
        *_weight_problems(tensors, _texts(declared, "exclude_modules"), settings),
        *_scale_problems(tensors),
        *(f"`{name}` is a pickle" for name in pickles_by_name([p.name for p in folder.iterdir()], "safetensors")),
    ]
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise PermanentError(codes.BAD_EXPORT, f"{'; '.join(problems[:_SHOWN])}{more}.")


def _configuration_problems(
    config: Mapping[str, Json], declared: Mapping[str, Json], settings: Settings
) -> Iterator[str]:
    quantization = declared.get("quantization")
    if not isinstance(quantization, Mapping):
        yield "`hf_quant_config.json` has no `quantization`"
        return
    kind = settings.kind
    wanted: dict[str, Json] = {
        "quant_algo": kind.algorithm if kind else None,
        "kv_cache_quant_algo": "FP8" if settings.kv_cache == "fp8" else None,
    }
    if settings.group:
        wanted["group_size"] = settings.group
    for name, value in wanted.items():
        if quantization.get(name) != value:
            yield f"`hf_quant_config.json` says {name} {quantization.get(name)}, {value} was asked for"
    beside = config.get("quantization_config")
    beside = beside if isinstance(beside, Mapping) else {}
    if beside.get("quant_method") != "modelopt" or beside.get("quant_algo") != wanted["quant_algo"]:
        yield "`config.json` has no `quantization_config` that says the same"


def _missing(source: Source, tensors: Mapping[str, Located]) -> Iterator[str]:
    """Yield tensors of the source that are not there, and tensors that belong to nothing."""
    tied = {"lm_head.weight"} if source.network.is_tied else set()
    for name in sorted(set(source.tensors) - set(tensors) - tied):
        if not name.endswith("rotary_emb.inv_freq"):
            yield f"`{name}` is missing"
    for name in sorted(set(tensors) - set(source.tensors)):
        module, _, kind = name.rpartition(".")
        if kind not in COMPANIONS or f"{module}.weight" not in tensors:
            yield f"`{name}` is no part of the model"


def _weight_problems(tensors: Mapping[str, Located], left_out: tuple[str, ...], settings: Settings) -> Iterator[str]:
    """Yield weights that are not as the format has them, and layers without what belongs to them."""
    quantized = 0
    for name, located in sorted(tensors.items()):
        if not name.endswith(".weight"):
            continue
        module, stored = name.removesuffix(".weight"), located.tensor.dtype
        if settings.kind and stored == settings.kind.stored:
            quantized += 1
            yield from _layer_problems(module, tensors, settings.kind, settings.group)
            if is_excluded(module, settings.excluded):
                yield f"`{name}` is quantized and was to stay as it is"
        elif stored not in _PLAIN_TYPES:
            yield f"`{name}` has the type {stored}"
        elif _is_linear(name, located) and settings.kind and not _is_left_out(module, left_out):
            yield f"`{name}` is not quantized, and `exclude_modules` does not say so"
    if settings.kind and not quantized:
        yield "no weight is quantized"
    if settings.kv_cache != PLAIN and not any(n.endswith(".k_scale") for n in tensors):
        yield "the key-value cache has no scales"
    if settings.quantizes_head and "lm_head.weight_scale" not in tensors:
        yield "the output head is not quantized"


def _layer_problems(module: str, tensors: Mapping[str, Located], kind: Format, group: int) -> Iterator[str]:
    for scale in kind.scales:
        if f"{module}.{scale}" not in tensors:
            yield f"`{module}` has no {scale}"
    scales = tensors.get(f"{module}.weight_scale")
    if scales is None:
        return
    wanted = _scale_count(tensors[f"{module}.weight"].tensor.shape, kind, group)
    count = math.prod(scales.tensor.shape)
    if count != wanted:
        yield f"`{module}` has {count} scales, {wanted} were expected"


def _scale_count(shape: tuple[int, ...], kind: Format, group: int) -> int:
    # Two rows of 4-bit numbers lie in one row of bytes.
    rows, columns = shape[0] * (2 if kind.stored == "U8" else 1), shape[-1]
    match kind.spread:
        case "tensor":
            return 1
        case "row":
            return rows
        case "group":
            return rows * (columns // group)
        case "block":
            return math.ceil(rows / BLOCK) * math.ceil(columns / BLOCK)


def _scale_problems(tensors: Mapping[str, Located]) -> Iterator[str]:
    import numpy as np

    for name, located in sorted(tensors.items()):
        if name.rpartition(".")[2] in COMPANIONS:
            values: NDArray[Any] = load(located)
            if not bool(np.all(np.isfinite(values)) and np.all(values >= 0)):
                yield f"`{name}` is not finite"


def _is_linear(name: str, located: Located) -> bool:
    return ".layers." in name and len(located.tensor.shape) == 2


def _is_left_out(module: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(module, p) for p in patterns) or is_excluded(module, patterns)


def _texts(document: Mapping[str, Json], key: str) -> tuple[str, ...]:
    quantization = document.get("quantization")
    value = quantization.get(key) if isinstance(quantization, Mapping) else None
    return tuple(str(v) for v in value) if isinstance(value, list) else ()
