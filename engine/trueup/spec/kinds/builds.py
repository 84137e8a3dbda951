"""Build: how the served artifact is made from a model's weights; one shape a mode."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, JsonValue, Tag

from trueup.spec.kinds.base import TAG, ApiVersion, Declared, VersionedMetadata
from trueup.spec.kinds.spellings import AdapterRef, Count, DatasetRef, Items, Sentence, Version

QuantizationFormat = Literal[
    "none",
    "fp8",
    "fp8_block",
    "fp8_rowwise",
    "int8_sq",
    "int8_wo",
    "int4_wo",
    "int4_awq",
    "w4a8_awq",
    "int4_gptq",
    "nvfp4",
    "mxfp4",
    "auto",
]


class Calibration(Declared):
    """Data that quantization scales are measured on."""

    dataset: DatasetRef = Field(description="Dataset of purpose `calibration`, `name@version`.")
    size: Count = Field(default=512, description="Examples used [ModelOpt `calib_size`].")
    seq_len: Count = Field(default=512, description="Tokens an example is cut to [ModelOpt `calib_seq`].")
    batch_size: Count = Field(default=1, description="Examples at once.")
    seed: int = Field(default=1234, ge=0, description="Seed of the choice of examples.")


class Quantization(Declared):
    """How weights are made smaller [Model Optimizer, `hf_quant_config.json`]."""

    format: QuantizationFormat = Field(
        description="Algorithm; `int4_gptq` and `mxfp4` need a source that has it already, `nvfp4` a GPU."
    )
    kv_cache: Literal["none", "fp8", "int8", "nvfp4"] = Field(
        default="none", description="Type of the key-value cache [ModelOpt `kv_cache_qformat`]."
    )
    group_size: Count | None = Field(
        default=None, description="Weights that share a scale; the algorithm's own when absent."
    )
    bits: float | None = Field(
        default=None,
        ge=4,
        le=16,
        description="Mean bits of a weight for `auto`, 4 to 16 [ModelOpt `auto_quantize_bits`].",
    )
    exclude_modules: Items[Sentence] = Field(
        default=(), description="Modules that stay as they are; `lm_head` always does unless `quantizeLmHead`."
    )
    quantize_lm_head: bool = Field(default=False, description="Whether the output head is quantized as well.")
    calibration: Calibration | None = Field(default=None, description="Data the scales are measured on.")


class Parallelism(Declared):
    """How the network is cut over accelerators [KServe, TensorRT-LLM]."""

    tensor: Count = Field(default=1, description="Tensor parallelism [`tp_size`].")
    pipeline: Count = Field(default=1, description="Pipeline parallelism [`pp_size`].")
    context: Count = Field(default=1, description="Context parallelism [`cp_size`].")
    data: Count = Field(default=1, description="Data parallelism.")
    expert: Count = Field(default=1, description="Expert parallelism of a mixture [`moe_ep_size`].")


class Toolchain(Declared):
    """Versions of what builds; the image digest pins them all at once."""

    image: Sentence | None = Field(default=None, description="Image, `registry/name@sha256:...`.")
    tensorrt_llm: Version | None = Field(
        default=None, description="Version of TensorRT-LLM; mode `engine` needs 0.19 to 1.2.1."
    )
    tensorrt: Version | None = Field(default=None, description="Version of TensorRT, all four parts.")
    tensorrt_edgellm: Version | None = Field(default=None, description="Version of TensorRT Edge-LLM.")
    modelopt: Version | None = Field(default=None, description="Version of NVIDIA Model Optimizer.")
    transformers: Version | None = Field(default=None, description="Version of transformers.")
    torch: Version | None = Field(default=None, description="Version of PyTorch.")
    cuda: Version | None = Field(default=None, description="Version of CUDA.")
    interpreter: Sentence | None = Field(
        default=None,
        description="Python of the environment that has these tools; ours when absent. Versions decide the bytes, "
        "not where they are installed.",
    )


class Accelerator(Declared):
    """What an engine is built for."""

    gpu: Sentence = Field(description="Product, as the node label `nvidia.com/gpu.product` spells it.")
    compute_capability: Version | None = Field(default=None, description='Compute capability, such as `"9.0"`.')
    count: Count = Field(default=1, description="Accelerators of one build.")
    processor: Literal["x86_64", "aarch64"] | None = Field(
        default=None, description="Architecture of the host; told from the product when absent."
    )
    tuning: Literal["product", "capability"] = Field(
        default="product", description="Whether an engine is for this product alone or for its capability."
    )


class LogitsGate(Declared):
    """Parity of next-token distributions with the source, on a fixed set of tokens."""

    max_kl: float = Field(ge=0, description="Largest mean KL divergence, in nats.")
    min_top1: float = Field(ge=0, le=1, description="Least share of equal likeliest tokens, 0 to 1.")
    max_perplexity_ratio: float | None = Field(
        default=None, gt=0, description="Largest perplexity of the result over that of the source; any when absent."
    )
    dataset: DatasetRef | None = Field(
        default=None,
        description="Dataset whose text is compared on, `name@version`; the calibration's when absent, else a text "
        "that ships with trueup.",
    )
    sequences: Count = Field(default=16, description="Sequences compared.")
    seq_len: Count = Field(default=256, description="Tokens of a sequence.")


class Parity(Declared):
    """What the result must keep of the source's quality, or the build fails."""

    task: Sentence | None = Field(default=None, description="Task both are scored on, such as `mmlu`.")
    samples: Count | None = Field(default=None, description="Examples of the task.")
    alpha: float = Field(default=0.05, gt=0, lt=1, description="Accepted chance of a false alarm.")
    theta: float | None = Field(default=None, gt=0, description="Smallest drop it must see, in points of 100.")
    logits: LogitsGate | None = Field(default=None, description="Cheap gate before any benchmark.")


