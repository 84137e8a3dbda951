"""An export of the ledger: what it stands on, which records it has, and what happens when they cannot be believed."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from exported import decided, drafts, judged, ledger_of
from fakes import FakeLedger
from records import after, applied
from trueup.core.errors import PermanentError
from trueup.ledger.chain import mistrust
from trueup.ledger.codec import encode
from trueup.ledger.export.entry import Broken, Entry
from trueup.ledger.filters import Filter
from trueup.ledger.record import Record, RecordKind
from trueup.workflows.export import about, export
from trueup.workflows.ledger_place import LedgerPlace
from workspaces import Declared, FakeWorkspace

PLACE = LedgerPlace()


class Believed(FakeLedger):
    """A ledger that holds each record to its digest as it is read, as the one in git does."""

    def __init__(self, ledger: FakeLedger) -> None:
        super().__init__()
        self.stored, self.attachments = ledger.stored, ledger.attachments

    def records(self) -> Iterator[Record]:
        newer = None
        for record in super().records():
            problem = mistrust(record, newer)
            if problem is not None:
                raise PermanentError(problem.code, problem.detail)
            newer = record
            yield record


@pytest.fixture
def workspace(make) -> FakeWorkspace:
    made = make(Declared())
    made.ledger = ledger_of(drafts())
    return made


def sequences(workspace: FakeWorkspace, wanted: Filter | None = None) -> list[int]:
    return [e.sequence for e in export(workspace, PLACE, wanted or Filter()).lines() if isinstance(e, Entry)]


def test_an_export_has_every_record_newest_first_and_says_that_the_ledger_verified(workspace: FakeWorkspace) -> None:
    found = export(workspace, PLACE, Filter())
    assert [e.sequence for e in found.lines() if isinstance(e, Entry)] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert found.header.ledger.is_sound
    assert found.header.ledger.newest is not None
    assert found.header.ledger.newest.sequence == 8
    assert found.header.project


def test_entries_come_with_who_approved_from_the_document_beside_the_record(workspace: FakeWorkspace) -> None:
    last = [e for e in export(workspace, PLACE, Filter()).lines() if isinstance(e, Entry)][-1]
    assert [a.by for a in last.approvals if not a.why] == ["Bob <bob@example.com>", "Ada <ada@example.com>"]


def test_what_was_not_asked_for_is_not_in_it(workspace: FakeWorkspace) -> None:
    assert sequences(workspace, Filter(environment="prod")) == [8]
    assert sequences(workspace, Filter(kinds=(RecordKind.HOLD,))) == [4]
    assert sequences(workspace, Filter(since=after(9))) == [8, 7]
    assert sequences(workspace, Filter(until=after(2))) == [1]
    assert sequences(workspace, Filter(resource="Deployment/dev/support")) == [7, 6, 4, 3, 1]


def test_every_reading_has_the_same_records_though_the_ledger_grows(workspace: FakeWorkspace) -> None:
    found = export(workspace, PLACE, Filter())
    before = list(found.lines())
    workspace.ledger.append(decided(applied("z", minutes=99), judged()))
    assert list(found.lines()) == before


def test_an_export_ends_where_the_ledger_cannot_be_believed_and_says_so(workspace: FakeWorkspace) -> None:
    third = next(r for r in workspace.ledger.records() if r.sequence == 3)
    workspace.ledger.stored[2] = encode(replace(third, draft=replace(third.draft, actor="Mallory")))
    workspace.ledger = Believed(workspace.ledger)
    found = export(workspace, PLACE, Filter())
    assert not found.header.ledger.is_sound
    *entries, last = found.lines()
    assert isinstance(last, Broken)
    assert [e.sequence for e in entries if isinstance(e, Entry)] == [8, 7, 6, 5, 4]


def test_an_empty_ledger_gives_an_empty_export_with_the_command_that_fetches_it(make) -> None:
    found = export(make(Declared()), PLACE, Filter())
    assert list(found.lines()) == []
    assert "git fetch" in found.header.ledger.hint


@pytest.mark.parametrize(
    ("deployment", "environment", "expected"),
    [
        ("", "dev", ""),
        ("support", "dev", "Deployment/dev/support"),
        ("support", "", "Deployment/support"),
        ("Deployment/dev/support", "prod", "Deployment/dev/support"),
    ],
)
def test_a_name_means_a_deployment(deployment: str, environment: str, expected: str) -> None:
    assert about(deployment, environment) == expected
