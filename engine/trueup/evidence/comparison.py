"""A new release against the one it replaces: is it worse, by a paired test that knows about chance?

What is tested is that the loss is no more than the margin. A loss beyond it that is shown at `alpha` is a regression.
That none is shown says little when hardly any could have been: so a release is no worse only when a loss of the
smallest size that matters can be ruled out, or would have been found in four of five tries. All else is not enough
evidence, with the number of samples that would do.
"""

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.evidence.examples import ExampleResult
from trueup.evidence.gates import in_samples
from trueup.evidence.metrics import Shape
from trueup.evidence.pairs import Pairs, Sample, pair, sample_of
from trueup.evidence.statistics.corrections import bonferroni, holm
from trueup.evidence.statistics.means import Span
from trueup.evidence.statistics.regression import Differences, PairedTest, interval_of, p_value, pairs_needed

MOST_UNPAIRED = 0.1
"""Share of the answers that one side may lack: with more, those that are left may be the easy ones."""

SMALLEST_EFFECT = 0.05
"""Share of a metric's range, or of the old value where it has none, that matters when nobody says what does."""

_LEAST_ALPHA = 1e-12
"""A smaller chance cannot be told from none; what is declared may be."""

_MOST, _LEAST = 1e100, 1e-100
"""The square of a larger loss, or one over that of a smaller one, is no number; what is declared may be either."""

_RANGES: Mapping[str, float] = {"ratio": 1.0, "percent": 100.0}


class Outcome(StrEnum):
    """What a comparison comes to; only the first lets a release through."""

    NO_WORSE = "no-worse"
    REGRESSED = "regressed"
    NOT_ENOUGH = "not-enough"


@dataclass(frozen=True, slots=True)
class RegressionTerms:
    """What is declared of a comparison.

    Attributes:
        test: `paired-bootstrap`, `mcnemar`, `paired-t`, `wilcoxon` or `permutation`.
        alpha: Accepted chance of a false alarm, in (0, 1).
        margin: Accepted loss, in the metric's unit.
        min_samples: Fewest examples.
        correction: `none`, `holm` or `bonferroni`, over metrics and slices.
        metrics: Metrics compared; empty means all that are known and scored by example.
        slices: Parts of the data that are compared, too; all data always are.
        smallest_effect: Smallest loss beyond the margin that has to be seen, in the metric's unit; None for the
            margin, or `SMALLEST_EFFECT` without one.
        resamples: Draws of a test that resamples.
        seed: Of those draws.
    """

    test: str = "paired-bootstrap"
    alpha: float = 0.05
    margin: float = 0.0
    min_samples: int = 30
    correction: str = "holm"
    metrics: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
    smallest_effect: float | None = None
    resamples: int = 4999
    seed: int = 0


