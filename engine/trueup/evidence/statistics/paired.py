"""Tests of pairs in closed form: is the loss from old to new more than a margin?

Each gives the chance of so great a loss, or a greater one, if the true loss were the margin. Differences are new less
old, positive where new is better.
"""

import math
from collections.abc import Sequence

from trueup.core.frozen import dataclass
from trueup.evidence.statistics.distributions import at_least, first, normal_quantile, normal_tail, t_cdf
from trueup.evidence.statistics.means import CONFIDENCE, Span

_EXACT_RANKS = 25
"""Up to so many ranks, all signs they could have are counted; the normal approximation is good beyond."""


@dataclass(frozen=True, slots=True)
class Discordance:
    """Pairs of passes and failures, of *pairs* in all: those that got worse, and those that got better."""

    worse: int
    better: int
    pairs: int

    @property
    def loss(self) -> float:
        """The share of passes that was lost; negative for a gain."""
        return (self.worse - self.better) / self.pairs


def mcnemar(found: Discordance) -> float:
    """Return the exact p-value of a loss: whether pairs that differ got worse more often than a coin says.

    Source: McNemar, Psychometrika 12 (1947), by the binomial distribution.
    """
    return at_least(found.worse, found.worse + found.better, 0.5)


def score_z(found: Discordance, loss: float) -> float:
    """Return how far the loss that was found is above *loss*, in (-1, 1), in standard errors if *loss* were true.

    Source: Tango, Statistics in Medicine 17 (1998), equivalence of paired proportions; *loss* of 0 is McNemar's
    test without correction.
    """
    worse, better, pairs = found.worse, found.better, found.pairs
    slope = -worse - better + (2 * pairs - worse + better) * loss
    constant = -better * loss * (1 - loss)
    inner = max(0.0, slope * slope - 8 * pairs * constant)
    better_share = max(0.0, (math.sqrt(inner) - slope) / (4 * pairs))
    variance = pairs * (2 * better_share + loss * (1 - loss))
    distance = worse - better - pairs * loss
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def score_p(found: Discordance, margin: float) -> float:
    """Return the p-value of a loss beyond *margin*, in (0, 1), by Tango's score test."""
    return normal_tail(score_z(found, margin))


def score_interval(found: Discordance) -> Span:
    """Return the two-sided 95 % interval of the difference (new less old): all that Tango's test does not refute."""
    edge = normal_quantile(0.5 + CONFIDENCE / 2)
    least = first(lambda loss: score_z(found, loss) <= edge, -1.0, found.loss) if found.loss > -1 else -1.0
    most = first(lambda loss: score_z(found, loss) <= -edge, found.loss, 1.0) if found.loss < 1 else 1.0
    return -most, -least


def paired_t(differences: Sequence[float], margin: float) -> float:
    """Return the p-value of a mean loss beyond *margin*, by Student's t of at least 2 *differences*."""
    count = len(differences)
    mean = math.fsum(differences) / count
    variance = math.fsum((d - mean) ** 2 for d in differences) / (count - 1)
    if variance <= _rounding(mean) ** 2:
        return without_spread(mean, margin, count)
    return t_cdf((mean + margin) / math.sqrt(variance / count), count - 1)


def wilcoxon(differences: Sequence[float], margin: float) -> float:
    """Return the p-value of a loss beyond *margin* by signed ranks, which are about the middle of the differences.

    Pairs whose difference is the margin are left out; equal ones share their ranks. Exact for few pairs, else normal
    with corrections for ties and continuity.

    Source: Wilcoxon, Biometrics 1 (1945); Hollander and Wolfe, Nonparametric Statistical Methods, 1999, 3.1.
    """
    shifted = [d + margin for d in differences]
    kept = [d for d in shifted if abs(d) > _rounding(margin)]
    doubled = _doubled_ranks([abs(d) for d in kept])
    positive = sum(rank for rank, d in zip(doubled, kept, strict=True) if d > 0)
    if len(kept) <= _EXACT_RANKS:
        return _signed_tail(doubled, positive)
    mean, variance = sum(doubled) / 2, sum(rank * rank for rank in doubled) / 4
    return normal_tail((mean - positive - 1) / math.sqrt(variance))


def without_spread(mean: float, margin: float, count: int) -> float:
    """Return the p-value when all *count* differences are *mean*: that of as many tosses which all are losses."""
    return 0.5**count if mean + margin < -_rounding(mean) else 1.0


def _rounding(size: float) -> float:
    return 1e-12 * max(1.0, abs(size))


def _doubled_ranks(sizes: Sequence[float]) -> list[int]:
    """Return twice the rank of each of *sizes*: the mean rank of equal ones, and so whole."""
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    ranks = [0] * len(sizes)
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and sizes[order[end]] - sizes[order[begin]] <= _rounding(sizes[order[begin]]):
            end += 1
        for index in order[begin:end]:
            ranks[index] = begin + 1 + end
        begin = end
    return ranks


def _signed_tail(doubled: Sequence[int], positive: int) -> float:
    """Return the share of all signs that *doubled* ranks could have whose positive ones sum to *positive* at most."""
    counts = [1] + [0] * sum(doubled)
    top = 0
    for rank in doubled:
        top += rank
        for total in range(top, rank - 1, -1):
            counts[total] += counts[total - rank]
    return sum(counts[: positive + 1]) / sum(counts)
