"""Means of what was drawn, with how sure they are: several scores of one example are one draw.

A mean over examples of different weight (tokens of a sequence, epochs of an example) is a ratio of two sums.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trueup.evidence.statistics.distributions import normal_quantile, t_quantile

CONFIDENCE = 0.95
"""Of the two-sided intervals that measurements carry."""

Sums = Sequence[tuple[float, int]]
"""For each example, the sum of its scores and how many they are."""

Span = tuple[float, float]

MOST = 1e100
"""Greater numbers are none that anybody measured, and their squares overflow."""

ROUNDING = 1e-12
"""Relative: a spread below it comes from adding floats, not from the examples."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with how sure it is; None where nobody can tell."""

    value: float
    stderr: float | None
    interval: Span | None


def is_number(score: float) -> bool:
    """Tell whether *score* is a number that can be reckoned with."""
    return abs(score) <= MOST


def standard_error(sums: Sums) -> float:
    """Return the standard error of a mean over tokens, from the sum and the number of each sequence.

    Tokens of one sequence are not independent, so sequences are what is counted. 0 for fewer than two: unknown.

    Source: linearised variance of a ratio estimator (Cochran, Sampling Techniques, 1977, 6.4).
    """
    count, tokens = len(sums), sum(n for _, n in sums)
    if count < 2 or not tokens:
        return 0.0
    residuals = math.fsum(r * r for r in _residuals(sums))
    return math.sqrt(residuals * count / (count - 1)) / tokens


def mean_of(sums: Sums, span: Span | None = None) -> Estimate:
    """Return the mean of *sums* with its interval: Student's, its ends moved for skewness.

    Examples that all have the same score have shown no spread, which is not the same as having none: where scores
    lie within *span*, a share of examples that were not seen may be at its far end; elsewhere there is no interval.

    Source: Hall, On the removal of skewness by transformation, J. R. Statist. Soc. B 54 (1992), with Student's
    quantiles. A bootstrap (BCa) corrects as much, to the same order, and needs a seed and a thousand times the work.
    """
    count, total = len(sums), sum(n for _, n in sums)
    value = math.fsum(s for s, _ in sums) / total
    error = standard_error(sums)
    if count < 2:
        return Estimate(value, None, None)
    if error <= ROUNDING * max(1.0, abs(value)):
        return Estimate(value, None, _without_spread(value, count, span))
    low, high = skewed_interval(_residuals(sums), CONFIDENCE)
    least, most = span or (-math.inf, math.inf)
    return Estimate(value, error, (max(least, value - high * error), min(most, value - low * error)))


def skewed_interval(residuals: Sequence[float], confidence: float) -> tuple[float, float]:
    """Return the ends of the two-sided interval of a mean, in standard errors: to be taken off the mean.

    Args:
        residuals: Differences from the mean, at least 2 and not all 0.
        confidence: In (0, 1).
    """
    count = len(residuals)
    edge = t_quantile(0.5 + confidence / 2, count - 1)
    skewness = skewness_of(residuals)
    return _unskewed(-edge, skewness, count), _unskewed(edge, skewness, count)


def skewness_of(residuals: Sequence[float]) -> float:
    """Return the third standardised moment of *residuals*, which have the mean 0 and are not all 0."""
    count = len(residuals)
    spread = math.sqrt(math.fsum(r * r for r in residuals) / count)
    return math.fsum((r / spread) ** 3 for r in residuals) / count


def _unskewed(x: float, skewness: float, count: int) -> float:
    """Return the quantile of a studentised mean whose transformed quantile is *x*."""
    if abs(skewness) < 1e-9:
        return x
    root = math.sqrt(count)
    inner = 1.0 + skewness * (x / root - skewness / (6.0 * count))
    return root / skewness * 3.0 * (math.cbrt(inner) - 1.0)


_MOST_TRIALS = 1e15
"""No measurement has more; a narrower interval is of something else."""


def wilson(share: float, number: float, confidence: float = CONFIDENCE) -> Span:
    """Return the two-sided interval of a *share*, in [0, 1], of *number* trials.

    Source: Wilson, J. Amer. Statist. Assoc. 22 (1927).
    """
    z2 = normal_quantile(0.5 + confidence / 2) ** 2
    centre = (share + z2 / (2 * number)) / (1 + z2 / number)
    half = math.sqrt(z2 * (share * (1 - share) + z2 / (4 * number)) / number) / (1 + z2 / number)
    return (0.0 if share <= 0 else max(0.0, centre - half)), (1.0 if share >= 1 else min(1.0, centre + half))


def number_behind(share: float, interval: Span) -> float:
    """Return the number of trials that Wilson's 95 % *interval* of *share* is of; 0 when it is no such interval."""
    end = max(interval, key=lambda end: abs(share - end))
    if not 0.0 < end < 1.0 or end == share:
        return 0.0
    off = share - end
    # Not over the square of it, which is nothing for an end that is next to nothing.
    number = normal_quantile(0.5 + CONFIDENCE / 2) ** 2 * (end / off) * ((1 - end) / off)
    return number if number < _MOST_TRIALS else 0.0


def _without_spread(value: float, count: int, span: Span | None) -> Span | None:
    if span is None or not span[0] <= value <= span[1] or span[0] == span[1]:
        return None
    unseen = 1.0 - wilson(1.0, count)[0]
    return value - unseen * (value - span[0]), value + unseen * (span[1] - value)


def _residuals(sums: Sums) -> list[float]:
    mean = math.fsum(s for s, _ in sums) / sum(n for _, n in sums)
    return [s - mean * n for s, n in sums]
