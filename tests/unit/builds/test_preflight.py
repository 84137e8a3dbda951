"""What is found before a build: rules V01 to V20, each by code, level and the words that matter."""

from dataclasses import replace
from typing import Any

import pytest

from trueup.builds import codes
from trueup.builds.checks.inputs import disk_needed
from trueup.builds.checks.subject import Subject
from trueup.builds.declared import Declared, Serving, Weights
from trueup.builds.findings import About, Finding, Level, has_errors
from trueup.builds.memory import GIB
from trueup.builds.network import Network
from trueup.builds.preflight import join_argument_findings, preflight
from trueup.core.json import Json

EIGHT = Network("LlamaForCausalLM", 32, 4096, 14336, 32, 8, 128, 128256, 131072, dtype="bfloat16")
MIXTURE = replace(EIGHT, architecture="MixtralForCausalLM", experts=8, experts_per_token=2)
TOOLS = {"tensorrtLlm": "1.2.1", "transformers": "4.57.6"}
ENGINE = Declared(
    "engine", toolchain=TOOLS, gpu="NVIDIA-H100-80GB-HBM3", capability="9.0", arguments={"max_seq_len": 8192}
)
CHECKPOINT = Declared("pytorch", toolchain=TOOLS, gpu="NVIDIA-H100-80GB-HBM3")
NEWER = Declared("pytorch", toolchain={"tensorrtLlm": "1.3.0rc20"}, gpu="NVIDIA-H100-80GB-HBM3")
EDGE = Declared("edge_engine", toolchain={"tensorrtEdgellm": "0.11.0"}, gpu="DGX Spark")
TRTLLM = Serving("trtllm", "1.2.1", accelerator="H100", count=1)
VLLM = Serving("vllm", "0.11.0", accelerator="H100", count=1)


def subject(build: Declared = ENGINE, **changes: Any) -> Subject:
    made = Subject(build, Weights(precision="bfloat16"), EIGHT, free_disk=900 * GIB, has_data=True)
    return replace(made, **changes)


def found(about: Subject, *levels: Level) -> list[tuple[str, str]]:
    wanted = levels or (Level.ERROR, Level.WARNING, Level.UNKNOWN)
    return [(f.code.id, f.detail) for f in preflight(about) if f.level in wanted]


def test_a_build_with_nothing_wrong_has_nothing_but_notes() -> None:
    assert found(subject()) == []
    assert found(subject(serving=TRTLLM)) == []
    assert found(subject(replace(CHECKPOINT, arguments={"max_seq_len": 8192}), serving=TRTLLM)) == []
    assert found(subject(Declared("none"))) == []
    assert found(subject(EDGE)) == [], "Llama is a family of Edge-LLM"
    assert found(subject(built(format="int4_awq", calibration="d@1"))) == []
    assert found(subject(serving=replace(TRTLLM, arguments={"max_seq_len": 4096}))) == []
    assert found(subject(Declared("gguf", "Q8_0"), serving=Serving("llama.cpp"))) == []
    assert {f.level for f in preflight(subject())} == {Level.INFO}


def built(build: Declared = ENGINE, **changes: Any) -> Declared:
    return replace(build, **changes)


def tools(**changes: str) -> dict[str, str]:
    return {k: v for k, v in {**TOOLS, **changes}.items() if v}


