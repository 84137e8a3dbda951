"""Gates: declared thresholds held against what was measured. What was not measured does not pass."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from trueup.evidence.evidence import GateResult, Measurement

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": lambda value, threshold: value >= threshold,
    ">": lambda value, threshold: value > threshold,
    "<=": lambda value, threshold: value <= threshold,
    "<": lambda value, threshold: value < threshold,
    "==": lambda value, threshold: value == threshold,
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """A declared `metricDecisionThreshold`: the value a metric must reach, over all data or one slice of it."""

    metric: str
    operator: str
    value: float
    slice: str = ""

    @property
    def measured_as(self) -> str:
        """Name of the measurement it is about."""
        return metric_name(self.metric, self.slice)


def metric_name(metric: str, slice_name: str = "") -> str:
    """Return the name of a measurement: `exact_match`, or `exact_match[capital]` for one slice."""
    return f"{metric}[{slice_name}]" if slice_name else metric


def judge(thresholds: Iterable[Threshold], measurements: Iterable[Measurement]) -> tuple[GateResult, ...]:
    """Hold each of *thresholds* against its measurement, in their order.

    A metric that was not measured, was measured on nothing, or is not a number does not pass, nor does an operator
    that is not known.
    """
    measured = {m.metric: m for m in measurements}
    return tuple(_gate(t, measured.get(t.measured_as)) for t in thresholds)


def _gate(threshold: Threshold, measurement: Measurement | None) -> GateResult:
    value = measurement.value if measurement is not None and measurement.samples > 0 else None
    compare = OPERATORS.get(threshold.operator)
    passed = (
        value is not None
        and compare is not None
        and math.isfinite(value)
        and math.isfinite(threshold.value)
        and compare(value, threshold.value)
    )
    return GateResult(threshold.measured_as, threshold.operator, threshold.value, value, passed)
