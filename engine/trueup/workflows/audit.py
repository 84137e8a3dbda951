"""Audit: what was decided and done, what was serving when, and whether the ledger that says so can be trusted.

Everything is answered from this clone; nothing is fetched.
"""

from dataclasses import replace
from datetime import datetime
from itertools import islice

from trueup.core.errors import TrueupError
from trueup.ledger import history
from trueup.ledger.audit import AuditAt, AuditLog, AuditVerification, Newest
from trueup.ledger.history import Filter
from trueup.ports import LedgerReader
from trueup.workflows.ledger_place import LedgerPlace
from trueup.workflows.redecide import audit_decisions
from trueup.workflows.workspace import Workspace


def log(ledger: LedgerReader, wanted: Filter, place: LedgerPlace, *, limit: int = 0) -> AuditLog:
    """Return the records that *wanted* asks for, newest first, at most *limit* (0: all).

    Raises:
        UnreadableRecordError: A record on the way cannot be read.
    """
    found = list(islice(history.filter_records(ledger.records(), wanted), limit + 1 if limit else None))
    is_empty = not found and next(ledger.records(), None) is None
    shown = tuple(found[:limit] if limit else found)
    return AuditLog(shown, more=len(found) > len(shown), hint=place.hint if is_empty else "")


def at(ledger: LedgerReader, time: datetime, environment: str, place: LedgerPlace) -> AuditAt:
    """Return what *environment* (empty: every one) was serving at *time*.

    Raises:
        UnreadableRecordError: A record on the way cannot be read.
    """
    serving = history.serving_at(ledger.records(), time, environment or None)
    is_empty = not serving and next(ledger.records(), None) is None
    return AuditAt(time, environment, serving, place.hint if is_empty else "")


def verify(ledger: LedgerReader, place: LedgerPlace) -> AuditVerification:
    """Check the ledger offline and return every break; a record that cannot be read is one of them."""
    count, problems = ledger.verify()
    return AuditVerification(count, _newest(ledger), problems, "" if count else place.hint)


def verify_decisions(workspace: Workspace, place: LedgerPlace, since: datetime | None) -> AuditVerification:
    """Check the ledger as `verify` does, and make every decision recorded *since* again (None: all)."""
    verified = verify(workspace.ledger, place)
    return replace(verified, decisions=audit_decisions(workspace, since, verified.count))


def _newest(ledger: LedgerReader) -> Newest | None:
    try:
        record = next(ledger.records(), None)
    except TrueupError:  # verification has already named it
        return None
    return Newest(record.sequence, record.digest, record.commit, record.draft.at) if record else None
