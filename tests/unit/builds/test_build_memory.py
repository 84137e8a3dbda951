"""Memory of a rank: the published log, the shape of the sums, and what fits."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.builds.memory import (
    GIB,
    MIB,
    Cut,
    Load,
    Precision,
    build_host_bytes,
    parameters,
    rank_memory,
    tokens_in,
    weights_in_all,
)
from trueup.builds.network import Network

SEVEN = Network("LlamaForCausalLM", 32, 4096, 11008, 32, 32, 128, 32000, 4096)
EIGHT = Network("LlamaForCausalLM", 32, 4096, 14336, 32, 8, 128, 128256, 131072)
ONE_BYTE = Precision(weight=1.0, cache=1.0)


def test_the_published_log_of_a_7b_model_comes_out() -> None:
    """Upstream's page on memory: 7B, 1-byte weights and cache, 80 GB; 6695 MiB engine, 63.44 GiB of cache."""
    rank = rank_memory(SEVEN, Cut(), ONE_BYTE, Load(context=4096))
    assert rank.bytes_per_token == 262144
    assert tokens_in(int(63.44 * GIB), rank.bytes_per_token, 64) == 259840
    assert rank.weights / MIB == pytest.approx(6695, rel=0.01)
    assert rank.activations == pytest.approx(1.04e9, rel=0.01)
    # 70.48 GiB were left before the cache took its nine tenths.
    assert pytest.approx(63.44, abs=0.02) == 0.9 * 70.48


def test_parameters_are_those_that_the_models_are_named_after() -> None:
    assert parameters(SEVEN) / 1e9 == pytest.approx(6.74, abs=0.01)
    assert parameters(EIGHT) / 1e9 == pytest.approx(8.03, abs=0.01)
    mixtral = Network("MixtralForCausalLM", 32, 4096, 14336, 32, 8, 128, 32000, 32768, experts=8, experts_per_token=2)
    assert parameters(mixtral) / 1e9 == pytest.approx(46.7, abs=0.1)
    assert parameters(replace(EIGHT, is_tied=True)) == parameters(EIGHT) - 128256 * 4096
    assert parameters(replace(SEVEN, is_gated=False)) == parameters(SEVEN) - 32 * 4096 * 11008


def test_the_embedding_keeps_its_own_bytes() -> None:
    table = 128256 * 4096
    both = rank_memory(EIGHT, Cut(), ONE_BYTE, Load(8192)).weights
    assert both - rank_memory(replace(EIGHT, is_tied=True), Cut(), ONE_BYTE, Load(8192)).weights == 2 * table
    assert both - rank_memory(EIGHT, Cut(), replace(ONE_BYTE, head=1.0), Load(8192)).weights == table
    stage = rank_memory(EIGHT, Cut(pipeline=2), ONE_BYTE, Load(8192)).weights
    assert stage == (both - 4 * table) // 2 + 2 * table  # half of the layers, and the embedding or the head
    assert weights_in_all(EIGHT, ONE_BYTE) == both
    assert weights_in_all(replace(EIGHT, is_tied=True), ONE_BYTE) == both - 2 * table


def test_ranks_share_layers_and_heads_and_talk() -> None:
    one, two = (rank_memory(EIGHT, Cut(n), Precision(), Load(8192)) for n in (1, 2))
    ends = 2 * 128256 * 4096 * 2
    assert (two.weights - ends) * 2 == one.weights - ends
    assert two.bytes_per_token * 2 == one.bytes_per_token
    assert two.activations * 2 == one.activations
    assert two.fixed - one.fixed == GIB // 2
    assert one.fixed == GIB


def test_more_ranks_than_heads_repeat_them() -> None:
    eight, sixteen = (rank_memory(EIGHT, Cut(n), Precision(), Load(8192)) for n in (8, 16))
    assert eight.bytes_per_token == sixteen.bytes_per_token
    assert sixteen.weights > eight.weights / 2


def test_stages_that_do_not_divide_leave_the_first_with_more() -> None:
    rank = rank_memory(replace(EIGHT, layers=33), Cut(pipeline=2), Precision(), Load(8192))
    assert rank.bytes_per_token == 17 * 2 * 8 * 128 * 2


def test_a_latent_cache_is_kept_whole_by_every_rank() -> None:
    latent = replace(EIGHT, latent=576)
    one, two = (rank_memory(latent, Cut(n), Precision(), Load(8192)).bytes_per_token for n in (1, 2))
    assert one == two == 32 * 576 * 2


def test_experts_that_answer_make_activations() -> None:
    dense = rank_memory(EIGHT, Cut(), Precision(), Load(8192)).activations
    mixture = replace(EIGHT, experts=8, experts_per_token=2)
    assert rank_memory(mixture, Cut(), Precision(), Load(8192)).activations > dense
    narrow = replace(mixture, expert_feed_forward=1024)
    assert rank_memory(narrow, Cut(), Precision(), Load(8192)).activations < dense


def test_layers_with_a_window_hold_no_more_than_it() -> None:
    slides = replace(EIGHT, architecture="MistralForCausalLM", window=4096)
    rank = rank_memory(slides, Cut(), Precision(), Load(32768))
    assert rank.token_bytes == 0
    assert rank.sequence(32768) == rank.sequence(4096) == 4096 * rank.bytes_per_token
    assert rank.longest(81559 * MIB, 131072) == 131072
    mixed = rank_memory(replace(slides, architecture="Gemma2ForCausalLM"), Cut(), Precision(), Load(32768))
    assert mixed.token_bytes == mixed.sliding_token_bytes
    assert mixed.sequence(8192) == 8192 * mixed.token_bytes + 4096 * mixed.sliding_token_bytes


