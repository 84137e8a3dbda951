"""What a network is, read from its published configuration."""

import json
from pathlib import Path

import pytest

from trueup.builds.network import Network, network_of
from trueup.core.json import Json

TINY = Path(__file__).parents[3] / "models" / "tiny"
LLAMA: dict[str, Json] = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "rope_theta": 500000.0,
    "rope_scaling": {"rope_type": "llama3", "factor": 8.0},
    "torch_dtype": "bfloat16",
}


def network(**changes: Json) -> Network:
    found = network_of({k: v for k, v in {**LLAMA, **changes}.items() if v is not None})
    assert isinstance(found, Network)
    return found


def test_the_tiny_model_is_read_whole() -> None:
    found = network_of(json.loads((TINY / "v2" / "config.json").read_bytes()))
    assert isinstance(found, Network)
    assert (found.layers, found.hidden, found.heads, found.key_value_heads, found.head_size) == (4, 128, 2, 1, 64)
    assert (found.feed_forward, found.vocabulary, found.context, found.is_tied) == (384, 768, 512, True)


def test_positions_and_heads_have_the_defaults_of_the_format() -> None:
    assert network().head_size == 128
    assert (network().rotary_kind, network().rotary_factor, network().rotary_base) == ("llama3", 8.0, 500000.0)
    plain = network(rope_scaling=None, num_key_value_heads=None, head_dim=64, rope_theta=None)
    assert (plain.rotary_kind, plain.rotary_base, plain.key_value_heads, plain.head_size) == (
        "default",
        10000.0,
        32,
        64,
    )
    newer = network(rope_scaling=None, rope_theta=None, rope_parameters={"type": "yarn", "factor": 4, "rope_theta": 7})
    assert (newer.rotary_kind, newer.rotary_factor, newer.rotary_base) == ("yarn", 4.0, 7.0)


def test_a_mixture_has_its_experts_and_a_latent_cache_its_size() -> None:
    mixture = network(num_local_experts=8, num_experts_per_tok=2)
    assert (mixture.experts, mixture.experts_per_token, mixture.latent) == (8, 2, 0)
    assert network(kv_lora_rank=512, qk_rope_head_dim=64).latent == 576
    assert network(hidden_act="gelu").is_gated is False


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"architectures": None}, "`architectures` is missing"),
        ({"hidden_size": None}, "`hidden_size` is missing"),
        ({"num_attention_heads": "32"}, "`num_attention_heads` is '32'"),
        ({"num_hidden_layers": 0}, "`num_hidden_layers` is 0"),
        ({"vocab_size": True}, "`vocab_size` is True"),
        ({"rope_theta": float("inf")}, "`rope_theta` is inf"),
        ({"rope_scaling": {"rope_type": "linear", "factor": float("nan")}}, "`factor` is nan"),
        ({"rope_scaling": {"rope_type": "linear", "factor": 10**400}}, "`factor` is 1000"),
        ({"rms_norm_eps": "x"}, "`rms_norm_eps` is 'x'"),
        ({"rope_scaling": "yarn"}, "`rope_scaling` is 'yarn'"),
    ],
)
def test_what_is_missing_or_wrong_is_told(changes: dict[str, Json], said: str) -> None:
    found = network_of({k: v for k, v in {**LLAMA, **changes}.items() if v is not None})
    assert isinstance(found, tuple)
    assert any(said in problem for problem in found)


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = network_of({})
    assert isinstance(found, tuple)
    assert len(found) == 5


@pytest.mark.parametrize(
    "newer",
    [
        {"rope_type": "default"},
        {"rope_type": "llama3", "factor": 4.0},
        {"rope_type": "llama3", "factor": 8.0, "rope_theta": 10000.0},
        {"full_attention": {"rope_type": "llama3", "factor": 8.0}},
    ],
)
def test_positions_that_are_stated_twice_and_differ_are_told(newer: dict[str, Json]) -> None:
    found = network_of({**LLAMA, "rope_parameters": newer})
    assert isinstance(found, tuple)
    assert "`rope_parameters` (" in found[0]
    assert "`rope_scaling` (factor 8.0, rope_type llama3) say different things" in found[0]


@pytest.mark.parametrize(
    "newer",
    [{}, None, {"type": "llama3", "factor": 8}, {"rope_type": "llama3", "factor": 8.0, "rope_theta": 500000}],
)
def test_positions_that_are_stated_twice_alike_are_read(newer: Json) -> None:
    found = network_of({**LLAMA, "rope_parameters": newer})
    assert isinstance(found, Network)
    assert (found.rotary_kind, found.rotary_factor, found.rotary_base) == ("llama3", 8.0, 500000.0)


def test_a_list_by_layer_is_no_mistake() -> None:
    assert network(rope_theta=[10000.0, 500000.0]).rotary_base == 10000.0
