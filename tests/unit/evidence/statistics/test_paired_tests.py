"""Tests of pairs in closed form, held to scipy and to what was published."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from trueup.evidence.statistics.paired import (
    Discordance,
    mcnemar,
    paired_t,
    score_interval,
    score_p,
    score_z,
    wilcoxon,
    without_spread,
)

PAIRS = st.builds(
    lambda worse, better, equal: Discordance(worse, better, worse + better + equal),
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(1, 100),
)
DRAW = random.Random(7)
CONTINUOUS = [DRAW.gauss(-0.1, 1) for _ in range(80)]
TIED = [DRAW.choice([-1.0, -0.5, 0.0, 0.0, 0.5, 1.0]) for _ in range(80)]


@pytest.mark.parametrize(("worse", "better"), [(10, 2), (2, 10), (5, 5), (0, 7), (7, 0)])
def test_mcnemar_is_the_exact_binomial_test(worse: int, better: int) -> None:
    expected = stats.binomtest(worse, worse + better, 0.5, alternative="greater").pvalue
    assert mcnemar(Discordance(worse, better, 100)) == pytest.approx(expected)


def test_no_pair_that_differs_shows_no_loss() -> None:
    assert mcnemar(Discordance(0, 0, 100)) == 1.0
    assert score_z(Discordance(0, 0, 100), 0.0) == 0.0
    assert score_p(Discordance(0, 0, 100), 0.02) > 0.5


@given(PAIRS)
def test_without_a_margin_the_score_is_mcnemars(found: Discordance) -> None:
    differing = found.worse + found.better
    if differing:
        assert score_z(found, 0.0) == pytest.approx((found.worse - found.better) / math.sqrt(differing))


@given(PAIRS)
def test_the_score_interval_is_all_that_the_test_does_not_refute(found: Discordance) -> None:
    low, high = score_interval(found)
    assert -1 <= low <= -found.loss <= high <= 1
    for end, side in ((low, 1), (high, -1)):
        if abs(end) < 0.999:
            assert abs(score_z(found, -end)) == pytest.approx(1.959964, abs=1e-3), side


@given(PAIRS, st.floats(0.001, 0.5))
def test_the_score_test_solves_its_own_likelihood(found: Discordance, loss: float) -> None:
    """The share of better pairs that Tango's root gives is where the likelihood under the loss has its maximum."""

    def likelihood(better: float) -> float:
        worse, equal = better + loss, 1 - 2 * better - loss
        if worse <= 0 or equal <= 0 or better <= 0:
            return -math.inf
        rest = found.pairs - found.worse - found.better
        return found.worse * math.log(worse) + found.better * math.log(better) + rest * math.log(equal)

    grid = [i / 2000 for i in range(1, 1000)]
    best = max(grid, key=likelihood)
    variance = found.pairs * (2 * best + loss * (1 - loss))
    distance = found.worse - found.better - found.pairs * loss
    if likelihood(best) > -math.inf and found.better > 0:
        assert score_z(found, loss) == pytest.approx(distance / math.sqrt(variance), rel=0.02, abs=0.02)


@pytest.mark.parametrize(("loss", "expected"), [(1.0, math.inf), (-1.0, -math.inf)])
def test_a_loss_without_variance_is_beyond_doubt(loss: float, expected: float) -> None:
    all_equal = Discordance(0, 0, 10)
    assert score_z(all_equal, loss) == -expected


def test_all_pairs_that_change_alike_leave_an_interval_with_a_width() -> None:
    lost, won = score_interval(Discordance(10, 0, 10)), score_interval(Discordance(0, 10, 10))
    assert lost[0] == -1.0
    assert -1 < lost[1] < 0
    assert won == pytest.approx((-lost[1], -lost[0]))


@pytest.mark.parametrize("margin", [0.0, 0.25])
@pytest.mark.parametrize("values", [CONTINUOUS, TIED, CONTINUOUS[:12], TIED[:12]])
def test_students_test_of_pairs_is_that_of_scipy(values: list[float], margin: float) -> None:
    expected = stats.ttest_1samp(values, -margin, alternative="less").pvalue
    assert paired_t(values, margin) == pytest.approx(expected)


def test_differences_without_spread_are_judged_by_tosses() -> None:
    assert paired_t([0.0] * 40, 0.0) == 1.0
    assert paired_t([0.3] * 40, 0.0) == 1.0
    assert paired_t([-0.3] * 10, 0.0) == without_spread(-0.3, 0.0, 10) == 0.5**10
    assert paired_t([-0.3] * 10, 0.3) == 1.0


@pytest.mark.parametrize("margin", [0.0, 0.25])
@pytest.mark.parametrize("values", [CONTINUOUS, TIED])
def test_many_signed_ranks_are_those_of_scipy(values: list[float], margin: float) -> None:
    shifted = [v + margin for v in values]
    expected = stats.wilcoxon(shifted, alternative="less", correction=True, method="asymptotic").pvalue
    assert wilcoxon(values, margin) == pytest.approx(expected)


def test_few_signed_ranks_are_counted_exactly() -> None:
    few = CONTINUOUS[:12]
    assert wilcoxon(few, 0.0) == pytest.approx(stats.wilcoxon(few, alternative="less", method="exact").pvalue)


def test_few_tied_ranks_are_counted_exactly() -> None:
    few = [-1.0, -1.0, -0.5, 0.5, -1.0, -0.5, 1.0, -1.0, 0.0, -0.5]
    kept = [v for v in few if v]
    tossed = stats.permutation_test(
        (kept,),
        lambda x: stats.rankdata(abs(x))[x > 0].sum(),
        permutation_type="samples",
        alternative="less",
        n_resamples=math.inf,
    )
    assert wilcoxon(few, 0.0) == pytest.approx(tossed.pvalue)


def test_ranks_of_nothing_show_no_loss() -> None:
    assert wilcoxon([0.0] * 50, 0.0) == 1.0
