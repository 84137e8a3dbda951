"""Architectures (classes of a Hugging Face `config.json`) and which backends of TensorRT-LLM take them.

Sources: `MODEL_MAP` of the last line with engines (up to 1.3.0rc20) and its precision matrix by family, which lags
behind the scripts; the page of supported models of November 2026 for the PyTorch backend and AutoDeploy (its table of
text models); the registry of families of tensorrt-edgellm 0.11.0.
"""

from collections.abc import Mapping

_ENGINE: Mapping[str, str] = {
    "": (
        "ArcticForCausalLM BertForQuestionAnswering BertForSequenceClassification BertModel "
        "ChatGLMForCausalLM ChatGLMForConditionalGeneration ChatGLMModel CogVLMForCausalLM CohereForCausalLM "
        "DecoderModel DeepseekForCausalLM DeepseekV2ForCausalLM DiT EagleForCausalLM EncoderModel "
        "FuyuForCausalLM GLMModel GraniteForCausalLM GraniteMoeForCausalLM Grok1ModelForCausalLM "
        "InternLM2ForCausalLM InternLMXComposer2ForCausalLM Kosmos2ForConditionalGeneration "
        "LlavaNextForConditionalGeneration MambaForCausalLM OPTForCausalLM Phi3ForCausalLM "
        "Phi3SmallForCausalLM Phi3VForCausalLM Phi4MMForCausalLM PhiForCausalLM PhiMoEForCausalLM "
        "ReDrafterForLLaMALM ReDrafterForQWenLM RobertaForQuestionAnswering RobertaForSequenceClassification "
        "RobertaModel SD3Transformer2DModel SkyworkForCausalLM STDiT3"
    ),
    "fp8 int8_sq int8_wo int4_wo int4_awq int4_gptq": ("BaichuanForCausalLM BaiChuanForCausalLM"),
    "fp8 int8_sq int8_wo int4_wo": (
        "BloomForCausalLM GPT2LMHeadCustomModel GPT2LMHeadModel GPTBigCodeForCausalLM GPTForCausalLM "
        "JAISLMHeadModel NemotronForCausalLM"
    ),
    "int8_wo int4_wo": ("DbrxForCausalLM WhisperEncoder"),
    "fp8": ("DeciLMForCausalLM MllamaForConditionalGeneration MLLaMAModel"),
    "fp8 int8_sq int8_wo int4_wo int4_awq nvfp4 int4_gptq": (
        "ExaoneForCausalLM LlamaForCausalLM LlavaLlamaModel MedusaForCausalLM MedusaLlamaForCausalLM"
    ),
    "fp8 int8_wo int4_wo int4_awq": ("FalconForCausalLM RWForCausalLM"),
    "fp8 int8_sq int8_wo int4_wo int4_awq": (
        "Gemma2ForCausalLM Gemma3ForCausalLM GemmaForCausalLM GPTJForCausalLM MistralForCausalLM "
        "MptForCausalLM MPTForCausalLM"
    ),
    "int4_gptq": ("GPTNeoXForCausalLM"),
    "int8_sq int8_wo int4_wo": ("InternLMForCausalLM"),
    "fp8 nvfp4 int8_wo int4_wo": ("MixtralForCausalLM"),
    "int8_sq int8_wo int4_wo int4_awq int4_gptq": (
        "Qwen2ForCausalLM Qwen2ForSequenceClassification Qwen2MoeForCausalLM Qwen2VLForConditionalGeneration "
        "Qwen2VLModel Qwen3ForCausalLM Qwen3MoeForCausalLM QWenForCausalLM QWenLMHeadModel"
    ),
    "fp8 int8_sq int4_awq": ("RecurrentGemmaForCausalLM"),
    "fp8 int8_wo int4_wo": ("Starcoder2ForCausalLM"),
}
"""Architectures of the engine backend by the quantizations of their family, besides 16-bit."""

