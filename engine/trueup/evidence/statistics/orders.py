"""Percentiles, and intervals of them that assume nothing about the distribution."""

import math
from collections.abc import Sequence

from trueup.evidence.statistics.distributions import at_least, at_most, first, normal_quantile
from trueup.evidence.statistics.means import CONFIDENCE, Estimate


def percentile(values: Sequence[float], percent: int, examples: int = 0) -> Estimate:
    """Return the *percent*-th percentile of *values*, by the nearest rank, with the interval of its order statistics.

    Args:
        values: At least 1.
        percent: 1 to 99.
        examples: How many examples the values are of, when each gave several: so many are independent.

    Source: David and Nagaraja, Order Statistics, 2003, 7.1; standard error: Woodruff, J. Amer. Statist. Assoc. 47
    (1952).
    """
    ordered = sorted(values)
    value = ordered[-(-len(ordered) * percent // 100) - 1]
    ranks = interval_ranks(examples or len(ordered), percent)
    if ranks is None:
        return Estimate(value, None, None)
    each = len(ordered) / (examples or len(ordered))
    low = ordered[int((ranks[0] - 1) * each)]
    high = ordered[math.ceil(ranks[1] * each) - 1]
    return Estimate(value, (high - low) / (2 * normal_quantile(0.5 + CONFIDENCE / 2)), (low, high))


def interval_ranks(count: int, percent: int) -> tuple[int, int] | None:
    """Return the ranks, from 1, of the values that bound a percentile with 95 % confidence; None for too few."""
    tail, share = (1 - CONFIDENCE) / 2, percent / 100
    if count < fewest(percent):
        return None
    below = math.floor(first(lambda k: at_most(math.floor(k), count, share) > tail, -1.0, float(count)))
    above = math.floor(first(lambda k: at_least(math.floor(k), count, share) <= tail, 0.0, float(count)))
    return below, above


def fewest(percent: int) -> int:
    """Return the fewest values with which both ends of the 95 % interval of a percentile exist."""
    share = max(percent, 100 - percent) / 100
    return math.ceil(math.log((1 - CONFIDENCE) / 2) / math.log(share))
