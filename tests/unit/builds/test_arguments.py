"""Arguments of `trtllm-build`: what is declared, what is given, what the engine gets, and what is said about it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.builds.arguments import Resolved, Setting, resolve_arguments, setting_of
from trueup.builds.checks.subject import Subject
from trueup.builds.declared import Weights, declared_build
from trueup.builds.findings import Level
from trueup.builds.flags import FLAGS, Flag, Group, Takes
from trueup.builds.network import Network
from trueup.builds.preflight import preflight
from trueup.core.json import Json

LLAMA = Network("LlamaForCausalLM", 32, 4096, 14336, 32, 8, 128, 128256, 8192, rotary_kind="llama3", rotary_factor=8)
ENGINE = Setting(version="1.2.1", sm=90)


def resolve(network: Network = LLAMA, setting: Setting = ENGINE, **declared: Json) -> Resolved:
    return resolve_arguments(declared, network, setting)


def said(resolved: Resolved, level: Level | None = None) -> str:
    return "\n".join(f"{f.code.id} {f.detail}" for f in resolved.findings if level in (None, f.level))


def test_sizes_are_given_whole_when_nothing_is_declared() -> None:
    found = resolve()
    assert found.arguments == {
        "max_batch_size": 2048,
        "max_input_len": 1024,
        "max_seq_len": 8192,
        "max_beam_width": 1,
        "max_num_tokens": 8192,
        "opt_num_tokens": 2048,
        "max_prompt_embedding_table_size": 0,
        "kv_cache_type": "paged",
        "tokens_per_block": 32,
        "use_fp8_context_fmha": "disable",
    }
    assert not found.is_refused
    assert said(found) == "BLD112 `max_seq_len` is not declared: the builder takes 8192 from the network."


@pytest.mark.parametrize(
    ("kind", "factor", "length"),
    [("default", 1, 8192), ("llama3", 8, 8192), ("longrope", 4, 8192), ("linear", 2.5, 20480), ("yarn", 1.1, 9012)],
)
def test_the_context_is_derived_as_the_builder_does(kind: str, factor: float, length: int) -> None:
    found = resolve(replace(LLAMA, rotary_kind=kind, rotary_factor=factor))
    assert found.arguments["max_seq_len"] == length


@pytest.mark.parametrize(
    ("declared", "name", "value", "level", "words"),
    [
        ({"max_seq_len": 9000}, "max_seq_len", 9000, Level.WARNING, "BLD113 `max_seq_len` is 9000"),
        ({"max_seq_len": 512}, "max_input_len", 512, None, ""),
        ({"max_seq_len": 512, "max_input_len": 600}, "max_input_len", 512, Level.WARNING, "600 becomes 512"),
        ({"max_batch_size": 2, "max_seq_len": 100}, "max_num_tokens", 200, Level.INFO, "8192 becomes 200"),
        ({"max_num_tokens": 20000}, "max_num_tokens", 20000, Level.WARNING, "above 16384"),
        ({"max_num_tokens": 8}, "max_num_tokens", 32, Level.WARNING, "8 becomes 32: one block of the cache"),
        (
            {"max_num_tokens": 8, "context_fmha": "disable"},
            "max_num_tokens",
            1024,
            Level.WARNING,
            "one whole prompt has to fit",
        ),
        ({"max_num_tokens": 64, "opt_num_tokens": 65}, "opt_num_tokens", 64, Level.WARNING, "65 becomes 64"),
        (
            {"remove_input_padding": False, "max_batch_size": 4, "max_num_tokens": 7},
            "max_num_tokens",
            32768,
            Level.WARNING,
            "padding is not removed",
        ),
        ({"reduce_fusion": True}, "reduce_fusion", "disable", Level.WARNING, "BLD111 `reduce_fusion` would be ignored"),
        ({"user_buffer": "enable"}, "user_buffer", "disable", Level.WARNING, "it needs `reduce_fusion`"),
        ({"norm_quant_fusion": True}, "norm_quant_fusion", "disable", Level.WARNING, "it is for Llama in NVFP4"),
        (
            {"context_fmha": False},
            "use_paged_context_fmha",
            "disable",
            None,
            "",
        ),
        (
            {"context_fmha": False, "use_paged_context_fmha": True},
            "use_paged_context_fmha",
            "disable",
            Level.WARNING,
            "`context_fmha` is off",
        ),
        ({"max_lora_rank": 8}, "max_lora_rank", 8, Level.WARNING, "no adapter is built in"),
        ({"max_input_len": 2048}, "max_input_len", 2048, Level.WARNING, "padding is removed"),
        ({"max_draft_len": 4}, "max_draft_len", 4, Level.WARNING, "nothing is drafted"),
        ({"gather_generation_logits": True}, "gather_generation_logits", True, Level.WARNING, "at run time"),
        ({"paged_kv_cache": "enable"}, "kv_cache_type", "paged", Level.INFO, "is an old spelling"),
        ({"paged_kv_cache": "disable"}, "kv_cache_type", "continuous", Level.INFO, "becomes `continuous`"),
        (
            {"paged_kv_cache": "disable", "kv_cache_type": "disabled"},
            "kv_cache_type",
            "disabled",
            Level.INFO,
            "becomes `disabled`",
        ),
        ({"gather_all_token_logits": True}, "gather_context_logits", True, Level.INFO, "stands for"),
        ({"max_decoder_seq_len": 77}, "max_seq_len", 77, None, ""),
        ({"lora_target_modules": ("attn_q",)}, "lora_target_modules", ["attn_q"], Level.WARNING, "no adapter"),
    ],
)
def test_what_does_not_fit_is_rewritten_and_said(
    declared: dict[str, Json], name: str, value: Json, level: Level | None, words: str
) -> None:
    found = resolve(**declared)
    assert found.arguments[name] == value
    assert not found.is_refused
    if level:
        assert words in said(found, level)


@pytest.mark.parametrize(
    ("format_", "cache", "sm", "fp8", "paged"),
    [
        ("none", "none", 90, "disable", "enable"),
        ("fp8", "fp8", 90, "enable", "enable"),
        ("fp8", "none", 90, "disable", "enable"),
        ("fp8", "fp8", 80, "disable", "disable"),
        ("fp8", "fp8", 0, "enable", "enable"),
        ("int4_awq", "fp8", 90, "disable", "disable"),
        ("int8_wo", "int8", 90, "disable", "disable"),
    ],
)
def test_attention_is_what_the_numbers_allow(format_: str, cache: str, sm: int, fp8: str, paged: str) -> None:
    engine = resolve(setting=Setting("1.2.1", format_, cache, sm=sm)).engine
    assert (engine["use_fp8_context_fmha"], engine["use_paged_context_fmha"]) == (fp8, paged)


def test_attention_without_pages_keeps_what_is_declared() -> None:
    found = resolve(setting=Setting("1.2.1", "fp8", "fp8", sm=90), use_paged_context_fmha=False)
    assert (found.engine["use_fp8_context_fmha"], found.engine["use_paged_context_fmha"]) == ("enable", "disable")


def test_fusions_stay_where_they_apply() -> None:
    cut = Setting("1.2.1", "fp8", "fp8", tensor=2, world=2, sm=90)
    found = resolve(setting=cut, reduce_fusion=True, user_buffer=True)
    assert (found.arguments["reduce_fusion"], found.arguments["user_buffer"]) == ("enable", "enable")
    assert resolve(setting=Setting("1.2.1", "nvfp4", sm=100), norm_quant_fusion=True).arguments[
        "norm_quant_fusion"
    ] == ("enable")
    awq = resolve(setting=Setting("1.2.1", "int4_awq", sm=90), use_fused_mlp=True)
    assert awq.arguments["use_fused_mlp"] == "disable"
    assert "`use_fused_mlp` would be ignored" in said(awq, Level.WARNING)


def test_speculation_makes_the_engine_larger_than_what_is_given() -> None:
    found = resolve(
        speculative_decoding_mode="draft_tokens_external", max_draft_len=10, max_batch_size=1000, max_num_tokens=1024
    )
    assert (found.arguments["max_seq_len"], found.arguments["max_num_tokens"]) == (8192, 1024)
    assert (found.engine["max_seq_len"], found.engine["max_num_tokens"]) == (8202, 11000)
    assert "8192 becomes 8202 in the engine" in said(found, Level.INFO)
    idle = resolve(speculative_decoding_mode="lookahead_decoding")
    assert "in the engine" not in said(idle)


def test_adapters_switch_their_plugin_on() -> None:
    with_adapters = replace(ENGINE, has_adapters=True)
    assert resolve(setting=with_adapters, max_lora_rank=8).arguments["lora_plugin"] == "auto"
    assert resolve(setting=with_adapters, lora_plugin="float16").arguments["lora_plugin"] == "float16"
    assert "`lora_plugin` is off" in said(resolve(setting=with_adapters, lora_plugin="disable"), Level.ERROR)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"max_batchsize": 4}, "BLD131 `trtllm-build` has no argument `max_batchsize`"),
        ({"auto_parallel": 8}, "BLD131 `auto_parallel` is not in TensorRT-LLM 1.2.1: it went with 1.1"),
        ({"checkpoint_dir": "x"}, "BLD133 `checkpoint_dir` is chosen where the build runs"),
        ({"lora_dir": ["x"]}, "BLD133 `lora_dir`"),
        ({"model_cls_file": "x.py"}, "BLD133 `model_cls_file` has the builder run Python code"),
        ({"dry_run": True}, "BLD133 `dry_run` makes no engine"),
        ({"max_batch_size": "64"}, "BLD132 `max_batch_size` is '64', and a whole number of at least 1 is needed"),
        ({"max_batch_size": True}, "BLD132"),
        ({"max_batch_size": 0}, "at least 1"),
        ({"max_draft_len": -1}, "at least 0"),
        ({"max_beam_width": 257}, "at most 256"),
        ({"tokens_per_block": 48}, "a power of two"),
        ({"gemm_plugin": "fp16"}, "one of auto, float16"),
        ({"gemm_plugin": 16}, "a text"),
        ({"context_fmha": "on"}, "`enable` or `disable`"),
        ({"strip_plan": "enable"}, "true or false"),
        ({"lora_target_modules": "attn_q"}, "a list of names"),
        ({"lora_target_modules": []}, "a list of names"),
        ({"max_seq_len": 5, "max_decoder_seq_len": 5}, "another name of `max_seq_len`"),
        ({"paged_kv_cache": "enable", "kv_cache_type": "continuous"}, "BLD111 `paged_kv_cache` says enable"),
        ({"multiple_profiles": True, "opt_num_tokens": 5}, "BLD111 `multiple_profiles` chooses its own"),
        (
            {"gather_context_logits": True, "max_draft_len": 5, "speculative_decoding_mode": "draft_tokens_external"},
            "BLD111 Logits of the prompt",
        ),
        ({"gemm_swiglu_plugin": "fp8", "use_fused_mlp": False}, "BLD111 `gemm_swiglu_plugin` needs"),
        ({"pp_reduce_scatter": True}, "BLD111 `pp_reduce_scatter` is for Mixtral"),
        ({"streamingllm": True}, "BLD111 `streamingllm` is refused"),
        ({"speculative_decoding_mode": "medusa"}, "BLD111 `medusa` needs draft heads"),
    ],
)
def test_what_cannot_be_is_refused(declared: dict[str, Json], words: str) -> None:
    found = resolve(**declared)
    assert found.is_refused
    assert words in said(found, Level.ERROR)


def test_an_argument_that_is_misspelt_is_told_its_name() -> None:
    (finding,) = [f for f in resolve(**{"--max-batchsize": 4}).findings if f.level is Level.ERROR]
    assert finding.advice == "did you mean `max_batch_size`?"
    assert finding.path == ("spec", "build", "--max-batchsize")


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = resolve(max_batch_size=0, gemm_plugin="x", nonsense=1, output_dir="/")
    assert len([f for f in found.findings if f.level is Level.ERROR]) == 4


def test_cutting_by_the_builder_is_refused_where_it_still_exists() -> None:
    for version in ("1.0", ""):
        assert "has the builder choose how" in said(resolve(setting=Setting(version), auto_parallel=8), Level.ERROR)


def test_an_argument_without_a_value_is_as_if_it_were_not_there() -> None:
    assert resolve(max_batch_size=None, log_level="odd").arguments == {**resolve().arguments, "log_level": "odd"}


def test_many_profiles_have_no_optimum_of_their_own() -> None:
    found = resolve(multiple_profiles=True)
    assert "opt_num_tokens" not in found.arguments
    assert found.engine["opt_num_tokens"] is None


def test_the_rest_of_a_build_is_read() -> None:
    declared = declared_build(
        {
            "mode": "engine",
            "toolchain": {"tensorrtLlm": "1.2.1"},
            "accelerator": {"gpu": "H100-SXM"},
            "quantization": {"format": "fp8", "kvCache": "fp8"},
            "parallelism": {"tensor": 2, "pipeline": 2},
        }
    )
    assert setting_of(declared) == Setting("1.2.1", "fp8", "fp8", 2, 4, 90)
    assert setting_of(replace(declared, gpu="of tomorrow", capability="13.0")).sm == 130
    assert setting_of(declared_build({"mode": "engine", "adapters": ["a@1"]})).has_adapters
    assert setting_of(replace(declared, gpu="", capability="?")).sm == 0
    assert resolve().to_json() == {"arguments": resolve().arguments, "engine": resolve().engine}


def test_checks_before_a_build_tell_of_its_arguments() -> None:
    declared = declared_build({"mode": "engine", "build": {"nonsense": 1, "max_seq_len": 9000, "max_num_tokens": 8}})
    found = {f.code.id for f in preflight(Subject(declared, Weights(), LLAMA))}
    assert {"BLD131", "BLD113", "BLD112"} <= found
    without = {f.code.id for f in preflight(Subject(declared, Weights(), ("not known",)))}
    assert not {"BLD131", "BLD113", "BLD112"} & without


def _value(flag: Flag) -> st.SearchStrategy[Json]:
    if flag.is_many:
        return st.lists(st.sampled_from(flag.choices or ("a",)), min_size=1, max_size=3, unique=True)
    match flag.takes:
        case Takes.SWITCH:
            return st.booleans()
        case Takes.TOGGLE:
            return st.sampled_from([*flag.choices, True, False])
        case Takes.WHOLE:
            if flag.name == "tokens_per_block":
                return st.sampled_from([16, 32, 64, 128])
            return st.integers(flag.least, 256 if flag.name == "max_beam_width" else 40000)
        case Takes.TEXT | Takes.PATH:
            return st.sampled_from(flag.choices or ("text",))


DECLARABLE = [f for f in FLAGS if not f.is_ours and f.group is not Group.AUTO_PARALLEL and "cls" not in f.name]
declarations = st.fixed_dictionaries({}, optional={f.name: _value(f) for f in DECLARABLE if f.name != "dry_run"})
settings = st.builds(
    Setting,
    version=st.sampled_from(["0.19", "1.0", "1.2.1"]),
    format=st.sampled_from(["none", "fp8", "int8_sq", "int4_awq", "w4a8_awq", "nvfp4", "auto"]),
    cache=st.sampled_from(["none", "fp8", "int8"]),
    tensor=st.sampled_from([1, 2]),
    sm=st.sampled_from([0, 80, 89, 90, 100]),
    has_adapters=st.booleans(),
)
networks = st.builds(
    lambda name, context, kind, factor: replace(
        LLAMA, architecture=name, context=context, rotary_kind=kind, rotary_factor=factor
    ),
    st.sampled_from(["LlamaForCausalLM", "MixtralForCausalLM", "Gemma2ForCausalLM"]),
    st.integers(1, 200_000),
    st.sampled_from(["default", "llama3", "linear", "yarn"]),
    st.floats(0.5, 40),
)


@given(declarations, settings, networks)
def test_resolving_again_changes_nothing(declared: dict[str, Json], setting: Setting, network: Network) -> None:
    once = resolve_arguments(declared, network, setting)
    again = resolve_arguments(once.arguments, network, setting)
    assert (again.arguments, again.engine) == (once.arguments, once.engine)


@given(declarations, settings)
def test_what_is_declared_is_given_or_refused(declared: dict[str, Json], setting: Setting) -> None:
    found = resolve_arguments(declared, LLAMA, setting)
    stands_for = {"paged_kv_cache": "kv_cache_type", "gather_all_token_logits": "gather_context_logits"}
    for name, value in declared.items():
        if name == "gather_all_token_logits" and not value:
            continue
        assert stands_for.get(name, name) in found.arguments or found.is_refused


@given(declarations, settings)
def test_how_the_builder_runs_is_not_in_the_address(declared: dict[str, Json], setting: Setting) -> None:
    other = {**declared, "workers": 7, "log_level": "verbose", "monitor_memory": True}
    keyed = resolve_arguments(declared, LLAMA, setting).keyed
    assert resolve_arguments(other, LLAMA, setting).keyed == keyed
    assert not {"workers", "log_level", "dry_run", "output_dir", "paged_kv_cache"} & keyed.keys()


def test_a_default_that_is_declared_is_the_same_engine_and_another_value_is_not() -> None:
    assert resolve(moe_plugin="auto", max_batch_size=2048, kv_cache_type="paged").keyed == resolve().keyed
    for name, value in {
        "gemm_plugin": "auto",
        "max_batch_size": 4,
        "strip_plan": True,
        "logits_dtype": "float32",
    }.items():
        assert resolve(**{name: value}).keyed != resolve().keyed


@given(declarations, settings)
def test_the_order_of_what_is_declared_does_not_matter(declared: dict[str, Json], setting: Setting) -> None:
    turned = dict(reversed(declared.items()))
    assert resolve_arguments(turned, LLAMA, setting) == resolve_arguments(declared, LLAMA, setting)


@given(declarations, settings, networks)
def test_sizes_fit_each_other_in_the_end(declared: dict[str, Json], setting: Setting, network: Network) -> None:
    found = resolve_arguments(declared, network, setting).arguments
    sizes = {k: v for k, v in found.items() if isinstance(v, int)}
    assert sizes["max_input_len"] <= sizes["max_seq_len"]
    assert sizes.get("opt_num_tokens", 0) <= sizes["max_num_tokens"] or found.get("remove_input_padding") == "disable"
