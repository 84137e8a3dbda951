"""Metrics of two runs beside each other, and whether the difference is more than chance."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from enum import StrEnum
from statistics import NormalDist

from trueup.core.frozen import dataclass
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult


class Outcome(StrEnum):
    """What can be said of a difference."""

    BETTER = "better"
    NO_WORSE = "no worse"
    REGRESSED = "regressed"
    UNCLEAR = "no difference shown"
    NOT_ENOUGH = "not enough evidence"
    NOT_COMPARED = "not compared"
    NOT_JUDGED = "not judged"
    """The gate does not look at this part of the data: how sure the difference is stands beside it, and no verdict."""


@dataclass(frozen=True, slots=True)
class MetricDelta:
    """What pairs of examples say of one metric.

    Attributes:
        metric: Its name.
        slice: Part of the data; empty for all of it.
        delta: Mean of new less old, in the score's own unit.
        interval: Ends of the two-sided 95 % confidence interval of `delta`; None when nobody knows.
        pairs: Examples that both runs have.
        outcome: What can be said.
        more_samples: About how many more examples would decide it; None when that is not what is missing.
    """

    metric: str
    slice: str
    delta: float
    interval: tuple[float, float] | None
    pairs: int
    outcome: Outcome
    more_samples: int | None = None


Deltas = Callable[[Sequence[ExampleResult], Sequence[ExampleResult]], tuple[MetricDelta, ...]]
"""Compares the results of single examples, the new ones first and then the old ones."""


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric of both runs.

    Attributes:
        metric: Its name.
        slice: Part of the data; empty for all of it.
        unit: Its unit.
        old: What the release that serves was measured at; None when it was not.
        new: What the new release was measured at; None when it was not.
        delta: New less old; None when one of them is missing.
        interval: Ends of the two-sided 95 % confidence interval of `delta`; None when nobody knows.
        pairs: Examples that both runs have; 0 where no examples were compared.
        outcome: What can be said of the difference.
        more_samples: About how many more examples would decide it; None when that is not what is missing.
    """

    metric: str
    slice: str
    unit: str
    old: float | None
    new: float | None
    delta: float | None
    interval: tuple[float, float] | None
    pairs: int
    outcome: Outcome
    more_samples: int | None = None


def metric_rows(
    old: Iterable[Measurement], new: Iterable[Measurement], deltas: Iterable[MetricDelta]
) -> tuple[MetricRow, ...]:
    """Return a row for each metric and slice that either run has, in the order of the new one."""
    before = {(m.metric, m.slice): m for m in old}
    after = {(m.metric, m.slice): m for m in new}
    paired = {(d.metric, d.slice): d for d in deltas}
    known = {**before, **after}
    return tuple(_row(known[k], before.get(k), after.get(k), paired.get(k)) for k in dict.fromkeys([*after, *before]))


def _row(known: Measurement, old: Measurement | None, new: Measurement | None, paired: MetricDelta | None) -> MetricRow:
    row = MetricRow(
        metric=known.metric,
        slice=known.slice,
        unit=known.unit,
        old=old.value if old is not None and old.unit == known.unit else None,
        new=new.value if new is not None else None,
        delta=None,
        interval=None,
        pairs=0,
        outcome=Outcome.NOT_COMPARED,
    )
    if old is None or new is None or old.unit != new.unit:
        return row
    delta, scale = new.value - old.value, 100.0 if new.unit == "percent" else 1.0
    if paired is None or not _speaks_of(paired, delta / scale, old, new):
        return replace(row, delta=delta)
    interval = None if paired.interval is None else (paired.interval[0] * scale, paired.interval[1] * scale)
    return replace(
        row,
        delta=paired.delta * scale,
        interval=interval,
        pairs=paired.pairs,
        outcome=paired.outcome,
        more_samples=paired.more_samples,
    )


def _speaks_of(paired: MetricDelta, delta: float, old: Measurement, new: Measurement) -> bool:
    """Tell whether the mean of the pairs is about what was measured: it is not about a median or a sum."""
    is_whole = paired.pairs == old.samples == new.samples
    return not is_whole or math.isclose(paired.delta, delta, rel_tol=1e-6, abs_tol=1e-9)


@dataclass(frozen=True, slots=True)
class NormalDeltas:
    """Means of paired differences with a normal interval.

    Attributes:
        higher_is_better: Direction of metrics, by name; higher is better where nothing is said.
        fewest: Pairs below which nothing is said.
        confidence: Of the interval.

    Source: Agresti and Min (2005) for pairs of passes and failures: one more pair each way, so that no disagreement
    at all does not look like certainty.
    """

    higher_is_better: Mapping[str, bool] = field(default_factory=dict)
    fewest: int = 30
    confidence: float = 0.95

    def __call__(self, new: Sequence[ExampleResult], old: Sequence[ExampleResult]) -> tuple[MetricDelta, ...]:
        """Return the difference of each metric over all pairs, then over each slice."""
        before = {(r.id, r.epoch): r for r in old}
        pairs = [(r, before[r.id, r.epoch]) for r in new if (r.id, r.epoch) in before]
        names = dict.fromkeys(name for result, _ in pairs for name, _ in result.scores)
        slices = ("", *sorted({result.slice for result, _ in pairs} - {""}))
        found = (self._delta(name, slice_, pairs) for name in names for slice_ in slices)
        return tuple(delta for delta in found if delta is not None)

    def _delta(
        self, name: str, slice_: str, pairs: Sequence[tuple[ExampleResult, ExampleResult]]
    ) -> MetricDelta | None:
        both = [(dict(n.scores), dict(o.scores)) for n, o in pairs if slice_ in {"", n.slice}]
        scores = [(n[name], o[name]) for n, o in both if name in n and name in o]
        if not scores:
            return None
        differences = [n - o for n, o in scores]
        mean = math.fsum(differences) / len(differences)
        is_pass_or_fail = all(value in (0.0, 1.0) for pair in scores for value in pair)
        interval = self._interval(differences, more=(1.0, -1.0) if is_pass_or_fail else ())
        outcome = self._outcome(name, interval, len(scores))
        more = max(self.fewest - len(scores), 0) or None
        return MetricDelta(name, slice_, mean, interval, len(scores), outcome, more)

    def _interval(self, differences: Sequence[float], more: tuple[float, ...]) -> tuple[float, float] | None:
        seen = [*differences, *more]
        mean = math.fsum(seen) / len(seen)
        spread = math.fsum((d - mean) ** 2 for d in seen)
        if len(seen) < 2 or spread == 0.0:
            return None
        half = NormalDist().inv_cdf(0.5 + self.confidence / 2) * math.sqrt(spread) / len(seen)
        bound = max(map(abs, more), default=math.inf)
        return max(mean - half, -bound), min(mean + half, bound)

    def _outcome(self, name: str, interval: tuple[float, float] | None, pairs: int) -> Outcome:
        if interval is None or pairs < self.fewest:
            return Outcome.NOT_ENOUGH
        low, high = interval if self.higher_is_better.get(name, True) else (-interval[1], -interval[0])
        if low > 0:
            return Outcome.BETTER
        return Outcome.REGRESSED if high < 0 else Outcome.UNCLEAR
