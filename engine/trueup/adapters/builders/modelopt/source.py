"""The model folder before anything heavy is loaded: whole, of one piece, and fit for the format that is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from trueup.adapters.builders import codes as builder_codes
from trueup.adapters.builders.gguf.config import FAMILIES
from trueup.adapters.builders.gguf.documents import read_document, read_optional
from trueup.adapters.builders.gguf.weights import Located, locate
from trueup.adapters.builders.modelopt import codes
from trueup.adapters.builders.modelopt.agreement import LAYER, disagreements, method_of
from trueup.adapters.builders.modelopt.formats import CARRIED, GPU_FORMATS
from trueup.adapters.builders.modelopt.rotary import is_read_by
from trueup.adapters.builders.modelopt.settings import PLAIN, Settings
from trueup.builds.network import Network, network_of
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.core.suggestions import did_you_mean

HEADS = ("ForCausalLM", "LMHeadModel")
"""Endings of the classes that generate text."""

_OLDER_TOKENIZERS = ("tokenizer.model", "tiktoken.model", "vocab.json")
"""What transformers reads where there is no tokenizer.json; calibration reads only that one."""

_SHOWN = 3
_AWQ = frozenset({"int4_awq", "w4a8_awq"})


@dataclass(frozen=True, slots=True)
class Source:
    """A model folder whose parts agree."""

    folder: Path
    config: Mapping[str, Json]
    network: Network
    tensors: Mapping[str, Located]

    @property
    def modules(self) -> tuple[str, ...]:
        """Names of the modules with a matrix of weights, in order."""
        return tuple(sorted(n.removesuffix(".weight") for n in self.tensors if _is_matrix(n, self.tensors)))


def read_source(folder: Path) -> Source:
    """Read what the folder says of itself.

    Raises:
        PermanentError: A file is missing (ART202) or broken (ART203, ART007), configuration and weights disagree
            (ART204), or the model needs code of its own or is of another kind (ART201).
    """
    if not folder.is_dir():
        raise PermanentError(
            builder_codes.MISSING_FILE, f"`{folder.name}` is one file; a folder with config.json is needed."
        )
    config = read_document(folder, "config.json")
    if "auto_map" in config:
        raise PermanentError(
            builder_codes.UNSUPPORTED_MODEL, "config.json asks for code of the model's own (auto_map)."
        )
    network = network_of(config)
    if isinstance(network, tuple):
        raise PermanentError(builder_codes.BAD_FILE, f"config.json: {'; '.join(network)}.")
    if not network.architecture.endswith(HEADS):
        detail = f"config.json: architecture {network.architecture} is no text generator (...{' or ...'.join(HEADS)})."
        raise PermanentError(builder_codes.UNSUPPORTED_MODEL, detail)
    tensors = locate(folder)
    problems = list(disagreements(config, network, tensors))
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise PermanentError(builder_codes.DISAGREEING_WEIGHTS, f"{'; '.join(problems[:_SHOWN])}{more}.")
    return Source(folder, config, network, tensors)


def check_fit(source: Source, settings: Settings) -> None:
    """Check that the format can be made of this model.

    Raises:
        PermanentError: It is quantized already or not yet (ART201, ART303), groups do not divide its rows or modules
            are not there (ART206), or its tokenizer does not fit (ART202, ART203, ART204).
    """
    method = method_of(source.config)
    if settings.format in CARRIED:
        if method != CARRIED[settings.format]:
            _refuse_unquantized(settings.format, method)
    elif method and (settings.quantizes or settings.dtype != "auto"):
        detail = f"config.json: the weights are quantized already ({method})."
        raise PermanentError(builder_codes.UNSUPPORTED_MODEL, detail)
    _check_tokenizer(source, settings)
    if settings.quantizes:
        _check_modules(source, settings)


def check_known(source: Source, settings: Settings, transformers: str) -> None:
    """Check what is known to go wrong with that version of transformers.

    Raises:
        PermanentError: It does not read the rotary positions (ART308), or ModelOpt fails at its experts (ART201).
    """
    if not is_read_by(source.config, transformers):
        detail = f"transformers {transformers} does not read the `rope_parameters` of config.json."
        raise PermanentError(codes.LOST_POSITIONS, detail)
    if source.network.experts and settings.format in _AWQ and not transformers.startswith("4."):
        # nvidia-modelopt 0.47.0 counts the experts of a layer, which transformers 5 holds as one tensor.
        detail = f"ModelOpt cannot do `{settings.format}` with experts as transformers {transformers} holds them."
        raise PermanentError(builder_codes.UNSUPPORTED_MODEL, detail, hint="choose fp8, int8_sq or int8_wo")


def is_excluded(module: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a pattern names *module* or one that it is a part of."""
    return any(fnmatchcase(module, p) or fnmatchcase(module, f"{p}.*") for p in patterns)


