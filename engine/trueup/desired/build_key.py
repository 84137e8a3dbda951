"""The key of a build: the digest of everything that decides its bytes, known before anything is built.

Two levels, as TensorRT-LLM builds have two stages: a checkpoint is what quantization or conversion makes of the source,
an engine what a compiler makes of a checkpoint for one accelerator. What belongs to which key, and why, is in
docs/decisions/0010-what-a-build-key-holds.md.
"""

import re
from collections.abc import Mapping, Sequence

from trueup.core.digests import Digest, digest_of
from trueup.core.json import Json

SCHEMA = 1
"""Raised when the form of the key itself changes."""

BUILDER_VERSIONS: Mapping[str, int] = {"gguf": 1, "pytorch": 1, "autodeploy": 1, "engine": 1, "edge_engine": 1}
"""Raised whenever a builder gives other bytes for the same input, so that old results are not taken for new ones."""

CHECKPOINTS = frozenset({"pytorch", "autodeploy"})
"""Modes whose result is a checkpoint."""

ENGINES = frozenset({"engine", "edge_engine"})
"""Modes whose result is compiled from a checkpoint."""

UNKEYED_ARGUMENTS = frozenset(
    {
        "output_dir",
        "workers",
        "log_level",
        "input_timing_cache",
        "output_timing_cache",
        "dry_run",
        "visualize_network",
        "monitor_memory",
    }
)
"""Arguments of `trtllm-build` that say where and how it works, not what it makes.

Source: TensorRT-LLM 1.2 takes the last three out of the `build_config` it saves, as no characteristics of an engine
(builder.py); the others name places, processes and logs. A timing cache may change which tactic wins, as any two builds
of one key may differ: it is recorded, not keyed.
"""

UNPINNED_ARGUMENTS: Mapping[str, str] = {
    "checkpoint_dir": "it is made from the model; take it out",
    "model_config": "it comes from the model; take it out",
    "build_config": "write its values under `build` instead",
    "model_cls_file": "no digest pins this code; it cannot be built with",
    "lora_dir": "name the adapters under `adapters` instead",
}
"""Arguments of `trtllm-build` that name files: a key would hold their path, and not see that their content changed."""

_CHECKPOINT_TOOLS = ("modelopt", "transformers", "torch", "cuda")
_ENGINE_TOOLS = {
    "engine": ("tensorrtLlm", "tensorrt", "cuda"),
    "edge_engine": ("tensorrtEdgellm", "tensorrt", "cuda"),
}
_PINNED_IMAGE = re.compile(r"@(sha256:[0-9a-f]{64})$")
_ARM_PRODUCTS = re.compile(r"(?i)\b(gh200|gb200|gb300|gb10|dgx-spark|jetson|orin|thor)")
"""Products whose host is an Arm processor: Grace boards and everything of the Jetson and DRIVE lines."""


def build_key(source: Digest, mode: str, parameters: Mapping[str, Json], inputs: Sequence[Digest] = ()) -> Digest:
    """Return the store key of what *mode* makes from *source*; mode `none` keeps the source and so its digest.

    Args:
        source: Digest of the artifact that is built from.
        mode: The Build's mode; one without a version here is versioned by its own parameters.
        parameters: The Build's settings under their own keys; the order of keys does not matter. What does not change
            the bytes is left out by the modes that have such settings.
        inputs: Digests of the other artifacts that it reads: the calibration data if there is one, then the adapters.
    """
    if mode == "none":
        return source
    if mode in CHECKPOINTS:
        return checkpoint_key(source, mode, parameters, inputs)
    if mode in ENGINES:
        # The checkpoint's own digest is not known before it is made. Its key decides its bytes, and so stands for it.
        checkpoint = checkpoint_key(source, mode, parameters, inputs)
        return engine_key(checkpoint, mode, parameters, _adapters(parameters, inputs))
    keyed: dict[str, Json] = {
        "schema": SCHEMA,
        "builder": _builder(mode),
        "source": source,
        "parameters": dict(parameters),
    }
    if inputs:
        keyed["inputs"] = list(inputs)
    return digest_of(keyed)


def checkpoint_key(source: Digest, mode: str, parameters: Mapping[str, Json], inputs: Sequence[Digest] = ()) -> Digest:
    """Return the key of the checkpoint that *mode* makes of *source*, for itself or on the way to an engine.

    A checkpoint in the unified Hugging Face format carries no parallelism; one that is compiled is cut by it.
    """
    settings, changes = _mapping(parameters, "quantization"), is_remade(parameters)
    calibration = _mapping(settings, "calibration")
    data: Json = inputs[0] if calibration and inputs else None
    keyed: dict[str, Json] = {
        "schema": SCHEMA,
        "key": "checkpoint",
        "builder": _builder(mode),
        "source": source,
        "producer": _producer(mode, parameters) if changes or mode in ENGINES else None,
        "quantization": _said(settings, "calibration") if changes else None,
        "calibration": {**_said(calibration, "dataset"), "data": data} if changes and calibration else None,
        "dtype": parameters.get("dtype", "auto"),
        "layout": _layout(parameters) if mode == "engine" else None,
        # What the YAML beside an AutoDeploy checkpoint says is a part of the artifact; elsewhere it is for serving.
        "build": arguments_of(parameters) if mode == "autodeploy" else None,
    }
    return digest_of(keyed)


