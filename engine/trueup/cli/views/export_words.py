"""Words that all formats of an audit report share."""

import re

from trueup.cli.views.audit import time_text, verdict_line
from trueup.core.digests import short
from trueup.ledger.audit import AuditVerification
from trueup.ledger.export.entry import Approval, Entry, Excuse, Finding, Policies, Proof, Served
from trueup.ledger.export.header import Header

_HOST = re.compile(r"(?<=>) on [^<>]*$")

UNKNOWN = "not recorded"
"""Where nobody says; nobody knows is not nobody was."""


def person(actor: str) -> str:
    """Return who ran a command, without the machine: `Name <mail>`, as git has authors."""
    return _HOST.sub("", actor)


def verdict(ledger: AuditVerification) -> str:
    """Say whether the ledger verified."""
    return f"The {verdict_line(ledger)}."


def scope_line(header: Header) -> str:
    """Say what was asked for."""
    return ", ".join(f"{name} {said}" for name, said in header.scope) or "all records"


def approval_text(found: Approval) -> str:
    """Say who approved, how, and whether it is signed; or why it does not count."""
    if found.why:
        return f"{found.by} ({found.source}, does not count: {found.why})"
    said = [found.source, *found.roles]
    said += [f"signed with {found.key}" if found.key else "signed"] if found.signed else ["not signed"]
    said += ["wrote a part of the change"] if found.is_author else []
    return f"{found.by} ({', '.join(filter(None, said))})"


def approvals_texts(entry: Entry) -> tuple[str, ...]:
    """Say who approved; nothing where no approval belongs to the entry."""
    said = tuple(map(approval_text, entry.approvals))
    if not entry.decisions or any(not a.why for a in entry.approvals):
        return said
    return ("nobody" if entry.is_documented else UNKNOWN, *said)


def authors_texts(entry: Entry) -> tuple[str, ...]:
    """Say who wrote the change; nothing where no change belongs to the entry."""
    return entry.authors or ((UNKNOWN,) if entry.decisions else ())


def policies_text(found: Policies) -> str:
    """Name the rules that judged."""
    revision = found.revision if found.revision != found.digest else ""
    if revision and " " not in revision:
        revision = short(revision)
    return " ".join(filter(None, (found.name, revision, short(found.digest))))


def finding_text(found: Finding) -> str:
    """Say what a rule objected to and what became of it."""
    became = f"lifted by {found.excepted_by}" if found.excepted_by else found.enforcement
    return f"{found.rule} ({', '.join(filter(None, (found.severity, became)))}) {found.address}: {found.message}"


def excuse_text(found: Excuse) -> str:
    """Say what was excused, why, by whom and until when."""
    about = f"{found.address} lifts {found.rule or 'a rule'} for {found.resource or 'a resource'}"
    said = (
        ("reason", found.reason),
        ("in its place", found.compensating_control),
        ("approved by", found.approved_by),
        ("until", found.expires),
    )
    return "; ".join([about, *(f"{name}: {value}" for name, value in said if value)])


def proof_text(found: Proof) -> str:
    """Say what was measured, with which result."""
    result = "simulated" if found.simulated else "passed" if found.passed else "did not pass"
    measured = f": {', '.join(found.measured)}" if found.measured else ""
    about = [f"{found.completed_at[:19]}Z"]
    about += [f"{name} {short(digest)}" for name, digest in (("key", found.key), ("evidence", found.digest)) if digest]
    return f"{found.subject} {result}{measured} ({', '.join(about)})"


def served_text(found: Served) -> str:
    """Say what serves."""
    parts = (("model", found.model), ("prompt", found.prompt), ("build", found.build))
    named = ", ".join(f"{name} {value.split('/', 1)[-1]}" for name, value in parts if value)
    state = "verified" if found.verified else "not verified"
    return f"{named or 'a release'} (release {short(found.release)}, {state})"


def when(entry: Entry) -> str:
    """Spell the time of *entry*, in UTC."""
    return time_text(entry.at)
