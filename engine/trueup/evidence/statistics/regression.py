"""One metric of two releases: which test is made of its differences, what it rules out, how many pairs it needs."""

import math
from collections.abc import Sequence
from functools import cached_property

from trueup.core.frozen import dataclass
from trueup.evidence.statistics.bounds import trials_needed
from trueup.evidence.statistics.distributions import normal_quantile, t_quantile
from trueup.evidence.statistics.means import Span, mean_of
from trueup.evidence.statistics.paired import (
    Discordance,
    mcnemar,
    paired_t,
    score_interval,
    score_p,
    score_z,
    wilcoxon,
)
from trueup.evidence.statistics.power import RANKS, pairs_for_mean, pairs_for_share
from trueup.evidence.statistics.resampling import bootstrap, permutation

FEW = 5
"""Fewer differences than this do not tell how much examples differ."""

_NOTHING = 1e-9
"""Share of the range: a difference below it comes from adding floats."""

_SIGNS = ("mcnemar", "wilcoxon", "permutation")
"""Of passes and failures without a margin, all of them are McNemar's test: every difference has the same size."""


@dataclass(frozen=True, slots=True)
class PairedTest:
    """What is tested.

    Attributes:
        name: As declared.
        margin: Accepted loss, at least 0.
        resamples: Draws of a test that resamples.
        seed: Of those draws.
    """

    name: str
    margin: float
    resamples: int
    seed: int


@dataclass(frozen=True)
class Differences:
    """New less old of each example, positive where new is better.

    Attributes:
        values: One for each example, at least 2.
        range: How far scores can be apart, above 0.
        are_shares: Whether scores are passes and failures, and so 0 or the range; epochs may make them means of these.
    """

    values: Sequence[float]
    range: float
    are_shares: bool

    @cached_property
    def discordance(self) -> Discordance | None:
        """Numbers of pairs that got worse and better; None unless each example passes or fails."""
        worse = sum(abs(v + self.range) <= _NOTHING * self.range for v in self.values)
        better = sum(abs(v - self.range) <= _NOTHING * self.range for v in self.values)
        equal = sum(abs(v) <= _NOTHING * self.range for v in self.values)
        if not self.are_shares or worse + better + equal < len(self.values):
            return None
        return Discordance(worse, better, len(self.values))

    @cached_property
    def mean(self) -> float:
        """The mean difference."""
        return math.fsum(self.values) / len(self.values)

    def variance(self, loss: float) -> float:
        """Return the variance that differences would have with a mean *loss*.

        What was found, unless few examples differ: then the loss is reckoned to come from a few examples, each of which
        loses the whole range.
        """
        found = math.fsum((v - self.mean) ** 2 for v in self.values) / (len(self.values) - 1)
        if sum(abs(v) > _NOTHING * self.range for v in self.values) >= FEW:
            return found
        return max(found, loss * (self.range - loss))


def p_value(of: Differences, test: PairedTest) -> tuple[float, str]:
    """Return the p-value of a loss beyond the margin, and the name of the test that gives it.

    A test of signs, ranks or shifts says nothing of the mean of passes and failures beyond a margin; there, Tango's
    score test is made. McNemar's test needs passes and failures; of other scores, signs are tossed, which is the same
    test where they are passes and failures.
    """
    shares = of.discordance
    if shares is not None and test.margin > 0 and test.name != "paired-t":
        return (score_p(shares, test.margin / of.range) if test.margin < of.range else 1.0), "score"
    if shares is not None and test.name in _SIGNS:
        return mcnemar(shares), "mcnemar"
    match test.name:
        case "paired-t":
            return paired_t(of.values, test.margin), "paired-t"
        case "wilcoxon":
            return wilcoxon(of.values, test.margin), "wilcoxon"
        case "permutation" | "mcnemar":
            return permutation(of.values, test.margin, test.resamples, test.seed), "permutation"
        case _:
            return bootstrap(of.values, test.margin, test.resamples, test.seed), "paired-bootstrap"


def interval_of(differences: Differences) -> Span | None:
    """Return the two-sided 95 % interval of the mean difference; None when they show no spread."""
    if differences.discordance is not None:
        low, high = score_interval(differences.discordance)
        return low * differences.range, high * differences.range
    return mean_of([(value, 1) for value in differences.values]).interval


def pairs_needed(differences: Differences, test: PairedTest, effect: float, alphas: tuple[float, float]) -> float:
    """Return how many pairs would show a loss that is *effect* beyond the margin, or rule it out.

    Args:
        differences: What they vary like; for ruling out, their mean stays what it is.
        test: What is tested.
        effect: In the unit of the differences, above 0.
        alphas: Accepted chance of a false alarm, for showing (corrected for all that is looked at), and for ruling out.
    """
    shows = pairs_that_show(differences, test, effect, alphas[0])
    return min(shows, pairs_that_rule_out(differences, test.margin + effect, alphas[1]))


def pairs_that_show(differences: Differences, test: PairedTest, effect: float, alpha: float) -> float:
    """Return how many pairs show a loss that is *effect* beyond the margin, in four of five tries."""
    shares = differences.discordance
    if shares is not None:
        discordant = (shares.worse + shares.better) / shares.pairs
        return pairs_for_share(discordant, test.margin / differences.range, effect / differences.range, alpha)
    needed = pairs_for_mean(differences.variance(test.margin + effect), effect, alpha)
    return needed / RANKS if test.name == "wilcoxon" else needed


def pairs_that_rule_out(differences: Differences, loss: float, alpha: float) -> float:
    """Return how many pairs like these rule out a mean *loss*, above 0; infinite when none do.

    By Tango's score, or Student's t. Where few pairs differ, the score is too sure, and the chance counts that no more
    got worse though a share of *loss* does.
    """
    shares, count = differences.discordance, len(differences.values)
    if loss >= differences.range or differences.mean + loss <= 0:
        return math.inf
    if shares is None:
        edge = t_quantile(1 - alpha, count - 1)
        return differences.variance(loss) * (edge / (differences.mean + loss)) ** 2
    share = loss / differences.range
    if shares.worse + shares.better >= FEW:
        return count * (normal_quantile(alpha) / score_z(shares, share)) ** 2
    return trials_needed(shares.worse / count, share, 1 - alpha, 1.0) or math.inf
