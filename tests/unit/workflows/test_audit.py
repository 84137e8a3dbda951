"""What an audit answers from the ledger."""

from dataclasses import replace

import pytest

from fakes import FakeLedger
from records import NOON, after, applied, held, release
from trueup.core.digests import Revision
from trueup.ledger.audit import ResourceChange
from trueup.ledger.filters import Filter
from trueup.ledger.record import Draft, RecordKind
from trueup.workflows import audit
from trueup.workflows.ledger_place import LedgerPlace

PLACE = LedgerPlace()


def ledger_of(*drafts: Draft) -> FakeLedger:
    ledger = FakeLedger()
    for draft in drafts:
        ledger.append(draft)
    return ledger


def test_the_log_is_newest_first_and_filtered() -> None:
    ledger = ledger_of(applied("a"), held("a"), applied("b", environment="prod"))
    found = audit.log(ledger, Filter(kinds={RecordKind.APPLY}), PLACE)
    assert [r.sequence for r in found.records] == [3, 1]
    assert (found.more, found.hint) == (False, "")


@pytest.mark.parametrize(
    ("limit", "sequences", "more"), [(0, [3, 2, 1], False), (2, [3, 2], True), (3, [3, 2, 1], False)]
)
def test_a_limited_log_tells_whether_there_is_more(limit: int, sequences: list[int], more: bool) -> None:
    ledger = ledger_of(applied("a"), applied("b"), applied("c"))
    found = audit.log(ledger, Filter(), PLACE, limit=limit)
    assert [r.sequence for r in found.records] == sequences
    assert found.more is more


def test_a_filter_that_finds_nothing_is_no_empty_ledger() -> None:
    assert audit.log(ledger_of(applied("a")), Filter(environment="prod"), PLACE).hint == ""
    assert audit.at(ledger_of(applied("a")), after(-1), "dev", PLACE).hint == ""


def test_an_empty_ledger_comes_with_the_command_that_fetches_it() -> None:
    ledger = FakeLedger()
    fetch = "git fetch origin refs/trueup/ledger:refs/trueup/ledger"
    answers = (audit.log(ledger, Filter(), PLACE), audit.at(ledger, NOON, "", PLACE), audit.verify(ledger, PLACE))
    assert all(fetch in answer.hint for answer in answers)
    elsewhere = LedgerPlace("refs/notes/audit", "upstream")
    assert "git fetch upstream refs/notes/audit:refs/notes/audit" in audit.verify(ledger, elsewhere).hint


def test_what_was_serving_is_told_for_one_environment_or_all() -> None:
    ledger = ledger_of(applied("a"), applied("b", environment="prod"), applied("c", minutes=60))
    assert [s.release for s in audit.at(ledger, after(30), "dev", PLACE).serving] == [release("a")]
    assert {s.release for s in audit.at(ledger, after(30), "", PLACE).serving} == {release("a"), release("b")}


def test_a_sound_ledger_is_told_with_its_newest_record() -> None:
    ledger = ledger_of(applied("a"), applied("b"))
    found = audit.verify(ledger, PLACE)
    assert found.is_sound
    assert found.count == 2
    assert found.newest
    assert found.newest.digest == next(ledger.records()).digest


def test_every_break_is_told() -> None:
    ledger = ledger_of(applied("a"), applied("b"), applied("c"))
    ledger.stored[1] = ledger.stored[1].replace(b"Ada", b"Eve")
    del ledger.stored[0]
    found = audit.verify(ledger, PLACE)
    assert not found.is_sound
    assert [p.code.id for p in found.problems] == ["LED001", "LED002"]


def test_an_unreadable_end_is_told_and_raises_nothing() -> None:
    ledger = ledger_of(applied("a"), applied("b"))
    ledger.stored[1] = b"{"
    found = audit.verify(ledger, PLACE)
    assert [p.code.id for p in found.problems] == ["LED006"]
    assert found.newest is None


def test_a_denied_run_is_in_the_log() -> None:
    denied = replace(applied("a"), body=None)
    assert audit.log(ledger_of(denied), Filter(resource="support"), PLACE).records


class Commits:
    """Tells of as many commits as it is asked for, up to three."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def changes(self, wanted: Filter, most: int = 0) -> tuple[ResourceChange, ...]:
        self.asked.append(most)
        change = ResourceChange(Revision("1" * 40), NOON, "Ada", "Edit", wanted.resource, "update", "a.yaml")
        return (change,) * (min(most, 3) or 3)


@pytest.mark.parametrize(("limit", "count", "more"), [(0, 3, False), (2, 2, True), (3, 3, False)])
def test_the_log_of_a_resource_has_its_commits_up_to_the_limit(limit: int, count: int, more: bool) -> None:
    found = audit.log(ledger_of(applied("a")), Filter(resource="Prompt/a"), PLACE, limit=limit, commits=Commits())
    assert (len(found.changes), found.more_changes) == (count, more)


@pytest.mark.parametrize("wanted", [Filter(), Filter(resource="Prompt/a", kinds={RecordKind.APPLY})])
def test_commits_are_not_asked_for_without_a_resource_or_for_kinds_of_records(wanted: Filter) -> None:
    commits = Commits()
    assert audit.log(ledger_of(applied("a")), wanted, PLACE, commits=commits).changes == ()
    assert commits.asked == []
