"""Fit tables: the smallest number of accelerators, what is left for the cache, and why not."""

from dataclasses import replace

import pytest

from trueup.builds.accelerators import PRODUCTS, product_of
from trueup.builds.checks.room import rank_of as rank_for
from trueup.builds.checks.room import required_mib
from trueup.builds.checks.subject import Subject
from trueup.builds.declared import Declared, Serving, Weights, precision_of
from trueup.builds.fit import Fit, fit_table, short_tokens
from trueup.builds.memory import Cut, Precision
from trueup.builds.network import Network

EIGHT = Network("LlamaForCausalLM", 32, 4096, 14336, 32, 8, 128, 128256, 131072)
SEVENTY = replace(EIGHT, layers=80, hidden=8192, feed_forward=28672, heads=64)
REFUSED = (
    "refused: A10 (compute capability 8.6) is no accelerator for weights as `fp8`: "
    "FP8 tensor cores start at capability 8.9."
)
PLAIN = Subject(Declared("pytorch"), Weights(), EIGHT)


def row(about: Subject, product: str) -> Fit:
    table = fit_table(about, [product_of(product)])
    assert not isinstance(table, str)
    return table[0]


@pytest.mark.parametrize(
    ("network", "build", "product", "verdict"),
    [
        (EIGHT, Declared("pytorch"), "H100", "fits on 1x H100 SXM up to 55 sequences of 8k"),
        (SEVENTY, Declared("pytorch"), "H100", "fits on 2x H100 SXM up to 6 sequences of 8k"),
        (SEVENTY, Declared("pytorch"), "H200", "fits on 1x H200 SXM up to 1 sequence of 8k"),
        (SEVENTY, Declared("pytorch"), "L4", "does not fit on 8x L4: nothing is left for the cache"),
        (
            replace(SEVENTY, layers=160),
            Declared("pytorch"),
            "L4",
            "does not fit on 8x L4: a rank has 35.8 GiB of weights alone",
        ),
        (
            EIGHT,
            Declared("pytorch", "fp8"),
            "A10",
            REFUSED,
        ),
        (EIGHT, Declared("gguf", "Q8_0"), "A10", "fits on 1x A10 up to 10 sequences of 8k"),
        (
            EIGHT,
            Declared("pytorch", arguments={"max_seq_len": 8000, "max_batch_size": 4}),
            "H100",
            "fits on 1x H100 SXM up to 4 sequences of 8000 (memory would hold 57; the batch is 4)",
        ),
        (EIGHT, Declared("pytorch", tensor=4), "H100", "fits on 4x H100 SXM up to 258 sequences of 8k"),
        (
            replace(EIGHT, heads=6, key_value_heads=6),
            Declared("pytorch", arguments={"max_seq_len": 131072}),
            "L4",
            "fits on 2x L4 up to 1 sequence of 128k",
        ),
        (
            replace(EIGHT, heads=7, key_value_heads=7, feed_forward=14337),
            Declared("pytorch", arguments={"max_seq_len": 131072}),
            "L4",
            "does not fit on 1x L4: there is room for 52864 tokens only",
        ),
        (
            replace(EIGHT, heads=7, key_value_heads=7, feed_forward=14337),
            Declared("pytorch", tensor=2),
            "L4",
            "fits on 2x L4 up to 21 sequences of 8k",
        ),
    ],
)
def test_a_row_says_how_it_fits_or_why_not(network: Network, build: Declared, product: str, verdict: str) -> None:
    assert row(replace(PLAIN, network=network, build=build), product).verdict == verdict


def test_a_row_says_that_an_accelerator_does_not_compute_with_the_format() -> None:
    old = Declared("pytorch", "nvfp4", toolchain={"tensorrtLlm": "1.2.1"})
    found = row(replace(PLAIN, build=old), "H100")
    assert (found.fits, found.doubt) == (False, "")
    assert found.verdict.startswith("refused: H100 SXM (compute capability 9.0) is no accelerator for weights as")
    new = Declared("pytorch", "nvfp4", toolchain={"tensorrtLlm": "1.3.0rc20"})
    assert row(replace(PLAIN, build=new), "H100").verdict.startswith("fits on 1x H100 SXM")


def test_a_row_does_not_say_that_it_fits_where_nobody_knows_whether_it_computes() -> None:
    for about in (
        replace(PLAIN, build=Declared("pytorch", "nvfp4")),
        replace(PLAIN, build=Declared("pytorch", "mxfp4"), weights=Weights(quantization="mxfp4")),
        replace(PLAIN, build=Declared("pytorch", "nvfp4"), serving=Serving("vllm")),
    ):
        found = row(about, "H100")
        assert found.verdict.startswith("has room on 1x H100 SXM up to ")
        assert f", but may not compute: {found.doubt}" in found.verdict
        assert found.fits
    assert row(replace(PLAIN, build=Declared("pytorch", "nvfp4")), "B200").doubt == ""


def test_a_server_with_slots_needs_room_for_all_of_them() -> None:
    serving = Serving("llama.cpp", accelerator="L4", count=1, slots=64, context_per_slot=8192)
    about = Subject(Declared("gguf", "Q8_0"), Weights(), replace(EIGHT, heads=7, feed_forward=14337), serving)
    found = row(about, "L4")
    assert found.verdict == "does not fit on 1x L4: there is room for 12 of 64 sequences of 8k only"
    assert (found.fits, found.sequences) == (False, 12)


def test_a_row_has_the_numbers_behind_the_sentence() -> None:
    found = row(PLAIN, "H100")
    assert (found.cut, found.context, found.sequences, found.longest, found.fits) == (Cut(), 8192, 55, 131072, True)
    assert found.tokens == found.pool // 131072 // 32 * 32
    assert found.memory.bytes_per_token == 131072


def test_every_product_of_the_table_has_a_row_and_one_without_memory_none() -> None:
    table = fit_table(PLAIN, [*PRODUCTS, product_of("TPU")])
    assert len(table) == len(PRODUCTS)


def test_what_is_not_known_is_said() -> None:
    assert fit_table(replace(PLAIN, network=("?",)), PRODUCTS) == "the network is not known"
    unknown = fit_table(replace(PLAIN, weights=Weights(quantization="ternary")), PRODUCTS)
    assert unknown == "nobody says how many bytes a weight takes as `ternary`"


def test_what_is_required_is_for_what_is_declared() -> None:
    precision = precision_of(PLAIN.build, PLAIN.weights)
    assert isinstance(precision, Precision)
    assert required_mib(PLAIN, rank_for(PLAIN, EIGHT, precision, Cut())) == pytest.approx(19_400, rel=0.05)


def test_tokens_are_spelled_short_when_they_are_round() -> None:
    assert [short_tokens(n) for n in (8192, 131072, 8000, 512)] == ["8k", "128k", "8000", "512"]
