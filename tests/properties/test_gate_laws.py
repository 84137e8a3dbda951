"""Laws of gates: nothing passes by accident, whatever examples and measurements look like."""

import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from trueup.evidence.comparison import ComparedMetric, Outcome, RegressionTerms, compare
from trueup.evidence.estimates import AGGREGATIONS, Estimand, estimate
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult
from trueup.evidence.gates import OPERATORS, VALUE_ALONE, Threshold, judge, shortfall
from trueup.evidence.metrics import Shape

TESTS = ("paired-bootstrap", "mcnemar", "paired-t", "wilcoxon", "permutation")
ANY = st.floats() | st.sampled_from([0.0, 1.0, -1.0, 1e300, 1e-300, 5e-324, math.nan, math.inf])
SCORES = st.lists(st.tuples(st.sampled_from("abcdefghij"), ANY | st.sampled_from([0.0, 1.0])), max_size=25)
SHAPES = st.sampled_from(Shape)
MEASUREMENTS = st.builds(
    Measurement,
    st.sampled_from(["m", "latency_p99", "m_p0"]),
    ANY,
    st.sampled_from(["ratio", "percent", "ms", "tokens/s", "points"]),
    st.integers(0, 10**12),
    st.none() | ANY,
    st.none() | st.tuples(ANY, ANY),
)
TERMS = st.builds(
    RegressionTerms,
    st.sampled_from(TESTS),
    st.floats(1e-6, 0.999),
    st.floats(0, 2) | st.just(0.0),
    st.integers(1, 8),
    st.sampled_from(["none", "holm", "bonferroni"]),
    resamples=st.just(49),
    smallest_effect=st.none() | st.floats(1e-6, 2),
)
KNOWN = st.builds(ComparedMetric, st.sampled_from(["ratio", "percent", "tokens"]), st.booleans(), SHAPES, st.just(1.0))


def results(scores: list[tuple[str, float]]) -> list[ExampleResult]:
    return [ExampleResult(id_, 0, "", (("m", score),)) for id_, score in scores]


@settings(max_examples=300)
@given(SCORES, SHAPES, st.sampled_from(AGGREGATIONS), st.sampled_from(["ratio", "percent", "tokens"]))
def test_any_scores_give_finite_numbers_or_none(
    scores: list[tuple[str, float]], shape: Shape, aggregation: str, unit: str
) -> None:
    found = estimate(scores, Estimand("m", unit, shape, aggregation))
    if found is None:
        assert not scores or any(not abs(score) <= 1e100 for _, score in scores)
        return
    assert math.isfinite(found.value)
    assert found.stderr is None or (math.isfinite(found.stderr) and found.stderr > 0)
    if found.interval is not None:
        slack = 1e-9 * max(1.0, abs(found.value))
        assert found.interval[0] - slack <= found.value <= found.interval[1] + slack
        assert found.samples > 1


@settings(max_examples=400)
@given(MEASUREMENTS, SHAPES, st.sampled_from(sorted(OPERATORS)), ANY, st.floats(0.5, 0.9999))
def test_any_measurement_is_judged_and_passes_only_on_its_own_side(
    measurement: Measurement, shape: Shape, operator: str, value: float, confidence: float
) -> None:
    threshold = Threshold(measurement.metric, operator, value, confidence=confidence)
    (gate,) = judge([threshold], [measurement], {measurement.metric: shape})
    assert not (gate.passed and gate.undecided)
    if gate.passed:
        (alone,) = judge([replace(threshold, confidence=VALUE_ALONE)], [measurement])
        assert alone.passed
    assert gate.more_samples is None or (gate.undecided and gate.more_samples > 0)
    assert bool(shortfall(gate)) == gate.undecided


@settings(max_examples=300, deadline=None)
@given(SCORES, SCORES, TERMS, KNOWN)
def test_any_results_are_compared_and_few_are_never_enough(
    new: list[tuple[str, float]], old: list[tuple[str, float]], terms: RegressionTerms, known: ComparedMetric
) -> None:
    found = compare(results(new), results(old), terms, {"m": known})
    for metric in found.metrics:
        if metric.outcome is not Outcome.NOT_ENOUGH:
            assert metric.samples >= max(2, terms.min_samples)
            assert metric.p is not None
            assert 0.0 < metric.p <= 1.0
        else:
            assert metric.more_samples is None or metric.more_samples > 0
    assert found.regressed is None or found.metrics


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=30, max_size=60),
    st.integers(2, 4),
    st.sampled_from(["mcnemar", "paired-t"]),
)
def test_more_of_the_same_never_turns_a_comparison_round(pairs: list[tuple[bool, bool]], times: int, test: str) -> None:
    known = {"m": ComparedMetric("ratio", True, Shape.PASS_FAIL)}
    once, often = (
        compare(
            results([(str(i), float(new)) for i, (new, _) in enumerate(pairs * n)]),
            results([(str(i), float(old)) for i, (_, old) in enumerate(pairs * n)]),
            RegressionTerms(test=test),
            known,
        )
        for n in (1, times)
    )
    if once.outcome is Outcome.REGRESSED:
        assert often.outcome is Outcome.REGRESSED
    lost = sum(new - old for new, old in pairs)
    if once.outcome is Outcome.NO_WORSE and lost >= 0:
        assert often.outcome is Outcome.NO_WORSE
