"""What a Build, a Model and a Deployment declare, as far as checks before a build look at it; defaults filled in.

Documents are read as they are declared: a field that is absent, or is no good, has its default here.
"""

from collections.abc import Mapping
from dataclasses import field

from trueup.builds.memory import Cut, Load, Precision
from trueup.builds.network import Network, network_of
from trueup.builds.number_formats import bytes_of_cache, bytes_of_weight, format_of_source
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of

COMPILED = frozenset({"engine", "edge_engine"})
"""Modes whose result is for one product and one way to cut it."""

CHECKPOINTS = frozenset({"pytorch", "autodeploy"})
"""Modes whose result is a checkpoint, cut when it is served."""

_SCALES_POSITIONS = frozenset({"default", "su", "longrope", "llama3"})
"""Kinds of rotary positions whose published context has the scaling in it already [TensorRT-LLM `builder.py`]."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a Build declares.

    Attributes:
        mode: Its mode.
        format: Format of the weights; `none` keeps the source's.
        cache: Format of the key-value cache.
        group: Weights that share a scale; 0 takes the format's own.
        bits: Mean bits for `auto`.
        quantizes_head: The output head is quantized as well.
        dtype: Type of what is not quantized; `auto` follows the source.
        tensor: Tensor parallelism.
        pipeline: Pipeline parallelism.
        context: Context parallelism.
        expert: Expert parallelism.
        toolchain: Versions of what builds, by their keys.
        gpu: Product it is built for or on; empty when nobody says.
        capability: Compute capability; empty when nobody says.
        arguments: Arguments of the builder under its own keys.
        calibration: Dataset scales are measured on; empty without one.
        examples: Rows of it that are asked for.
        parity: Gates against the source, by their keys.
        has_adapters: Adapters are built in.
    """

    mode: str
    format: str = "none"
    cache: str = "none"
    group: int = 0
    bits: float | None = None
    quantizes_head: bool = False
    dtype: str = "auto"
    tensor: int = 1
    pipeline: int = 1
    context: int = 1
    expert: int = 1
    toolchain: Mapping[str, str] = field(default_factory=dict)
    gpu: str = ""
    capability: str = ""
    arguments: Mapping[str, Json] = field(default_factory=dict)
    calibration: str = ""
    examples: int = 512
    parity: tuple[str, ...] = ()
    has_adapters: bool = False

    @property
    def cut(self) -> Cut:
        """How it is cut, as far as memory is concerned."""
        return Cut(self.tensor, self.pipeline)

    def tool(self, key: str) -> str:
        """Return the version of a tool; empty when nobody says."""
        return self.toolchain.get(key, "")


@dataclass(frozen=True, slots=True)
class Weights:
    """What a Model declares of its weights.

    Attributes:
        format: Format of the files.
        quantization: Quantization they have already; empty without one.
        precision: Type of the weights; empty when nobody says.
        runs_remote_code: The loader may run code that comes with them.
        architecture: Class in its configuration; empty when nobody says.
        is_pinned: Its source has a digest, or needs none.
    """

    format: str = "safetensors"
    quantization: str = ""
    precision: str = ""
    runs_remote_code: bool = False
    architecture: str = ""
    is_pinned: bool = True


@dataclass(frozen=True, slots=True)
class Serving:
    """What a Deployment declares of the server.

    Attributes:
        runtime: Its runtime.
        version: Version of it; empty when nobody says.
        image: Image of it; empty when nobody says.
        accelerator: Product it asks for; empty when it asks for none.
        count: Accelerators of one server.
        arguments: Arguments of the runtime, keys in lower case with underscores.
        slots: Requests at once; 0 when nobody says.
        context_per_slot: Tokens of each; 0 when nobody says.
    """

    runtime: str
    version: str = ""
    image: str = ""
    accelerator: str = ""
    count: int = 0
    arguments: Mapping[str, Json] = field(default_factory=dict)
    slots: int = 0
    context_per_slot: int = 0

    @property
    def cut(self) -> Cut | None:
        """How its arguments cut the network; None when they do not say."""
        tensor, pipeline = _whole(self.arguments, *_TENSOR), _whole(self.arguments, *_PIPELINE)
        return Cut(tensor or 1, pipeline or 1) if tensor or pipeline else None


