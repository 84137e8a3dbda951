"""Times and rates of load tools in the units of the metric catalogue. A unit that is not known is a problem."""

from collections.abc import Iterator, Mapping

from trueup.adapters.evaluators.imports import codes
from trueup.adapters.evaluators.imports.documents import Node
from trueup.evidence.evidence import Measurement

MILLISECONDS: Mapping[str, float] = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3, "sec": 1e3}
RATES: Mapping[str, str] = {
    "requests/sec": "requests/s",
    "requests/s": "requests/s",
    "tokens/sec": "tokens/s",
    "tokens/s": "tokens/s",
}
STATISTICS: Mapping[str, str] = {"p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99"}


def times(metric: str, values: Node, unit: str, samples: int) -> Iterator[Measurement]:
    """Yield the percentiles under *values* in milliseconds."""
    factor = MILLISECONDS.get(unit)
    if factor is None:
        values.problems.add(codes.UNKNOWN_UNIT, f"`{values.where}` is in `{unit}`.")
        return
    for statistic in STATISTICS:
        yield Measurement(f"{metric}_{statistic}", _positive(values.at(statistic)) * factor, "ms", samples)


def mean_time(metric: str, value: Node, deviation: Node, unit: str, samples: int) -> Iterator[Measurement]:
    """Yield the mean over requests in milliseconds, with its standard error from the *deviation* between them."""
    factor = MILLISECONDS.get(unit)
    if factor is not None and samples > 1:
        error = _positive(deviation) * factor / samples**0.5
        yield Measurement(f"{metric}_mean", _positive(value) * factor, "ms", samples, error)


def rate(metric: str, value: Node, unit: str, samples: int) -> Iterator[Measurement]:
    """Yield a rate over the whole run."""
    known = RATES.get(unit)
    if known is None:
        value.problems.add(codes.UNKNOWN_UNIT, f"`{value.where}` is in `{unit}`.")
        return
    yield Measurement(metric, _positive(value), known, samples)


def _positive(value: Node) -> float:
    found = value.number()
    if found < 0:
        value.problems.add(codes.CONTRADICTION, f"`{value.where}` is {found:g}; neither time nor rate is negative.")
    return found