_PYTORCH: Mapping[str, str] = {
    "": ("BertForSequenceClassification"),
    "fp8_block nvfp4": ("DeepseekV32ForCausalLM DeepseekV3ForCausalLM"),
    "fp8 w4a8_awq int4_awq": ("Exaone4ForCausalLM ExaoneMoEForCausalLM Gemma3ForCausalLM"),
    "mxfp4": ("GptOssForCausalLM"),
    "fp8 nvfp4": ("Llama4ForConditionalGeneration MixtralForCausalLM"),
    "fp8 fp8_rowwise nvfp4 int4_awq w4a8_awq int4_gptq": ("LlamaForCausalLM"),
    "fp8 int4_awq": ("MistralForCausalLM"),
    "w4a8_awq": ("Phi3ForCausalLM"),
    "fp8 nvfp4 w4a8_awq int4_awq int4_gptq": ("Qwen2ForCausalLM Qwen2ForProcessRewardModel Qwen2ForRewardModel"),
    "fp8 nvfp4 int4_awq int4_gptq": (
        "Qwen3_5MoeForCausalLM Qwen3ForCausalLM Qwen3ForTextEmbedding Qwen3MoeForCausalLM Qwen3NextForCausalLM"
    ),
}
"""Architectures of the PyTorch backend by the quantizations that its matrix of models lists."""

_PYTORCH_UNLISTED = (
    "AfmoeForCausalLM Cohere2ForCausalLM DeciLMForCausalLM DeepseekV4ForCausalLM Gemma4AssistantForCausalLM "
    "Gemma4ForConditionalGeneration Gemma4UnifiedForConditionalGeneration Glm4MoeForCausalLM "
    "GlmMoeDsaForCausalLM InklingForConditionalGeneration KimiK25ForConditionalGeneration LagunaForCausalLM "
    "MiniCPMV4_6ForConditionalGeneration MiniMaxM3SparseForConditionalGeneration "
    "MllamaForConditionalGeneration NemotronForCausalLM NemotronHForCausalLM NemotronNASForCausalLM "
    "Step3p7ForConditionalGeneration"
)
"""Architectures of the PyTorch backend that its matrix of models does not list."""

_AUTODEPLOY = (
    "DeepSeekV2ForCausalLM ExaoneForCausalLM Gemma3nForConditionalGeneration Glm4MoeLiteForCausalLM "
    "GraniteForCausalLM GraniteMoeHybridForCausalLM HunYuanDenseForCausalLM HunYuanMoEForCausalLM "
    "InternLM3ForCausalLM MiniMaxM2ForCausalLM Olmo3ForCausalLM OpenELMForCausalLM SeedOssForCausalLM "
    "SkyworkR1V2ForConditionalGeneration SmolLM3ForCausalLM"
)

_EDGE = (
    "Gemma4AssistantForCausalLM Gemma4ForConditionalGeneration Gemma4UnifiedForConditionalGeneration "
    "HunYuanDenseForCausalLM LlamaForCausalLM MistralForCausalLM NemotronHForCausalLM Phi4MMForCausalLM "
    "Qwen2_5_VLForConditionalGeneration Qwen2ForCausalLM Qwen2VLForConditionalGeneration "
    "Qwen3_5MoeForCausalLM Qwen3ForCausalLM Qwen3MoeForCausalLM"
)


def _by_name(table: Mapping[str, str]) -> dict[str, frozenset[str] | None]:
    return {name: frozenset(formats.split()) for formats, names in table.items() for name in names.split()}


_FORMATS: Mapping[str, Mapping[str, frozenset[str] | None]] = {
    "engine": _by_name(_ENGINE),
    "pytorch": {**_by_name(_PYTORCH), **dict.fromkeys(_PYTORCH_UNLISTED.split())},
    "autodeploy": dict.fromkeys(_AUTODEPLOY.split()),
    "edge_engine": dict.fromkeys(_EDGE.split()),
}
"""By mode and architecture, the quantizations that are listed for it; None when nobody lists them."""

BACKENDS: tuple[str, ...] = tuple(_FORMATS)
"""Modes whose architectures are known."""


def backends_of(architecture: str) -> tuple[str, ...]:
    """Return the modes that take *architecture*, in the order of `BACKENDS`."""
    return tuple(mode for mode, known in _FORMATS.items() if architecture in known)


def listed_formats(architecture: str, mode: str) -> frozenset[str] | None:
    """Return the quantizations that are listed for *architecture* in *mode*; None when nobody says."""
    return _FORMATS.get(mode, {}).get(architecture)


def architectures() -> frozenset[str]:
    """Return every name that is known, for spelling help."""
    return frozenset(name for known in _FORMATS.values() for name in known)
