"""A behaviour diff says of a metric what its gate would: one comparison, two readers."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from trueup.core.json import Json
from trueup.diff.behaviour.metrics import MetricDelta, Outcome
from trueup.diff.behaviour.verdicts import GateDeltas
from trueup.evidence.comparison import Outcome as GateOutcome
from trueup.evidence.comparison import compare
from trueup.evidence.examples import ExampleResult
from trueup.evidence.metrics import Shape
from trueup.evidence.terms import compared_metrics, terms_of


def results(share: float, count: int = 400, metric: str = "exact_match") -> list[ExampleResult]:
    """Return *count* examples of two slices, the first *share* of which pass."""
    return [
        ExampleResult(str(n), 0, "even" if n % 2 == 0 else "odd", ((metric, float(n < share * count)),))
        for n in range(count)
    ]


def deltas(spec: dict[str, Json], new: Sequence[ExampleResult], old: Sequence[ExampleResult]) -> dict[str, MetricDelta]:
    return {d.slice: d for d in GateDeltas(spec, {})(new, old)}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [(0.9, 0.7, Outcome.REGRESSED), (0.7, 0.9, Outcome.BETTER), (0.8, 0.8, Outcome.NO_WORSE)],
)
def test_the_verdict_is_that_of_the_gate(before: float, after: float, said: Outcome) -> None:
    assert deltas({}, results(after), results(before))[""].outcome is said


def test_too_few_examples_say_how_many_more() -> None:
    found = deltas({}, results(0.8, 20), results(0.8, 20))[""]
    assert found.outcome is Outcome.NOT_ENOUGH
    assert found.more_samples is not None
    assert found.more_samples >= 10


def test_a_metric_of_which_less_is_better_gets_better_downwards() -> None:
    spec: dict[str, Json] = {"metrics": [{"name": "odd_ones", "higherIsBetter": False}]}
    new, old = results(0.1, metric="odd_ones"), results(0.4, metric="odd_ones")
    assert deltas(spec, new, old)[""].outcome is Outcome.BETTER
    assert deltas(spec, old, new)[""].outcome is Outcome.REGRESSED


def test_slices_that_no_gate_looks_at_have_an_interval_alone() -> None:
    found = deltas({}, results(0.9), results(0.5))
    assert found.keys() == {"", "even", "odd"}
    assert found["odd"].interval is not None
    assert (found["odd"].outcome, found["odd"].more_samples) == (Outcome.NOT_JUDGED, None)
    spec: dict[str, Json] = {"metricDecisionThreshold": [{"metric": "exact_match", "slice": "odd"}]}
    assert deltas(spec, results(0.5), results(0.9))["odd"].outcome is Outcome.REGRESSED


def test_percents_are_compared_in_their_unit_and_told_in_that_of_the_score() -> None:
    spec: dict[str, Json] = {"metrics": [{"name": "exact_match", "unit": "percent"}], "regression": {"margin": 1}}
    found = deltas(spec, results(0.5), results(0.9))[""]
    assert found.delta == pytest.approx(-0.4)
    assert found.interval is not None
    assert -1 <= found.interval[0] <= found.interval[1] <= 0


def test_what_nobody_paired_is_not_judged() -> None:
    assert deltas({}, results(0.5), [replace(r, id=f"other {r.id}") for r in results(0.5)]) == {}


def test_terms_are_those_that_are_declared() -> None:
    regression: dict[str, Json] = {
        "test": "mcnemar",
        "alpha": 0.01,
        "margin": 0.02,
        "minSamples": 50,
        "correction": "bonferroni",
        "metrics": ["exact_match"],
        "smallestEffect": 0.1,
    }
    thresholds: list[Json] = [{"metric": "a", "slice": "en"}, {"metric": "b"}, {"metric": "c", "slice": "en"}]
    terms = terms_of({"regression": regression, "metricDecisionThreshold": thresholds})
    assert (terms.test, terms.alpha, terms.margin, terms.min_samples) == ("mcnemar", 0.01, 0.02, 50)
    assert (terms.correction, terms.metrics, terms.smallest_effect) == ("bonferroni", ("exact_match",), 0.1)
    assert terms.slices == ("en",)


def test_what_is_not_declared_has_the_default_that_its_kind_gives() -> None:
    terms = terms_of({})
    assert (terms.test, terms.alpha, terms.min_samples, terms.correction) == ("paired-bootstrap", 0.05, 30, "holm")
    assert (terms.smallest_effect, terms.slices, terms.metrics) == (None, (), ())
    assert terms_of({"regression": {"margin": True}}).margin == 0.0


def test_metrics_are_known_by_declaration_then_by_the_catalogue() -> None:
    examples = [ExampleResult("1", 0, "", (("exact_match", 1.0), ("made_up", 0.5), ("perplexity", 2.0)))]
    known = compared_metrics({"metrics": [{"name": "made_up", "unit": "percent", "higherIsBetter": False}]}, examples)
    assert (known["made_up"].unit, known["made_up"].higher_is_better, known["made_up"].scale) == ("percent", False, 100)
    assert known["made_up"].shape is Shape.SCORE
    assert known["exact_match"].shape is Shape.PASS_FAIL
    assert not known["perplexity"].higher_is_better
    declared = compared_metrics({"metrics": [{"name": "nll"}]}, [ExampleResult("1", 0, "", (("nll", 0.5),))])["nll"]
    assert (declared.unit, declared.higher_is_better) == ("nats", False)
    bare = compared_metrics({}, [ExampleResult("1", 0, "", (("made_up", 0.5),))])["made_up"]
    assert (bare.unit, bare.higher_is_better, bare.shape) == ("ratio", True, Shape.SCORE)
    assert compared_metrics({"metrics": [{"name": "made_up"}]}, examples)["made_up"].higher_is_better


def test_a_declared_metric_without_scores_is_never_no_worse() -> None:
    spec: dict[str, Json] = {"regression": {"metrics": ["absent"]}}
    examples = results(0.9)
    compared = compare(examples, examples, terms_of(spec), compared_metrics(spec, examples))
    assert compared.outcome is GateOutcome.NOT_ENOUGH
