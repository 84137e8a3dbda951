"""What Build, Model and Deployment declare, with defaults, and what is not known from it."""

from dataclasses import replace

import pytest

from trueup.builds.declared import (
    Declared,
    Serving,
    Weights,
    declared_build,
    declared_network,
    declared_serving,
    declared_weights,
    load_of,
    longest_context,
    precision_of,
    served_limits,
)
from trueup.builds.memory import Cut, Load, Precision
from trueup.builds.network import Network
from trueup.core.json import Json

EIGHT = Network("LlamaForCausalLM", 32, 4096, 14336, 32, 8, 128, 128256, 131072)
MODEL: dict[str, Json] = {
    "format": "safetensors",
    "architecture": "LlamaForCausalLM",
    "contextLength": 131072,
    "precision": "bfloat16",
    "dimensions": {
        "layers": 32,
        "hiddenSize": 4096,
        "intermediateSize": 14336,
        "attentionHeads": 32,
        "keyValueHeads": 8,
        "vocabularySize": 128256,
    },
}


def test_a_build_is_read_with_its_defaults() -> None:
    assert declared_build({"mode": "pytorch"}) == Declared("pytorch")
    assert declared_build({"mode": "gguf"}).format == "F16"
    assert declared_build({"mode": "gguf", "quantization": "Q8_0"}).format == "Q8_0"
    full = declared_build(
        {
            "mode": "engine",
            "quantization": {
                "format": "int4_awq",
                "kvCache": "int8",
                "groupSize": 64,
                "bits": 5,
                "quantizeLmHead": True,
                "calibration": {"dataset": "texts@1"},
            },
            "dtype": "float16",
            "parallelism": {"tensor": 2, "pipeline": 3, "context": 4, "expert": 5},
            "toolchain": {"tensorrtLlm": "1.2.1", "torch": None},
            "accelerator": {"gpu": "H100", "computeCapability": "9.0"},
            "build": {"max_seq_len": 4096},
        }
    )
    assert (full.format, full.cache, full.group, full.bits, full.quantizes_head) == ("int4_awq", "int8", 64, 5.0, True)
    assert (full.cut, full.context, full.expert) == (Cut(2, 3), 4, 5)
    assert (full.tool("tensorrtLlm"), full.tool("torch")) == ("1.2.1", "")
    assert (full.gpu, full.capability, full.calibration) == ("H100", "9.0", "texts@1")


def test_what_is_no_good_has_its_default() -> None:
    odd = declared_build({"mode": 1, "quantization": [], "parallelism": {"tensor": "two", "pipeline": True}})
    assert odd == Declared("")


def test_weights_and_servers_are_read() -> None:
    assert declared_weights({}) == Weights()
    assert declared_weights({**MODEL, "trustRemoteCode": True, "quantization": "AWQ"}) == Weights(
        quantization="AWQ", precision="bfloat16", runs_remote_code=True, architecture="LlamaForCausalLM"
    )
    serving = declared_serving(
        {
            "runtime": {
                "engine": "vllm",
                "version": "0.11.0",
                "image": "x",
                "args": {"--max-model-len": 4096},
                "slots": 4,
            },
            "resources": {"accelerator": "h100_sxm", "count": 2},
        }
    )
    assert serving == Serving("vllm", "0.11.0", "x", "h100_sxm", 2, {"max_model_len": 4096}, 4)
    assert declared_serving({}) == Serving("")
    assert serving.cut is None
    assert replace(serving, arguments={"pp_size": 2}).cut == Cut(1, 2)
    assert replace(serving, arguments={"tensor_parallel_size": 4}).cut == Cut(4, 1)
    assert served_limits(replace(serving, arguments={"max_num_seqs": 8})) == {"max_batch_size": 8}


def test_dimensions_are_a_network() -> None:
    found = declared_network(MODEL)
    assert isinstance(found, Network)
    assert (found.layers, found.head_size, found.is_tied, found.dtype) == (32, 128, False, "bfloat16")


def test_what_dimensions_lack_is_said() -> None:
    assert declared_network({}) == (
        (
            "the Model does not declare `architecture`, `contextLength`, `dimensions.layers`, `dimensions.hiddenSize`, "
            "`dimensions.intermediateSize`, `dimensions.attentionHeads`, `dimensions.vocabularySize`"
        ),
    )


