"""The 70 flags of `trtllm-build` as data: what each takes, what it is when not given, how it enters the address.

Source: `commands/build.py`, `builder.py` and `plugin/plugin.py` of NVIDIA/TensorRT-LLM in two states, that of the
releases 0.17 to 1.0 and that of 1.1 to 1.3.0rc20, read in November 2026. Plugins and features were read in the later
one only. The command is in every stable release up to 1.2.1 and was removed after 1.3.0rc20; which release brought a
single flag was not found out.
"""

from enum import StrEnum

from trueup.core.frozen import dataclass
from trueup.core.json import Json


class Takes(StrEnum):
    """What a flag is given."""

    PATH = "path"
    WHOLE = "whole number"
    TEXT = "text"
    TOGGLE = "enable or disable"
    SWITCH = "nothing"


class Group(StrEnum):
    """What a flag is about."""

    INPUT = "input"
    OUTPUT = "output"
    SHAPE = "shape"
    CACHE = "kv_cache"
    BUILD = "build"
    EXECUTION = "execution"
    LOGITS = "logits"
    LORA = "lora"
    SPECULATIVE = "speculative"
    AUTO_PARALLEL = "auto_parallel"
    PLUGIN = "plugin"
    FEATURE = "feature"


class Keyed(StrEnum):
    """How a flag enters the address of an engine."""

    VALUE = "its value"
    RESOLVED = "its value after the builder's own clipping and defaulting"
    CONTENT = "the digest of the files it names, never their path"
    REWRITTEN = "as the flags it stands for"
    RECORDED = "not at all, but it is recorded"
    NOT = "not at all"


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag.

    Attributes:
        name: Its name, without dashes in front.
        takes: What it is given.
        default: What it is when it is not given; None when the builder finds it out, or leaves it unset.
        group: What it is about.
        keyed: How it enters the address of an engine.
        choices: What it may be, if that is a list.
        is_open: The list is not complete.
        is_many: It takes several values.
        least: Smallest number.
        aliases: Other names.
        removed: First release without it, if that came before the end of the command.
        is_ours: trueup gives it, because it names a place of the run; a Build does not.
    """

    name: str
    takes: Takes
    default: Json
    group: Group
    keyed: Keyed = Keyed.VALUE
    choices: tuple[str, ...] = ()
    is_open: bool = False
    is_many: bool = False
    least: int = 1
    aliases: tuple[str, ...] = ()
    removed: str = ""
    is_ours: bool = False

    @property
    def option(self) -> str:
        """As it is typed."""
        return f"--{self.name}"


ON, OFF = "enable", "disable"
_TOGGLE = (ON, OFF)
_TYPES = ("auto", "float16", "float32", "bfloat16", "int32", OFF)
_FP8 = ("fp8", OFF)
_LEVELS = ("internal_error", "error", "warning", "info", "verbose", "debug", "trace")
_LORA_MODULES = (
    *("attn_qkv", "attn_q", "attn_k", "attn_v", "attn_dense", "mlp_h_to_4h", "mlp_4h_to_h", "mlp_gate"),
    *("cross_attn_qkv", "cross_attn_q", "cross_attn_k", "cross_attn_v", "cross_attn_dense"),
    *("moe_h_to_4h", "moe_4h_to_h", "moe_gate", "moe_router", "mlp_router", "mlp_gate_up"),
)
_SPECULATION = ("draft_tokens_external", "lookahead_decoding", "medusa", "explicit_draft_tokens", "eagle")


def _place(name: str, group: Group, keyed: Keyed, default: Json = None) -> Flag:
    return Flag(name, Takes.PATH, default, group, keyed, is_ours=True)


def _whole(name: str, default: int | None, group: Group, keyed: Keyed = Keyed.VALUE, **more: int) -> Flag:
    return Flag(name, Takes.WHOLE, default, group, keyed, least=more.get("least", 1))


def _switch(name: str, group: Group, keyed: Keyed = Keyed.VALUE) -> Flag:
    return Flag(name, Takes.SWITCH, False, group, keyed)


def _plugin(name: str, default: str | None = OFF, choices: tuple[str, ...] = _TYPES) -> Flag:
    takes = Takes.TOGGLE if choices == _TOGGLE else Takes.TEXT
    return Flag(name, takes, default, Group.PLUGIN, choices=choices)


def _feature(name: str, default: str, keyed: Keyed = Keyed.VALUE) -> Flag:
    return Flag(name, Takes.TOGGLE, default, Group.FEATURE, keyed, _TOGGLE)


FLAGS: tuple[Flag, ...] = (
    _place("checkpoint_dir", Group.INPUT, Keyed.CONTENT),
    _place("model_config", Group.INPUT, Keyed.CONTENT),
    _place("build_config", Group.INPUT, Keyed.RESOLVED),
    Flag("model_cls_file", Takes.PATH, None, Group.INPUT, Keyed.CONTENT),
    Flag("model_cls_name", Takes.TEXT, None, Group.INPUT),
    _place("output_dir", Group.OUTPUT, Keyed.NOT, "engine_outputs"),
    _whole("max_batch_size", 2048, Group.SHAPE),
    _whole("max_input_len", 1024, Group.SHAPE),
    Flag("max_seq_len", Takes.WHOLE, None, Group.SHAPE, Keyed.RESOLVED, aliases=("max_decoder_seq_len",)),
    _whole("max_beam_width", 1, Group.SHAPE),
    _whole("max_num_tokens", 8192, Group.SHAPE, Keyed.RESOLVED),
    _whole("opt_num_tokens", None, Group.SHAPE, Keyed.RESOLVED),
    _whole("max_encoder_input_len", 1024, Group.SHAPE),
    Flag("max_prompt_embedding_table_size", Takes.WHOLE, 0, Group.SHAPE, least=0, aliases=("max_multimodal_len",)),
    Flag("kv_cache_type", Takes.TEXT, None, Group.CACHE, Keyed.RESOLVED, ("continuous", "paged", "disabled")),
    Flag("paged_kv_cache", Takes.TOGGLE, None, Group.CACHE, Keyed.REWRITTEN, _TOGGLE),
    _place("input_timing_cache", Group.BUILD, Keyed.RECORDED),
    _place("output_timing_cache", Group.BUILD, Keyed.NOT, "model.cache"),
    Flag(
        "profiling_verbosity",
        Takes.TEXT,
        "layer_names_only",
        Group.BUILD,
        choices=("layer_names_only", "detailed", "none"),
    ),
    _switch("strip_plan", Group.BUILD),
    _switch("weight_sparsity", Group.BUILD),
    _switch("weight_streaming", Group.BUILD),
    _switch("fast_build", Group.BUILD),
    _whole("workers", 1, Group.EXECUTION, Keyed.NOT),
    Flag("log_level", Takes.TEXT, "info", Group.EXECUTION, Keyed.NOT, _LEVELS, is_open=True),
    _switch("enable_debug_output", Group.BUILD),
    _place("visualize_network", Group.BUILD, Keyed.NOT),
    _switch("dry_run", Group.EXECUTION, Keyed.NOT),
    _switch("monitor_memory", Group.EXECUTION, Keyed.NOT),
    Flag("logits_dtype", Takes.TEXT, None, Group.LOGITS, choices=("float16", "float32")),
    _switch("gather_context_logits", Group.LOGITS),
    _switch("gather_generation_logits", Group.LOGITS),
    _switch("gather_all_token_logits", Group.LOGITS, Keyed.REWRITTEN),
    Flag("lora_dir", Takes.PATH, None, Group.LORA, Keyed.CONTENT, is_many=True, is_ours=True),
    Flag("lora_ckpt_source", Takes.TEXT, "hf", Group.LORA, choices=("hf", "nemo")),
    Flag("lora_target_modules", Takes.TEXT, None, Group.LORA, choices=_LORA_MODULES, is_open=True, is_many=True),
    _whole("max_lora_rank", 64, Group.LORA),
    Flag("speculative_decoding_mode", Takes.TEXT, None, Group.SPECULATIVE, choices=_SPECULATION),
    _whole("max_draft_len", 0, Group.SPECULATIVE, Keyed.RESOLVED, least=0),
    Flag("auto_parallel", Takes.WHOLE, 1, Group.AUTO_PARALLEL, removed="1.1"),
    Flag("gpus_per_node", Takes.WHOLE, 8, Group.AUTO_PARALLEL, removed="1.1"),
    Flag("cluster_key", Takes.TEXT, None, Group.AUTO_PARALLEL, removed="1.1"),
    _plugin("bert_attention_plugin", "auto"),
    _plugin("gpt_attention_plugin", "auto"),
    # Unset differs from `disable`: NVFP4 takes the plugin unless it is disabled by name.
    _plugin("gemm_plugin", None, (*_TYPES[:-1], "fp8", "nvfp4", OFF)),
    _plugin("gemm_swiglu_plugin", OFF, _FP8),
    _plugin("fp8_rowwise_gemm_plugin"),
    _plugin("lora_plugin"),
    _plugin("dora_plugin", OFF, _TOGGLE),
    _plugin("moe_plugin", "auto"),
    _plugin("mamba_conv1d_plugin", "auto"),
    _plugin("nccl_plugin", "auto"),
    _plugin("low_latency_gemm_plugin", OFF, _FP8),
    _plugin("low_latency_gemm_swiglu_plugin", OFF, _FP8),
    _plugin("gemm_allreduce_plugin", OFF, ("float16", "bfloat16", OFF)),
    _feature("context_fmha", ON),
    _feature("bert_context_fmha_fp32_acc", OFF),
    _feature("remove_input_padding", ON),
    _whole("tokens_per_block", 32, Group.FEATURE),
    _feature("use_paged_context_fmha", ON),
    _feature("use_fp8_context_fmha", ON, Keyed.RESOLVED),
    _feature("fuse_fp4_quant", OFF),
    _feature("multiple_profiles", OFF),
    _feature("paged_state", ON),
    _feature("streamingllm", OFF),
    _feature("norm_quant_fusion", OFF),
    _feature("reduce_fusion", OFF),
    _feature("user_buffer", OFF),
    _feature("use_fused_mlp", ON),
    _feature("pp_reduce_scatter", OFF),
)
"""Every flag, in the order of the command's own help."""

BY_NAME: dict[str, Flag] = {name: flag for flag in FLAGS for name in (flag.name, *flag.aliases)}
"""Flags by name and by alias."""

PINNED = frozenset({*(f.name for f in FLAGS if f.group is Group.SHAPE), "tokens_per_block"}) - {"max_encoder_input_len"}
"""Flags that are always given: their defaults were not the same in all releases."""

ENVIRONMENT_KEYED = ("BUILDER_FORCE_NUM_PROFILES", "CUDA_VISIBLE_DEVICES")
"""Variables that change the engine: the number of profiles, and which GPU its kernels are timed on."""

ENVIRONMENT_RECORDED = ("FORCE_DETERMINISTIC", "FORCE_ALL_REDUCE_DETERMINISTIC")
"""Variables that change how much workspace is reserved, and no bytes as far as is known."""