def _refuse_unquantized(name: str, method: str) -> None:
    if name in GPU_FORMATS:
        raise PermanentError(codes.NEEDS_GPU, f"`{name}`: {GPU_FORMATS[name]}.")
    found = f"is quantized by `{method}`" if method else "is not quantized"
    detail = f"`{name}` is taken over from a source that has it already (`{CARRIED[name]}`); this one {found}."
    raise PermanentError(builder_codes.UNSUPPORTED_MODEL, detail)


def _check_tokenizer(source: Source, settings: Settings) -> None:
    """Check that there is a tokenizer: for who serves the model, and for calibration."""
    older = _OLDER_TOKENIZERS if not settings.quantizes else ()
    tokenizer = read_optional(source.folder, "tokenizer.json")
    if tokenizer is None:
        if not any(_is_there(source.folder, name) for name in older):
            raise PermanentError(builder_codes.MISSING_FILE, "The model has no `tokenizer.json`.")
        return
    model = tokenizer.get("model")
    words = model.get("vocab") if isinstance(model, Mapping) else None
    if not isinstance(words, Mapping | list) or not words:
        raise PermanentError(builder_codes.BAD_FILE, "`tokenizer.json` has no vocabulary.")
    ids = [i for i in words.values() if isinstance(i, int)] if isinstance(words, Mapping) else [len(words) - 1]
    added = tokenizer.get("added_tokens")
    ids += (
        [e["id"] for e in added if isinstance(e, dict) and isinstance(e.get("id"), int)]
        if isinstance(added, list)
        else []
    )
    # Calibration with a number beyond the embedding would read outside of it. Some publish such tokens for what only
    # larger models of the family have, and no text gives them; nothing of ours encodes when nothing is quantized.
    needs_all = settings.quantizes or source.network.architecture in FAMILIES
    if needs_all and max(ids, default=0) >= source.network.vocabulary:
        detail = f"`tokenizer.json` has token {max(ids)}, config.json a vocabulary of {source.network.vocabulary}."
        raise PermanentError(builder_codes.DISAGREEING_WEIGHTS, detail)


def _is_there(folder: Path, name: str) -> bool:
    return (folder / name).is_file() and (folder / name).stat().st_size > 0


def _check_modules(source: Source, settings: Settings) -> None:
    bad, modules = builder_codes.BAD_PARAMETER, source.modules
    for pattern in settings.excluded:
        if not any(is_excluded(m, (pattern,)) for m in modules):
            hint = did_you_mean(pattern, modules) or f"modules are {', '.join(f'`{m}`' for m in modules[:_SHOWN])}, ..."
            raise PermanentError(bad, f"`excludeModules`: no module is `{pattern}`.", hint=hint)
    if settings.quantizes_head and (source.network.is_tied or "lm_head.weight" not in source.tensors):
        detail = "`quantizeLmHead`: output head and embedding of this model are one tensor, which stays as it is."
        raise PermanentError(bad, detail)
    if not settings.group:
        return
    for module in modules:
        rows, columns = source.tensors[f"{module}.weight"].tensor.shape
        if not LAYER.search(module) or is_excluded(module, settings.excluded):
            continue
        if columns % settings.group or rows % 2:
            detail = f"`{module}` is {rows}x{columns}: its rows do not divide into groups of {settings.group}"
            detail = detail if columns % settings.group else f"`{module}` has {rows} rows, which do not pair into bytes"
            fits = [g for g in (128, 64, 32, 16) if columns % g == 0]
            hint = (
                f"`groupSize: {fits[0]}` fits, or name it in `excludeModules`"
                if fits
                else "name it in `excludeModules`"
            )
            raise PermanentError(bad, f"{detail}.", hint=hint)


def _is_matrix(name: str, tensors: Mapping[str, Located]) -> bool:
    return name.endswith(".weight") and len(tensors[name].tensor.shape) == 2


def is_plain(settings: Settings) -> bool:
    """Tell whether the source is handed on as it is."""
    return settings.format in {PLAIN, *CARRIED} and not settings.quantizes and settings.dtype == "auto"
