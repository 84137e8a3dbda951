"""Statistics of parity: what sequences amount to, what is accepted, and what no number can be made of."""

import math
import statistics
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.core.digests import Digest
from trueup.desired.parity import NEUTRAL_TEXT, RequiredParity, parity_key
from trueup.evidence import parity
from trueup.evidence.evidence import Evidence, Measurement
from trueup.evidence.parity import (
    ERRORS,
    KL,
    NOT_FINITE,
    OUTPUT,
    RATIO,
    RESULT,
    SOURCE,
    TOP1,
    SequenceParity,
    in_words,
    judged,
    measurements_of,
    refusals,
    score_threshold,
    shown,
    smallest_drop,
    thresholds_of,
)
from trueup.evidence.statistics.means import standard_error

NOW = datetime(2026, 3, 14, tzinfo=UTC)
KEY = Digest("sha256:" + "1" * 64)
BYTES = Digest("sha256:" + "2" * 64)
REQUIRED = RequiredParity(KEY, None, 2, 11, max_kl=0.01, min_top1=0.95, max_perplexity_ratio=1.05)
SAME = SequenceParity(10, 0.0, 10, 20.0, 20.0)

sequences = st.lists(
    st.builds(
        lambda n, kl, agreed, source, result: SequenceParity(n, kl, min(agreed, n), source * n, result * n),
        st.integers(1, 50),
        st.floats(0, 5),
        st.integers(0, 50),
        st.floats(0, 9),
        st.floats(0, 9),
    ),
    min_size=1,
    max_size=6,
)


def values(*measured: SequenceParity) -> dict[str, float]:
    return {m.metric: m.value for m in measurements_of(measured)}


def evidence(*measured: SequenceParity) -> Evidence:
    return Evidence("Build/b@1", KEY, ((OUTPUT, BYTES),), measurements_of(measured), (), "t", NOW, NOW)


def test_equal_networks_have_no_divergence_and_full_agreement() -> None:
    found = values(SAME, SAME)
    assert (found[KL], found[TOP1], found[RATIO]) == (0.0, 1.0, 1.0)
    assert found[SOURCE] == found[RESULT] == pytest.approx(math.exp(2))
    assert {found[name] for name in ERRORS.values()} == {0.0}


@given(sequences)
def test_measurements_keep_their_bounds(measured: list[SequenceParity]) -> None:
    found = values(*measured)
    assert found[KL] >= 0
    assert 0 <= found[TOP1] <= 1
    assert found[RATIO] == pytest.approx(found[RESULT] / found[SOURCE])
    assert all(found.get(name, 0.0) >= 0 for name in ERRORS.values())


@given(sequences)
def test_the_order_of_sequences_does_not_matter(measured: list[SequenceParity]) -> None:
    assert values(*measured) == pytest.approx(values(*reversed(measured)))


def test_one_sequence_tells_nothing_of_how_sure_it_is() -> None:
    assert ERRORS[KL] not in values(SAME)
    assert ERRORS[KL] in values(SAME, SAME)


