"""Distributions, held to scipy."""

import math
import random

import pytest
from scipy import special, stats

from trueup.evidence.statistics.distributions import (
    at_least,
    at_most,
    beta_cdf,
    first,
    normal_quantile,
    normal_tail,
    t_cdf,
    t_quantile,
)


def test_the_incomplete_beta_function_is_that_of_scipy() -> None:
    draw = random.Random(1)
    for _ in range(1500):
        a, b = 10 ** draw.uniform(-1, 5), 10 ** draw.uniform(-1, 5)
        mean = a / (a + b)
        x = min(max(draw.gauss(mean, 2 * math.sqrt(mean * (1 - mean) / (a + b + 1))), 1e-9), 1 - 1e-9)
        assert beta_cdf(x, a, b) == pytest.approx(special.betainc(a, b, x), rel=1e-7, abs=1e-12)


def test_the_incomplete_beta_function_ends_at_0_and_1() -> None:
    assert (beta_cdf(0.0, 2, 3), beta_cdf(1.0, 2, 3), beta_cdf(-1.0, 2, 3), beta_cdf(2.0, 2, 3)) == (0, 1, 0, 1)
    assert beta_cdf(1e-9, 5000.0, 1.0) == 0.0


@pytest.mark.parametrize("freedom", [1, 2, 5, 29, 1000, 1e6])
@pytest.mark.parametrize("probability", [0.01, 0.5, 0.6, 0.95, 0.975, 0.999])
def test_students_distribution_is_that_of_scipy(freedom: float, probability: float) -> None:
    expected = stats.t.ppf(probability, freedom)
    assert t_quantile(probability, freedom) == pytest.approx(expected, rel=1e-7, abs=1e-9)
    assert t_cdf(expected, freedom) == pytest.approx(probability, rel=1e-8)


def test_the_normal_distribution_is_that_of_scipy() -> None:
    assert normal_quantile(0.9) == pytest.approx(stats.norm.ppf(0.9))
    assert normal_tail(3.7) == pytest.approx(stats.norm.sf(3.7))


@pytest.mark.parametrize(("successes", "trials", "rate"), [(3, 10, 0.2), (10, 10, 0.9), (0, 5, 0.1), (70, 400, 0.2)])
def test_binomial_tails_are_those_of_scipy(successes: int, trials: int, rate: float) -> None:
    assert at_least(successes, trials, rate) == pytest.approx(stats.binom.sf(successes - 1, trials, rate))
    assert at_most(successes, trials, rate) == pytest.approx(stats.binom.cdf(successes, trials, rate))


def test_the_first_number_for_which_something_holds_is_found() -> None:
    assert first(lambda x: x * x >= 2, 0, 2) == pytest.approx(math.sqrt(2), abs=1e-12)
