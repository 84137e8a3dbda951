"""Whether a result still counts, and why not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from states import NOON, Want, desired, passing
from trueup.core.digests import Digest, digest_of
from trueup.core.ids import ResourceId
from trueup.desired.state import RequiredEvaluation
from trueup.evidence.evidence import Evidence, GateResult
from trueup.evidence.staleness import (
    Staleness,
    State,
    changed_inputs,
    closest,
    duration_in_words,
    is_same_evaluation,
    staleness,
)

NAMES = ("dataset", "decoding", "evaluation", "model", "prompt")


def inputs(**changed: str) -> tuple[tuple[str, Digest], ...]:
    return tuple((name, digest_of(changed.get(name, "1"))) for name in NAMES)


REQUIRED = replace(desired(Want(evaluations=("facts@1",))).deployments[0].evaluations[0], inputs=inputs())
PASSED = replace(passing(REQUIRED), inputs=inputs())
LATER = NOON + timedelta(days=3, hours=2)


def other(days_ago: int = 0, **changed: str) -> Evidence:
    """Return a result of the same evaluation with other inputs."""
    key, at = digest_of(changed), NOON - timedelta(days=days_ago)
    return replace(PASSED, key=key, inputs=inputs(**changed), completed_at=at)


def judged(found: Evidence | None, older: Evidence | None = None, required: RequiredEvaluation = REQUIRED) -> Staleness:
    return staleness(required, found, older, LATER)


def test_a_result_that_passed_counts() -> None:
    found = judged(PASSED)
    assert (found.state, found.is_due, found.reason) == (State.FRESH, False, "passed 3 days ago")
    assert (found.measured_at, found.age) == (NOON, timedelta(days=3, hours=2))


def test_a_result_of_other_inputs_is_stale_and_says_which() -> None:
    found = judged(None, other(prompt="2", decoding="2"))
    assert (found.state, found.changed, found.is_due) == (State.STALE, ("decoding", "prompt"), True)
    assert found.reason == "stale: decoding and prompt changed; last measured 3 days ago"


def test_one_changed_input_is_named_alone() -> None:
    assert judged(None, other(model="2")).reason == "stale: model changed; last measured 3 days ago"


def test_an_input_that_is_new_or_gone_is_a_changed_one() -> None:
    judge = (("judge", digest_of("j")),)
    assert changed_inputs(replace(REQUIRED, inputs=(*inputs(), *judge)), PASSED) == ("judge",)
    assert changed_inputs(REQUIRED, replace(PASSED, inputs=(*inputs(), *judge))) == ("judge",)


def test_a_result_that_does_not_name_its_inputs_is_stale_all_the_same() -> None:
    found = judged(None, replace(other(model="2"), inputs=()))
    assert (found.state, found.changed) == (State.STALE, ())
    assert found.reason == "stale: what it depends on changed; last measured 3 days ago"
    assert changed_inputs(replace(REQUIRED, inputs=()), PASSED) == ()


LIMITED = replace(REQUIRED, max_age=timedelta(days=2))


@pytest.mark.parametrize(("found", "older"), [(PASSED, None), (None, PASSED), (PASSED, other(model="2"))])
def test_a_result_beyond_its_age_is_too_old_wherever_it_was_found(
    found: Evidence | None, older: Evidence | None
) -> None:
    result = judged(found, older, LIMITED)
    assert (result.state, result.changed) == (State.TOO_OLD, ())
    assert result.reason == "too old: measured 3 days ago, and counts for 2 days"


def test_a_result_left_out_as_too_old_for_somebody_else_is_said_to_be_what_it_is() -> None:
    assert replace(judged(PASSED, None, LIMITED), max_age=None).reason == "too old: measured 3 days ago"
    assert judged(None, PASSED).state is State.FRESH


def test_a_result_as_old_as_it_may_be_counts() -> None:
    assert judged(PASSED, None, replace(REQUIRED, max_age=timedelta(days=3, hours=2))).state is State.FRESH


def test_a_result_that_did_not_pass_failed() -> None:
    failed = replace(passing(REQUIRED, value=0.1), inputs=inputs())
    found = judged(failed, other(model="2"))
    assert (found.state, found.changed, found.reason) == (State.FAILED, (), "the last result did not pass")
    assert judged(replace(PASSED, gates=())).state is State.FAILED


def test_a_result_of_a_double_did_not_pass() -> None:
    found = judged(replace(PASSED, simulated=True))
    assert (found.state, found.reason) == (State.FAILED, "only a double measured it")


def test_too_few_examples_are_not_enough_and_say_how_many_more() -> None:
    gate = GateResult("exact_match", ">=", 0.6, 0.62, passed=False, undecided=True)
    found = judged(replace(PASSED, gates=(replace(gate, more_samples=40), replace(gate, more_samples=212), gate)))
    assert (found.state, found.reason) == (State.UNDECIDED, "not enough evidence: about 212 more samples")
    assert judged(replace(PASSED, gates=(gate,))).reason == "not enough evidence"


def test_without_any_result_it_is_missing() -> None:
    found = judged(None)
    assert (found.state, found.reason, found.is_due) == (State.MISSING, "no evidence for this release", True)


def test_a_clock_that_went_back_makes_nothing_older() -> None:
    assert staleness(REQUIRED, PASSED, None, NOON - timedelta(days=1)).age == timedelta(0)


def test_the_result_with_fewest_changes_says_why_then_the_newest() -> None:
    newest, near, nearer = other(1, model="2", prompt="2"), other(2, prompt="3"), other(3, prompt="4")
    unnamed = replace(other(0, model="9"), inputs=())
    elsewhere = replace(other(0, dataset="2"), evaluation="Evaluation/tone@1")
    assert closest(REQUIRED, (elsewhere, unnamed, newest, near, nearer)) == near
    assert closest(REQUIRED, (elsewhere, unnamed)) == unnamed
    assert closest(REQUIRED, (elsewhere,)) is None


def test_another_version_is_the_same_evaluation() -> None:
    facts = ResourceId("Evaluation", "facts", "2")
    assert is_same_evaluation("Evaluation/facts@1", facts)
    assert not is_same_evaluation("Prompt/facts@1", facts)
    assert not is_same_evaluation("facts", facts)


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(days=1, hours=23), "1 day"),
        (timedelta(days=30), "30 days"),
        (timedelta(hours=5, minutes=59), "5 hours"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(seconds=59), "less than a minute"),
    ],
)
def test_a_duration_is_said_in_its_largest_full_unit(duration: timedelta, words: str) -> None:
    assert duration_in_words(duration) == words
