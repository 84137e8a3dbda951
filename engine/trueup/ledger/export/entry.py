"""One record as an entry of an audit report: a flat value that every format shows."""

from dataclasses import field, fields
from datetime import datetime

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.json import Json


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved the change.

    Attributes:
        by: The name, as it was given.
        source: Where it was said: `trailer`, `tag`, `commit`, `review`.
        reference: The tag, commit or review that says so.
        roles: What they are here.
        key: Fingerprint of the key that signed; empty when nobody knows one.
        signed: Whether a signature that counts stands behind it.
        is_author: They wrote a part of the change themselves.
        why: Why it does not count; empty for one that was counted.
    """

    by: str
    source: str = ""
    reference: str = ""
    roles: tuple[str, ...] = ()
    key: str = ""
    signed: bool = False
    is_author: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Policies:
    """Rules that judged: their name, the revision they are of, their digest."""

    name: str
    revision: str
    digest: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule objected to, and what became of it: `deny`, `warn`, ...; `excepted_by` lifted it."""

    rule: str
    severity: str
    enforcement: str
    address: str
    message: str
    excepted_by: str = ""


@dataclass(frozen=True, slots=True)
class Excuse:
    """A PolicyException that lifted something, as it was declared then."""

    address: str
    rule: str = ""
    resource: str = ""
    reason: str = ""
    compensating_control: str = ""
    approved_by: str = ""
    expires: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """Evidence that was measured, or that a decision rested on.

    Attributes:
        subject: Address of the Evaluation, or of what else was looked into.
        key: What the result depends on; a measurement and the decisions that rest on it have the same.
        digest: Of the evidence itself; empty where a decision only repeats it.
        completed_at: When it was complete.
        passed: Every declared threshold held.
        simulated: A double produced it.
        tool: What measured.
        measured: What was measured, in words.
    """

    subject: str
    key: str
    digest: str = ""
    completed_at: str = ""
    passed: bool = False
    simulated: bool = False
    tool: str = ""
    measured: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Served:
    """What the record says that a deployment serves from then on."""

    deployment: str
    model: str
    prompt: str
    build: str
    release: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One record.

    Attributes:
        sequence: Its number in the ledger, from 1.
        digest: Its digest.
        commit: Commit of the ledger that holds it.
        at: When.
        environment: Where; empty for nowhere in particular.
        kind: What it is about.
        outcome: How it ended.
        actor: Who ran the command.
        revision: Commit of the declaration.
        plan: Plan id; empty when there was none.
        deployments: Deployments it names.
        resources: Other resources it names.
        note: Reason or cause in words; empty for none.
        authors: Who wrote the change that was judged; empty where nobody says.
        approvals: Who approved it, first those that counted.
        is_documented: It is known who approved it; else nobody says, which is not the same as nobody.
        policies: Rules that judged.
        decisions: What they decided, in order: `plan allow`, `gate deny`.
        findings: What they objected to.
        excuses: Exceptions that were used.
        proofs: Evidence.
        served: What serves from then on.
        removed: Deployments that are gone from then on.
        failed: Deployments that failed, with why.
    """

    sequence: int
    digest: Digest
    commit: str
    at: datetime
    environment: str
    kind: str
    outcome: str
    actor: str
    revision: str
    plan: str = ""
    deployments: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    note: str = ""
    authors: tuple[str, ...] = ()
    approvals: tuple[Approval, ...] = ()
    is_documented: bool = False
    policies: tuple[Policies, ...] = ()
    decisions: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    excuses: tuple[Excuse, ...] = ()
    proofs: tuple[Proof, ...] = ()
    served: tuple[Served, ...] = ()
    removed: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = field(default=())

    def to_json(self) -> dict[str, Json]:
        """Return the entry as JSON: every field, always."""
        plain: dict[str, Json] = {f.name: _json(getattr(self, f.name)) for f in fields(self)}
        return plain | {"at": self.at.isoformat(), "failed": dict(self.failed)}


def _json(value: object) -> Json:
    match value:
        case tuple():
            return [_json(item) for item in value]
        case Approval() | Policies() | Finding() | Excuse() | Proof() | Served():
            return {f.name: _json(getattr(value, f.name)) for f in fields(value)}
        case bool() | int():
            return value
        case _:
            return str(value)


@dataclass(frozen=True, slots=True)
class Broken:
    """Stands where entries end before their time: the record there cannot be believed, and none before it is shown."""

    detail: str


Line = Entry | Broken