_TENSOR = ("tp_size", "tensor_parallel_size", "tensor_parallel")
_PIPELINE = ("pp_size", "pipeline_parallel_size")
_CONTEXT = ("max_seq_len", "max_model_len", "context_length")
_BATCH = ("max_batch_size", "max_num_seqs", "max_running_requests")
_TOKENS = ("max_num_tokens", "max_num_batched_tokens", "chunked_prefill_size")
_FRACTIONS = ("free_gpu_memory_fraction", "kv_cache_free_gpu_memory_fraction")
_FRACTIONS_OF_ALL = ("gpu_memory_utilization", "mem_fraction_static")
_OF_ALL = frozenset({"vllm", "sglang"})
"""Runtimes whose fraction is of all memory."""


def declared_build(spec: Mapping[str, Json]) -> Declared:
    """Return what the `spec` of a Build declares."""
    quantization, parallel = spec.get("quantization"), spec.get("parallelism")
    how = mapping_of(quantization)
    calibration, accelerator, cut = (
        mapping_of(how.get("calibration")),
        mapping_of(spec.get("accelerator")),
        mapping_of(parallel),
    )
    mode = _text(spec.get("mode"))
    return Declared(
        mode=mode,
        format=(_text(quantization) or "F16") if mode == "gguf" else _text(how.get("format")) or "none",
        cache=_text(how.get("kvCache")) or "none",
        group=_whole(how, "groupSize"),
        bits=_number(how.get("bits")),
        quantizes_head=how.get("quantizeLmHead") is True,
        dtype=_text(spec.get("dtype")) or "auto",
        tensor=_whole(cut, "tensor") or 1,
        pipeline=_whole(cut, "pipeline") or 1,
        context=_whole(cut, "context") or 1,
        expert=_whole(cut, "expert") or 1,
        toolchain={k: v for k, v in mapping_of(spec.get("toolchain")).items() if isinstance(v, str)},
        gpu=_text(accelerator.get("gpu")),
        capability=_text(accelerator.get("computeCapability")),
        arguments=mapping_of(spec.get("build")),
        calibration=_text(calibration.get("dataset")),
        examples=_whole(calibration, "size") or 512,
        parity=tuple(gate for gate in ("task", "logits") if mapping_of(spec.get("parity")).get(gate)),
        has_adapters=bool(spec.get("adapters")),
    )


def declared_weights(spec: Mapping[str, Json]) -> Weights:
    """Return what the `spec` of a Model declares of its weights."""
    return Weights(
        format=_text(spec.get("format")) or "safetensors",
        quantization=_text(spec.get("quantization")),
        precision=_text(spec.get("precision")),
        runs_remote_code=spec.get("trustRemoteCode") is True,
        architecture=_text(spec.get("architecture")),
        is_pinned=is_pinned(mapping_of(spec.get("source"))),
    )


def is_pinned(source: Mapping[str, Json]) -> bool:
    """Tell whether a *source* says which bytes it means, if there is one; a provider's has none."""
    return not source or bool(_text(source.get("digest"))) or _text(source.get("uri")).startswith("api:")


def declared_serving(spec: Mapping[str, Json]) -> Serving:
    """Return what the `spec` of a Deployment declares of its server."""
    runtime, resources = mapping_of(spec.get("runtime")), mapping_of(spec.get("resources"))
    arguments = mapping_of(runtime.get("args"))
    return Serving(
        runtime=_text(runtime.get("engine")),
        version=_text(runtime.get("version")),
        image=_text(runtime.get("image")),
        accelerator=_text(resources.get("accelerator")),
        count=_whole(resources, "count"),
        arguments={k.lstrip("-").replace("-", "_").lower(): v for k, v in arguments.items()},
        slots=_whole(runtime, "slots"),
        context_per_slot=_whole(runtime, "contextPerSlot"),
    )


def declared_network(spec: Mapping[str, Json]) -> Network | tuple[str, ...]:
    """Return the network that the `dimensions` of a Model's `spec` describe; what they lack instead.

    Whether embedding and head are one is not declared: they count as two, which is never too little.
    """
    sizes = mapping_of(spec.get("dimensions"))
    named = {key: (source, value) for key, source, value in _dimensions(spec, sizes)}
    missing = [f"`{source}`" for key, (source, value) in named.items() if value is None and key in _NEEDED]
    if missing:
        return (f"the Model does not declare {', '.join(missing)}",)
    config = {key: value for key, (_, value) in named.items() if value is not None}
    return network_of(config)


