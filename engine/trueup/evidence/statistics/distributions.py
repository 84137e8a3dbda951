"""The distributions that the statistics here stand on, in plain Python: no library has to be loaded for a gate.

Held to scipy by the tests.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300
_ENOUGH = 1e-15
_MOST_STEPS = 100_000
"""Of the continued fraction: it takes about the square root of the greater parameter, so billions of samples fit."""

_LIKE_NORMAL = 1e7
"""Degrees of freedom beyond which Student's distribution is the normal one to the seventh digit."""

_NEAR = 1e-13
"""Relative: nearer than this, a root has been found."""


def normal_quantile(probability: float) -> float:
    """Return where the standard normal distribution reaches *probability*, in (0, 1)."""
    return NormalDist().inv_cdf(probability)


def normal_tail(z: float) -> float:
    """Return the chance that a standard normal number is at least *z*."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def beta_cdf(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), for positive *a* and *b*.

    Source: continued fraction by Lentz's method (DLMF 8.17.22; Lentz, 1976).
    """
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _beta_tail(1.0 - x, b, a)
    return _beta_tail(x, a, b)


def _beta_tail(x: float, a: float, b: float) -> float:
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if front < -745.0:  # below the smallest number there is
        return 0.0
    return math.exp(front) * _beta_fraction(x, a, b) / a


def _beta_fraction(x: float, a: float, b: float) -> float:
    ratio, denominator = 1.0, 1.0 / _kept(1.0 - (a + b) * x / (a + 1.0))
    value, change, m = denominator, 0.0, 0
    while abs(change - 1.0) >= _ENOUGH and m < _MOST_STEPS:
        m += 1
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for term in (even, odd):
            denominator = 1.0 / _kept(1.0 + term * denominator)
            ratio = _kept(1.0 + term / ratio)
            change = denominator * ratio
            value *= change
    return value


def _kept(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def t_cdf(t: float, freedom: float) -> float:
    """Return the chance that a number of Student's distribution is at most *t*; *freedom* is its degrees of freedom."""
    if freedom > _LIKE_NORMAL:
        return normal_tail(-t)
    tail = 0.5 * beta_cdf(freedom / (freedom + t * t), freedom / 2.0, 0.5)
    return tail if t < 0 else 1.0 - tail


@lru_cache(maxsize=4096)
def t_quantile(probability: float, freedom: float) -> float:
    """Return where Student's distribution reaches *probability*, in (0, 1)."""
    if probability < 0.5:
        return -t_quantile(1.0 - probability, freedom)
    high = 1.0
    while t_cdf(high, freedom) < probability:
        high *= 2.0
    return first(lambda t: t_cdf(t, freedom) >= probability, 0.0, high)


def at_least(successes: float, trials: float, rate: float) -> float:
    """Return the chance of at least *successes* in *trials*, each with the chance *rate*; neither has to be whole."""
    return 1.0 if successes <= 0 else beta_cdf(rate, successes, trials - successes + 1.0)


def at_most(successes: float, trials: float, rate: float) -> float:
    """Return the chance of at most *successes* in *trials*, each with the chance *rate*; neither has to be whole."""
    return 1.0 if successes >= trials else beta_cdf(1.0 - rate, trials - successes, successes + 1.0)


def first(reached: Callable[[float], bool], low: float, high: float) -> float:
    """Return the first number in (*low*, *high*] for which *reached* holds, when it holds from there on."""
    while high - low > _NEAR * (1.0 + abs(high)):
        middle = (low + high) / 2.0
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
