"""Two engines, one decision."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fakes import FakePolicyEngine
from trueup.adapters.policy.both import BothEngines, compare
from trueup.adapters.policy.codes import EVALUATION
from trueup.core.diagnostics import Diagnostic, Span
from trueup.policy.results import Evaluation, PolicyFile, RuleResult

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
ERROR = Diagnostic(EVALUATION, "It broke.", Span("p/a.rego", 3, 1))


def said(*raws: Any, errors: tuple[Diagnostic, ...] = (), engine: str = "one") -> Evaluation:
    results = tuple(RuleResult("deny", "a", raw, Span("p/a.rego", 2, 1)) for raw in raws)
    return Evaluation(results, errors, ("A-01",), engine)


def violation(**fields: Any) -> dict[str, Any]:
    return {
        "id": "A-01",
        "address": "Model/m@1",
        "path": ["spec"],
        "severity": "high",
        "msg": "0.30000000000000004",
    } | fields


def codes(evaluation: Evaluation) -> list[str]:
    return [error.code.id for error in evaluation.errors]


def test_equal_results_are_one_decision() -> None:
    evaluation = compare(said(violation()), said(violation(msg="0.3"), engine="two"))
    assert evaluation.errors == ()
    assert len(evaluation.results) == 1
    assert evaluation.engine == "one, two"


def test_the_order_of_results_does_not_matter() -> None:
    one, two = violation(), violation(address="Model/n@1")
    assert compare(said(one, two), said(two, one)).errors == ()


@pytest.mark.parametrize(
    "other", [violation(id="A-02"), violation(address="x"), violation(path=[]), violation(severity="low"), "text"]
)
def test_results_that_differ_in_what_decides_are_told_with_both_answers(other: Any) -> None:
    evaluation = compare(said(violation()), said(other, engine="two"))
    assert codes(evaluation) == ["POL047", "POL047"]
    assert all("on one, and not on two" in e.detail or "on two, and not on one" in e.detail for e in evaluation.errors)
    assert evaluation.errors[0].span == Span("p/a.rego", 2, 1)


def test_an_engine_that_gave_no_answer_differs_once() -> None:
    down = said(errors=(ERROR,), engine="two")
    assert codes(compare(said("a", "b", "c"), down)) == ["POL030", "POL047"]


def test_a_result_that_one_lacks_is_told() -> None:
    assert codes(compare(said(violation()), said())) == ["POL047"]
    assert codes(compare(said(), said(violation()))) == ["POL047"]
    assert codes(compare(said("a", "b"), said("a"))) == ["POL047"]


def test_an_error_of_one_alone_is_a_difference() -> None:
    assert codes(compare(said(errors=(ERROR,)), said())) == ["POL030", "POL047"]
    assert codes(compare(said(), said(errors=(ERROR,)))) == ["POL030", "POL047"]


def test_an_error_of_both_is_no_difference_besides() -> None:
    other = Diagnostic(EVALUATION, "eval_builtin_error: it broke.")
    assert codes(compare(said(errors=(ERROR,)), said(errors=(other,)))) == ["POL030"]


def test_many_differences_are_counted() -> None:
    evaluation = compare(said(*(violation(address=str(n)) for n in range(50))), said())
    assert len(evaluation.errors) == 21
    assert "30 more" in evaluation.errors[-1].detail


def test_both_are_asked_and_the_first_one_checks() -> None:
    files = [PolicyFile("p/a.rego", b'package a\ndeny contains "no" if input.x\n')]
    both = BothEngines(FakePolicyEngine(), FakePolicyEngine())
    assert both.check(files) == ()
    (evaluation,) = both.evaluate(files, [b'{"x": 1}'], NOW)
    assert (len(evaluation.results), evaluation.errors, evaluation.engine) == (1, (), "fake, fake")
