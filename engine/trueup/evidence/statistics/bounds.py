"""One-sided bounds of what was measured, and how many samples it would take to clear a threshold.

A share is bounded exactly, by its binomial tails: whoever demands a bound passes what is not good enough no more
often than the confidence says, however few examples there are. Wilson's interval, which measurements carry for people
to read, is narrower and keeps its confidence on average over shares only.
"""

import math

from trueup.evidence.statistics.distributions import at_least, at_most, first, normal_quantile, t_quantile
from trueup.evidence.statistics.means import CONFIDENCE, Span

_MOST_SAMPLES = 10**7
"""Nobody asks more of them."""

_TWO_SIDED = 0.5 + CONFIDENCE / 2


def share_bounds(share: float, number: float, confidence: float) -> Span:
    """Return the lower and the upper bound of a *share* of *number* trials, each with *confidence*.

    Source: Clopper and Pearson, Biometrika 26 (1934); numbers of trials that are not whole by the beta distribution.
    """
    passed, error = share * number, 1 - confidence
    low = first(lambda rate: at_least(passed, number, rate) >= error, 0.0, share) if passed > 0 else 0.0
    high = first(lambda rate: at_most(passed, number, rate) <= error, share, 1.0) if passed < number else 1.0
    return low, high


def trials_needed(share: float, threshold: float, confidence: float, number: float) -> float | None:
    """Return how many trials would show on which side of *threshold* a *share* is; more than *number*.

    None when none would, or nobody asks so many.
    """
    if share == threshold or not 0.0 < threshold < 1.0:
        return None
    tail = at_least if share > threshold else at_most

    def shows(trials: float) -> bool:
        return tail(share * trials, trials, threshold) <= 1 - confidence

    most = number
    while not shows(most):
        most *= 2.0
        if most > _MOST_SAMPLES:
            return None
    return first(shows, number, most)


def interval_bounds(value: float, interval: Span, confidence: float, samples: int) -> Span:
    """Return the lower and the upper bound that a 95 % *interval* of *value* amounts to with *confidence*.

    Each end keeps its own distance, times the ratio of the normal quantiles, or of Student's for at least 2 *samples*:
    the greater, since nobody says what the interval was made with.
    """
    normal = normal_quantile(confidence) / normal_quantile(_TWO_SIDED)
    factor = max(normal, t_quantile(confidence, samples - 1) / t_quantile(_TWO_SIDED, samples - 1))
    return value - factor * (value - interval[0]), value + factor * (interval[1] - value)


def rank_bounds(value: float, interval: Span, confidence: float) -> Span:
    """Return bounds from the interval of a percentile: its ends as they are, further out for more than 97.5 %.

    Between two values that were measured lies nothing that could be reckoned with.
    """
    factor = max(1.0, normal_quantile(confidence) / normal_quantile(_TWO_SIDED))
    return value - factor * (value - interval[0]), value + factor * (interval[1] - value)


def error_bounds(value: float, stderr: float, confidence: float, samples: int) -> Span:
    """Return the lower and the upper bound of *value* with its standard error, over at least 2 *samples*."""
    distance = t_quantile(confidence, samples - 1) * stderr
    return value - distance, value + distance


def samples_needed(value: float, threshold: float, bounds: Span, samples: int) -> float | None:
    """Return how many samples would bring the nearer of *bounds* to *threshold*: distances shrink with their root."""
    distance = value - bounds[0] if value > threshold else bounds[1] - value
    if value == threshold:
        return None
    ratio = distance / abs(value - threshold)
    needed = samples * ratio * ratio
    return needed if needed <= _MOST_SAMPLES else None


def more(needed: float | None, samples: int) -> int | None:
    """Return how many more than *samples* are needed, at least 1; None when nobody can tell."""
    return None if needed is None else max(1, math.ceil(needed) - samples)
