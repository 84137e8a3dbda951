"""One-sided bounds, and how many samples would clear a threshold."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from trueup.evidence.statistics.bounds import (
    error_bounds,
    interval_bounds,
    more,
    rank_bounds,
    samples_needed,
    share_bounds,
    trials_needed,
)


@pytest.mark.parametrize(("passed", "number"), [(0, 10), (3, 10), (10, 10), (81, 263)])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_bounds_of_a_share_are_clopper_and_pearsons(passed: int, number: int, confidence: float) -> None:
    expected = stats.binomtest(passed, number).proportion_ci(2 * confidence - 1, method="exact")
    assert share_bounds(passed / number, number, confidence) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_all_of_n_right_is_the_rule_of_three() -> None:
    assert 1 - share_bounds(1.0, 300, 0.95)[0] == pytest.approx(3 / 300, rel=0.01)


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.05, 0.95))
def test_as_many_trials_as_are_needed_show_it_and_fewer_do_not(passed: int, failed: int, threshold: float) -> None:
    number, share = passed + failed, passed / (passed + failed)
    low, high = share_bounds(share, number, 0.95)
    needed = trials_needed(share, threshold, 0.95, number)
    if needed is None or low > threshold or high < threshold:
        return
    low, high = share_bounds(share, needed * 1.001, 0.95)
    assert low > threshold or high < threshold
    low, high = share_bounds(share, max(number, needed * 0.98), 0.95)
    assert low <= threshold <= high or needed <= number * 1.03


@pytest.mark.parametrize(
    ("share", "threshold"), [(0.8, 0.8), (0.5, 0.0), (0.5, 1.0), (0.8, 0.80000001)], ids=["equal", "0", "1", "next"]
)
def test_some_thresholds_are_cleared_by_no_number(share: float, threshold: float) -> None:
    assert trials_needed(share, threshold, 0.95, 10) is None


def test_an_interval_of_a_mean_gives_its_own_ends_back_at_its_own_confidence() -> None:
    assert interval_bounds(5.0, (4.0, 7.0), 0.975, 30) == pytest.approx((4.0, 7.0))
    low, high = interval_bounds(5.0, (4.0, 7.0), 0.95, 10**6)
    assert (5 - low, high - 5) == pytest.approx((1.645 / 1.96, 2 * 1.645 / 1.96), rel=1e-3)


@pytest.mark.parametrize("samples", [2, 5, 1000])
def test_bounds_of_an_interval_are_never_narrower_than_normal_ones(samples: int) -> None:
    low, _ = interval_bounds(0.0, (-1.0, 1.0), 0.95, samples)
    assert -low >= stats.norm.ppf(0.95) / stats.norm.ppf(0.975) - 1e-9
    low, _ = interval_bounds(0.0, (-1.0, 1.0), 0.999, samples)
    assert -low >= stats.t.ppf(0.999, samples - 1) / stats.t.ppf(0.975, samples - 1) - 1e-6


def test_bounds_of_a_percentile_are_values_that_were_measured() -> None:
    assert rank_bounds(5.0, (4.0, 7.0), 0.9) == (4.0, 7.0)
    assert rank_bounds(5.0, (4.0, 7.0), 0.999)[1] > 7.0


def test_bounds_of_a_standard_error_are_students() -> None:
    assert error_bounds(1.0, 0.1, 0.95, 10)[0] == pytest.approx(1 - 0.1 * stats.t.ppf(0.95, 9))


def test_the_number_of_samples_goes_with_the_square_of_the_distance() -> None:
    assert samples_needed(1.0, 0.5, (0.0, 1.2), 100) == pytest.approx(400)
    assert samples_needed(1.0, 1.1, (0.0, 1.2), 100) == pytest.approx(400)
    assert samples_needed(1.0, 1.0, (0.0, 1.2), 100) is None
    assert samples_needed(1.0, 1.0 - 1e-9, (0.0, 1.2), 100) is None


def test_at_least_one_more_sample_is_asked_for() -> None:
    assert (more(None, 5), more(3.0, 5), more(math.pi, 2)) == (None, 1, 2)
