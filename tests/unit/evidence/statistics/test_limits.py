"""One-sided limits of groups and of how they differ."""

import math
import random

import pytest
from scipy import stats

from trueup.evidence.statistics.limits import (
    Contrast,
    Sample,
    fewest_for,
    mean_of_values,
    percentile_of,
    ratio_limits,
    share_of,
)
from trueup.evidence.statistics.means import wilson

WIDE = (-math.inf, math.inf)


def test_limits_of_a_share_are_exact():
    found = share_of(7, 200)
    interval = stats.binomtest(7, 200).proportion_ci(0.9, method="exact")
    assert (found.lower(0.05), found.upper(0.05)) == pytest.approx((interval.low, interval.high), rel=1e-6)
    assert (share_of(0, 9).lower(0.05), share_of(9, 9).upper(0.05)) == (0.0, 1.0)


def test_limits_of_a_mean_without_skewness_are_those_of_student():
    values = [float(n) for n in range(1, 22)]
    found = mean_of_values(values, WIDE)
    low, high = stats.t.interval(0.9, 20, loc=11, scale=stats.sem(values))
    assert (found.lower(0.05), found.upper(0.05)) == pytest.approx((low, high), rel=1e-9)


def test_limits_of_a_mean_follow_its_skewness_and_stay_within_the_span():
    rng = random.Random(1)
    values = [rng.lognormvariate(0, 1) for _ in range(100)]
    found = mean_of_values(values, WIDE)
    assert found.upper(0.05) - found.value > found.value - found.lower(0.05)
    near = mean_of_values([0.0, 1.0, 1.0], (0.0, 1.0))
    assert (near.lower(0.01), near.upper(0.01)) == (0.0, 1.0)


def test_values_that_are_all_the_same_may_have_missed_what_is_at_the_end_of_the_span():
    found = mean_of_values([0.5] * 50, (0.0, 1.0))
    unseen = 1 - wilson(1.0, 50, 0.9)[0]
    assert found.lower(0.05) == pytest.approx(0.5 - unseen * 0.5)
    assert found.upper(0.05) == pytest.approx(0.5 + unseen * 0.5)
    assert mean_of_values([0.5], (0.0, 1.0)).lower(0.05) < 0.5


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95])
@pytest.mark.parametrize("count", [100, 257])
def test_limits_of_a_percentile_are_order_statistics(share, count):
    found = percentile_of([float(n) for n in range(1, count + 1)], share)
    low, high = found.lower(0.05), found.upper(0.05)
    assert stats.binom.cdf(low - 1, count, share) <= 0.05 < stats.binom.cdf(low, count, share)
    assert stats.binom.sf(high - 1, count, share) <= 0.05 < stats.binom.sf(high - 2, count, share)
    assert low < found.value == math.ceil(share * count) < high


def test_too_few_values_have_no_limit_and_it_is_known_how_many_do():
    few = fewest_for(0.99, 0.05)
    assert few == 299
    assert percentile_of([1.0] * (few - 1), 0.99).upper(0.05) == math.inf
    assert percentile_of([1.0] * few, 0.99).upper(0.05) == 1.0
    assert percentile_of([1.0, 2.0], 0.5).lower(0.05) == -math.inf
    assert fewest_for(0.01, 0.05) == few


def test_shares_are_compared_as_newcombe_did():
    # Newcombe 1998, table II, example (a): 56/70 against 48/80, 95 %: 0.0524 to 0.3339 (his method 10, by Wilson).
    def by_wilson(successes, count):
        low, high = wilson(successes / count, count, 0.95)
        return Sample(successes / count, count, lambda _: low, lambda _: high)

    contrast = Contrast(by_wilson(56, 70), by_wilson(48, 80), 1.0, 0.0)
    assert contrast.value == pytest.approx(0.2)
    assert (contrast.lower(0.025), contrast.upper(0.025)) == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_means_are_compared_nearly_as_welch_did():
    rng = random.Random(1)
    new, stable = ([rng.gauss(m, s) for _ in range(n)] for m, s, n in ((10, 2, 80), (9, 4, 200)))
    contrast = Contrast(mean_of_values(new, WIDE), mean_of_values(stable, WIDE), 1.0, 0.0)
    interval = stats.ttest_ind(new, stable, equal_var=False).confidence_interval(0.9)
    assert (contrast.lower(0.05), contrast.upper(0.05)) == pytest.approx((interval.low, interval.high), abs=0.02)


def test_a_handful_of_successes_that_may_be_luck_shows_no_difference():
    new, stable = share_of(1, 200), share_of(0, 2000)
    assert stats.binomtest(1, 1, 200 / 2200, alternative="greater").pvalue == pytest.approx(0.0909, abs=1e-4)
    assert Contrast(new, stable, 1.0, 0.0).lower(0.05) < 0
    assert Contrast(new, stable, 1.0, 0.0).lower(0.1) > 0
    assert Contrast(stable, new, 1.0, 0.0).upper(0.05) > 0
    assert Contrast(stable, new, 1.0, 0.0).upper(0.1) < 0


def test_a_margin_may_be_cleared_without_a_difference():
    same = share_of(10, 4000)
    assert Contrast(same, same, 1.0, 0.01).upper(0.05) < 0
    assert Contrast(same, same, 1.0, -0.01).lower(0.05) > 0


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.5, 2.0, 3.0])
def test_limits_of_a_ratio_agree_with_those_of_the_difference(factor):
    new, stable = mean_of_values([3.0, 4.0, 5.0, 4.0], WIDE), mean_of_values([2.0, 1.0, 3.0, 2.0], WIDE)
    below, above = ratio_limits(new, stable, 0.05, 0.1)
    contrast = Contrast(new, stable, factor, 0.0)
    assert below < 2 < above
    assert (contrast.lower(0.05) > 0) == (below > factor)
    assert (contrast.upper(0.1) < 0) == (above < factor)


def test_a_ratio_has_no_limit_where_a_side_has_none():
    few, many = percentile_of([1.0, 2.0], 0.5), percentile_of([float(n) for n in range(1, 500)], 0.95)
    assert ratio_limits(few, many, 0.05, 0.05) == (0.0, math.inf)
    assert ratio_limits(many, few, 0.05, 0.05) == (0.0, math.inf)
    assert ratio_limits(share_of(5, 100), share_of(1, 1), 0.05, 0.5)[1] < math.inf
    assert ratio_limits(share_of(0, 100), share_of(50, 100), 0.05, 0.05)[0] == 0.0