@given(st.lists(st.floats(0, 10), min_size=2, max_size=20), st.integers(1, 9))
def test_the_error_of_sequences_of_one_length_is_that_of_a_mean(means: list[float], tokens: int) -> None:
    expected = statistics.stdev(means) / math.sqrt(len(means))
    assert standard_error([(m * tokens, tokens) for m in means]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("sums", [[], [(1.0, 5)], [(0.0, 0), (0.0, 0)]])
def test_too_little_has_no_error(sums: list[tuple[float, int]]) -> None:
    assert standard_error(sums) == 0.0


@pytest.mark.parametrize(
    "broken",
    [
        replace(SAME, not_finite=1),
        replace(SAME, kl=math.nan),
        replace(SAME, loss_result=math.inf),
        replace(SAME, loss_result=90000.0),
        replace(SAME, tokens=0),
    ],
)
def test_what_is_no_number_is_never_a_pass(broken: SequenceParity) -> None:
    found = evidence(broken) if broken.tokens == 0 else evidence(SAME, broken)
    assert [m.metric for m in found.measurements] == [NOT_FINITE]
    assert not judged(found, REQUIRED).passed
    assert "KL was not measured" in refusals(judged(found, REQUIRED))
    assert in_words(found).startswith("no numbers came out of it")


def test_evidence_without_any_measurement_is_put_in_words_all_the_same() -> None:
    assert in_words(replace(evidence(SAME), measurements=())) == "no numbers came out of it, 0 tokens"


@pytest.mark.parametrize(
    ("measured", "reason"),
    [
        (replace(SAME, kl=0.2), "KL 0.02000 is not at most 0.01000"),
        (replace(SAME, agreed=9), "top-1 0.900 is not at least 0.950"),
        (replace(SAME, loss_result=21.0), "the perplexity ratio 1.105 is not at most 1.050"),
    ],
)
def test_each_bound_is_held_and_named(measured: SequenceParity, reason: str) -> None:
    assert refusals(judged(evidence(measured, measured), REQUIRED)) == (reason,)


def test_what_is_within_all_bounds_passes() -> None:
    close = SequenceParity(10, 0.05, 10, 20.0, 20.1)
    assert judged(evidence(close, close), REQUIRED).passed


def test_other_bounds_judge_the_same_measurement_anew() -> None:
    worse = evidence(replace(SAME, kl=0.2), replace(SAME, kl=0.2))
    strict = judged(worse, REQUIRED)
    assert not strict.passed
    assert judged(strict, replace(REQUIRED, max_kl=0.1)).passed


def test_a_ratio_that_is_not_declared_is_not_held() -> None:
    assert [t.metric for t in thresholds_of(replace(REQUIRED, max_perplexity_ratio=None))] == [KL, TOP1]


def test_a_verdict_says_what_was_measured_and_what_does_not_hold() -> None:
    close = judged(evidence(SAME, SAME), REQUIRED)
    assert parity.verdict(close).endswith("20 tokens: passed")
    worse = judged(evidence(replace(SAME, kl=0.2), replace(SAME, kl=0.2)), REQUIRED)
    assert parity.verdict(worse).endswith("20 tokens: FAILED, KL 0.02000 is not at most 0.01000")


def test_parity_is_told_from_evaluations_by_its_subject() -> None:
    assert parity.is_parity(evidence(SAME))
    assert not parity.is_parity(replace(evidence(SAME), subject=(("release", BYTES),)))


def test_a_measurement_reads_as_a_reader_compares() -> None:
    close = SequenceParity(2040, 0.1632, 2018, 2040 * 4.316, 2040 * 4.3159)
    assert in_words(evidence(close, close)) == (
        "KL 0.00008, top-1 98.9 %, perplexity 74.89 -> 74.88 (x1.000), 4080 tokens"
    )
    assert shown(1.25) == "1.250"


def test_a_refusal_of_an_unknown_metric_names_it() -> None:
    odd = judged(evidence(SAME), REQUIRED)
    gates = (replace(odd.gates[0], metric="bits", value=None, passed=False),)
    assert refusals(replace(odd, gates=gates)) == ("bits was not measured",)


# Upstream's table: right or wrong of 100 points, alpha 0.05.
@pytest.mark.parametrize(
    ("samples", "drop"), [(512, -5.14), (1024, -3.63), (2048, -2.57), (4096, -1.82), (8192, -1.29), (14042, -0.98)]
)
def test_the_threshold_of_a_score_is_that_of_the_accuracy_suite(samples: int, drop: float) -> None:
    assert score_threshold(0, 50, samples, 0.05) == pytest.approx(drop, abs=0.005)
    assert score_threshold(68, 50, samples, 0.05) == pytest.approx(68 + drop, abs=0.005)


@given(st.integers(10, 100_000), st.floats(0.01, 0.2))
def test_the_smallest_drop_is_seen_more_often_than_not(samples: int, alpha: float) -> None:
    assert smallest_drop(50, samples, alpha) > -score_threshold(0, 50, samples, alpha) > 0


def test_the_key_follows_what_is_measured_and_not_what_is_accepted() -> None:
    source = Digest("sha256:" + "4" * 64)
    keys = {
        parity_key(KEY, source, NEUTRAL_TEXT, 16, 256),
        parity_key(BYTES, source, NEUTRAL_TEXT, 16, 256),
        parity_key(KEY, BYTES, NEUTRAL_TEXT, 16, 256),
        parity_key(KEY, source, BYTES, 16, 256),
        parity_key(KEY, source, NEUTRAL_TEXT, 8, 256),
        parity_key(KEY, source, NEUTRAL_TEXT, 16, 128),
    }
    assert len(keys) == 6


def test_a_measurement_has_units() -> None:
    units = {m.metric: m.unit for m in measurements_of([SAME, SAME])}
    assert units[KL] == units[ERRORS[KL]] == "nats"
    assert Measurement(TOP1, 1.0, "ratio", 20) in measurements_of([SAME, SAME])
