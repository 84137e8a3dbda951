"""Drafts of ledger records from the few words a test is about."""

from datetime import UTC, datetime, timedelta

from trueup.core.digests import Digest, Revision, digest_of, digest_of_bytes
from trueup.core.ids import parse_address
from trueup.core.json import Json
from trueup.evidence.evidence import Evidence, GateResult, Measurement
from trueup.ledger import chain
from trueup.ledger.record import Draft, Record, RecordKind, RunOutcome
from trueup.observed.state import Hold

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
REVISION = Revision("8f2a1c0d9e8b7a6f5e4d3c2b1a09f8e7d6c5b4a3")
SUPPORT = "Deployment/dev/support"


def after(minutes: float) -> datetime:
    """Return the time so many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def release(name: str) -> Digest:
    """Return the digest of the release called *name*."""
    return digest_of({"release": name})


def manifest(name: str) -> dict[str, Json]:
    """Return a deployment's manifest as apply leaves it."""
    return {
        "deployment": {
            "address": SUPPORT,
            "release": {
                "model": {"address": f"Model/{name}@1", "digest": digest_of(name)},
                "artifact": {"digest": digest_of("weights"), "format": "gguf"},
                "build": {"key": digest_of("key"), "mode": "gguf", "parameters": {"quantization": "Q8_0"}},
                "prompt": {"address": "Prompt/support@1", "digest": digest_of("prompt")},
                "adapters": [],
            },
        },
        "documents": {},
    }


def applied(
    name: str = "",
    *,
    environment: str = "dev",
    minutes: float = 0,
    outcome: RunOutcome = RunOutcome.DONE,
    kind: RecordKind = RecordKind.APPLY,
    deployment: str = "support",
    removed: tuple[str, ...] = (),
    verified: bool = True,
    document: bytes = b'{"plan":1}',
) -> Draft:
    """Return the draft of a run that left the release called *name* serving; without a name, nothing."""
    address = f"Deployment/{environment}/{deployment}"
    served: dict[str, Json] = {"manifest": manifest(name), "release": release(name), "verified": verified}
    serving: dict[str, Json] = {address: served} if name else {}
    return Draft(
        kind=kind,
        environment=environment,
        at=after(minutes),
        actor="Ada Lovelace <ada@example.com>",
        revision=REVISION,
        plan=digest_of([environment, name]),
        outcome=outcome,
        resources=(address, "Prompt/support@1"),
        decisions=({"outcome": "allow", "input": digest_of_bytes(document), "bundle": digest_of("policies")},),
        events=({"step": "route", "address": address},),
        body={"serving": serving, "removed": list(removed)},
        attachments=((digest_of_bytes(document), document),),
    )


def measured(key: str, value: float = 0.9, *, minutes: float = 0, wrapped: bool = True, output: str = "") -> Draft:
    """Return the draft of evidence for *key*; it passes when *value* is at least 0.5. *output* is what was built."""
    found = Evidence(
        evaluation="Evaluation/facts@1",
        key=digest_of(key),
        subject=(*([("output", digest_of(output))] if output else []), ("release", release("a"))),
        measurements=(Measurement("accuracy", value, "ratio", 12),),
        gates=(GateResult("accuracy", ">=", 0.5, value, value >= 0.5),),
        tool="trueup 0",
        started_at=after(minutes),
        completed_at=after(minutes + 1),
    )
    body = {"evidence": found.to_json()} if wrapped else found.to_json()
    return _noted(RecordKind.EVIDENCE, body, after(minutes))


def held(name: str, *, minutes: float = 0, expires: datetime | None = None, environment: str = "dev") -> Draft:
    """Return the draft of a hold on the release called *name*."""
    return _noted(RecordKind.HOLD, _hold(name, minutes, expires, environment).to_json(), after(minutes), environment)


def lifted(name: str, *, minutes: float = 0, environment: str = "dev") -> Draft:
    """Return the draft that lifts that hold."""
    body: Json = {"hold": _hold(name, minutes, None, environment).to_json()}
    return _noted(RecordKind.LIFT, body, after(minutes), environment)


def _hold(name: str, minutes: float, expires: datetime | None, environment: str) -> Hold:
    deployment = parse_address(f"Deployment/{environment}/support")
    assert deployment is not None
    return Hold(environment, deployment, release(name), "it answers in riddles", "Ada", after(minutes), expires)


def _noted(kind: RecordKind, body: Json, at: datetime, environment: str = "dev") -> Draft:
    return Draft(kind, environment, at, "Ada <ada@example.com>", REVISION, Digest(""), RunOutcome.NOTED, (), body=body)


def sealed(*drafts: Draft) -> list[Record]:
    """Return *drafts* as a chain, oldest first, each with a commit of its own."""
    records: list[Record] = []
    for draft in drafts:
        record = chain.seal(draft, records[-1] if records else None)
        number = len(records) + 1
        records.append(
            Record(record.sequence, record.previous, record.digest, Revision(f"{number:040x}"), record.draft)
        )
    return records


def newest_first(*drafts: Draft) -> list[Record]:
    """Return *drafts* as records, newest first."""
    return sealed(*drafts)[::-1]
