"""What other policies make of the past: effects, counts by rule, and bounds."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import NOON
from trueup.core.digests import digest_of
from trueup.policy.decision import Decision, Enforcement, EngineError, Outcome, Violation
from trueup.policy.decision_log import Circumstances, event, keep
from trueup.policy.recorded import read_decision
from trueup.policy.replayed import (
    ALLOWED,
    Block,
    Effect,
    Place,
    Replay,
    Source,
    Verdict,
    effect_of,
    recorded_verdict,
    verdict_of,
)

A, B = Block("A-1", "Model/tiny@1", ("spec",), "old words"), Block("B-1", "Model/tiny@1", (), "b")
REWORDED = Block("A-1", "Model/tiny@1", ("spec",), "new words")
BROKEN = Verdict(Outcome.ERROR, (), ("out of memory",))


def denied(*blocks: Block) -> Verdict:
    return Verdict(Outcome.DENY, blocks)


def place(number: int = 1, source: Source = Source.RECORD) -> Place:
    name = str(number) if source is Source.RECORD else f"{number:040x}"
    return Place(source, name, NOON - timedelta(days=number), "prod")


@pytest.mark.parametrize(
    ("before", "after", "of_record", "of_commit"),
    [
        (ALLOWED, ALLOWED, Effect.SAME, Effect.SAME),
        (denied(A), denied(REWORDED), Effect.SAME, Effect.SAME),
        (ALLOWED, denied(A), Effect.BLOCKS, Effect.BLOCKS),
        (denied(A), ALLOWED, Effect.LETS_THROUGH, Effect.LETS_THROUGH),
        (denied(A), denied(B), Effect.OTHER_RULES, Effect.OTHER_RULES),
        (denied(A, B), denied(B), Effect.OTHER_RULES, Effect.OTHER_RULES),
        (denied(A), denied(A, B), Effect.OTHER_RULES, Effect.OTHER_RULES),
        (ALLOWED, BROKEN, Effect.ERROR, Effect.ERROR),
        (BROKEN, BROKEN, Effect.SAME, Effect.SAME),
        (BROKEN, ALLOWED, Effect.LETS_THROUGH, Effect.SAME),
        (BROKEN, denied(A), Effect.OTHER_RULES, Effect.OTHER_RULES),
    ],
)
def test_what_becomes_of_a_decision(before: Verdict, after: Verdict, of_record: Effect, of_commit: Effect) -> None:
    assert effect_of(Source.RECORD, before, after) is of_record
    assert effect_of(Source.COMMIT, before, after) is of_commit


def test_rules_are_counted_both_ways_with_their_newest_examples() -> None:
    replay = Replay()
    for number in range(5):
        replay.add(place(number), ALLOWED, denied(A))
    replay.add(place(9), denied(A, B), ALLOWED)
    first, second = replay.rules
    assert (first.rule, first.blocks, first.lets_through) == ("A-1", 5, 1)
    assert [e.place.name for e in first.examples] == ["0", "1", "2"]
    assert (second.rule, second.blocks, second.lets_through) == ("B-1", 0, 1)
    assert (replay.effects[Effect.BLOCKS], replay.effects[Effect.LETS_THROUGH]) == (5, 1)
    assert (replay.judged, replay.is_same) == (6, False)


def test_a_rule_that_blocks_one_decision_at_two_places_is_counted_once() -> None:
    replay = Replay()
    replay.add(place(), ALLOWED, denied(A, Block("A-1", "Model/b@1", (), "b")))
    (rule,) = replay.rules
    assert (rule.blocks, len(rule.examples), rule.examples[0].others) == (1, 1, 1)


def test_a_rule_that_blocks_something_else_in_a_decision_it_blocked_is_counted_as_that_alone() -> None:
    replay = Replay()
    replay.add(place(), denied(A), denied(Block("A-1", "Model/b@1", (), "b")))
    replay.add(place(2), denied(A, Block("A-1", "Model/b@1", (), "b")), denied(A))
    (rule,) = replay.rules
    assert (rule.blocks, rule.lets_through, rule.moved, rule.changed) == (0, 0, 2, 2)
    assert [(e.address, e.is_gone) for e in rule.examples] == [("Model/b@1", False), ("Model/b@1", True)]


def test_a_commit_that_was_denied_before_is_none_that_passed() -> None:
    replay = Replay()
    replay.add(place(1, Source.COMMIT), denied(B), denied(A, B))
    replay.add(place(2, Source.COMMIT), ALLOWED, denied(A))
    assert replay.effects == {Effect.OTHER_RULES: 1, Effect.BLOCKS: 1}
    assert [(r.rule, r.blocks) for r in replay.rules] == [("A-1", 2)]


def test_what_cannot_be_decided_is_no_effect_of_a_rule() -> None:
    replay = Replay()
    replay.add(place(), ALLOWED, BROKEN)
    assert replay.rules == ()
    assert replay.changed[0].errors == ("out of memory",)


def test_lists_are_bounded_and_counts_are_not() -> None:
    replay = Replay()
    for number in range(150):
        replay.add(place(number), ALLOWED, denied(A))
        replay.pass_over(place(number), "it is gone")
    assert len(replay.changed) == 100
    assert replay.effects[Effect.BLOCKS] == 150
    assert (len(replay.passed), replay.passed_count) == (20, 150)


def test_nothing_replayed_changes_nothing() -> None:
    replay = Replay()
    assert replay.is_same
    replay.add(place(), denied(A), denied(A))
    assert replay.is_same


def test_places_are_named_by_record_or_commit() -> None:
    assert str(place(7)) == "record 7"
    assert str(place(7, Source.COMMIT)) == "commit 000000000000"


def test_only_what_denies_blocks_wherever_it_is_read() -> None:
    violation = Violation("A-1", "", "high", Enforcement.DENY, "Model/tiny@1", ("spec",), "old words")
    lifted = Violation("B-1", "", "high", Enforcement.DENY, "", (), "", excepted_by="PolicyException/b")
    warned = Violation("C-1", "", "low", Enforcement.WARN, "", (), "")
    errors = (EngineError("it is broken"),)
    decision = Decision(Outcome.ERROR, (violation, lifted, warned), errors, digest_of("p"), digest_of("i"), "e")
    about = Circumstances("dev", NOON, 0, "Ada", "trueup 1")
    kept = event(decision, b"{}", keep((), "trueup 1", ""), about, digest_of("e"))
    expected = Verdict(Outcome.ERROR, (A,), ("it is broken",))
    assert verdict_of(decision) == recorded_verdict(read_decision(kept)) == expected


BLOCKS = st.lists(st.sampled_from([A, B, REWORDED]), max_size=3).map(tuple)
VERDICTS = BLOCKS.map(lambda blocks: denied(*blocks) if blocks else ALLOWED)


@given(st.sampled_from(Source), VERDICTS, VERDICTS)
def test_a_decision_has_an_effect_exactly_when_the_blocks_differ(
    source: Source, before: Verdict, after: Verdict
) -> None:
    same = {b.identity for b in before.blocks} == {b.identity for b in after.blocks}
    assert (effect_of(source, before, after) is Effect.SAME) is same
