"""Intervals of means and shares, held to scipy and to what was published."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from trueup.evidence.statistics.means import (
    mean_of,
    number_behind,
    skewed_interval,
    skewness_of,
    standard_error,
    wilson,
)

SYMMETRIC = [1.0, 2.0, 3.0, 4.0, 5.0, 9.0, 10.0, 11.0, 12.0, 13.0]
SKEWED = [0.1, 0.2, 0.2, 0.3, 0.3, 0.4, 0.5, 0.7, 1.1, 2.9]


def ones(values: list[float]) -> list[tuple[float, int]]:
    return [(value, 1) for value in values]


@pytest.mark.parametrize(("passed", "number"), [(0, 10), (3, 10), (10, 10), (81, 263), (1, 1)])
def test_wilsons_interval_is_that_of_scipy(passed: int, number: int) -> None:
    expected = stats.binomtest(passed, number).proportion_ci(method="wilson")
    assert wilson(passed / number, number) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("share", "number"), [(0.0, 12), (0.4, 30), (0.97, 312.5), (1.0, 7)])
def test_the_number_of_trials_behind_an_interval_is_found_again(share: float, number: float) -> None:
    assert number_behind(share, wilson(share, number)) == pytest.approx(number)


@pytest.mark.parametrize("interval", [(0.0, 1.0), (0.5, 0.5), (-0.2, 0.6)])
def test_an_interval_that_is_not_wilsons_has_no_number_of_trials(interval: tuple[float, float]) -> None:
    assert number_behind(0.5, interval) == 0.0


def test_the_interval_of_a_symmetric_sample_is_students() -> None:
    found = mean_of(ones(SYMMETRIC))
    expected = stats.t.interval(0.95, len(SYMMETRIC) - 1, loc=7.0, scale=stats.sem(SYMMETRIC))
    assert found.value == 7.0
    assert found.stderr == pytest.approx(stats.sem(SYMMETRIC))
    assert found.interval == pytest.approx(expected)


def test_a_skewed_sample_moves_both_ends_as_a_bootstrap_does() -> None:
    found = mean_of(ones(SKEWED))
    plain = stats.t.interval(0.95, len(SKEWED) - 1, loc=found.value, scale=stats.sem(SKEWED))
    drawn = stats.bootstrap((SKEWED,), lambda x, axis: x.mean(axis), method="BCa", rng=1).confidence_interval
    assert found.interval is not None
    low, high = found.interval
    assert low > plain[0]
    assert high > plain[1]
    assert drawn.low > plain[0]
    # Student's quantiles make it wider than a bootstrap of ten, which is known to be too narrow.
    assert high > drawn.high


def test_skewness_is_that_of_scipy() -> None:
    mean = sum(SKEWED) / len(SKEWED)
    assert skewness_of([v - mean for v in SKEWED]) == pytest.approx(stats.skew(SKEWED))


def test_the_transformed_quantile_solves_halls_equation() -> None:
    mean, count = sum(SKEWED) / len(SKEWED), len(SKEWED)
    residuals = [v - mean for v in SKEWED]
    skewness, root = skewness_of(residuals), math.sqrt(len(SKEWED))
    for end, t in zip(skewed_interval(residuals, 0.95), (-1, 1), strict=True):
        hall = end + skewness * end**2 / (3 * root) + skewness**2 * end**3 / (27 * count) + skewness / (6 * root)
        assert hall == pytest.approx(t * stats.t.ppf(0.975, count - 1))


def test_scores_that_are_all_equal_do_not_show_that_there_is_no_spread() -> None:
    assert mean_of(ones([0.5] * 30)).interval is None
    assert mean_of(ones([0.5] * 30), (0.6, 1.0)).interval is None
    assert mean_of(ones([0.5] * 30), (0.5, 0.5)).interval is None
    found = mean_of(ones([1.0] * 30), (0.0, 1.0))
    assert (found.value, found.stderr, found.interval) == (1.0, None, pytest.approx(wilson(1.0, 30)))


def test_one_example_tells_nothing_of_how_sure_it_is() -> None:
    found = mean_of([(0.5, 1)])
    assert (found.value, found.stderr, found.interval) == (0.5, None, None)


def test_an_interval_stays_within_what_scores_can_be() -> None:
    found = mean_of(ones([1.0] * 9 + [0.2]), (0.0, 1.0))
    assert found.interval is not None
    assert found.interval[1] <= 1.0
    assert found.interval[0] < found.value


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=40))
def test_an_interval_holds_its_value(values: list[float]) -> None:
    found = mean_of(ones(values))
    if found.interval is not None:
        assert found.interval[0] <= found.value <= found.interval[1]


@given(st.lists(st.floats(0, 10), min_size=2, max_size=20), st.integers(1, 9))
def test_scores_of_one_example_do_not_make_it_surer(means: list[float], epochs: int) -> None:
    once, often = standard_error(ones(means)), standard_error([(m * epochs, epochs) for m in means])
    assert often == pytest.approx(once, abs=1e-9)
