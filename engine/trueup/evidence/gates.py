"""Gates: declared thresholds held against what was measured. What was not measured does not pass.

A threshold is about all the examples there could be, and a measurement is about those that were asked. So a gate
passes when the right side of the threshold is sure enough, fails when the wrong side is, and is undecided between.
"""

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from trueup.core.frozen import dataclass
from trueup.evidence.evidence import GateResult, Measurement
from trueup.evidence.metrics import Shape
from trueup.evidence.statistics.bounds import (
    error_bounds,
    interval_bounds,
    more,
    rank_bounds,
    samples_needed,
    share_bounds,
    trials_needed,
)
from trueup.evidence.statistics.means import Span, number_behind
from trueup.evidence.statistics.orders import fewest

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "==": operator.eq,
}

CONFIDENCE = 0.95
"""How sure a gate is unless it says otherwise: one bad release in twenty that stand on the threshold passes."""

VALUE_ALONE = 0.5
"""The confidence that compares what was measured and nothing else."""

FEWEST = 2
"""Samples without which nothing is sure: one tells nothing of how much they differ."""

_WHOLES: Mapping[str, float] = {"ratio": 1.0, "percent": 100.0}


@dataclass(frozen=True, slots=True)
class Threshold:
    """A declared `metricDecisionThreshold`: the value a metric must reach, over all data or one slice of it.

    Attributes:
        metric: What it is about.
        operator: How the measured value is compared.
        value: With what, in the metric's unit.
        slice: Part of the data; empty for all of it.
        confidence: How sure it must be, one-sided, in [0.5, 1); 0.5 compares the measured value alone.
    """

    metric: str
    operator: str
    value: float
    slice: str = ""
    confidence: float = CONFIDENCE


def judge(
    thresholds: Iterable[Threshold],
    measurements: Iterable[Measurement],
    shapes: Mapping[str, Shape] = MappingProxyType({}),
) -> tuple[GateResult, ...]:
    """Hold each of *thresholds* against its measurement, in their order.

    A metric that was not measured, was measured on nothing, or is not a number does not pass, nor does an operator
    that is not known.

    Args:
        thresholds: What is declared.
        measurements: What was measured; of several of one metric and slice, the last counts.
        shapes: What the scores of metrics are, by name. Shares are judged exactly when theirs says so, and only what
            is known to be a census is judged by its value.
    """
    measured = {(m.metric, m.slice): m for m in measurements}
    return tuple(_gate(t, measured.get((t.metric, t.slice)), shapes.get(t.metric)) for t in thresholds)


def shortfall(gate: GateResult) -> str:
    """Say what an undecided *gate* lacks: `not enough evidence: 212 more samples`; empty for a decided one."""
    if not gate.undecided:
        return ""
    if gate.more_samples is not None:
        return f"not enough evidence: {in_samples(gate.more_samples)}"
    if gate.value == gate.threshold:
        return "not enough evidence: what was measured is the threshold itself, which no number of samples decides"
    return "not enough evidence: nobody can tell how many more samples would do"


def in_samples(more: int) -> str:
    """Say how many: `1 more sample`, `12,000 more samples`."""
    return f"{more:,} more sample{'' if more == 1 else 's'}"


def is_census(measurement: Measurement, shape: Shape | None) -> bool:
    """Tell whether all that is meant was counted, so that chance has no part in *measurement*."""
    return shape is Shape.CENSUS and measurement.stderr is None and measurement.interval is None


def _gate(threshold: Threshold, measurement: Measurement | None, shape: Shape | None) -> GateResult:
    value = measurement.value if measurement is not None and measurement.samples > 0 else None
    open_ = GateResult(threshold.metric, threshold.operator, threshold.value, None, False, threshold.slice)
    if measurement is None or value is None or not math.isfinite(value):
        return open_
    gate = replace(open_, value=value)
    if (
        threshold.operator not in OPERATORS
        or not math.isfinite(threshold.value)
        or not VALUE_ALONE <= threshold.confidence < 1.0
    ):
        return gate
    if threshold.confidence == VALUE_ALONE or is_census(measurement, shape):
        return replace(gate, passed=OPERATORS[threshold.operator](value, threshold.value))
    if measurement.samples < FEWEST:
        return replace(gate, undecided=True)
    return _with_confidence(gate, threshold, measurement, shape)


def _with_confidence(
    gate: GateResult, threshold: Threshold, measurement: Measurement, shape: Shape | None
) -> GateResult:
    share = _share(measurement) if shape is Shape.PASS_FAIL else None
    if share is not None:
        low, high = (end * share.whole for end in share_bounds(share.value, share.number, threshold.confidence))
        needed = trials_needed(share.value, threshold.value / share.whole, threshold.confidence, share.number)
        needed = None if needed is None else needed * measurement.samples / share.number
    else:
        bounds = _bounds(measurement, shape, threshold.confidence)
        if bounds is None:
            return replace(gate, undecided=True, more_samples=_to_a_percentile(measurement))
        low, high = bounds
        needed = samples_needed(measurement.value, threshold.value, bounds, measurement.samples)
    passed, failed = _sides(threshold.operator, threshold.value, low, high)
    if passed or failed:
        return replace(gate, passed=passed)
    return replace(
        gate,
        undecided=True,
        more_samples=more(needed, measurement.samples) if threshold.operator != "==" else None,
    )


def _sides(name: str, threshold: float, low: float, high: float) -> tuple[bool, bool]:
    """Return whether all values from *low* to *high* are right, and whether all are wrong; never that all are equal."""
    if name == "==":
        return False, not low <= threshold <= high
    worst, best = (low, high) if name in {">=", ">"} else (high, low)
    return OPERATORS[name](worst, threshold), not OPERATORS[name](best, threshold)


@dataclass(frozen=True, slots=True)
class _Share:
    """A share, of *number* independent trials; *whole* is all of it, in the metric's unit."""

    value: float
    number: float
    whole: float


def _share(measurement: Measurement) -> _Share | None:
    """Return *measurement* as a share; None when it is none, or nobody knows of how many independent trials."""
    whole = _WHOLES.get(measurement.unit)
    if whole is None or not 0.0 <= measurement.value <= whole:
        return None
    share = measurement.value / whole
    if measurement.interval is not None:
        low, high = measurement.interval
        number = number_behind(share, (low / whole, high / whole))
    elif measurement.stderr is not None:
        error = measurement.stderr / whole
        number = share * (1 - share) / error / error if error > 0 else math.inf
        number = min(number, measurement.samples)
    else:
        number = 0.0
    return _Share(share, number, whole) if number > 0 else None


def _bounds(measurement: Measurement, shape: Shape | None, confidence: float) -> Span | None:
    """Return the bounds of *measurement*; None when nobody knows how sure it is, or it claims to be without doubt."""
    value, interval, stderr = measurement.value, measurement.interval, measurement.stderr
    if interval is not None and interval[0] <= value <= interval[1] and interval[0] < interval[1]:
        if shape is Shape.WHOLE:
            return rank_bounds(value, interval, confidence)
        return interval_bounds(value, interval, confidence, measurement.samples)
    if interval is None and stderr is not None and stderr > 0 and shape is not Shape.WHOLE:
        return error_bounds(value, stderr, confidence, measurement.samples)
    return None


def _to_a_percentile(measurement: Measurement) -> int | None:
    """Return how many more samples give the percentile an interval that its name says it is; None for other names."""
    named = re.fullmatch(r".*_p([1-9]\d?)", measurement.metric)
    if named is None or measurement.samples >= fewest(int(named[1])):
        return None
    return fewest(int(named[1])) - measurement.samples