CASES: list[tuple[str, Subject, str, Level, str]] = [
    # V01
    ("after", subject(built(toolchain=tools(tensorrtLlm="1.3.0"))), "BLD101", Level.ERROR, "0.19 to 1.2.1"),
    ("before", subject(built(CHECKPOINT, toolchain=tools(tensorrtLlm="0.20"))), "BLD101", Level.ERROR, "1.0 and later"),
    ("older than all", subject(built(toolchain=tools(tensorrtLlm="0.18.2"))), "BLD101", Level.ERROR, "declares 0.18.2"),
    ("no version", subject(built(toolchain=tools(tensorrtLlm=""))), "BLD101", Level.UNKNOWN, "does not say one"),
    ("a tag", subject(built(toolchain=tools(tensorrtLlm="latest"))), "BLD101", Level.UNKNOWN, "`latest` is no version"),
    ("edge, unsaid", subject(built(EDGE, toolchain={})), "BLD101", Level.UNKNOWN, "TensorRT Edge-LLM builds"),
    ("edge, other", subject(built(EDGE, toolchain={"tensorrtEdgellm": "0.12"})), "BLD101", Level.WARNING, "0.11.0"),
    # V02
    (
        "engine",
        subject(network=replace(EIGHT, architecture="SmolLM3ForCausalLM")),
        "BLD102",
        Level.ERROR,
        "`autodeploy` lists it",
    ),
    (
        "several",
        subject(network=replace(EIGHT, architecture="GptOssForCausalLM")),
        "BLD102",
        Level.ERROR,
        "`pytorch` lists it",
    ),
    (
        "spelling",
        subject(network=replace(EIGHT, architecture="LamaForCausalLM")),
        "BLD102",
        Level.ERROR,
        "nor does another",
    ),
    (
        "pytorch",
        subject(CHECKPOINT, network=replace(EIGHT, architecture="OPTForCausalLM")),
        "BLD102",
        Level.WARNING,
        "`engine` lists it",
    ),
    (
        "auto",
        subject(built(CHECKPOINT, mode="autodeploy")),
        "BLD102",
        Level.WARNING,
        "`engine`, `pytorch`, `edge_engine` list it",
    ),
    ("other runtime", subject(CHECKPOINT, serving=VLLM), "BLD102", Level.UNKNOWN, "tables are those of TensorRT-LLM"),
    (
        "format",
        subject(built(format="fp8", calibration="d@1"), network=replace(EIGHT, architecture="Qwen2ForCausalLM")),
        "BLD102",
        Level.WARNING,
        "`fp8` is not listed",
    ),
    (
        "16 bits",
        subject(built(format="int8_wo"), network=replace(EIGHT, architecture="PhiForCausalLM")),
        "BLD102",
        Level.WARNING,
        "16 bits only",
    ),
    # V03 to V08
    ("context", subject(built(context=2)), "BLD103", Level.ERROR, "`context` is 2"),
    ("heads", subject(built(tensor=3)), "BLD104", Level.ERROR, "32 query heads"),
    (
        "cache heads",
        subject(built(tensor=16), network=replace(EIGHT, heads=48, key_value_heads=12)),
        "BLD105",
        Level.ERROR,
        "12 key-value heads",
    ),
    ("repeated", subject(built(tensor=16)), "BLD105", Level.INFO, "kept 2 times"),
    ("no experts", subject(built(tensor=2, expert=2)), "BLD106", Level.ERROR, "has no experts"),
    (
        "experts and ranks",
        subject(built(tensor=2, expert=4), network=MIXTURE),
        "BLD106",
        Level.ERROR,
        "does not divide by `expert` 4",
    ),
    ("experts", subject(built(tensor=3, expert=3), network=MIXTURE), "BLD106", Level.ERROR, "2 would be dropped"),
    (
        "experts and context",
        subject(built(tensor=2, expert=2, context=2), network=MIXTURE),
        "BLD106",
        Level.ERROR,
        "together with the context",
    ),
    ("stages", subject(built(pipeline=33)), "BLD107", Level.ERROR, "fewer than 33 stages"),
    ("uneven", subject(built(pipeline=3)), "BLD107", Level.INFO, "the first 2 have one more"),
    ("width", subject(built(tensor=32), network=replace(EIGHT, hidden=4100)), "BLD108", Level.ERROR, "width 4100"),
    (
        "feed-forward",
        subject(built(tensor=32), network=replace(EIGHT, feed_forward=14340)),
        "BLD108",
        Level.ERROR,
        "14340",
    ),
    ("groups", subject(built(format="int4_awq", calibration="d@1", tensor=32)), "BLD108", Level.ERROR, "groups of 128"),
    (
        "expert width",
        subject(built(tensor=4, expert=2), network=replace(MIXTURE, expert_feed_forward=333)),
        "BLD108",
        Level.ERROR,
        "333",
    ),
    # V09
    (
        "too old",
        subject(built(format="fp8", calibration="d@1", gpu="A100 80GB", capability="")),
        "BLD109",
        Level.ERROR,
        "start at capability 8.9",
    ),
    ("no accelerator", subject(built(CHECKPOINT, gpu="")), "BLD109", Level.UNKNOWN, "none is declared"),
    ("unknown product", subject(built(gpu="TPU", capability="")), "BLD109", Level.UNKNOWN, "in no table"),
    (
        "by capability",
        subject(built(gpu="TPU", capability="8.0", format="fp8", calibration="d@1")),
        "BLD109",
        Level.ERROR,
        "tpu (compute capability 8.0)",
    ),
    ("wrong capability", subject(built(capability="8.9")), "BLD109", Level.ERROR, "says 8.9"),
    ("not on the list", subject(built(gpu="L4", capability="")), "BLD109", Level.WARNING, "list of supported hardware"),
    (
        "not listed",
        subject(built(CHECKPOINT, format="int8_sq", calibration="d@1")),
        "BLD109",
        Level.WARNING,
        "are not listed",
    ),
    (
        "by vllm",
        subject(built(CHECKPOINT, format="fp8", calibration="d@1"), serving=replace(VLLM, accelerator="A40")),
        "BLD109",
        Level.WARNING,
        "`vllm` may differ",
    ),
    ("cache", subject(built(cache="fp8", gpu="A40", capability="")), "BLD109", Level.ERROR, "for cache as `fp8`"),
    (
        "hopper fp4",
        subject(built(CHECKPOINT, format="nvfp4", calibration="d@1")),
        "BLD109",
        Level.ERROR,
        "from TensorRT-LLM 1.3.0rc20 on, and this is 1.2.1",
    ),
    (
        "hopper fp4, older server",
        subject(built(NEWER, format="nvfp4", calibration="d@1"), serving=TRTLLM),
        "BLD109",
        Level.ERROR,
        "and this is 1.2.1",
    ),
    (
        "hopper fp4, no version",
        subject(built(CHECKPOINT, format="nvfp4", calibration="d@1", toolchain={})),
        "BLD109",
        Level.WARNING,
        "which version computes is not said",
    ),
    (
        "hopper fp4, vllm",
        subject(built(CHECKPOINT, format="nvfp4", calibration="d@1"), serving=VLLM),
        "BLD109",
        Level.WARNING,
        "`vllm` may differ",
    ),
    (
        "ampere fp4",
        subject(built(NEWER, format="nvfp4", calibration="d@1", gpu="A40")),
        "BLD109",
        Level.ERROR,
        "Hopper (9.0) is the first",
    ),
    (
        "plugin",
        subject(built(gpu="B200", capability="", arguments={"gemm_swiglu_plugin": "fp8"})),
        "BLD109",
        Level.ERROR,
        "gemm_swiglu_plugin",
    ),
    ("from source", subject(built(CHECKPOINT, format="int4_gptq")), "BLD109", Level.ERROR, "names none"),
    (
        "other source",
        subject(built(CHECKPOINT, format="mxfp4"), weights=Weights(quantization="AWQ")),
        "BLD109",
        Level.ERROR,
        "it is `AWQ`",
    ),
    (
        "made on GPU",
        subject(built(CHECKPOINT, format="nvfp4", calibration="d@1", gpu="")),
        "BLD109",
        Level.ERROR,
        "CUDA tensors",
    ),
    ("edge", subject(built(EDGE, gpu="H200")), "BLD109", Level.ERROR, "8.0, 8.6, 10.0, 12.0, 12.1 only"),
    # V10
    ("int8 cache", subject(built(cache="int8")), "BLD110", Level.WARNING, "turns paged attention off"),
    (
        "fp8 attention",
        subject(built(arguments={"use_fp8_context_fmha": "enable"})),
        "BLD110",
        Level.WARNING,
        "weights are `none` and the cache is `none`",
    ),
    (
        "fp8 cache",
        subject(built(cache="fp8", gpu="A40", capability="")),
        "BLD110",
        Level.WARNING,
        "the capability is 8.6",
    ),
    # V14
    ("float32", subject(built(dtype="float32")), "BLD114", Level.WARNING, "twice the memory"),
    ("from float32", subject(weights=Weights(precision="float32")), "BLD114", Level.INFO, "makes float16"),
    ("no bfloat16", subject(built(gpu="T4", capability="7.5")), "BLD114", Level.ERROR, "has no bfloat16"),
    # V15
    (
        "transformers 5",
        subject(built(toolchain=tools(transformers="5.1.0"))),
        "BLD115",
        Level.ERROR,
        "rotary base and scaling",
    ),
    (
        "its base",
        subject(built(toolchain=tools(transformers="5.1.0")), network=replace(MIXTURE, rotary_base=500000.0)),
        "BLD115",
        Level.ERROR,
        "500000 from the TensorRT-LLM checkpoint without a warning; a mixture",
    ),
    ("unsaid", subject(built(toolchain=tools(transformers=""))), "BLD115", Level.UNKNOWN, "5 and later"),
    # V16
    (
        "too large",
        subject(built(gpu="L4", capability="", arguments={"max_seq_len": 131072})),
        "BLD116",
        Level.ERROR,
        "L4 has",
    ),
    (
        "shorter",
        subject(built(gpu="L4", capability="", arguments={})),
        "BLD116",
        Level.WARNING,
        "Sequences of 33696 tokens fit",
    ),
    ("unknown bytes", subject(weights=Weights(quantization="ternary")), "BLD116", Level.UNKNOWN, "`ternary`"),
    ("unknown memory", subject(built(gpu="TPU")), "BLD116", Level.UNKNOWN, "how much memory"),
    (
        "more ranks",
        subject(built(CHECKPOINT, tensor=2), serving=TRTLLM),
        "BLD116",
        Level.ERROR,
        "2 ranks, and a server gets 1",
    ),
    ("fewer ranks", subject(CHECKPOINT, serving=replace(TRTLLM, count=2)), "BLD116", Level.WARNING, "stays idle"),
    (
        "no count",
        subject(CHECKPOINT, serving=replace(TRTLLM, count=0)),
        "BLD116",
        Level.UNKNOWN,
        "is not said; it takes 1",
    ),
    (
        "slots",
        subject(
            Declared("gguf", "Q8_0"),
            serving=Serving("llama.cpp", accelerator="L4", count=1, slots=64, context_per_slot=8192),
        ),
        "BLD116",
        Level.ERROR,
        "64 x 8192 tokens",
    ),
    ("guessed", subject(built(gpu="B300", capability="")), "BLD116", Level.INFO, "not confirmed"),
    # V17
    (
        "versions",
        subject(serving=replace(TRTLLM, version="1.2.0")),
        "BLD117",
        Level.ERROR,
        "by TensorRT-LLM 1.2.1 and served by 1.2.0",
    ),
    ("version unsaid", subject(serving=replace(TRTLLM, version="")), "BLD117", Level.UNKNOWN, "served (not said)"),
    (
        "images",
        subject(built(toolchain=tools(image="a@sha256:1")), serving=replace(TRTLLM, image="a@sha256:2")),
        "BLD117",
        Level.ERROR,
        "sha256:2",
    ),
    ("runtime", subject(serving=VLLM), "BLD117", Level.ERROR, "`trtllm` does"),
    (
        "sizes",
        subject(serving=replace(TRTLLM, arguments={"max_seq_len": 9000})),
        "BLD117",
        Level.ERROR,
        "asks for `max_seq_len` 9000",
    ),
    # V18
    ("disk", subject(free_disk=GIB), "BLD118", Level.ERROR, "1.0 GiB are free"),
    (
        "disk, source there",
        subject(free_disk=GIB, has_source=True),
        "BLD118",
        Level.ERROR,
        "about 29.9 GiB beside the source, which is there",
    ),
    ("small disk", subject(free_disk=3 << 20), "BLD118", Level.ERROR, "and 3.0 MiB are free"),
    ("disk unknown", subject(free_disk=None), "BLD118", Level.UNKNOWN, "It takes about 44.9 GiB"),
    ("size unknown", subject(network=("no sizes",)), "BLD118", Level.UNKNOWN, "How much disk"),
    # V19
    ("no data", subject(built(format="fp8")), "BLD119", Level.ERROR, "no Dataset"),
    (
        "data elsewhere",
        subject(built(format="fp8", calibration="d@1"), has_data=False),
        "BLD119",
        Level.WARNING,
        "needs a network",
    ),
    (
        "data unknown",
        subject(built(format="fp8", calibration="d@1"), has_data=None),
        "BLD119",
        Level.UNKNOWN,
        "Dataset/d@1",
    ),
    (
        "few rows",
        subject(built(CHECKPOINT, format="fp8", calibration="d@1", examples=64), rows=63),
        "BLD119",
        Level.ERROR,
        "Dataset/d@1 has 63 rows, and `calibration.size` is 64",
    ),
    ("no rows", subject(built(cache="fp8", calibration="d@1"), rows=0), "BLD119", Level.ERROR, "has 0 rows"),
    # Sources
    ("model", subject(weights=Weights(precision="bfloat16", is_pinned=False)), "BLD004", Level.WARNING, "refuses it"),
    (
        "data",
        subject(built(format="fp8", calibration="d@1"), is_data_pinned=False),
        "BLD004",
        Level.WARNING,
        "Dataset/d@1 has no `source.digest`",
    ),
    # Gates
    ("task", subject(built(CHECKPOINT, parity=("task",))), "BLD135", Level.WARNING, "`parity.task` is not carried out"),
    ("logits", subject(built(parity=("logits",))), "BLD135", Level.WARNING, "denied by policy (TU-01)"),
    ("edge logits", subject(built(EDGE, parity=("logits",))), "BLD135", Level.WARNING, "mode `edge_engine`"),
    # The declared architecture
    (
        "other",
        subject(weights=Weights(precision="bfloat16", architecture="Qwen2ForCausalLM")),
        "BLD136",
        Level.WARNING,
        "declares `Qwen2ForCausalLM`, and its configuration names `LlamaForCausalLM`",
    ),
    # V20
    (
        "remote code",
        subject(weights=Weights(runs_remote_code=True)),
        "BLD120",
        Level.WARNING,
        "`trustRemoteCode` is true",
    ),
    ("pickles", subject(weights=Weights("pickle")), "BLD120", Level.WARNING, "`pickle` run code"),
    (
        "own class",
        subject(built(arguments={"model_cls_file": "x.py"})),
        "BLD120",
        Level.WARNING,
        "Python that the builder runs",
    ),
    # The network
    ("no network", subject(network=("no sizes",)), "BLD100", Level.UNKNOWN, "is not known: no sizes"),
]