def engine_key(
    checkpoint: Digest,
    mode: str,
    parameters: Mapping[str, Json],
    adapters: Sequence[Digest] = (),
    environment: Mapping[str, str] | None = None,
) -> Digest:
    """Return the key of the engine that *mode* compiles of *checkpoint*.

    Args:
        checkpoint: Its digest, or the key that decides it.
        mode: `engine` or `edge_engine`.
        parameters: The Build's settings; `build` as declared, or resolved as the compiler would.
        adapters: Digests of the adapters built in, in their order.
        environment: Variables that change an engine, with their values; a builder sets no others.
    """
    accelerator, toolchain = _mapping(parameters, "accelerator"), _mapping(parameters, "toolchain")
    by_product = accelerator.get("tuning", "product") == "product"
    keyed: dict[str, Json] = {
        "schema": SCHEMA,
        "key": "engine",
        "builder": _builder(mode),
        "checkpoint": checkpoint,
        "toolchain": {**_versions(toolchain, _ENGINE_TOOLS.get(mode, ())), "image": image_digest(toolchain) or None},
        "processor": processor_of(accelerator),
        "computeCapability": accelerator.get("computeCapability"),
        "gpu": accelerator.get("gpu") if by_product else None,
        "layout": _layout(parameters),
        "build": arguments_of(parameters),
        "adapters": list(adapters),
        "environment": dict(environment or {}),
    }
    if mode == "edge_engine":
        # A graph is no engine.
        keyed["stage"] = parameters.get("stage", "engine")
    return digest_of(keyed)


def is_remade(parameters: Mapping[str, Json]) -> bool:
    """Tell whether weights are quantized or converted; otherwise a checkpoint is the source's own."""
    return is_quantized(parameters) or parameters.get("dtype", "auto") != "auto"


def is_quantized(parameters: Mapping[str, Json]) -> bool:
    """Tell whether weights or cache get another format than a type of numbers."""
    settings = _mapping(parameters, "quantization")
    return {settings.get("format", "none"), settings.get("kvCache", "none")} != {"none"}


def arguments_of(parameters: Mapping[str, Json]) -> dict[str, Json]:
    """Return the arguments under `build` that change the bytes, in one spelling."""
    kept = {k: v for k, v in _mapping(parameters, "build").items() if k not in UNKEYED_ARGUMENTS}
    # `--gather_all_token_logits` is short for both (commands/build.py).
    if kept.pop("gather_all_token_logits", False) is True:
        kept |= {"gather_context_logits": True, "gather_generation_logits": True}
    # The older spelling of the same choice; TensorRT-LLM refuses two that disagree.
    if "paged_kv_cache" in kept:
        is_paged = kept.pop("paged_kv_cache") in {True, "enable"}
        kept.setdefault("kv_cache_type", "paged" if is_paged else "continuous")
    return kept


def image_digest(toolchain: Mapping[str, Json]) -> str:
    """Return the digest that the builder's image is pinned to; empty for none, or one that only has a tag."""
    found = _PINNED_IMAGE.search(str(toolchain.get("image") or ""))
    return found[1] if found else ""


def processor_of(accelerator: Mapping[str, Json]) -> str:
    """Return the architecture of the host: as declared, else as the product has it."""
    declared = accelerator.get("processor")
    if isinstance(declared, str):
        return declared
    return "aarch64" if _ARM_PRODUCTS.search(str(accelerator.get("gpu") or "")) else "x86_64"


def _builder(mode: str) -> Json:
    return {"mode": mode, "version": BUILDER_VERSIONS.get(mode, 0)}


def _producer(mode: str, parameters: Mapping[str, Json]) -> Json:
    """Return what quantizes or converts; the compiler's own scripts do where the checkpoint is in its format."""
    toolchain = _mapping(parameters, "toolchain")
    names = _CHECKPOINT_TOOLS if mode in CHECKPOINTS else (*_CHECKPOINT_TOOLS, _ENGINE_TOOLS[mode][0])
    return {**_versions(toolchain, names), "image": image_digest(toolchain) or None}


def _said(settings: Mapping[str, Json], besides: str) -> dict[str, Json]:
    """Return what *settings* say; a setting without a value is none, or each new one would change every key."""
    return {k: v for k, v in settings.items() if v is not None and k != besides}


def _versions(toolchain: Mapping[str, Json], names: Sequence[str]) -> dict[str, Json]:
    return {name: toolchain.get(name) for name in names}


def _layout(parameters: Mapping[str, Json]) -> Json:
    """Return how the network is cut; copies of it (`data`) are made when it is served."""
    cut = _mapping(parameters, "parallelism")
    return {name: cut.get(name, 1) for name in ("tensor", "pipeline", "context", "expert")}


def _adapters(parameters: Mapping[str, Json], inputs: Sequence[Digest]) -> Sequence[Digest]:
    return inputs[1:] if _mapping(_mapping(parameters, "quantization"), "calibration") else inputs


def _mapping(parameters: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    found = parameters.get(name)
    return found if isinstance(found, Mapping) else {}
