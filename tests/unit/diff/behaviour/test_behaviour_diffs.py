"""What one evaluation says of two releases, and that what is missing is said."""

import pytest

from runs import answer, evidence
from trueup.core.digests import Digest, digest_of
from trueup.diff.behaviour.behaviour import BehaviourDiff, EvaluationDiff, Side, Terms, evaluation_diff
from trueup.diff.behaviour.metrics import MetricDelta, Outcome
from trueup.diff.behaviour.usage import TokenPrices
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult, without_texts

OLD = (answer("a", "Paris."), answer("b", "Rome."))
NEW = (answer("a", "Paris."), answer("b", "Oslo.", 0.0))
PRICES = TokenPrices(1, 1, "EUR")


def side(results: tuple[ExampleResult, ...] | None, *more: Measurement, **changes: object) -> Side:
    return Side(evidence(results or (), *more, **changes), results)


def compared(old: Side, new: Side, terms: Terms | None = None) -> EvaluationDiff:
    return evaluation_diff("Evaluation/facts@1", old, new, terms or Terms(prices=PRICES))


def test_two_runs_are_compared_by_metric_use_and_example() -> None:
    found = compared(side(OLD), side(NEW))
    assert found.is_measured
    assert [(m.metric, m.old, m.new, m.delta) for m in found.metrics] == [("exact_match", 1.0, 0.5, -0.5)]
    assert found.counts is not None
    assert (found.counts.broke, found.counts.same) == (1, 1)
    assert [c.id for c in found.changes] == ["b"]
    assert len(found.usage) == 5


def test_equal_runs_have_no_changes() -> None:
    found = compared(side(OLD), side(OLD))
    assert (found.changes, found.left_out) == ((), 0)
    assert found.metrics[0].delta == 0


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [
        (Side(how_to_get="Do old."), side(NEW), ["release that serves"]),
        (side(OLD), Side(how_to_get="Do new."), ["new release"]),
        (Side(), Side(), ["new release", "release that serves"]),
    ],
)
def test_a_run_that_was_not_made_is_said_with_what_makes_it(old: Side, new: Side, missing: list[str]) -> None:
    found = compared(old, new)
    assert (found.is_measured, found.counts, found.metrics) == (False, None, ())
    assert len(found.notes) == len(missing)
    for note, who in zip(found.notes, missing, strict=True):
        assert note.startswith(f"The {who} has not been measured by it, so nobody knows what changes.")
    for how in (old.how_to_get, new.how_to_get):
        assert how in "".join(found.notes)


def test_runs_whose_examples_are_not_at_hand_are_compared_by_metric_alone() -> None:
    found = compared(Side(evidence(OLD)), side(NEW))
    assert found.counts is None
    assert found.left_out == 0
    assert (found.metrics[0].delta, found.metrics[0].outcome) == (-0.5, Outcome.NOT_COMPARED)
    assert any("of the release that serves are not at hand" in n for n in found.notes)


def test_runs_without_a_common_example_say_so() -> None:
    found = compared(side(OLD), side((answer("z"),)))
    assert any("no example in common" in n for n in found.notes)


def test_examples_that_one_run_alone_has_are_counted_in_a_note() -> None:
    found = compared(side(OLD), side((*NEW, answer("c"))))
    assert "0 examples were asked of the old release only, 1 of the new one only." in found.notes


def test_a_double_that_answered_is_called_one() -> None:
    found = compared(side(OLD, simulated=True), side(NEW))
    assert any("the release that serves is simulated" in n for n in found.notes)


def test_another_version_of_the_tool_is_worth_a_note() -> None:
    found = compared(side(OLD, tool="builtin 1"), side(NEW, tool="builtin 2"))
    assert any("builtin 1 and builtin 2" in n for n in found.notes)
    assert not any("builtin" in n for n in compared(side(OLD), side(NEW)).notes)


def test_texts_that_are_not_kept_are_worth_a_note() -> None:
    found = compared(side(tuple(map(without_texts, OLD))), side(tuple(map(without_texts, NEW))))
    assert any("keepOutputs" in n for n in found.notes)
    assert found.counts is not None
    assert found.counts.changed == 1


def test_without_prices_or_counts_it_is_said_why_there_is_no_cost() -> None:
    assert any("spec.prices" in n for n in compared(side(OLD), side(NEW), Terms()).notes)
    assert any("Tokens were not counted" in n for n in compared(side(OLD), side(NEW)).notes)
    counted = tuple(answer(r.id, r.output, prompt_tokens=1, completion_tokens=1) for r in OLD)
    assert compared(side(counted), side(counted)).notes == ()


def test_latency_is_shown_as_use_and_not_as_a_metric() -> None:
    latency = Measurement("latency_p50", 5.0, "ms", 2)
    found = compared(side(OLD, latency), side(NEW, latency))
    assert [m.metric for m in found.metrics] == ["exact_match"]
    assert {u.name: u.new for u in found.usage}["latency_p50"] == 5.0


def test_whoever_compares_metrics_is_given_the_new_results_first() -> None:
    def deltas(new, old):  # type: ignore[no-untyped-def]  # as `Deltas`
        assert (tuple(new), tuple(old)) == (NEW, OLD)
        return (MetricDelta("exact_match", "", -0.5, None, 2, Outcome.NO_WORSE),)

    found = compared(side(OLD), side(NEW), Terms(deltas=deltas))
    assert found.metrics[0].outcome is Outcome.NO_WORSE


def test_what_is_not_shown_is_counted() -> None:
    new = tuple(answer(r.id, "x", 0.0) for r in OLD)
    found = compared(side(OLD), side(new), Terms(limit=1))
    assert (len(found.changes), found.left_out) == (1, 1)


def test_a_diff_is_complete_when_every_evaluation_compared_examples() -> None:
    def diff(*evaluations: EvaluationDiff) -> BehaviourDiff:
        return BehaviourDiff("Deployment/dev/support", digest_of("old"), Digest(digest_of("new")), (), evaluations)

    whole, part = compared(side(OLD), side(NEW)), compared(Side(), side(NEW))
    assert diff(whole).is_complete
    assert not diff(whole, part).is_complete
    assert not diff().is_complete
    assert (diff(whole, whole, part).broke, diff().broke) == (2, 0)
