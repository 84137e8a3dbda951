"""Model and Adapter: weights with their source, licences, lineage and shape."""

from typing import Literal

from pydantic import Field, JsonValue

from trueup.spec.kinds.base import ApiVersion, Attachment, Declared, Signature, Source, Text, VersionedMetadata
from trueup.spec.kinds.spellings import (
    Count,
    DatasetRef,
    Day,
    Digest,
    Items,
    Language,
    License,
    ModelRef,
    Ratio,
    Sentence,
    Uri,
)

Format = Literal[
    "safetensors", "gguf", "onnx", "pytorch", "pickle", "tensorflow", "keras", "mlx", "tensorrt-llm", "openvino", "api"
]


class Capabilities(Declared):
    """What the model can take and give [ModelPack]."""

    input_types: Items[Literal["text", "image", "audio", "video", "embedding", "other"]] = Field(
        default=(), description="What it reads."
    )
    output_types: Items[Literal["text", "image", "audio", "video", "embedding", "other"]] = Field(
        default=(), description="What it writes."
    )
    reasoning: bool | None = Field(default=None, description="Whether it reasons before it answers.")
    tool_usage: bool | None = Field(default=None, description="Whether it calls tools.")
    structured_output: bool | None = Field(default=None, description="Whether it keeps to a JSON Schema.")
    languages: Items[Language] = Field(default=(), description="Languages it is meant for [BCP 47].")
    knowledge_cutoff: Day | None = Field(default=None, description="Last day of its training data.")


class Tokenizer(Declared):
    """A tokenizer that is not the one beside the weights."""

    uri: Uri = Field(description="Where it comes from.")
    revision: Sentence | None = Field(
        default=None, description="Commit or version [TensorRT-LLM `tokenizer_revision`]."
    )
    digest: Digest | None = Field(default=None, description="Digest of its files.")


class Dimensions(Declared):
    """Sizes of the network, from its `config.json`; enough to estimate memory without fetching it."""

    layers: Count | None = Field(default=None, description="Transformer layers [HF `num_hidden_layers`].")
    hidden_size: Count | None = Field(default=None, description="Width of the residual stream [HF `hidden_size`].")
    intermediate_size: Count | None = Field(default=None, description="Width of the feed-forward part.")
    attention_heads: Count | None = Field(default=None, description="Query heads [HF `num_attention_heads`].")
    key_value_heads: Count | None = Field(default=None, description="Key and value heads [HF `num_key_value_heads`].")
    head_size: Count | None = Field(default=None, description="Size of one head [HF `head_dim`].")
    vocabulary_size: Count | None = Field(default=None, description="Tokens in the vocabulary [HF `vocab_size`].")
    experts: Count | None = Field(default=None, description="Experts of a mixture [HF `num_local_experts`].")
    experts_per_token: Count | None = Field(default=None, description="Experts that answer for one token.")


class Compute(Declared):
    """What training took [EU AI Act Annex XI, SPDX energyConsumption]."""

    gpu_hours: float | None = Field(default=None, ge=0, description="Accelerator hours.")
    flops: float | None = Field(default=None, ge=0, description="Floating-point operations.")
    base_model_share: Ratio | None = Field(
        default=None, description="Compute as a share of the base model's, 0 to 1; above a third makes a provider."
    )
    energy_kwh: float | None = Field(default=None, ge=0, description="Energy, in kWh.")


class Training(Declared):
    """How the weights were made, as far as we made them."""

    method: Sentence | None = Field(default=None, description="`full`, `lora`, `dpo`, `distillation`, ...")
    hyperparameters: dict[str, JsonValue] = Field(
        default_factory=dict, description="Under the trainer's own keys [SPDX hyperparameter]."
    )
    trainer: Sentence | None = Field(default=None, description="Image or program with its version.")
    run: Sentence | None = Field(default=None, description="Run id in the experiment tracker.")
    compute: Compute | None = Field(default=None, description="What it took.")


class Lifecycle(Declared):
    """Where the version is in its life."""

    phase: Literal["candidate", "active", "deprecated", "drained", "archived", "deleted"] = Field(
        default="active",
        description="A candidate may be tried, a deprecated one may not be newly used. Nothing declares a drained one, "
        "nothing goes back to an archived one, and the artifact of a deleted one may be collected.",
    )
    replacement: ModelRef | None = Field(default=None, description="What to use in its place.")
    retires_at: Day | None = Field(default=None, description="Day from which it may not serve.")
    reason: Sentence | None = Field(default=None, description="Why it is deprecated.")


class ProviderLifecycle(Declared):
    """What the provider of an `api://` or upstream model announced."""

    deprecated_at: Day | None = Field(default=None, description="Day the provider deprecates it.")
    retires_at: Day | None = Field(default=None, description="Day the provider switches it off.")
    replacement: Sentence | None = Field(default=None, description="What the provider names as its successor.")


