"""Audit: what was decided and done, what was serving when, and whether the ledger that says so can be trusted.

Everything is answered from this clone; nothing is fetched.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from trueup.core.errors import TrueupError
from trueup.ledger.audit import AuditAt, AuditLog, AuditVerification, Newest
from trueup.ledger.filters import Filter

if TYPE_CHECKING:
    from trueup.ports import ChangeFinder, LedgerReader, RecordFinder
    from trueup.workflows.ledger_place import LedgerPlace
    from trueup.workflows.workspace import Workspace


def log(
    finder: RecordFinder, wanted: Filter, place: LedgerPlace, *, limit: int = 0, commits: ChangeFinder | None = None
) -> AuditLog:
    """Return the records that *wanted* asks for, newest first, at most *limit* (0: all).

    Where it asks for a resource, and not for records of some kinds, *commits* tells who changed the resource, too.

    Raises:
        UnreadableRecordError: A record on the way cannot be read.
    """
    most = limit + 1 if limit else 0
    found = list(finder.matching(wanted, most))
    shown = tuple(found[:limit] if limit else found)
    is_asked = wanted.resource and not wanted.kinds
    changed = commits.changes(wanted, most) if commits is not None and is_asked else ()
    told = changed[:limit] if limit else changed
    return AuditLog(
        shown,
        more=len(found) > len(shown),
        hint="" if found else _hint(finder, place),
        changes=told,
        more_changes=len(changed) > len(told),
    )


def at(finder: RecordFinder, time: datetime, environment: str, place: LedgerPlace) -> AuditAt:
    """Return what *environment* (empty: every one) was serving at *time*.

    Raises:
        UnreadableRecordError: A record on the way cannot be read.
    """
    from trueup.ledger.history import serving_at

    serving = serving_at(finder.deciding(time, environment), time, environment or None)
    return AuditAt(time, environment, serving, "" if serving else _hint(finder, place))


def _hint(finder: RecordFinder, place: LedgerPlace) -> str:
    """Return what to do when there are no records at all."""
    return place.hint if next(finder.matching(Filter(), 1), None) is None else ""


def verify(ledger: LedgerReader, place: LedgerPlace) -> AuditVerification:
    """Check the ledger offline and return every break; a record that cannot be read is one of them."""
    count, problems = ledger.verify()
    return AuditVerification(count, _newest(ledger), problems, "" if count else place.hint)


def verify_decisions(workspace: Workspace, place: LedgerPlace, since: datetime | None) -> AuditVerification:
    """Check the ledger as `verify` does, and make every decision recorded *since* again (None: all)."""
    from trueup.workflows.redecide import audit_decisions

    verified = verify(workspace.ledger, place)
    return replace(verified, decisions=audit_decisions(workspace, since, verified.count))


def _newest(ledger: LedgerReader) -> Newest | None:
    try:
        record = next(ledger.records(), None)
    except TrueupError:  # verification has already named it
        return None
    return Newest(record.sequence, record.digest, record.commit, record.draft.at) if record else None
