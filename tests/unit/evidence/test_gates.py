"""Gates: what passes, and that nothing passes by accident."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.evidence.evidence import Measurement
from trueup.evidence.gates import OPERATORS, VALUE_ALONE, Threshold, judge

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def measured(value: float, metric: str = "exact_match", samples: int = 10) -> Measurement:
    return Measurement(metric, value, "ratio", samples)


@pytest.mark.parametrize(
    ("operator", "below", "equal", "above"),
    [
        (">=", False, True, True),
        (">", False, False, True),
        ("<=", True, True, False),
        ("<", True, False, False),
        ("==", False, True, False),
    ],
)
def test_operators_mean_what_they_say(operator: str, below: bool, equal: bool, above: bool) -> None:
    for value, passes in ((0.5, below), (0.6, equal), (0.7, above)):
        (gate,) = judge([Threshold("exact_match", operator, 0.6, confidence=VALUE_ALONE)], [measured(value)])
        assert (gate.passed, gate.value) == (passes, value)


@given(value=NUMBERS, threshold=NUMBERS)
def test_a_gate_passes_exactly_when_its_complement_does_not(value: float, threshold: float) -> None:
    def passes(operator: str) -> bool:
        return judge([Threshold("m", operator, threshold, confidence=VALUE_ALONE)], [measured(value, "m")])[0].passed

    assert passes(">=") != passes("<")
    assert passes("<=") != passes(">")
    assert passes("==") == (passes(">=") and passes("<="))


@given(st.lists(st.sampled_from(sorted(OPERATORS)), max_size=5))
def test_there_is_one_result_a_threshold_in_their_order(operators: list[str]) -> None:
    gates = judge([Threshold("m", o, 1.0) for o in operators], [measured(1.0, "m")])
    assert [g.operator for g in gates] == operators


@pytest.mark.parametrize(
    "measurements",
    [[], [measured(1.0, "other")], [measured(1.0, samples=0)], [measured(math.nan)], [measured(math.inf)]],
    ids=["nothing", "another metric", "no samples", "not a number", "infinite"],
)
def test_what_was_not_measured_does_not_pass(measurements: list[Measurement]) -> None:
    (gate,) = judge([Threshold("exact_match", ">=", 0.0)], measurements)
    assert not gate.passed


@pytest.mark.parametrize(("operator", "threshold"), [("!=", 0.0), ("", 0.0), (">=", math.nan), ("<=", math.inf)])
def test_a_threshold_that_cannot_be_compared_does_not_pass(operator: str, threshold: float) -> None:
    assert not judge([Threshold("exact_match", operator, threshold)], [measured(0.5)])[0].passed


def test_a_slice_is_held_against_its_own_measurement() -> None:
    measurements = [measured(1.0), replace(measured(0.1), slice="day")]
    thresholds = [Threshold("exact_match", ">=", 0.5, part, VALUE_ALONE) for part in ("day", "", "night")]
    gates = judge(thresholds, measurements)
    assert [(g.metric, g.slice, g.value, g.passed) for g in gates] == [
        ("exact_match", "day", 0.1, False),
        ("exact_match", "", 1.0, True),
        ("exact_match", "night", None, False),
    ]
