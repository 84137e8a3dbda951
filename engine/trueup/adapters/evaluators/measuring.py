"""From scores of examples to measurements: over all data, and over each slice that is there, with their errors."""

from collections.abc import Iterator, Sequence

from trueup.adapters.evaluators.work import Declaration, Outcome
from trueup.evidence.catalogue import metric
from trueup.evidence.estimates import AGGREGATIONS as AGGREGATIONS  # noqa: PLC0414 - what a declaration may ask for
from trueup.evidence.estimates import Estimand, estimate, measure
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult
from trueup.evidence.metrics import Shape

_PERCENT = 100.0


def measured(declaration: Declaration, outcomes: Sequence[Outcome]) -> tuple[Measurement, ...]:
    """Return what *outcomes* amount to: each metric over all examples, then over each slice, then of runs as wholes."""
    results = [r for o in outcomes for r in o.examples]
    return (*_of_examples(declaration, results), *(m for o in outcomes for m in o.measurements))


def percentiles(
    metric_name: str, seconds: Sequence[tuple[str, float]], shares: Sequence[int]
) -> tuple[Measurement, ...]:
    """Return percentiles of times in milliseconds, by order statistics; none of nothing.

    Args:
        metric_name: What the times are of; `_p95` and the like is put behind it.
        seconds: Id of the example and the time.
        shares: Percentiles, 50, 90, 95 or 99.
    """
    found = (
        estimate(seconds, Estimand(f"{metric_name}_p{share}", "ms", Shape.SCORE, f"p{share}", scale=1000.0))
        for share in shares
    )
    return tuple(m for m in found if m is not None)


def _of_examples(declaration: Declaration, results: Sequence[ExampleResult]) -> Iterator[Measurement]:
    names = dict.fromkeys(name for r in results for name, _ in r.scores)
    slices = sorted({r.slice for r in results} - {""})
    for name in names:
        for slice_name in ("", *slices):
            # A slice without examples gives no measurement, and a gate on it does not pass.
            found = measure(results, _estimand(declaration, name, slice_name))
            if found is not None:
                yield found


def _estimand(declaration: Declaration, name: str, slice_name: str) -> Estimand:
    entry = metric(name)
    unit, aggregation = declaration.metrics.get(name, (entry.unit if entry is not None else "ratio", "mean"))
    shape = entry.shape if entry is not None else Shape.SCORE
    return Estimand(name, unit, shape, aggregation, slice_name, _PERCENT if unit == "percent" else 1.0)