@pytest.mark.parametrize(
    ("declared", "weights", "expected"),
    [
        (Declared("pytorch"), Weights(), Precision()),
        (Declared("pytorch"), Weights(precision="float32"), Precision(weight=4.0)),
        (Declared("pytorch", dtype="float16"), Weights(precision="float32"), Precision()),
        (Declared("pytorch", dtype="float32"), Weights(), Precision(4.0, 4.0, 4.0)),
        (Declared("pytorch", "fp8", "fp8"), Weights(), Precision(1.0, cache=1.0)),
        (Declared("pytorch", "fp8", quantizes_head=True), Weights(), Precision(1.0, head=1.0)),
        (Declared("engine", "int4_awq"), Weights(), Precision(0.5 + 2 / 128)),
        (Declared("gguf", "Q8_0"), Weights(), Precision(1.0625, 1.0625, 1.0625)),
        (Declared("none"), Weights(quantization="AWQ"), Precision(0.5 + 4 / 128)),
        (Declared("none"), Weights(quantization="ternary"), "how many bytes a weight takes as `ternary`"),
        (Declared("pytorch", "auto"), Weights(), "how many bytes a weight takes as `auto` without `bits`"),
        (Declared("pytorch", "fp8", "fp3"), Weights(), "how many bytes the cache takes as `fp3`"),
    ],
)
def test_numbers_have_their_bytes(declared: Declared, weights: Weights, expected: Precision | str) -> None:
    assert precision_of(declared, weights) == expected


@pytest.mark.parametrize(
    ("declared", "serving", "expected"),
    [
        (Declared("pytorch"), None, Load(131072)),
        (Declared("engine", arguments={"max_seq_len": 4096, "max_batch_size": 1}), None, Load(4096, 1, 4096)),
        (
            Declared("engine", arguments={"max_seq_len": 4096, "max_beam_width": 4, "tokens_per_block": 64}),
            Serving("trtllm", arguments={"max_seq_len": 2048, "free_gpu_memory_fraction": 0.5}),
            Load(2048, beams=4, block=64, fraction=0.5),
        ),
        (
            Declared("pytorch"),
            Serving("vllm", arguments={"max_model_len": 8192, "gpu_memory_utilization": 0.8, "max_num_seqs": 16}),
            Load(8192, 16, fraction=0.8, is_of_total=True),
        ),
        (Declared("gguf", "Q8_0"), Serving("llama.cpp", slots=2, context_per_slot=512), Load(512, 2, 1024)),
        (Declared("pytorch"), Serving("trtllm", arguments={"free_gpu_memory_fraction": 7}), Load(131072)),
        (Declared("pytorch"), Serving("trtllm", arguments={"free_gpu_memory_fraction": "x"}), Load(131072)),
    ],
)
def test_what_is_asked_is_what_the_server_says_then_the_build(
    declared: Declared, serving: Serving | None, expected: Load
) -> None:
    assert load_of(declared, EIGHT, serving) == expected


def test_scaled_positions_make_a_longer_context_unless_it_is_published() -> None:
    assert longest_context(replace(EIGHT, rotary_kind="yarn", rotary_factor=2.0)) == 262144
    assert longest_context(replace(EIGHT, rotary_kind="llama3", rotary_factor=8.0)) == 131072


def test_a_source_is_pinned_by_its_digest_and_a_providers_has_no_bytes() -> None:
    sources: tuple[tuple[Json, bool], ...] = (
        ({"uri": "hf://acme/big", "digest": "sha256:" + "a" * 64}, True),
        ({"uri": "api://acme/big"}, True),
        ({"uri": "hf://acme/big", "digest": None}, False),
        ({"uri": "hf://acme/big", "revision": "a" * 40}, False),
    )
    for source, expected in sources:
        assert declared_weights({"source": source}).is_pinned is expected


def test_gates_and_examples_are_read() -> None:
    gates: Json = {"task": "mmlu", "logits": {"maxKl": 0.1, "minTop1": 0.9}}
    how: Json = {"format": "fp8", "calibration": {"dataset": "d@1", "size": 7}}
    read = declared_build({"mode": "pytorch", "parity": gates, "quantization": how})
    assert (read.parity, read.examples) == (("task", "logits"), 7)
    plain = declared_build({"mode": "pytorch", "parity": {"logits": None}})
    assert (plain.parity, plain.examples) == ((), 512)
