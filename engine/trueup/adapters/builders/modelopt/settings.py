"""What a Build asks of this builder, refused where it cannot be had before anything heavy is loaded."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from trueup.adapters.builders import codes as builder_codes
from trueup.adapters.builders.modelopt import codes
from trueup.adapters.builders.modelopt.formats import CARRIED, FORMATS, GPU_CACHES, GPU_FORMATS, Format
from trueup.core.diagnostics import Code
from trueup.core.errors import PermanentError
from trueup.core.json import Json, mapping_of
from trueup.core.suggestions import did_you_mean

KNOWN = frozenset(
    {"quantization", "dtype", "toolchain", "parallelism", "accelerator", "build", "stage"}
)  # as spec.kinds.builds spells them
DTYPES = ("auto", "float16", "bfloat16", "float32")
PLAIN = "none"
_AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Calibration:
    """How many examples are drawn, how long they may be in tokens, how many run at once, and the seed of the draw."""

    size: int = 512
    length: int = 512
    batch: int = 1
    seed: int = 1234


@dataclass(frozen=True, slots=True)
class Settings:
    """What is asked for.

    Attributes:
        format: Name of the format; `none` when weights stay as they are.
        kv_cache: Type of the key-value cache, `none` or `fp8`.
        group: Weights that share a scale, 0 where the format has no such groups.
        excluded: Patterns of modules that stay as they are.
        quantizes_head: The output head is quantized as well.
        calibration: None when no data is declared.
        dtype: Type of what is not quantized.
        toolchain: Declared versions by name, `image` and `interpreter`.
        arguments: The Build's `build`, for whoever serves or exports.
        stage: Where mode `edge_engine` ends.
    """

    format: str = PLAIN
    kv_cache: str = PLAIN
    group: int = 0
    excluded: tuple[str, ...] = ()
    quantizes_head: bool = False
    calibration: Calibration | None = None
    dtype: str = _AUTO
    toolchain: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Json] = field(default_factory=dict)
    stage: str = ""

    @property
    def quantizes(self) -> bool:
        """Whether anything is quantized here."""
        return self.format in FORMATS or self.kv_cache != PLAIN

    @property
    def kind(self) -> Format | None:
        """What is known of the format."""
        return FORMATS.get(self.format)

    @property
    def needs_data(self) -> bool:
        """Whether something has to be measured on examples."""
        return self.kv_cache != PLAIN or (self.kind is not None and self.kind.is_calibrated)


def read_settings(parameters: Mapping[str, Json]) -> Settings:
    """Return what *parameters*, a Build's own settings, ask for.

    Raises:
        PermanentError: It does not exist (ART206), needs a GPU (ART303) or an image (ART310).
    """
    for name in sorted(set(parameters) - KNOWN):
        detail = f"`{name}` is none of {', '.join(sorted(KNOWN))}."
        raise PermanentError(builder_codes.BAD_PARAMETER, detail, hint=did_you_mean(name, KNOWN))
    asked = mapping_of(parameters.get("quantization"))
    toolchain = {k: str(v) for k, v in mapping_of(parameters.get("toolchain")).items() if v is not None}
    kind = FORMATS.get(str(asked.get("format") or PLAIN))
    settings = Settings(
        format=str(asked.get("format") or PLAIN),
        kv_cache=str(asked.get("kvCache") or PLAIN),
        group=_whole(asked, "groupSize", kind.group if kind else 0),
        excluded=_texts(asked.get("excludeModules")),
        quantizes_head=asked.get("quantizeLmHead") is True,
        calibration=_calibration(mapping_of(asked.get("calibration"))),
        dtype=str(parameters.get("dtype") or _AUTO),
        toolchain=toolchain,
        arguments=mapping_of(parameters.get("build")),
        stage=str(parameters.get("stage") or ""),
    )
    for code, detail in _refusals(settings, asked):
        raise PermanentError(code, detail)
    return settings


def _refusals(settings: Settings, asked: Mapping[str, Json]) -> Iterator[tuple[Code, str]]:
    """Yield why the settings cannot be had; the first reason is enough, later ones may follow from it."""
    name, bad = settings.format, builder_codes.BAD_PARAMETER
    if name == _AUTO:
        yield bad, f"Format `auto` searches a format for each layer. That is not done here; choose {_list(FORMATS)}."
    if name not in {PLAIN, *FORMATS, *CARRIED, *GPU_FORMATS}:
        yield bad, f"Format `{name}` is none of {_list(sorted({PLAIN, *FORMATS, *CARRIED, *GPU_FORMATS}))}."
    if name in GPU_FORMATS and name not in CARRIED:
        yield codes.NEEDS_GPU, f"`{name}`: {GPU_FORMATS[name]}."
    if settings.kv_cache in GPU_CACHES:
        yield codes.NEEDS_GPU, f"KV cache `{settings.kv_cache}`: {GPU_CACHES[settings.kv_cache]}."
    if settings.kv_cache not in {PLAIN, "fp8"}:
        yield bad, f"KV cache `{settings.kv_cache}` is in no checkpoint that ModelOpt exports; `fp8` is."
    if settings.dtype not in DTYPES:
        yield bad, f"dtype `{settings.dtype}` is none of {_list(DTYPES)}."
    yield from _detailed_refusals(settings, asked)
    if settings.toolchain.get("image"):
        yield codes.NEEDS_IMAGE, f"`{settings.toolchain['image']}`."


def _detailed_refusals(settings: Settings, asked: Mapping[str, Json]) -> Iterator[tuple[Code, str]]:
    name, bad = settings.format, builder_codes.BAD_PARAMETER
    is_carried = name in CARRIED
    if asked.get("groupSize") is not None and not (settings.kind and settings.kind.group):
        yield bad, f"`groupSize` is for formats with groups ({_list(n for n, f in FORMATS.items() if f.group)})."
    if asked.get("bits") is not None:
        yield bad, "`bits` is for format `auto`, which is not done here."
    if settings.kind is None and (settings.excluded or settings.quantizes_head):
        yield bad, "`excludeModules` and `quantizeLmHead` need a format that is computed here."
    if is_carried and (settings.kv_cache != PLAIN or settings.dtype != _AUTO):
        yield bad, f"`{name}` is taken over from the source as it is, without another `kvCache` or `dtype`."
    if settings.needs_data and settings.calibration is None:
        what = f"`{name}`" if settings.kind and settings.kind.is_calibrated else f"KV cache `{settings.kv_cache}`"
        yield bad, f"{what} needs `calibration`: its scales are measured on a dataset."


def _calibration(asked: Mapping[str, Json]) -> Calibration | None:
    if not asked:
        return None
    plain = Calibration()
    return Calibration(
        _whole(asked, "size", plain.size),
        _whole(asked, "seqLen", plain.length),
        _whole(asked, "batchSize", plain.batch),
        _whole(asked, "seed", plain.seed, least=0),
    )


def _whole(asked: Mapping[str, Json], name: str, default: int, least: int = 1) -> int:
    value = asked.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        detail = f"`{name}` is {value!r}, a whole number of at least {least} is needed."
        raise PermanentError(builder_codes.BAD_PARAMETER, detail)
    return value


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(str(v) for v in value) if isinstance(value, list | tuple) else ()


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{n}`" for n in names)