@pytest.mark.parametrize(
    ("about", "code", "level", "words"), [c[1:] for c in CASES], ids=[f"{c[2]}-{c[0]}" for c in CASES]
)
def test_it_is_found_before_the_build(about: Subject, code: str, level: Level, words: str) -> None:
    details = [f.detail for f in preflight(about) if (f.code.id, f.level) == (code, level)]
    assert any(words in detail for detail in details), (details, found(about))


@pytest.mark.parametrize(
    ("build", "hint"),
    [
        (built(toolchain=tools(tensorrtLlm="1.3.0")), "declare `mode: pytorch`, which 1.3.0 has"),
        (built(CHECKPOINT, toolchain=tools(tensorrtLlm="0.20")), "declare `mode: engine`, which 0.20 has"),
        (built(CHECKPOINT, toolchain=tools(tensorrtLlm="0.10")), "declare a toolchain of 1.0 and later"),
    ],
)
def test_a_refusal_names_the_other_mode_and_changes_nothing(build: Declared, hint: str) -> None:
    (refused,) = [f for f in preflight(subject(build)) if f.code is codes.OUTSIDE_WINDOW]
    assert refused.advice.startswith(hint)
    assert refused.path == ("spec", "toolchain", "tensorrtLlm")


@pytest.mark.parametrize(
    ("about", "hint"),
    [
        (subject(built(gpu="L4", capability="", arguments={"max_seq_len": 131072})), "one sequence of 33696 tokens"),
        (subject(built(gpu="L4", capability=""), network=replace(EIGHT, layers=80)), "the weights alone are too large"),
        (
            subject(built(gpu="L4", capability=""), network=replace(EIGHT, layers=44)),
            "take more accelerators, a smaller",
        ),
    ],
)
def test_what_does_not_fit_says_what_would(about: Subject, hint: str) -> None:
    (refused,) = [f for f in preflight(about) if f.code is codes.OUT_OF_MEMORY and f.level is Level.ERROR]
    assert hint in refused.advice


