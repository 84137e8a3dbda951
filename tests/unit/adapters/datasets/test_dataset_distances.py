"""Distances of samples, held against scipy, and their laws."""

import math
import random
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import special, stats
from scipy.spatial.distance import jensenshannon

from trueup.adapters.datasets.counts import Counts
from trueup.adapters.datasets.distances import (
    binned,
    chi_square,
    chi_square_p,
    edges,
    jensen_shannon,
    kolmogorov_p,
    kolmogorov_smirnov,
    psi,
)

SAMPLES = st.lists(st.integers(-20, 20) | st.floats(-5, 5), min_size=2, max_size=60)
ROWS = st.integers(2, 8).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 50), min_size=n, max_size=n).filter(any)] * 2)
)


def counted(values: list[float]) -> list[tuple[float, int]]:
    return sorted(Counter(values).items())


@given(SAMPLES, SAMPLES)
def test_kolmogorov_smirnov_is_that_of_scipy(one: list[float], other: list[float]) -> None:
    expected = stats.ks_2samp(one, other, method="asymp").statistic
    assert kolmogorov_smirnov(counted(one), counted(other)) == pytest.approx(expected, abs=1e-12)


@given(st.floats(0, 1), st.integers(1, 10_000), st.integers(1, 10_000))
def test_its_p_value_is_kolmogorovs_limit(distance: float, one: int, other: int) -> None:
    expected = special.kolmogorov(distance * math.sqrt(one * other / (one + other)))
    assert kolmogorov_p(distance, one, other) == pytest.approx(expected, abs=1e-9)


@given(ROWS)
def test_chi_square_is_that_of_scipy(rows: tuple[list[int], list[int]]) -> None:
    pairs = [(a, b) for a, b in zip(*rows, strict=True) if a + b]
    assume(len(pairs) > 1)
    expected = stats.chi2_contingency(list(zip(*pairs, strict=True)), correction=False)
    statistic, degrees = chi_square(*rows)
    assert (statistic, degrees) == (pytest.approx(expected.statistic, abs=1e-9), expected.dof)
    assert chi_square_p(statistic, degrees) == pytest.approx(expected.pvalue, abs=1e-9)


@given(st.floats(0, 2_000), st.integers(1, 1_000))
def test_chances_of_chi_square_are_those_of_scipy(statistic: float, degrees: int) -> None:
    assert chi_square_p(statistic, degrees) == pytest.approx(stats.chi2.sf(statistic, degrees), abs=1e-9)


@given(ROWS)
def test_jensen_shannon_is_that_of_scipy(rows: tuple[list[int], list[int]]) -> None:
    expected = jensenshannon(*rows, base=2)
    assert jensen_shannon(*rows) == pytest.approx(0.0 if math.isnan(expected) else expected, abs=1e-6)


@given(SAMPLES, st.integers(2, 20), st.integers(1, 5))
def test_equal_samples_are_no_distance_apart_however_often_they_are_repeated(
    values: list[float], bins: int, times: int
) -> None:
    one, other = counted(values), counted(values * times)
    upper = edges(one, bins)
    rows = binned(one, upper), binned(other, upper)
    assert psi(*rows) == pytest.approx(0, abs=1e-9)
    assert jensen_shannon(*rows) == pytest.approx(0, abs=1e-6)
    assert kolmogorov_smirnov(one, other) == pytest.approx(0, abs=1e-12)
    assert chi_square_p(*chi_square(*rows)) == pytest.approx(1, abs=1e-6)


@given(ROWS)
def test_distances_are_the_same_from_both_sides_and_never_negative(rows: tuple[list[int], list[int]]) -> None:
    for distance in (psi, jensen_shannon):
        assert distance(*rows) == pytest.approx(distance(*rows[::-1]), abs=1e-9)
        assert distance(*rows) >= 0


@given(SAMPLES, st.integers(2, 20))
def test_every_value_is_in_one_bin_and_none_outside_the_sample(values: list[float], bins: int) -> None:
    found = binned(counted(values), edges(counted(values), bins))
    assert sum(found) == len(values)
    assert (found[0], found[-1]) == (0, 0)


def test_a_constant_that_became_another_constant_is_drift() -> None:
    before, now = counted([5.0] * 100), counted([7.0] * 100)
    upper = edges(before, 10)
    assert psi(binned(before, upper), binned(now, upper)) > 1


@given(st.lists(st.integers(-(10**6), 10**6).map(lambda n: n / 8), min_size=1, max_size=150), st.integers(0, 9))
def test_counts_do_not_depend_on_the_order(values: list[float], seed: int) -> None:
    one, other = Counts(most=60), Counts(most=60)
    shuffled = list(values)
    random.Random(seed).shuffle(shuffled)
    for a, b in zip(values, shuffled, strict=True):
        one.add(a)
        other.add(b)
    assert list(one.items()) == list(other.items())
    assert len(list(one.items())) <= 60
    assert sum(n for _, n in one.items()) == one.total == len(values)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=100), st.floats(0, 1))
def test_a_quantile_is_one_of_the_values_with_that_share_below_or_at_it(values: list[int], share: float) -> None:
    counts = Counts()
    for value in values:
        counts.add(value)
    found = counts.quantile(share)
    assert found in values
    assert sum(v <= found for v in values) >= share * len(values)


def test_a_coarse_quantile_is_near_the_true_one() -> None:
    counts, values = Counts(most=500), [float(n) ** 1.5 for n in range(1, 20_000)]
    for value in values:
        counts.add(value)
    assert counts.bits is not None
    assert counts.quantile(0.5) == pytest.approx(values[len(values) // 2], rel=0.05)
    assert counts.quantile(1.0) <= counts.greatest
