"""Thresholds with confidence: they pass, they fail, or there is not enough evidence."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.evidence.estimates import Estimand, estimate
from trueup.evidence.evidence import GateResult, Measurement
from trueup.evidence.gates import VALUE_ALONE, Threshold, is_census, judge, shortfall
from trueup.evidence.metrics import Shape

SHAPES = {"share": Shape.PASS_FAIL, "score": Shape.SCORE, "findings": Shape.CENSUS, "latency_p99": Shape.WHOLE}


def share(passed: int, number: int, unit: str = "ratio") -> Measurement:
    scores = ((str(i), float(i < passed)) for i in range(number))
    found = estimate(scores, Estimand("share", unit, Shape.PASS_FAIL, scale=100 if unit == "percent" else 1))
    assert found is not None
    return found


def held(operator: str, value: float, measurement: Measurement, confidence: float = 0.95) -> GateResult:
    threshold = Threshold(measurement.metric, operator, value, measurement.slice, confidence)
    (gate,) = judge([threshold], [measurement], SHAPES)
    return gate


def said(gate: GateResult) -> str:
    return "undecided" if gate.undecided else "passed" if gate.passed else "failed"


SCORE = Measurement("score", 0.8, "points", 50, 0.02, (0.76, 0.84))


@pytest.mark.parametrize(
    ("operator", "threshold", "outcome"),
    [
        (">=", 0.7, "passed"),
        (">=", 0.79, "undecided"),
        (">=", 0.9, "failed"),
        (">", 0.7, "passed"),
        (">", 0.8, "undecided"),
        (">", 0.9, "failed"),
        ("<=", 0.9, "passed"),
        ("<=", 0.81, "undecided"),
        ("<=", 0.7, "failed"),
        ("<", 0.9, "passed"),
        ("<", 0.79, "undecided"),
        ("<", 0.7, "failed"),
        ("==", 0.7, "failed"),
        ("==", 0.8, "undecided"),
        ("==", 0.9, "failed"),
    ],
)
def test_a_gate_passes_when_it_is_sure_and_fails_when_it_is_sure(operator: str, threshold: float, outcome: str) -> None:
    assert said(held(operator, threshold, SCORE)) == outcome
    assert said(held(operator, threshold, replace(SCORE, interval=None))) == outcome


def test_a_share_that_is_good_enough_for_its_number_passes() -> None:
    assert said(held(">=", 0.6, share(30, 30))) == "passed"
    assert said(held(">=", 0.6, share(3, 3))) == "undecided"
    assert said(held(">=", 0.6, share(1, 10))) == "failed"
    assert said(held(">=", 60.0, share(30, 30, "percent"))) == "passed"


def test_a_zero_of_fifty_nine_is_under_five_per_cent_and_of_fifty_eight_is_not() -> None:
    assert said(held("<=", 0.05, share(0, 59))) == "passed"
    gate = held("<=", 0.05, share(0, 58))
    assert (said(gate), gate.more_samples) == ("undecided", 1)


def test_one_failure_refutes_always_and_no_number_proves_it() -> None:
    assert said(held(">=", 1.0, share(99, 100))) == "failed"
    gate = held(">=", 1.0, share(10_000, 10_000))
    assert (said(gate), gate.more_samples) == ("undecided", None)


def test_what_is_always_true_passes() -> None:
    assert said(held(">=", 0.0, share(0, 10))) == "passed"
    assert said(held("<", 2.0, share(10, 10))) == "passed"


@given(st.integers(2, 400), st.integers(0, 400), st.integers(5, 95))
def test_the_samples_that_are_asked_for_decide_it_if_the_rate_stays(number: int, passed: int, percent: int) -> None:
    passed = min(passed, number)
    gate = held(">=", percent / 100, share(passed, number))
    if gate.more_samples is None or gate.more_samples > 20_000:
        return
    factor = (number + gate.more_samples) / number
    more = Measurement("share", passed / number, "ratio", round(number * factor), 0.0, None)
    share_of_more = passed / number
    stderr = math.sqrt(share_of_more * (1 - share_of_more) / (number * factor * 1.01))
    assert not held(
        ">=", percent / 100, replace(more, stderr=stderr, samples=math.ceil(number * factor * 1.01))
    ).undecided


def test_a_share_with_its_standard_error_alone_is_judged_by_the_trials_behind_it() -> None:
    plain = Measurement("share", 0.9, "ratio", 100, math.sqrt(0.09 / 100))
    assert said(held(">=", 0.8, plain)) == said(held(">=", 0.8, share(90, 100))) == "passed"
    # An error of 0 is what tools give for all right, and no certainty.
    certain = Measurement("share", 1.0, "ratio", 10, 0.0)
    assert said(held(">=", 0.9, certain)) == "undecided"
    assert said(held(">=", 0.7, certain)) == "passed"


@pytest.mark.parametrize(
    "measurement",
    [
        Measurement("share", 1.0, "ratio", 100),
        Measurement("score", 0.9, "points", 100),
        Measurement("score", 0.9, "points", 100, 0.0),
        Measurement("score", 0.9, "points", 100, 0.01, (0.9, 0.9)),
        Measurement("score", 0.9, "points", 100, 0.01, (0.95, 0.99)),
        Measurement("score", 0.9, "points", 100, 0.01, (math.nan, 0.99)),
        Measurement("score", 0.9, "points", 1, 0.01, (0.89, 0.91)),
        Measurement("share", 1.0, "ratio", 1, None, (0.2, 1.0)),
        Measurement("share", 0.9, "ratio", 100, 0.01, (0.9, 0.9)),
        Measurement("unheard_of", 0.9, "ratio", 100),
        Measurement("latency_p99", 0.9, "ms", 100),
        Measurement("latency_p99", 0.9, "ms", 1000, 0.01),
    ],
    ids=lambda m: f"{m.metric}-{m.samples}-{m.stderr}-{m.interval}",
)
def test_nobody_knows_how_sure_it_is_so_it_does_not_pass(measurement: Measurement) -> None:
    for operator in (">=", "<="):
        gate = held(operator, 0.0 if operator == ">=" else 5000.0, measurement)
        assert (gate.passed, gate.undecided, gate.value) == (False, True, measurement.value)


def test_a_share_of_more_than_all_is_judged_as_what_it_is() -> None:
    odd = Measurement("share", 1.5, "ratio", 100, 0.1, (1.3, 1.7))
    assert said(held(">=", 1.2, odd)) == "passed"
    assert said(held(">=", 1.45, replace(odd, unit="points"))) == "undecided"


def test_a_census_is_judged_by_its_number() -> None:
    findings = Measurement("findings", 0.0, "findings", 1)
    assert is_census(findings, Shape.CENSUS)
    assert said(held("==", 0.0, findings)) == "passed"
    assert said(held("==", 0.0, replace(findings, value=1.0))) == "failed"


@pytest.mark.parametrize("shape", [Shape.WHOLE, Shape.SCORE, Shape.PASS_FAIL, None])
def test_what_was_drawn_is_no_census(shape: Shape | None) -> None:
    bleu = Measurement("bleu", 40.0, "score", 500)
    assert not is_census(bleu, shape)
    (gate,) = judge([Threshold("bleu", ">=", 20.0)], [bleu], {} if shape is None else {"bleu": shape})
    assert (gate.passed, gate.undecided) == (False, True)


@pytest.mark.parametrize("known", [{"stderr": 0.1}, {"interval": (0.0, 1.0)}])
def test_what_has_an_error_is_no_census(known: dict[str, float]) -> None:
    assert not is_census(Measurement("findings", 0.0, "findings", 1, **known), Shape.CENSUS)  # type: ignore[arg-type]


def test_a_percentile_with_too_few_requests_says_how_many_it_needs() -> None:
    gate = held("<=", 500.0, Measurement("latency_p99", 400.0, "ms", 200))
    assert (gate.undecided, gate.more_samples) == (True, 168)
    assert held("<=", 500.0, Measurement("latency_p99", 400.0, "ms", 400)).more_samples is None


def test_a_percentile_is_judged_by_the_values_around_it() -> None:
    latency = Measurement("latency_p99", 400.0, "ms", 1000, 10.0, (370.0, 430.0))
    assert said(held("<=", 431.0, latency)) == "passed"
    assert said(held("<=", 429.0, latency)) == "undecided"
    assert said(held("<=", 369.0, latency)) == "failed"


def test_the_value_alone_can_be_asked_for() -> None:
    bare = Measurement("share", 0.8, "ratio", 1)
    assert said(held(">=", 0.8, bare, VALUE_ALONE)) == "passed"
    assert said(held(">", 0.8, bare, VALUE_ALONE)) == "failed"


@pytest.mark.parametrize("confidence", [0.0, 0.49, 1.0, math.nan])
def test_a_confidence_that_cannot_be_does_not_pass(confidence: float) -> None:
    gate = held(">=", 0.0, share(10, 10), confidence)
    assert (gate.passed, gate.undecided) == (False, False)


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (
            GateResult("m", ">=", 0.8, 0.85, False, undecided=True, more_samples=212),
            "not enough evidence: 212 more samples",
        ),
        (GateResult("m", ">=", 0.8, 0.85, False, undecided=True, more_samples=1), "not enough evidence: 1 more sample"),
        (
            GateResult("m", ">=", 0.8, 0.85, False, undecided=True, more_samples=12000),
            "not enough evidence: 12,000 more samples",
        ),
        (
            GateResult("m", ">=", 0.8, 0.8, False, undecided=True),
            "not enough evidence: what was measured is the threshold itself, which no number of samples decides",
        ),
        (
            GateResult("m", ">=", 0.8, 0.9, False, undecided=True),
            "not enough evidence: nobody can tell how many more samples would do",
        ),
        (GateResult("m", ">=", 0.8, 0.9, True), ""),
        (GateResult("m", ">=", 0.8, 0.7, False), ""),
    ],
)
def test_a_shortfall_is_said_in_words(gate: GateResult, words: str) -> None:
    assert shortfall(gate) == words


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 99), st.integers(2, 6))
def test_more_of_the_same_never_turns_a_decision_round(passed: int, failed: int, percent: int, times: int) -> None:
    number = passed + failed
    if number < 2:
        return
    once = held(">=", percent / 100, share(passed, number))
    often = held(">=", percent / 100, share(passed * times, number * times))
    if not once.undecided:
        assert (often.passed, often.undecided) == (once.passed, False)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 99), st.floats(0.5, 0.99), st.floats(0.5, 0.99))
def test_who_asks_for_more_confidence_never_gets_more_decisions(
    passed: int, failed: int, percent: int, less: float, more: float
) -> None:
    less, more = sorted((less, more))
    if passed + failed < 2 or less <= VALUE_ALONE:
        return
    measurement = share(passed, passed + failed)
    sure = held(">=", percent / 100, measurement, more)
    if not sure.undecided:
        assert held(">=", percent / 100, measurement, less).passed == sure.passed


@given(st.floats(0.01, 0.99), st.floats(0.001, 0.2), st.sampled_from([">=", ">", "<=", "<"]))
def test_a_gate_never_passes_and_fails_with_its_complement(value: float, stderr: float, operator: str) -> None:
    measurement = Measurement("score", value, "points", 40, stderr)
    complement = {">=": "<", ">": "<=", "<=": ">", "<": ">="}[operator]
    one, other = held(operator, 0.5, measurement), held(complement, 0.5, measurement)
    assert not (one.passed and other.passed)
    assert one.undecided == other.undecided