def test_equal_images_need_no_versions() -> None:
    image = "a@sha256:1"
    about = subject(built(toolchain=tools(image=image)), serving=replace(TRTLLM, image=image, version=""))
    assert found(about) == []


def test_a_cut_of_the_server_is_told_where_it_is_declared() -> None:
    serving = replace(TRTLLM, count=3, arguments={"tp_size": 3})
    errors = [f for f in preflight(subject(CHECKPOINT, serving=serving)) if f.level is Level.ERROR]
    assert {f.about for f in errors} == {About.DEPLOYMENT}
    assert {f.path for f in errors} == {("spec", "runtime", "args")}
    # An engine is cut when it is built, whatever its server says.
    assert not [f for f in preflight(subject(serving=serving)) if f.code is codes.HEADS_NOT_DIVISIBLE]


def test_hopper_computes_nvfp4_from_the_version_on_that_does() -> None:
    for version in ("1.3.0rc20", "1.3.0"):
        newer = built(NEWER, format="nvfp4", calibration="d@1", toolchain={"tensorrtLlm": version})
        assert "BLD109" not in [code for code, _ in found(subject(newer))]


def test_what_is_enough_pinned_and_carried_out_is_not_told() -> None:
    measured = built(CHECKPOINT, format="fp8", calibration="d@1", examples=64)
    for about in (
        subject(measured, rows=64),
        subject(measured),
        subject(replace(measured, format="int8_wo"), rows=1),
        subject(CHECKPOINT, is_data_pinned=False),
        subject(built(CHECKPOINT, parity=("logits",))),
        subject(Declared("gguf", parity=("logits",))),
        subject(weights=Weights(precision="bfloat16", architecture="LlamaForCausalLM")),
    ):
        assert not {"BLD004", "BLD119", "BLD135", "BLD136"} & {code for code, _ in found(about)}


