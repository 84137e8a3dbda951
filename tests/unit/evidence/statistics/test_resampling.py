"""Tests of pairs by resampling."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trueup.evidence.statistics import resampling
from trueup.evidence.statistics.resampling import bootstrap, permutation

DRAW = random.Random(3)
VALUES = [DRAW.gauss(-0.15, 1) for _ in range(60)]
PASSES = [-1.0] * 14 + [1.0] * 6 + [0.0] * 180
FEW = [-0.9, -0.4, -0.3, -0.6, 0.2, -0.1, -0.5]


def test_all_signs_of_a_few_are_those_of_scipy() -> None:
    expected = stats.permutation_test(
        (FEW,), lambda x: x.mean(), permutation_type="samples", alternative="less", n_resamples=math.inf
    )
    assert permutation(FEW, 0.0, 99, 0) == pytest.approx(expected.pvalue)
    assert bootstrap([*FEW, *[0.0] * 40], 0.0, 99, 0) == pytest.approx(expected.pvalue)


def test_drawn_signs_are_near_those_of_scipy() -> None:
    drawn = stats.permutation_test(
        (VALUES,),
        lambda x, axis: x.mean(axis),
        permutation_type="samples",
        alternative="less",
        n_resamples=9999,
        rng=5,
        vectorized=True,
    )
    assert permutation(VALUES, 0.0, 9999, 1) == pytest.approx(drawn.pvalue, abs=0.015)


def test_tossed_passes_are_mcnemars_test() -> None:
    exact = stats.binomtest(14, 20, 0.5, alternative="greater").pvalue
    assert permutation(PASSES, 0.0, 20_000, 1) == pytest.approx(exact, abs=0.01)


def test_a_bootstrap_is_near_students_test_where_that_holds() -> None:
    expected = stats.ttest_1samp(VALUES, 0.0, alternative="less").pvalue
    assert bootstrap(VALUES, 0.0, 9999, 1) == pytest.approx(expected, abs=0.02)
    shifted = stats.ttest_1samp(VALUES, -0.3, alternative="less").pvalue
    assert bootstrap(VALUES, 0.3, 9999, 1) == pytest.approx(shifted, abs=0.02)


def test_values_of_few_kinds_are_drawn_by_their_numbers() -> None:
    expected = stats.ttest_1samp(PASSES, 0.0, alternative="less").pvalue
    assert bootstrap(PASSES, 0.0, 9999, 1) == pytest.approx(expected, abs=0.02)


def test_no_p_value_is_ever_0() -> None:
    lost = [-1.0 - i / 100 for i in range(50)]
    for test in (bootstrap, permutation):
        assert test(lost, 0.0, 199, 0) == 1 / 200


@pytest.mark.parametrize("test", [bootstrap, permutation])
def test_differences_that_are_all_alike_are_no_accident(test: object) -> None:
    assert callable(test)
    assert test([0.0] * 50, 0.0, 199, 0) == 1.0
    assert test([0.5] * 50, 0.0, 199, 0) == 1.0
    assert test([-0.5] * 50, 0.0, 199, 0) == 1 / 200
    assert test([-0.5] * 50, 0.5, 199, 0) == 1.0


@pytest.mark.parametrize("test", [bootstrap, permutation])
@settings(max_examples=20)
@given(st.randoms(use_true_random=False))
def test_the_order_of_differences_does_not_matter(test: object, draw: random.Random) -> None:
    assert callable(test)
    shuffled = draw.sample(VALUES, len(VALUES))
    assert test(shuffled, 0.0, 199, 4) == test(VALUES, 0.0, 199, 4)


def test_drawing_leaves_the_global_generator_alone() -> None:
    before = np.random.get_state()[1].tolist()  # type: ignore[index,union-attr]
    bootstrap(VALUES, 0.0, 199, 4)
    assert np.random.get_state()[1].tolist() == before  # type: ignore[index,union-attr]


def test_more_numbers_than_fit_into_memory_at_a_time_are_drawn_in_turns() -> None:
    many = [DRAW.gauss(0, 1) for _ in range(5000)]
    assert resampling._CELLS < 5000 * 999
    assert 0.0 < bootstrap(many, 0.0, 999, 1) <= 1.0
