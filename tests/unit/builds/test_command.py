"""Command lines of engine builds: what is declared appears once, and reads back as what was resolved."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from test_arguments import LLAMA, declarations, networks

from trueup.builds.command import Command, EngineBuild, Places, engine_build, environment_of
from trueup.builds.conversion import Calibration, calibration_of
from trueup.builds.findings import Level
from trueup.builds.flags import BY_NAME, Takes
from trueup.builds.network import Network
from trueup.core.json import Json

PLACES = Places("/source", "/checkpoint", "/engine", "/scratch", "/data")
DATA: Json = {"dataset": "texts@1", "size": 64, "seqLen": 128, "batchSize": 2, "seed": 7}


def spec(**changes: Json) -> dict[str, Json]:
    return {
        "mode": "engine",
        "toolchain": {"tensorrtLlm": "1.2.1"},
        "accelerator": {"gpu": "NVIDIA-H100-80GB-HBM3"},
        **changes,
    }


def build(network: Network = LLAMA, **changes: Json) -> EngineBuild:
    return engine_build(spec(**changes), network)


def quantized(format_: str, network: Network = LLAMA, **changes: Json) -> EngineBuild:
    return build(network, quantization={"format": format_, **changes})


def options(command: Command) -> dict[str, Any]:
    """Read a command line of options back; one that is given twice is an error."""
    found: dict[str, Any] = {}
    name = ""
    for word in command.argv:
        if word.startswith("--"):
            name = word[2:]
            assert name not in found, f"--{name} is given twice"
            found[name] = []
        elif name:
            found[name].append(word)
    return found


def as_given(options: Mapping[str, list[str]]) -> dict[str, Json]:
    """Return options of `trtllm-build` as values of their flags."""
    found: dict[str, Json] = {}
    for name, words in options.items():
        flag = BY_NAME[name]
        if flag.takes is Takes.SWITCH:
            assert words == []
            found[name] = True
        elif flag.is_many:
            found[name] = list(words)
        else:
            (word,) = words
            found[name] = int(word) if flag.takes is Takes.WHOLE else word
    return found


def test_a_plain_build_converts_and_builds() -> None:
    convert, builder = build(parallelism={"tensor": 2}, build={"max_batch_size": 64}).commands(PLACES)
    assert convert.argv == (
        *("python3", "/app/tensorrt_llm/examples/models/core/llama/convert_checkpoint.py"),
        *("--model_dir", "/source", "--output_dir", "/checkpoint"),
        *("--dtype", "auto", "--tp_size", "2", "--pp_size", "1", "--cp_size", "1"),
    )
    assert builder.argv[:7] == (
        *("trtllm-build", "--checkpoint_dir", "/checkpoint", "--output_dir", "/engine"),
        *("--output_timing_cache", "/scratch/timing.cache"),
    )
    assert ("--max_batch_size", "64") in zip(builder.argv, builder.argv[1:], strict=False)


@pytest.mark.parametrize(
    ("format_", "expected"),
    [
        ("int8_wo", {"use_weight_only": [], "weight_only_precision": ["int8"]}),
        ("int4_wo", {"weight_only_precision": ["int4"]}),
        ("int4_gptq", {"weight_only_precision": ["int4_gptq"], "per_group": [], "group_size": ["128"]}),
        ("fp8_rowwise", {"use_fp8_rowwise": []}),
    ],
)
def test_formats_of_weights_alone_are_converted(format_: str, expected: dict[str, list[str]]) -> None:
    found = quantized(format_)
    assert found.errors == ()
    command, _ = found.commands(PLACES)
    assert command.name == "convert"
    assert expected.items() <= options(command).items()
    assert "calib_dataset" not in options(command)


@pytest.mark.parametrize("format_", ["fp8", "int8_sq", "int4_awq", "w4a8_awq", "nvfp4"])
def test_formats_with_measured_scales_are_quantized_on_declared_data(format_: str) -> None:
    found = quantized(format_, calibration=DATA, kvCache="fp8", quantizeLmHead=True)
    assert found.errors == ()
    command, _ = found.commands(PLACES)
    assert command.argv[1] == "/app/tensorrt_llm/examples/quantization/quantize.py"
    assert options(command) == {
        "model_dir": ["/source"],
        "output_dir": ["/checkpoint"],
        "dtype": ["auto"],
        "tp_size": ["1"],
        "pp_size": ["1"],
        "cp_size": ["1"],
        "qformat": [format_],
        "kv_cache_dtype": ["fp8"],
        "quantize_lm_head": [],
        "calib_size": ["64"],
        "calib_max_seq_length": ["128"],
        "batch_size": ["2"],
        "seed": ["7"],
        "calib_dataset": ["/data"],
    }


def test_a_mixture_of_formats_has_its_bits_and_a_group_its_size() -> None:
    mixed = options(quantized("auto", bits=5.5, calibration=DATA, groupSize=64).commands(PLACES)[0])
    assert (mixed["autoq_format"], mixed["auto_quantize_bits"], mixed["awq_block_size"]) == (
        ["fp8,int4_awq"],
        ["5.5"],
        ["64"],
    )
    gptq = options(quantized("int4_gptq", groupSize=32).commands(PLACES)[0])
    assert gptq["group_size"] == ["32"]


def test_caches_have_options_of_either_script() -> None:
    assert "fp8_kv_cache" in options(quantized("none", kvCache="fp8").commands(PLACES)[0])
    int8 = options(quantized("none", kvCache="int8", calibration=DATA).commands(PLACES)[0])
    assert (int8["int8_kv_cache"], int8["calib_dataset"], int8["calib_size"]) == ([], ["/data"], ["64"])


def test_experts_are_cut_by_the_converter() -> None:
    mixture = Network("MixtralForCausalLM", 32, 4096, 14336, 32, 8, 128, 32000, 32768, experts=8, experts_per_token=2)
    found = build(mixture, parallelism={"tensor": 8, "expert": 4})
    command = options(found.commands(PLACES)[0])
    assert (command["moe_tp_size"], command["moe_ep_size"]) == (["2"], ["4"])
    assert found.errors == ()


def test_other_families_go_through_modelopt() -> None:
    qwen = Network("Qwen2ForCausalLM", 28, 3584, 18944, 28, 4, 128, 152064, 32768)
    for format_, name in (("none", "full_prec"), ("int8_wo", "int8_wo")):
        command, _ = quantized(format_, network=qwen).commands(PLACES)
        assert (command.name, options(command)["qformat"]) == ("quantize", [name])
    assert "is not made for `Qwen2ForCausalLM`" in quantized("fp8_rowwise", network=qwen).errors[0].detail


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"quantization": {"format": "fp8_block"}}, "`fp8_block` is not made for `LlamaForCausalLM`"),
        ({"quantization": {"format": "mxfp4"}}, "mode `pytorch` has it"),
        ({"quantization": {"format": "auto", "calibration": DATA}}, "`auto` needs the mean bits"),
        ({"quantization": {"format": "fp8"}}, "Scales of `fp8` are measured on data, and none is declared"),
        ({"quantization": {"format": "none", "kvCache": "int8"}}, "Scales of a cache in `int8`"),
        ({"quantization": {"format": "none", "kvCache": "nvfp4"}}, "Neither script makes a cache in `nvfp4`"),
        ({"quantization": {"format": "none", "quantizeLmHead": True}}, "The head stays as it is"),
        ({"quantization": {"format": "int8_wo", "groupSize": 64}}, "`int8_wo` has no groups"),
        ({"quantization": {"format": "fp8", "groupSize": 64, "calibration": DATA}}, "`fp8` has no groups"),
        ({"quantization": {"format": "none", "excludeModules": ["lm_head"]}}, "leaves out modules by name"),
        ({"parallelism": {"data": 2}}, "a Deployment has `replicas`"),
        ({"parallelism": {"expert": 2, "tensor": 2}}, "is for mixtures of experts"),
        (
            {"parallelism": {"expert": 2}, "quantization": {"format": "fp8", "calibration": DATA}},
            "`quantize.py` cannot cut by experts",
        ),
        ({"build": {"max_batch_size": 0}}, "at least 1 is needed"),
    ],
)
def test_what_no_script_can_do_is_refused(changes: dict[str, Json], words: str) -> None:
    assert words in "\n".join(f.detail for f in build(**changes).errors)


def test_data_that_nothing_reads_is_told() -> None:
    (told,) = [f for f in quantized("none", calibration=DATA).findings if f.level is Level.WARNING]
    assert "would not be read" in told.detail


def test_the_calibration_has_the_defaults_of_its_kind() -> None:
    assert calibration_of({}) is None
    declared = calibration_of({"quantization": {"calibration": {"dataset": "texts@1", "size": True}}})
    assert declared == Calibration("texts@1", 512, 512, 1, 1234)


def test_adapters_are_given_with_their_plugin() -> None:
    places = Places("/source", "/checkpoint", "/engine", "/scratch", adapters=("/a", "/b"))
    found = options(build(adapters=["a@1", "b@1"]).commands(places)[1])
    assert (found["lora_dir"], found["lora_plugin"]) == (["/a", "/b"], ["auto"])


def test_switches_and_lists_are_given_as_the_command_takes_them() -> None:
    declared: Json = {"strip_plan": True, "weight_sparsity": False, "lora_target_modules": ["attn_q", "attn_v"]}
    found = options(build(build=declared).commands(PLACES)[1])
    assert (found["strip_plan"], found["lora_target_modules"]) == ([], ["attn_q", "attn_v"])
    assert "weight_sparsity" not in found


def test_what_the_engine_is_held_to_is_one_document() -> None:
    found = build(parallelism={"tensor": 2, "pipeline": 2}, quantization={"format": "int8_wo"})
    assert found.world == 4
    document = found.to_json()
    assert (document["world_size"], document["mapping"]) == (4, {"tp_size": 2, "pp_size": 2})
    assert document["quantization"] == {"format": "int8_wo", "kv_cache": "none"}
    assert document["engine"] == found.resolved.engine


def test_the_toolchain_stays_off_the_network_and_in_its_folder() -> None:
    found = environment_of("/scratch")
    assert (found["HF_HUB_OFFLINE"], found["TRANSFORMERS_OFFLINE"]) == ("1", "1")
    assert found["TMPDIR"] == "/scratch"


@given(declarations, networks)
def test_a_command_line_reads_back_as_what_was_resolved(declared: dict[str, Json], network: Network) -> None:
    found = build(network, build=declared)
    if found.errors:
        return
    read = as_given(options(found.commands(PLACES)[1]))
    places = {"checkpoint_dir": "/checkpoint", "output_dir": "/engine", "output_timing_cache": "/scratch/timing.cache"}
    off = {name: value for name, value in found.resolved.arguments.items() if value is False}
    assert {**read, **off} == {**found.resolved.arguments, **places}
