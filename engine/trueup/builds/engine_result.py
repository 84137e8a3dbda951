"""Holds a finished engine to what was asked for: every rank, its sizes, its cut, its formats.

Source: the layout that `Engine.save` of NVIDIA/TensorRT-LLM writes, 0.17 to 1.2.1: `config.json` with `version`,
`pretrained_config` and `build_config`, and one `rankN.engine` a rank. It says neither GPU nor TensorRT version.
"""

import re
from collections.abc import Iterator, Mapping

from trueup.builds.flags import OFF, ON
from trueup.core.json import Json, mapping_of
from trueup.core.versions import version_key

_ENGINE = re.compile(r"^rank(\d+)\.engine$")

ALGORITHMS: Mapping[str, tuple[str, ...]] = {
    "none": ("", "NO_QUANT"),
    "fp8": ("FP8",),
    "fp8_rowwise": ("FP8_PER_CHANNEL_PER_TOKEN",),
    "int8_sq": (
        "W8A8_SQ_PER_CHANNEL",
        "W8A8_SQ_PER_TENSOR_PLUGIN",
        "W8A8_SQ_PER_CHANNEL_PER_TOKEN_PLUGIN",
        "W8A8_SQ_PER_CHANNEL_PER_TENSOR_PLUGIN",
        "W8A8_SQ_PER_TENSOR_PER_TOKEN_PLUGIN",
    ),
    "int8_wo": ("W8A16",),
    "int4_wo": ("W4A16",),
    "int4_awq": ("W4A16_AWQ",),
    "w4a8_awq": ("W4A8_AWQ",),
    "int4_gptq": ("W4A16_GPTQ",),
    "nvfp4": ("NVFP4",),
    "auto": ("MIXED_PRECISION",),
}
"""`quant_algo` of a checkpoint by format of a Build."""

_NOT_KEPT = frozenset({"paged_state", "fuse_fp4_quant", "streamingllm"})
"""Switches that the builder changes by the kind of network, or does not keep in all releases."""

_SPECULATION = "speculative_decoding_mode"


def world_size(config: Mapping[str, Json]) -> int:
    """Return the ranks of the engine that *config* is the `config.json` of; 0 when it does not say."""
    mapping = mapping_of(mapping_of(config.get("pretrained_config")).get("mapping"))
    whole = mapping.get("world_size")
    if isinstance(whole, int) and whole > 0:
        return whole
    sizes = [mapping.get(key, 1) for key in ("tp_size", "pp_size", "cp_size")] if mapping else [0]
    product = 1
    for size in sizes:
        product *= size if isinstance(size, int) else 0
    return product


def disagreements(
    config: Mapping[str, Json], files: Mapping[str, int], held: Mapping[str, Json], version: str
) -> tuple[str, ...]:
    """Return what is wrong with an engine, in words; nothing when it is what was asked for.

    Args:
        config: Its `config.json`.
        files: Names and sizes of its files.
        held: What it is held to, as `EngineBuild.to_json` says it.
        version: Version of TensorRT-LLM that was declared.
    """
    missing = [key for key in ("version", "pretrained_config", "build_config") if key not in config]
    if missing:
        return (f"`config.json` lacks {' and '.join(f'`{key}`' for key in missing)}",)
    return (
        *_version(config, version),
        *_ranks(config, files, held),
        *_formats(mapping_of(config["pretrained_config"]), mapping_of(held.get("quantization"))),
        *_sizes(mapping_of(config["build_config"]), mapping_of(held.get("engine"))),
    )


def rotary_loss(config: Mapping[str, Json], base: float) -> str:
    """Tell whether a checkpoint lost the rotary base of its source; empty when it did not.

    Args:
        config: `config.json` of the checkpoint.
        base: `rope_theta` of the source.
    """
    found = config.get("rotary_base", _ASSUMED)
    if base == _ASSUMED or (isinstance(found, int | float) and float(found) == base):
        return ""
    return f"the source's rotary base is {base:g}, and the checkpoint's is {found}"


_ASSUMED = 10000.0
"""What an engine takes when its checkpoint does not say."""


def _version(config: Mapping[str, Json], version: str) -> Iterator[str]:
    found = str(config["version"])
    if version and version_key(found) != version_key(version):
        yield f"it was built by TensorRT-LLM {found}, and {version} was asked for"


def _ranks(config: Mapping[str, Json], files: Mapping[str, int], held: Mapping[str, Json]) -> Iterator[str]:
    world = held.get("world_size")
    wanted = set(range(world)) if isinstance(world, int) else set()
    found = {int(match[1]): size for name, size in files.items() if (match := _ENGINE.match(name))}
    for said, ranks in (("missing", wanted - found.keys()), ("too many", found.keys() - wanted)):
        if ranks:
            yield f"{said}: {', '.join(f'`rank{rank}.engine`' for rank in sorted(ranks))}"
    if empty := sorted(rank for rank, size in found.items() if size == 0):
        yield f"empty: {', '.join(f'`rank{rank}.engine`' for rank in empty)}"
    if world_size(config) != world:
        yield f"it is cut for {world_size(config)} ranks, and {world} were asked for"
    mapping = mapping_of(mapping_of(config["pretrained_config"]).get("mapping"))
    for key, size in mapping_of(held.get("mapping")).items():
        if mapping.get(key, 1) != size:
            yield f"`{key}` is {mapping.get(key, 1)}, and {size} was asked for"
    if mapping_of(held.get("arguments")).get("fast_build") is True:
        yield from (
            f"`rank{rank}_managed_weights.safetensors` is missing, which `fast_build` writes"
            for rank in sorted(wanted)
            if f"rank{rank}_managed_weights.safetensors" not in files
        )


def _formats(pretrained: Mapping[str, Json], held: Mapping[str, Json]) -> Iterator[str]:
    quantization = mapping_of(pretrained.get("quantization"))
    found, wanted = str(quantization.get("quant_algo") or ""), str(held.get("format"))
    if found not in ALGORITHMS.get(wanted, (found,)):
        yield f"its weights are `{found or 'not quantized'}`, and `{wanted}` was asked for"
    cache, asked = str(quantization.get("kv_cache_quant_algo") or "none").lower(), str(held.get("kv_cache"))
    if cache != asked:
        yield f"its cache is `{cache}`, and `{asked}` was asked for"


def _sizes(built: Mapping[str, Json], held: Mapping[str, Json]) -> Iterator[str]:
    plugins = mapping_of(built.get("plugin_config"))
    for name, wanted in held.items():
        there = built if name in built else plugins
        if name not in there or name in _NOT_KEPT or name == _SPECULATION or wanted is None:
            continue
        found = there[name]
        if _plain(found) != _plain(wanted):
            yield f"`{name}` is {found}, and {wanted} was resolved"


def _plain(value: Json) -> Json:
    """Return *value* as flags and configurations both spell it."""
    if isinstance(value, str):
        return {ON: True, OFF: False}.get(value, value.lower().rpartition(".")[2])
    return value
