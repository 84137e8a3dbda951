"""One-sided limits of what two independent groups show, and of how the groups differ.

A limit has its own error: the chance, at most, that the truth is beyond it. One rule compares two groups whatever is
compared: limits of each are combined as the sides of right triangles (MOVER), which needs no formula of its own for
shares, means and percentiles, keeps their skewness, and is Newcombe's interval for shares and nearly Welch's for means.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence

from trueup.core.frozen import dataclass
from trueup.evidence.statistics.bounds import share_bounds
from trueup.evidence.statistics.distributions import at_least, at_most
from trueup.evidence.statistics.means import ROUNDING, Span, skewed_interval, wilson

_TINY = 1e-300
"""A difference that nobody sees and that is none of `<` and `>` either."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one group shows.

    Attributes:
        value: Share, mean or percentile.
        count: Of how many.
        lower, upper: Limit for an error, in (0, 0.5); infinite where so few say nothing.
        is_share: Whether it is a share of trials.
    """

    value: float
    count: int
    lower: Callable[[float], float]
    upper: Callable[[float], float]
    is_share: bool = False


def share_of(successes: float, count: int) -> Sample:
    """Return the share of *successes* in *count* trials, at least 1, with exact limits.

    Source: Clopper and Pearson, Biometrika 26 (1934).
    """
    share = successes / count
    return Sample(
        share,
        count,
        lambda error: share_bounds(share, count, 1 - error)[0],
        lambda error: share_bounds(share, count, 1 - error)[1],
        is_share=True,
    )


def mean_of_values(values: Sequence[float], span: Span) -> Sample:
    """Return the mean of *values*, at least 1, which lie within *span*; limits of Student, moved for skewness.

    Values that are all the same have shown no spread: as many as could have been missed may be at the end of the span.

    Source: as `means.mean_of`.
    """
    count = len(values)
    mean = math.fsum(values) / count
    residuals = [v - mean for v in values]
    spread = math.sqrt(math.fsum(r * r for r in residuals) / (count - 1)) if count > 1 else 0.0
    if spread <= ROUNDING * max(1.0, abs(mean)):
        return Sample(
            mean,
            count,
            lambda error: mean - (1 - wilson(1.0, count, 1 - 2 * error)[0]) * (mean - span[0]),
            lambda error: mean + (1 - wilson(1.0, count, 1 - 2 * error)[0]) * (span[1] - mean),
        )
    stderr = spread / math.sqrt(count)
    return Sample(
        mean,
        count,
        lambda error: max(span[0], mean - skewed_interval(residuals, 1 - 2 * error)[1] * stderr),
        lambda error: min(span[1], mean - skewed_interval(residuals, 1 - 2 * error)[0] * stderr),
    )


def percentile_of(values: Sequence[float], share: float) -> Sample:
    """Return the percentile that *share* of *values*, at least 1, are at or below, by the nearest rank.

    Its limits are values that were measured; they assume nothing about the distribution.

    Source: David and Nagaraja, Order Statistics, 2003, 7.1.
    """
    ordered = sorted(values)
    count = len(ordered)

    def lower(error: float) -> float:
        rank = bisect_left(range(count + 1), True, key=lambda k: at_most(k, count, share) > error)
        return ordered[rank - 1] if rank else -math.inf

    def upper(error: float) -> float:
        rank = bisect_left(range(1, count + 1), True, key=lambda k: at_least(k, count, share) <= error)
        return ordered[rank] if rank < count else math.inf

    return Sample(ordered[max(0, math.ceil(share * count - 1e-9) - 1)], count, lower, upper)


def fewest_for(share: float, error: float) -> int:
    """Return the fewest values with which a percentile has a limit on either side."""
    return math.ceil(math.log(error) / math.log(max(share, 1 - share)))


@dataclass(frozen=True, slots=True)
class Contrast:
    """How a group differs from what another allows: its value less *factor* times the other's, less *added*."""

    new: Sample
    stable: Sample
    factor: float
    added: float

    @property
    def value(self) -> float:
        """The difference that was found."""
        return self.new.value - self.factor * self.stable.value - self.added

    def lower(self, error: float) -> float:
        """Return the lower limit of the difference.

        Source: Zou and Donner, Statistics in Medicine 27 (2008); for shares Newcombe, ibid. 17 (1998).
        """
        mine = self.new.value - self.new.lower(error)
        other = self.factor * (self.stable.upper(error) - self.stable.value)
        found = self.value - math.hypot(mine, other)
        return min(found, -_TINY) if self.added >= 0 and self._may_be_luck(error, more=True) else found

    def upper(self, error: float) -> float:
        """Return the upper limit of the difference."""
        mine = self.new.upper(error) - self.new.value
        other = self.factor * (self.stable.value - self.stable.lower(error))
        found = self.value + math.hypot(mine, other)
        return max(found, _TINY) if self.added <= 0 and self._may_be_luck(error, more=False) else found

    def _may_be_luck(self, error: float, *, more: bool) -> bool:
        """Tell whether so many successes of all fall on one group by chance, where the rates are as they may be.

        The triangles are too short for a handful of successes: one failure in 200 against none in 2,000 would be
        beyond doubt. Which group a success falls on is a toss with a known chance.

        Source: Przyborowski and Wilenski, Biometrika 31 (1940).
        """
        if not (self.new.is_share and self.stable.is_share):
            return False
        mine, other = self.new.value * self.new.count, self.stable.value * self.stable.count
        chance = self.factor * self.new.count / (self.factor * self.new.count + self.stable.count)
        tail = at_least if more else at_most
        return tail(mine, mine + other, chance) > error


def ratio_limits(new: Sample, stable: Sample, error_below: float, error_above: float) -> Span:
    """Return the limits of *new* as a multiple of *stable*, a value above 0, each with its own error.

    Where `Contrast` is certain of a factor, the factor is outside of them.

    Source: Donner and Zou, Statistical Methods in Medical Research 21 (2012).
    """
    product = new.value * stable.value
    low, most = new.lower(error_below), stable.upper(error_below)
    high, least = new.upper(error_above), stable.lower(error_above)
    below, above = 0.0, math.inf
    if math.isfinite(low) and math.isfinite(most) and low > 0:
        apart = low * (2 * new.value - low)
        below = apart / (product + math.sqrt(max(0.0, product**2 - most * (2 * stable.value - most) * apart)))
    if math.isfinite(high) and least > 0:
        beside = least * (2 * stable.value - least)
        above = (product + math.sqrt(max(0.0, product**2 - beside * high * (2 * new.value - high)))) / beside
    return below, above