_NEEDED = frozenset(
    {
        "architectures",
        "num_hidden_layers",
        "hidden_size",
        "intermediate_size",
        "num_attention_heads",
        "vocab_size",
        "max_position_embeddings",
    }
)


def _dimensions(spec: Mapping[str, Json], sizes: Mapping[str, Json]) -> list[tuple[str, str, Json]]:
    """Return key of a `config.json`, field of a Model and its value, for each size."""
    architecture = _text(spec.get("architecture"))
    pairs = {
        "num_hidden_layers": "layers",
        "hidden_size": "hiddenSize",
        "intermediate_size": "intermediateSize",
        "num_attention_heads": "attentionHeads",
        "num_key_value_heads": "keyValueHeads",
        "head_dim": "headSize",
        "vocab_size": "vocabularySize",
        "num_local_experts": "experts",
        "num_experts_per_tok": "expertsPerToken",
    }
    return [
        ("architectures", "architecture", [architecture] if architecture else None),
        ("max_position_embeddings", "contextLength", spec.get("contextLength")),
        ("dtype", "precision", spec.get("precision")),
        *((key, f"dimensions.{name}", sizes.get(name)) for key, name in pairs.items()),
    ]


def precision_of(declared: Declared, weights: Weights) -> Precision | str:
    """Return the bytes of numbers after the build; what is not known instead."""
    kept = weights.quantization or weights.precision or "bfloat16"
    name = declared.format if declared.format != "none" else format_of_source(kept)
    is_engine = declared.mode in COMPILED
    weight = bytes_of_weight(name, group=declared.group, bits=declared.bits, is_engine=is_engine)
    if weight is None:
        said = "`auto` without `bits`" if name == "auto" else f"`{kept}`"
        return f"how many bytes a weight takes as {said}"
    cache = bytes_of_cache(declared.cache)
    if cache is None:
        return f"how many bytes the cache takes as `{declared.cache}`"
    if declared.mode == "gguf":  # llama.cpp's formats are for every matrix
        return Precision(weight, weight, weight, cache)
    plain = 4.0 if declared.dtype == "float32" else 2.0
    if declared.format == "none" and declared.dtype != "auto":
        weight = plain
    return Precision(weight, plain, weight if declared.quantizes_head else plain, cache)


def load_of(declared: Declared, network: Network, serving: Serving | None) -> Load:
    """Return what a server of the build is asked for: as its deployment says, else as the build does, else by default.

    The defaults are those of `trtllm-build` and `trtllm-serve`.
    """
    asked = serving.arguments if serving else {}
    built = declared.arguments

    def first(keys: tuple[str, ...], default: int) -> int:
        return _whole(asked, *keys) or _whole(built, *keys) or default

    slots, per_slot = (serving.slots, serving.context_per_slot) if serving else (0, 0)
    context = per_slot or first(_CONTEXT, longest_context(network))
    batch = slots or first(_BATCH, 2048)
    fraction = next((f for k in (*_FRACTIONS, *_FRACTIONS_OF_ALL) if (f := _share(asked.get(k)))), 0.9)
    return Load(
        context=context,
        batch=batch,
        tokens=min(first(_TOKENS, 8192), context * batch),
        beams=first(("max_beam_width",), 1),
        block=first(("tokens_per_block",), 32),
        fraction=fraction,
        is_of_total=serving is not None and serving.runtime in _OF_ALL,
    )


def longest_context(network: Network) -> int:
    """Return the longest context of the network, as `trtllm-build` derives it when nobody says one."""
    factor = 1.0 if network.rotary_kind in _SCALES_POSITIONS else network.rotary_factor
    return max(int(network.context * factor), 1)


def served_limits(serving: Serving) -> dict[str, int]:
    """Return the limits of sizes that a server is started with, under the keys of `trtllm-build`."""
    found = {"max_seq_len": _CONTEXT, "max_batch_size": _BATCH, "max_num_tokens": _TOKENS}
    return {key: value for key, names in found.items() if (value := _whole(serving.arguments, *names))}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Json) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _share(value: Json) -> float:
    found = _number(value)
    return found if found is not None and 0 < found <= 1 else 0.0


def _whole(values: Mapping[str, Json], *keys: str) -> int:
    """Return the first of *keys* that is a number above 0; 0 when none is."""
    for key in keys:
        value = values.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return 0
