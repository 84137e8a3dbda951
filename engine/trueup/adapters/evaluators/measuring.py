"""From scores of examples to measurements: over all data, and over each slice that is there."""

import statistics
from collections.abc import Iterator, Sequence

from trueup.adapters.evaluators.work import Declaration, Outcome
from trueup.evidence.catalogue import metric
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult

AGGREGATIONS = ("mean", "median", "min", "max", "sum")


def measured(declaration: Declaration, outcomes: Sequence[Outcome]) -> tuple[Measurement, ...]:
    """Return what *outcomes* amount to: each metric over all examples, then over each slice, then of runs as wholes."""
    results = [r for o in outcomes for r in o.examples]
    return (*_of_examples(declaration, results), *(m for o in outcomes for m in o.measurements))


def _of_examples(declaration: Declaration, results: Sequence[ExampleResult]) -> Iterator[Measurement]:
    names = dict.fromkeys(name for r in results for name, _ in r.scores)
    slices = sorted({r.slice for r in results} - {""})
    for name in names:
        for slice_name in ("", *slices):
            scores = [dict(r.scores)[name] for r in results if name in dict(r.scores) and slice_name in {"", r.slice}]
            # A slice without examples gives no measurement, and a gate on it does not pass.
            if scores:
                yield _measurement(declaration, name, slice_name, scores)


def _measurement(declaration: Declaration, name: str, slice_name: str, scores: Sequence[float]) -> Measurement:
    entry = metric(name)
    unit, aggregation = declaration.metrics.get(name, (entry.unit if entry is not None else "ratio", "mean"))
    value = _aggregate(scores, aggregation) * (100 if unit == "percent" else 1)
    return Measurement(name, value, unit, len(scores), slice=slice_name)


def _aggregate(scores: Sequence[float], aggregation: str) -> float:
    match aggregation:
        case "median":
            return statistics.median(scores)
        case "min":
            return min(scores)
        case "max":
            return max(scores)
        case "sum":
            return sum(scores)
        case _:
            return sum(scores) / len(scores)