class ComparedMetric(NamedTuple):
    """What has to be known of a metric that is compared; scores of examples are multiplied by *scale*."""

    unit: str
    higher_is_better: bool
    shape: Shape
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric over one slice, new against old.

    Attributes:
        metric: Its name.
        slice: Part of the data; empty for all of it.
        unit: Unit of the values.
        old: Mean over the paired examples of the old release; None without any.
        new: The same of the new one.
        interval: Two-sided 95 % interval of new less old; None when nobody can tell.
        p: Chance of such a loss if the true one were the margin; None without a test.
        adjusted_p: The same, corrected for all that was looked at.
        test: The test that was made; empty without one.
        outcome: What it comes to.
        samples: Paired examples.
        unpaired: Answers that only one release has.
        effect: Smallest loss beyond the margin that had to be seen; None when nobody can tell.
        more_samples: About how many more examples would decide it; None when that is not what is missing.
    """

    metric: str
    slice: str
    unit: str
    old: float | None
    new: float | None
    interval: Span | None
    p: float | None
    adjusted_p: float | None
    test: str
    outcome: Outcome
    samples: int
    unpaired: int
    effect: float | None
    more_samples: int | None = None

    @property
    def delta(self) -> float | None:
        """New less old, in the metric's unit; None when either is missing."""
        return None if self.new is None or self.old is None else self.new - self.old

    def to_json(self) -> dict[str, Json]:
        """Return the comparison as JSON; what is not known is null."""
        return {
            "metric": self.metric,
            "slice": self.slice,
            "unit": self.unit,
            "old": self.old,
            "new": self.new,
            "delta": self.delta,
            "interval": None if self.interval is None else list(self.interval),
            "p": self.p,
            "adjustedP": self.adjusted_p,
            "test": self.test,
            "outcome": str(self.outcome),
            "samples": self.samples,
            "unpaired": self.unpaired,
            "effect": self.effect,
            "moreSamples": self.more_samples,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """A new release against the old one.

    Attributes:
        terms: What was declared.
        metrics: Each metric over all data and over each slice that is compared.
        only_new: Answers that the old release has not.
        only_old: Answers that the new release has not.
    """

    terms: RegressionTerms
    metrics: tuple[MetricComparison, ...]
    only_new: int
    only_old: int

    @property
    def outcome(self) -> Outcome:
        """One regression is one too many, and one metric without enough evidence leaves the whole without it."""
        found = {m.outcome for m in self.metrics}
        if Outcome.REGRESSED in found:
            return Outcome.REGRESSED
        return Outcome.NO_WORSE if found == {Outcome.NO_WORSE} else Outcome.NOT_ENOUGH

    @property
    def regressed(self) -> bool | None:
        """Whether it is worse; None when there is not enough evidence to say that it is not."""
        return None if self.outcome is Outcome.NOT_ENOUGH else self.outcome is Outcome.REGRESSED

    @property
    def samples(self) -> int:
        """Paired examples, of the metric that has the fewest over all data."""
        return min((m.samples for m in self.metrics if not m.slice), default=0)

    @property
    def more_samples(self) -> int | None:
        """About how many more examples would decide all that is open; None when that is not what is missing."""
        wanted = [m.more_samples for m in self.metrics if m.outcome is Outcome.NOT_ENOUGH]
        known = [more for more in wanted if more is not None]
        return max(known) if known and len(known) == len(wanted) else None

    def to_json(self) -> dict[str, Json]:
        """Return what the rules read of a comparison, and what people do; the baseline is the caller's to add."""
        return {
            "test": self.terms.test,
            "alpha": self.terms.alpha,
            "margin": self.terms.margin,
            "correction": self.terms.correction,
            "samples": self.samples,
            "regressed": self.regressed,
            "outcome": str(self.outcome),
            "moreSamples": self.more_samples,
            "onlyNew": self.only_new,
            "onlyOld": self.only_old,
            "metrics": [m.to_json() for m in self.metrics],
        }


def compare(
    new: Sequence[ExampleResult],
    old: Sequence[ExampleResult],
    terms: RegressionTerms,
    metrics: Mapping[str, ComparedMetric],
) -> Comparison:
    """Compare *new* with *old*, paired by example; epochs of one example count as one.

    Args:
        new: Results of the new release.
        old: Results of the release it replaces, on the same data.
        terms: What is declared.
        metrics: What is known of each metric, by name. One that is declared and not known here, or has no scores of
            examples, is never found to be no worse.
    """
    pairs = pair(new, old)
    names = terms.metrics or tuple(name for name, known in metrics.items() if known.shape is not Shape.WHOLE)
    looked_at = [(name, slice_name) for name in names for slice_name in dict.fromkeys(("", *terms.slices))]
    tested = [_tested(pairs, terms, looked, metrics.get(looked[0])) for looked in looked_at]
    values = [t.p for t in tested if t.p is not None]
    adjusted = iter(_adjusted(values, terms.correction))
    family = 1 if terms.correction == "none" else max(1, len(values))
    found = tuple(t.decided(None if t.p is None else next(adjusted), terms, family) for t in tested)
    return Comparison(terms, found, pairs.only_new, pairs.only_old)


@dataclass(frozen=True, slots=True)
class _Tested:
    """One metric over one slice, before anybody knows what else was looked at."""

    looked_at: tuple[str, str]
    known: ComparedMetric | None
    sample: Sample
    differences: Differences | None
    effect: float | None
    p: float | None
    test: str

    def decided(self, adjusted_p: float | None, terms: RegressionTerms, family: int) -> MetricComparison:
        outcome, more = self._outcome(adjusted_p, terms, family)
        news, olds = self.sample.new, self.sample.old
        return MetricComparison(
            metric=self.looked_at[0],
            slice=self.looked_at[1],
            unit=self.known.unit if self.known is not None else "",
            old=math.fsum(olds) / len(olds) if olds else None,
            new=math.fsum(news) / len(news) if news else None,
            interval=self._interval(),
            p=self.p,
            adjusted_p=adjusted_p,
            test=self.test,
            outcome=outcome,
            samples=len(news),
            unpaired=self.sample.unpaired,
            effect=self.effect,
            more_samples=more,
        )

    def _outcome(self, adjusted_p: float | None, terms: RegressionTerms, family: int) -> tuple[Outcome, int | None]:
        count, few = len(self.sample.new), max(2, terms.min_samples)
        if self.known is None or self.known.shape is Shape.WHOLE:
            return Outcome.NOT_ENOUGH, None
        if self.differences is None or adjusted_p is None or count < few:
            return Outcome.NOT_ENOUGH, max(1, few - count)
        if adjusted_p <= terms.alpha:
            return Outcome.REGRESSED, None
        if self.effect is None or self.sample.unpaired > MOST_UNPAIRED * (self.sample.unpaired + self.sample.paired):
            return Outcome.NOT_ENOUGH, None
        alphas = max(_LEAST_ALPHA, terms.alpha / family), max(_LEAST_ALPHA, terms.alpha)
        needed = pairs_needed(self.differences, _test_of(terms), self.effect, alphas)
        if count >= needed:
            return Outcome.NO_WORSE, None
        return Outcome.NOT_ENOUGH, math.ceil(needed) - count if needed < _MOST else None

    def _interval(self) -> Span | None:
        interval = None if self.differences is None else interval_of(self.differences)
        if interval is None or self.known is None or self.known.higher_is_better:
            return interval
        return -interval[1], -interval[0]


def _tested(pairs: Pairs, terms: RegressionTerms, looked_at: tuple[str, str], known: ComparedMetric | None) -> _Tested:
    metric, slice_name = looked_at
    sample = sample_of(pairs, metric, slice_name, known.scale if known is not None else 1.0)
    if known is None or known.shape is Shape.WHOLE or len(sample.new) < 2:
        return _Tested(looked_at, known, sample, None, None, None, "")
    range_, effect = _range_and_effect(known, terms, sample.old)
    sign = 1.0 if known.higher_is_better else -1.0
    values = [sign * (after - before) for after, before in zip(sample.new, sample.old, strict=True)]
    differences = Differences(values, range_, known.shape is Shape.PASS_FAIL)
    p, test = p_value(differences, _test_of(terms))
    return _Tested(looked_at, known, sample, differences, effect, p, test)


def _range_and_effect(
    known: ComparedMetric, terms: RegressionTerms, olds: Sequence[float]
) -> tuple[float, float | None]:
    """Return how far scores can be apart, and the smallest loss that matters; None when nobody says what does."""
    range_ = _RANGES.get(known.unit) or abs(math.fsum(olds) / len(olds))
    effect = min(_MOST, terms.smallest_effect or terms.margin or SMALLEST_EFFECT * range_)
    return (range_ or effect / SMALLEST_EFFECT or 1.0), (max(_LEAST, effect) if effect else None)


def _test_of(terms: RegressionTerms) -> PairedTest:
    return PairedTest(terms.test, min(_MOST, terms.margin), terms.resamples, terms.seed)


def _adjusted(values: Sequence[float], correction: str) -> Sequence[float]:
    match correction:
        case "holm":
            return holm(values)
        case "bonferroni":
            return bonferroni(values)
        case _:
            return values


def in_words(comparison: Comparison | MetricComparison) -> str:
    """Say what it comes to: `no worse`, `worse`, or `not enough evidence: 212 more samples`."""
    match comparison.outcome:
        case Outcome.NO_WORSE:
            return "no worse"
        case Outcome.REGRESSED:
            return "worse"
        case Outcome.NOT_ENOUGH:
            more = comparison.more_samples
            return f"not enough evidence: {'it cannot be paired' if more is None else in_samples(more)}"