class NoBuild(Declared):
    """Mode `none`: the model's own artifact is served as it is."""

    mode: Literal["none"] = Field(description="Nothing is built.")


class GgufBuild(Declared):
    """Mode `gguf`: safetensors become one GGUF file for llama.cpp, in seconds and without torch."""

    mode: Literal["gguf"] = Field(description="A GGUF file.")
    quantization: Literal["F16", "Q8_0", "Q4_0"] = Field(
        default="F16", description="Type of the weights [llama.cpp]: 16, 8.5 or 4.5 bits."
    )
    pre_tokenizer: Sentence | None = Field(
        default=None,
        description="llama.cpp's name for how text is cut before BPE (`tokenizer.ggml.pre`), such as `gpt-2` or "
        "`llama-bpe`; told from the tokenizer when absent.",
    )
    parity: Parity | None = Field(default=None, description="Gate against the source.")


class CheckpointBuild(Declared):
    """Modes `pytorch` and `autodeploy`: a (quantized) Hugging Face checkpoint for TensorRT-LLM or vLLM."""

    mode: Literal["pytorch", "autodeploy"] = Field(
        description="`pytorch`: ModelOpt or nothing, served by the PyTorch backend; `autodeploy`: the same "
        "for `_autodeploy`."
    )
    quantization: Quantization | None = Field(default=None, description="How weights are made smaller.")
    dtype: Literal["auto", "float16", "bfloat16", "float32"] = Field(
        default="auto", description="Type of what is not quantized; `auto` follows the source."
    )
    toolchain: Toolchain | None = Field(default=None, description="Versions of what builds.")
    parallelism: Parallelism | None = Field(
        default=None, description="How it is cut when served; not part of the bytes."
    )
    accelerator: Accelerator | None = Field(default=None, description="Accelerator the build itself needs.")
    build: dict[str, JsonValue] = Field(
        default_factory=dict, description="Arguments under the LLM API's own snake_case keys."
    )
    parity: Parity | None = Field(default=None, description="Gate against the source.")


class EngineBuild(Declared):
    """Mode `engine`: a TensorRT engine of TensorRT-LLM up to 1.2.1, for one accelerator."""

    mode: Literal["engine"] = Field(description="Checkpoint, then `trtllm-build`; gone from TensorRT-LLM after 1.2.1.")
    toolchain: Toolchain = Field(description="Versions of what builds; `tensorrtLlm` within 0.19 to 1.2.1.")
    accelerator: Accelerator = Field(description="What the engine is for; it loads nowhere else.")
    quantization: Quantization | None = Field(default=None, description="How weights are made smaller.")
    dtype: Literal["auto", "float16", "bfloat16", "float32"] = Field(
        default="auto", description="Type of what is not quantized; `auto` follows the source."
    )
    parallelism: Parallelism = Field(
        default_factory=Parallelism.model_construct, description="How the engine is cut; part of its bytes."
    )
    adapters: Items[AdapterRef] = Field(default=(), description="Adapters built in, `name@version`.")
    build: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="Arguments of `trtllm-build` under their own keys: `max_batch_size`, `gemm_plugin`, ...",
    )
    parity: Parity | None = Field(default=None, description="Gate against the source.")


class EdgeEngineBuild(Declared):
    """Mode `edge_engine`: ONNX and an engine of TensorRT Edge-LLM, for Jetson, DRIVE and DGX Spark."""

    mode: Literal["edge_engine"] = Field(description="ONNX export, then `tensorrt-edgellm-build`.")
    toolchain: Toolchain = Field(description="Versions of what builds; `tensorrtEdgellm` matters.")
    accelerator: Accelerator = Field(description="What the engine is for; it loads nowhere else.")
    stage: Literal["onnx", "engine"] = Field(
        default="engine",
        description="Where it ends: `onnx` is built on any processor, `engine` on the device that it is for.",
    )
    quantization: Quantization | None = Field(default=None, description="How weights are made smaller.")
    parallelism: Parallelism = Field(
        default_factory=Parallelism.model_construct, description="How the engine is cut; part of its bytes."
    )
    build: dict[str, JsonValue] = Field(
        default_factory=dict, description="Arguments of `tensorrt-edgellm-build` under their own keys."
    )
    parity: Parity | None = Field(default=None, description="Gate against the source.")


def _mode(value: Any) -> str | None:
    mode = value.get("mode") if isinstance(value, dict) else getattr(value, "mode", None)
    if not isinstance(mode, str):
        return None
    return f"{TAG}{'pytorch' if mode == 'autodeploy' else mode}"


BuildSpec = Annotated[
    Annotated[NoBuild, Tag(f"{TAG}none")]
    | Annotated[GgufBuild, Tag(f"{TAG}gguf")]
    | Annotated[CheckpointBuild, Tag(f"{TAG}pytorch")]
    | Annotated[EngineBuild, Tag(f"{TAG}engine")]
    | Annotated[EdgeEngineBuild, Tag(f"{TAG}edge_engine")],
    Discriminator(_mode),
]


class Build(Declared):
    """How the served artifact is made: conversion, quantization, compilation, with its parity gate."""

    api_version: ApiVersion = Field(description="Version of this format.")
    kind: Literal["Build"] = Field(description="The kind.")
    metadata: VersionedMetadata = Field(description="Name, version, labels, owner.")
    spec: BuildSpec = Field(description="The declaration, by `mode`.")
