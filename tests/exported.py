"""A ledger as auditors get it: records with the documents that policy judged, made by hand, ordinary and hostile."""

import json
from collections.abc import Iterable
from dataclasses import replace

from fakes import FakeLedger
from records import after, applied, held, lifted, measured
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest, digest_of, digest_of_bytes
from trueup.core.json import Json
from trueup.ledger.audit import AuditVerification, Newest
from trueup.ledger.codes import RECORD_CHANGED
from trueup.ledger.export.entry import Entry
from trueup.ledger.export.header import Header
from trueup.ledger.export.reading import entry_of, judged_document
from trueup.ledger.filters import Filter
from trueup.ledger.record import Draft, Record, RecordKind, RunOutcome

POLICIES = digest_of("policies")
EXCEPTION = "PolicyException/no-rota"
EVE = "Eve <eve@example.com>"
HOSTILE = "=1+1;\"=cmd|' /C calc'!A0\n@x\t+y</script><script>alert(1)</script>\u202e##[error]::set-output::x|-1"


def judged(name: str = "Bob <bob@example.com>", reason: str = "No rota yet") -> bytes:
    """Return the document that policy judged: who wrote the change, who approved it, on which evidence."""
    document: Json = {
        "change": {
            "author": "Ada <ada@example.com>",
            "trailers": {"Co-authored-by": ["Cid <cid@example.com>"], "Ticket": ["OPS-1"]},
            "commits": [{"author": "Ada <ada@example.com>"}, {"author": "Dot <dot@example.com>"}],
        },
        "approvals": [
            {"by": name, "source": "trailer", "commit": "c" * 40, "roles": ["risk"], "signed": True, "isAuthor": False},
            {"by": "Ada <ada@example.com>", "source": "tag", "name": "t", "key": "SHA256:k", "signed": True,
             "isAuthor": True},
        ],
        "approvalsNotCounted": [{"by": EVE, "source": "tag", "name": "t2", "why": "it is not signed"}],
        "evidence": [
            {
                "evaluation": "Evaluation/facts@1",
                "key": digest_of("k"),
                "completedAt": "2026-03-14T12:01:00+00:00",
                "passed": True,
                "simulated": False,
                "tool": "builtin 0",
                "measurements": [
                    {"metric": "exact", "value": 0.75, "unit": "ratio", "samples": 12, "slice": "new"},
                    {"metric": "odd", "value": None},
                ],
            },
            {"address": "Dataset/facts@1", "completedAt": "2026-03-14T12:00:00+00:00", "passed": False},
        ],
        "exceptions": [
            {
                "address": EXCEPTION,
                "rule": "OP-02",
                "resource": "Deployment/dev/support",
                "reason": reason,
                "compensatingControl": "Office hours",
                "approvedBy": name,
                "expires": "2026-06-01",
            }
        ],
    }  # fmt: skip
    return json.dumps(document).encode()


def decision(document: bytes, outcome: str = "allow", *, gate: bool = False) -> dict[str, Json]:
    """Return a decision as records keep it, with one finding that was lifted and one that was not."""
    finding: dict[str, Json] = {"rule": "OP-02", "severity": "high", "address": "Deployment/dev/support"}
    return {
        "bundles": {"library": {"revision": "trueup 0.1.0", "digest": POLICIES}},
        "policies": {"digest": POLICIES, "attachment": digest_of("bundle")},
        "path": "trueup/gate" if gate else "trueup/decision",
        "input_digest": digest_of_bytes(document),
        "result": {
            "outcome": outcome,
            "violations": [
                {**finding, "enforcement": "deny", "message": "Nothing watches it.", "exceptedBy": EXCEPTION},
                {**finding, "rule": "EV-01", "enforcement": "warn", "message": "Old evidence."},
            ],
            "exceptions": [
                {"address": EXCEPTION, "state": "used"},
                {"address": "PolicyException/x", "state": "unused"},
            ],
        },
    }


def decided(draft: Draft, document: bytes, *decisions: dict[str, Json]) -> Draft:
    """Return *draft* with *decisions* made on *document*."""
    attachments = ((digest_of_bytes(document), document),)
    return replace(draft, decisions=decisions or (decision(document),), attachments=attachments)


def drafts(document: bytes | None = None, reason: str = "it answers in riddles") -> tuple[Draft, ...]:
    """Return what happened, oldest first: applies, evidence, a denial, a hold and its end, a rollback, a removal."""
    document = document or judged()
    denied = decided(applied("b", minutes=4, outcome=RunOutcome.DENIED), document, decision(document, "deny"))
    failed = decided(applied("c", minutes=9, outcome=RunOutcome.FAILED), document)
    hold = held("b", minutes=5)
    body: Json = {"hold": {**hold.body, "reason": reason}} if isinstance(hold.body, dict) else None
    return (
        decided(applied("a"), document, decision(document), decision(document, gate=True)),
        measured("k", minutes=2),
        replace(denied, body={"cause": "asked by hand"}),
        replace(hold, body=body, resources=("Deployment/dev/support",)),
        lifted("b", minutes=6),
        decided(applied("a", minutes=7, kind=RecordKind.ROLLBACK), document),
        replace(failed, body={"failed": {"Deployment/dev/support": "RUN001 it did not start"}}),
        applied("", minutes=10, environment="prod", removed=("Deployment/prod/support",)),
    )


def ledger_of(all_drafts: Iterable[Draft]) -> FakeLedger:
    """Return a ledger with *all_drafts*."""
    ledger = FakeLedger()
    for draft in all_drafts:
        ledger.append(draft)
    return ledger


def entries(all_drafts: Iterable[Draft]) -> list[Entry]:
    """Return *all_drafts* as entries, newest first."""
    ledger = ledger_of(all_drafts)
    return [entry_of(r, content) for r, content in ledger.beside((r, judged_document(r)) for r in ledger.records())]


def hostile() -> list[Entry]:
    """Return entries in which every text that somebody chose is an attack."""
    found = entries(drafts(judged(HOSTILE, HOSTILE), HOSTILE))
    return [replace(e, actor=HOSTILE, environment=HOSTILE, resources=(HOSTILE,), deployments=(HOSTILE,)) for e in found]


def header(*problems: Diagnostic, wanted: Filter | None = None, count: int = 8, hint: str = "") -> Header:
    """Return the head of a report of a ledger with *problems*."""
    newest = Newest(count, Digest("sha256:" + "e" * 64), _REVISION, after(10)) if count else None
    verification = AuditVerification(count, newest, problems, hint)
    return Header("shop", "trueup 0.1.0", after(60), wanted or Filter(), "", verification)


def broken() -> Diagnostic:
    """Return a break of the ledger."""
    return Diagnostic(RECORD_CHANGED, "Record 3 was <changed>.", None, RECORD_CHANGED.remedy)


def records(all_drafts: Iterable[Draft]) -> list[Record]:
    """Return *all_drafts* as records, newest first."""
    return list(ledger_of(all_drafts).records())


_REVISION = applied("a").revision