def test_of_an_architecture_that_nobody_knows_every_layer_counts() -> None:
    rank = rank_memory(replace(EIGHT, architecture="NewForCausalLM", window=4096), Cut(), Precision(), Load(32768))
    assert (rank.sliding_token_bytes, rank.window) == (0, 0)


def test_the_cache_comes_in_blocks() -> None:
    rank = rank_memory(EIGHT, Cut(), Precision(), Load(100, block=64))
    assert rank.sequence(100) == 128 * rank.bytes_per_token
    assert rank.tokens(81559 * MIB) % 64 == 0
    assert rank_memory(EIGHT, Cut(), Precision(), Load(100, beams=4)).sequence(64) == 4 * rank.sequence(64)


def test_nothing_is_left_where_weights_are_too_large() -> None:
    rank = rank_memory(EIGHT, Cut(), Precision(), Load(8192))
    small = 12 * GIB
    assert (rank.pool(small), rank.tokens(small), rank.sequences(small, 8192), rank.longest(small, 8192)) == (0,) * 4


def test_a_fraction_of_all_memory_leaves_less() -> None:
    of_rest = rank_memory(EIGHT, Cut(), Precision(), Load(8192))
    of_all = rank_memory(EIGHT, Cut(), Precision(), Load(8192, is_of_total=True))
    visible = 81559 * MIB
    assert of_all.pool(visible) == int(0.9 * visible) - of_all.occupied < of_rest.pool(visible)


def test_building_takes_main_memory() -> None:
    assert build_host_bytes(10 * GIB) == 30 * GIB


networks = st.builds(
    Network,
    architecture=st.sampled_from(["LlamaForCausalLM", "MistralForCausalLM", "Gemma3ForCausalLM"]),
    layers=st.integers(1, 100),
    hidden=st.sampled_from([512, 4096]),
    feed_forward=st.sampled_from([1024, 14336]),
    heads=st.just(32),
    key_value_heads=st.sampled_from([1, 8, 32]),
    head_size=st.sampled_from([64, 128]),
    vocabulary=st.integers(256, 200000),
    context=st.just(131072),
    is_tied=st.booleans(),
    experts=st.sampled_from([0, 8]),
    experts_per_token=st.just(2),
    latent=st.sampled_from([0, 576]),
    window=st.sampled_from([0, 1000, 4096]),
)
precisions = st.builds(Precision, weight=st.sampled_from([0.5, 1.0, 2.0]), cache=st.sampled_from([0.5625, 1.0, 2.0]))
loads = st.builds(
    Load,
    context=st.integers(1, 131072),
    batch=st.integers(1, 2048),
    tokens=st.integers(1, 16384),
    beams=st.integers(1, 4),
    block=st.sampled_from([16, 32, 64]),
    fraction=st.sampled_from([0.5, 0.9]),
    is_of_total=st.booleans(),
)
gpus = st.integers(16, 192).map(lambda gib: gib * GIB)


@given(networks, precisions, loads, gpus, st.integers(1, 131072), st.integers(1, 131072))
def test_longer_sequences_are_fewer(
    network: Network, precision: Precision, load: Load, visible: int, one: int, other: int
) -> None:
    rank = rank_memory(network, Cut(), precision, load)
    shorter, longer = sorted((one, other))
    assert rank.sequence(shorter) <= rank.sequence(longer)
    assert rank.sequences(visible, shorter) >= rank.sequences(visible, longer)
    assert rank.required(1, shorter) <= rank.required(1, longer)


@given(networks, precisions, loads, gpus, st.integers(1, 2048), st.integers(1, 2048))
def test_a_larger_batch_leaves_less_cache(
    network: Network, precision: Precision, load: Load, visible: int, one: int, other: int
) -> None:
    small, large = (rank_memory(network, Cut(), precision, replace(load, batch=n)) for n in sorted((one, other)))
    assert small.pool(visible) >= large.pool(visible)
    assert small.longest(visible, 131072) >= large.longest(visible, 131072)


@given(networks, precisions, loads, gpus, st.integers(1, 64))
def test_what_is_required_is_what_fits(
    network: Network, precision: Precision, load: Load, visible: int, count: int
) -> None:
    rank = rank_memory(network, Cut(), precision, load)
    required = rank.required(count, load.context)
    assert (rank.sequences(required + 4, load.context) >= count) is True
    assert (required <= visible) == (rank.sequences(visible, load.context) >= count) or abs(required - visible) < 4


@given(networks, precisions, loads, gpus, st.integers(1, 16))
def test_the_longest_context_fits_and_one_block_more_does_not(
    network: Network, precision: Precision, load: Load, visible: int, count: int
) -> None:
    rank = rank_memory(network, Cut(), precision, load)
    longest = rank.longest(visible, 131072, count)
    assert 0 <= longest <= 131072
    assert count * rank.sequence(longest) <= rank.pool(visible)
    if longest < 131072:
        assert count * rank.sequence(longest + load.block) > rank.pool(visible)


@given(networks, precisions, loads)
def test_ranks_hold_no_more_than_one_would(network: Network, precision: Precision, load: Load) -> None:
    sizes = [rank_memory(network, Cut(n), precision, load) for n in (1, 2, 4, 8)]
    for fewer, more in itertools.pairwise(sizes):
        assert more.weights <= fewer.weights
        assert more.bytes_per_token <= fewer.bytes_per_token
        assert more.activations <= fewer.activations