def test_a_latent_cache_is_not_cut_by_heads() -> None:
    assert found(subject(built(tensor=2), network=replace(EIGHT, key_value_heads=32, latent=576))) == []


def test_an_architecture_is_known_without_the_sizes() -> None:
    weights = Weights(architecture="SmolLM3ForCausalLM")
    assert "BLD102" in [code for code, _ in found(subject(network=("none",), weights=weights))]
    assert "BLD102" not in [code for code, _ in found(subject(network=("none",)))]
    assert found(subject(CHECKPOINT, network=("none",), serving=VLLM), Level.ERROR) == []


def test_formats_that_are_16_bit_or_found_out_are_listed_everywhere() -> None:
    assert found(subject(built(format="auto", bits=8.0, calibration="d@1")), Level.WARNING) == []
    attention = built(format="fp8", cache="fp8", calibration="d@1", arguments={"use_fp8_context_fmha": "enable"})
    assert found(subject(attention), Level.WARNING) == []
    plugin = built(gpu="B200", capability="", arguments={"gemm_swiglu_plugin": "disable"})
    assert found(subject(plugin), Level.ERROR) == []


def test_disk_counts_source_checkpoint_and_engine() -> None:
    whole = 16_060_000_000
    for build, copies in ((Declared("none"), 1), (Declared("gguf"), 2), (CHECKPOINT, 2), (ENGINE, 3)):
        assert disk_needed(subject(build), EIGHT) == pytest.approx(copies * whole, rel=0.01)
    assert disk_needed(subject(weights=Weights(quantization="ternary")), EIGHT) is None
    fp8 = replace(CHECKPOINT, format="fp8")
    assert disk_needed(subject(fp8, weights=Weights(precision="ternary")), EIGHT) is None


