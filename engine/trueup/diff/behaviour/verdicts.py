"""Differences with the verdict of the gate: what a diff shows and what the gate decides are one comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.diff.behaviour.metrics import MetricDelta, NormalDeltas, Outcome
from trueup.evidence import comparison as gate
from trueup.evidence.examples import ExampleResult
from trueup.evidence.terms import compared_metrics, terms_of


@dataclass(frozen=True, slots=True)
class GateDeltas:
    """The comparison that an Evaluation declares; parts of the data that it does not look at have an interval alone.

    Attributes:
        spec: The `spec` of the Evaluation.
        higher_is_better: Direction of metrics, by name, where it is declared.
    """

    spec: Mapping[str, Json]
    higher_is_better: Mapping[str, bool]

    def __call__(self, new: Sequence[ExampleResult], old: Sequence[ExampleResult]) -> tuple[MetricDelta, ...]:
        """Return the difference of each metric over all pairs, then over each slice."""
        metrics = compared_metrics(self.spec, new)
        compared = gate.compare(new, old, terms_of(self.spec), metrics)
        judged = {(m.metric, m.slice): _delta(m, metrics[m.metric]) for m in compared.metrics if m.delta is not None}
        directions = {name: known.higher_is_better for name, known in metrics.items()}
        others = NormalDeltas({**directions, **self.higher_is_better})(new, old)
        unjudged = (replace(d, outcome=Outcome.NOT_JUDGED, more_samples=None) for d in others)
        return tuple(judged.get((d.metric, d.slice), d) for d in unjudged)


def _delta(compared: gate.MetricComparison, known: gate.ComparedMetric) -> MetricDelta:
    delta, interval = compared.delta or 0.0, compared.interval
    return MetricDelta(
        metric=compared.metric,
        slice=compared.slice,
        delta=delta / known.scale,
        interval=None if interval is None else (interval[0] / known.scale, interval[1] / known.scale),
        pairs=compared.samples,
        outcome=_outcome(compared, known),
        more_samples=compared.more_samples,
    )


def _outcome(compared: gate.MetricComparison, known: gate.ComparedMetric) -> Outcome:
    match compared.outcome:
        case gate.Outcome.REGRESSED:
            return Outcome.REGRESSED
        case gate.Outcome.NOT_ENOUGH:
            return Outcome.NOT_ENOUGH
        case gate.Outcome.NO_WORSE:
            low, high = compared.interval or (0.0, 0.0)
            is_better = low > 0 if known.higher_is_better else high < 0
            return Outcome.BETTER if is_better else Outcome.NO_WORSE