class ModelSpec(Declared):
    """What a Model declares."""

    source: Source = Field(description="Where the weights come from.")
    format: Format = Field(
        description="Format of the weights [ModelPack]; `pytorch` and `pickle` can run code when loaded, "
        "`api` has none."
    )
    family: Sentence | None = Field(default=None, description="Family, such as `Llama` or `Qwen` [ModelPack].")
    vendor: Sentence | None = Field(default=None, description="Who made it [ModelPack].")
    architecture: Sentence | None = Field(
        default=None, description="Class in the model's config, such as `LlamaForCausalLM` [HF `architectures`]."
    )
    architecture_family: Sentence | None = Field(
        default=None, description="`transformer`, `mixture-of-experts`, `state-space`, ... [CycloneDX]."
    )
    param_size: Count | None = Field(default=None, description="Number of parameters [ModelPack].")
    dimensions: Dimensions | None = Field(default=None, description="Sizes of the network.")
    precision: Sentence | None = Field(default=None, description="Type of the weights, such as `bfloat16` [ModelPack].")
    quantization: Sentence | None = Field(
        default=None, description="Quantization the source already has, such as `Q4_1`, `AWQ` or `FP8` [ModelPack]."
    )
    task: Sentence | None = Field(default=None, description="Task, such as `text-generation` [HF pipeline tag].")
    context_length: Count | None = Field(
        default=None, description="Longest context in tokens [vLLM `max_model_len`, HF `max_position_embeddings`]."
    )
    licenses: Items[License] = Field(default=(), description="Licences of the weights [SPDX expressions].")
    license_name: Sentence | None = Field(default=None, description="Name of a licence SPDX does not list [HF].")
    license_link: Sentence | None = Field(default=None, description="Where its text is [HF].")
    base_model: Items[ModelRef] = Field(
        default=(), description="Models it was made from, `name@version` [HF `base_model`]; a merge has several."
    )
    relation: Literal["finetune", "adapter", "quantized", "merge", "distilled"] | None = Field(
        default=None, description="How it was made from them [HF `base_model_relation`]."
    )
    datasets: Items[DatasetRef] = Field(default=(), description="Data it was trained on, `name@version`.")
    tokenizer: Tokenizer | None = Field(default=None, description="Tokenizer, when not the one beside the weights.")
    chat_template: Text | None = Field(
        default=None, description="Jinja chat template in place of the tokenizer's own, as text or `{file: ...}`."
    )
    trust_remote_code: bool = Field(
        default=False, description="Whether the loader may run code that comes with the weights [transformers]."
    )
    code_revision: Sentence | None = Field(
        default=None, description="Commit of that code [transformers `code_revision`]; a pin when code is trusted."
    )
    signature: Signature | None = Field(default=None, description="Who signed the weights [OMS].")
    bom: Attachment | None = Field(default=None, description="Bill of materials [CycloneDX ML-BOM, SPDX AI].")
    provenance: Attachment | None = Field(default=None, description="How it was built [SLSA provenance].")
    capabilities: Capabilities | None = Field(default=None, description="What it can take and give.")
    training: Training | None = Field(default=None, description="How it was made.")
    lifecycle: Lifecycle = Field(
        default_factory=Lifecycle.model_construct, description="Where the version is in its life."
    )
    provider_lifecycle: ProviderLifecycle | None = Field(default=None, description="What its provider announced.")
    card: Text | None = Field(default=None, description="Model card, as text or `{file: ...}` [HF, CycloneDX].")


class Model(Declared):
    """Weights (or a provider's model): source and digest, format, licences, lineage, lifecycle."""

    api_version: ApiVersion = Field(description="Version of this format.")
    kind: Literal["Model"] = Field(description="The kind.")
    metadata: VersionedMetadata = Field(description="Name, version, labels, owner.")
    spec: ModelSpec = Field(description="The declaration.")


class AdapterSpec(Declared):
    """What an Adapter declares."""

    base_model: ModelRef = Field(description="Model it was trained on and may be served with, `name@version`.")
    source: Source = Field(description="Where its weights come from.")
    format: Literal["safetensors", "gguf", "pytorch", "pickle"] = Field(
        default="safetensors", description="Format of the weights; `pytorch` and `pickle` can run code when loaded."
    )
    method: Literal["lora", "qlora", "dora", "ia3", "prefix", "prompt-tuning"] = Field(
        description="Method of fine-tuning [PEFT `peft_type`]."
    )
    rank: Count | None = Field(default=None, description="Rank of the update [PEFT `r`].")
    alpha: float | None = Field(default=None, gt=0, description="Scale of the update [PEFT `lora_alpha`].")
    dropout: Ratio | None = Field(default=None, description="Dropout in training, 0 to 1 [PEFT `lora_dropout`].")
    target_modules: Items[Sentence] = Field(default=(), description="Modules it changes [PEFT `target_modules`].")
    task: Sentence | None = Field(default=None, description="Task it was trained for.")
    licenses: Items[License] = Field(default=(), description="Licences of the adapter [SPDX expressions].")
    datasets: Items[DatasetRef] = Field(default=(), description="Data it was trained on, `name@version`.")
    signature: Signature | None = Field(default=None, description="Who signed the weights [OMS].")
    provenance: Attachment | None = Field(default=None, description="How it was built [SLSA provenance].")
    training: Training | None = Field(default=None, description="How it was made.")
    lifecycle: Lifecycle = Field(
        default_factory=Lifecycle.model_construct, description="Where the version is in its life."
    )
    card: Text | None = Field(default=None, description="Card of the adapter, as text or `{file: ...}`.")


class Adapter(Declared):
    """A LoRA or its kin: base model, method, rank, source."""

    api_version: ApiVersion = Field(description="Version of this format.")
    kind: Literal["Adapter"] = Field(description="The kind.")
    metadata: VersionedMetadata = Field(description="Name, version, labels, owner.")
    spec: AdapterSpec = Field(description="The declaration.")