def test_disk_counts_only_what_is_not_there_yet() -> None:
    whole = 16_060_000_000
    for build, copies in ((Declared("none"), 0), (CHECKPOINT, 1), (ENGINE, 2)):
        assert disk_needed(subject(build, has_source=True), EIGHT) == pytest.approx(copies * whole, rel=0.01)
    assert disk_needed(subject(ENGINE, has_result=True), EIGHT) == 0
    for there in (subject(free_disk=0, has_result=True), subject(Declared("none"), free_disk=0, has_source=True)):
        assert found(there) == []
        assert "BLD118" not in [code for code, _ in found(replace(there, network=("no sizes",)))]
    # One copy has room where two have not.
    assert found(subject(CHECKPOINT, free_disk=20 * GIB, has_source=True)) == found(subject(CHECKPOINT))
    assert "BLD118" in [code for code, _ in found(subject(CHECKPOINT, free_disk=20 * GIB))]


def test_notes_about_arguments_join_the_others_once_and_errors_come_first() -> None:
    note = Finding(codes.REWRITTEN_ARGUMENT, Level.INFO, "`max_num_tokens` becomes 4096.")
    error = Finding(codes.IGNORED_ARGUMENT, Level.ERROR, "`multiple_profiles` with `opt_num_tokens`.")
    joined = join_argument_findings([note, note], [error])
    assert joined == (error, note)
    assert (has_errors(joined), has_errors([note])) == (True, False)
    assert preflight(subject(), [error])[0] == error


def test_a_finding_as_json_says_what_to_do() -> None:
    found_: Json = Finding(codes.OUT_OF_DISK, Level.ERROR, "Full.").to_json()
    assert found_ == {
        "code": "BLD118",
        "level": "error",
        "summary": "The disk is too small",
        "detail": "Full.",
        "hint": codes.OUT_OF_DISK.remedy,
    }


@pytest.mark.parametrize(
    ("build", "weights", "runtime", "is_refused"),
    [
        (Declared("pytorch", "fp8"), Weights(), "transformers", True),
        (Declared("autodeploy", "int4_awq"), Weights(), "transformers", True),
        (Declared("none"), Weights(quantization="modelopt fp8"), "transformers", True),
        (Declared("pytorch"), Weights(), "transformers", False),
        (Declared("none"), Weights(quantization="gptq"), "transformers", False),
        (Declared("pytorch", "fp8"), Weights(), "vllm", False),
    ],
)
def test_scales_of_model_optimizer_are_lost_in_transformers(
    build: Declared, weights: Weights, runtime: str, is_refused: bool
) -> None:
    findings = preflight(subject(build, weights=weights, serving=Serving(runtime)))
    assert any("without their scales" in f.detail and f.level is Level.ERROR for f in findings) is is_refused
