"""Reads an entry from a record and from the document that policy judged, which the record keeps beside it.

Both are what some version of trueup wrote, and the chain has vouched for their bytes: what is absent or of another
shape is left out here, and never guessed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from trueup.core.digests import Digest, is_digest
from trueup.core.fields import MalformedError
from trueup.core.json import Json, mapping_of
from trueup.evidence.codec import evidence_from_json
from trueup.evidence.evidence import Evidence
from trueup.ledger.bodies import pinned_of
from trueup.ledger.export.entry import Approval, Entry, Excuse, Finding, Policies, Proof, Served
from trueup.ledger.record import Record, RecordKind
from trueup.policy.recorded import input_of

_DEPLOYMENT = "Deployment/"
_GATE = "trueup/gate"
_CO_AUTHOR = "co-authored-by"
_SHOWN_MEASUREMENTS = 12
"""Numbers of one result that an entry repeats; the record has all."""


def judged_document(record: Record) -> Digest:
    """Return the digest of the document that the last decision of *record* was made on; empty for none.

    The last decision saw all that the ones before it saw, and what was measured in between.
    """
    named = input_of(record.draft.decisions[-1]) if record.draft.decisions else ""
    return Digest(named) if is_digest(named) else Digest("")


def entry_of(record: Record, document: bytes | None = None) -> Entry:
    """Return *record* as an entry; *document* is what `judged_document` names, None where nobody has it."""
    draft = record.draft
    body = mapping_of(draft.body)
    judged = mapping_of(_parsed(document))
    results = [_result(d) for d in map(mapping_of, draft.decisions)]
    # The approvals of the record were held to keys that git trusted; the document is what older records have.
    approved = body["approvals"] if "approvals" in body else judged.get("approvals")
    return Entry(
        sequence=record.sequence,
        digest=record.digest,
        commit=record.commit,
        at=draft.at,
        environment=draft.environment,
        kind=draft.kind.value,
        outcome=draft.outcome.value,
        actor=draft.actor,
        revision=draft.revision,
        plan=draft.plan,
        deployments=tuple(r for r in draft.resources if r.startswith(_DEPLOYMENT)),
        resources=tuple(r for r in draft.resources if not r.startswith(_DEPLOYMENT)),
        note=_note(record),
        authors=tuple(_authors(mapping_of(judged.get("change")))),
        approvals=tuple(_approval(a) for a in (*_mappings(approved), *_mappings(judged.get("approvalsNotCounted")))),
        is_documented="approvals" in body or "approvals" in judged,
        policies=tuple(dict.fromkeys(p for d in map(mapping_of, draft.decisions) for p in _policies(d))),
        decisions=tuple(_decision(d) for d in map(mapping_of, draft.decisions)),
        findings=tuple(dict.fromkeys(f for r in results for f in map(_finding, _mappings(r.get("violations"))))),
        excuses=tuple(_excuses(results, _mappings(judged.get("exceptions")))),
        proofs=tuple(_proofs(record, _mappings(judged.get("evidence")))),
        served=tuple(_served(a, s) for a, s in sorted(mapping_of(body.get("serving")).items())),
        removed=_texts(body.get("removed")),
        failed=tuple((a, str(why)) for a, why in sorted(mapping_of(body.get("failed")).items())),
    )


def _parsed(document: bytes | None) -> Json:
    try:
        parsed: Json = json.loads(document or b"{}")
    except ValueError:
        return None
    return parsed


def _note(record: Record) -> str:
    body = mapping_of(record.draft.body)
    match record.draft.kind:
        case RecordKind.HOLD | RecordKind.LIFT:
            return _text(mapping_of(body.get("hold", body)), "reason")
        case RecordKind.BUILD:
            build = mapping_of(body.get("build"))
            simulated = " (simulated)" if build.get("simulated") is True else ""
            return f"{_text(build, 'mode')} {_text(build, 'result')}{simulated}".strip()
        case _:
            return _text(body, "cause")


def _authors(change: Mapping[str, Json]) -> Iterator[str]:
    """Yield who wrote the change, each once: authors of its revision and of its commits, and whom it names besides."""
    trailers = mapping_of(change.get("trailers"))
    besides = [name for key, names in trailers.items() if key.casefold() == _CO_AUTHOR for name in _texts(names)]
    commits = [_text(c, "author") for c in _mappings(change.get("commits"))]
    yield from dict.fromkeys(name for name in (_text(change, "author"), *commits, *besides) if name)


def _approval(found: Mapping[str, Json]) -> Approval:
    return Approval(
        by=_text(found, "by"),
        source=_text(found, "source"),
        reference=_text(found, "name") or _text(found, "commit"),
        roles=_texts(found.get("roles")),
        key=_text(found, "key"),
        signed=found.get("signed") is True,
        is_author=found.get("isAuthor") is True,
        why=_text(found, "why"),
    )


def _policies(decision: Mapping[str, Json]) -> Iterator[Policies]:
    bundles = mapping_of(decision.get("bundles"))
    for name, bundle in bundles.items():
        about = mapping_of(bundle)
        yield Policies(name, _text(about, "revision"), _text(about, "digest"))
    if not bundles and (digest := _text(decision, "bundle")):
        yield Policies("policies", "", digest)


def _result(decision: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return what was decided, wherever the format of the event has it."""
    return mapping_of(decision.get("result", decision))


def _decision(decision: Mapping[str, Json]) -> str:
    where = "gate" if decision.get("path") == _GATE else "plan"
    return f"{where} {_text(_result(decision), 'outcome')}".strip()


def _finding(found: Mapping[str, Json]) -> Finding:
    return Finding(
        rule=_text(found, "rule"),
        severity=_text(found, "severity"),
        enforcement=_text(found, "enforcement"),
        address=_text(found, "address"),
        message=_text(found, "message"),
        excepted_by=_text(found, "exceptedBy"),
    )


def _excuses(results: Iterable[Mapping[str, Json]], declared: Sequence[Mapping[str, Json]]) -> Iterator[Excuse]:
    """Yield the exceptions that lifted something, with what the document says of them."""
    used = [_text(e, "address") for r in results for e in _mappings(r.get("exceptions")) if e.get("state") == "used"]
    known = {_text(d, "address"): d for d in declared}
    for address in dict.fromkeys(used):
        about = known.get(address, {})
        yield Excuse(
            address=address,
            rule=_text(about, "rule"),
            resource=_text(about, "resource"),
            reason=_text(about, "reason"),
            compensating_control=_text(about, "compensatingControl"),
            approved_by=_text(about, "approvedBy"),
            expires=_text(about, "expires"),
        )


def _proofs(record: Record, judged: Iterable[Mapping[str, Json]]) -> Iterator[Proof]:
    if record.draft.kind is RecordKind.EVIDENCE:
        body = mapping_of(record.draft.body)
        try:
            yield proof_of(evidence_from_json(body.get("evidence", body)))
        except MalformedError:
            return
    for found in judged:
        yield Proof(
            subject=_text(found, "evaluation") or _text(found, "address"),
            key=_text(found, "key"),
            completed_at=_text(found, "completedAt"),
            passed=found.get("passed") is True,
            simulated=found.get("simulated") is True,
            tool=_text(found, "tool"),
            measured=tuple(_measured(m) for m in _mappings(found.get("measurements"))[:_SHOWN_MEASUREMENTS]),
        )


def proof_of(evidence: Evidence) -> Proof:
    """Return what an entry says of *evidence*."""
    return Proof(
        subject=evidence.evaluation,
        key=evidence.key,
        digest=evidence.digest,
        completed_at=evidence.completed_at.isoformat(),
        passed=evidence.passed,
        simulated=evidence.simulated,
        tool=evidence.tool,
        measured=tuple(_measured(m.to_json()) for m in evidence.measurements[:_SHOWN_MEASUREMENTS]),
    )


def _measured(found: Mapping[str, Json]) -> str:
    """Spell one measurement: `refusal 1 ratio over 15`."""
    value = found.get("value")
    number = f"{value:g}" if isinstance(value, int | float) else ""
    part = f" in {found['slice']}" if found.get("slice") else ""
    samples = f" over {found['samples']}" if found.get("samples") else ""
    return " ".join(f"{_text(found, 'metric')}{part} {number} {_text(found, 'unit')}{samples}".split())


def _served(address: str, serving: Json) -> Served:
    about = mapping_of(serving)
    pinned = pinned_of(about.get("manifest"))
    release = _text(about, "release")
    return Served(address, pinned.model, pinned.prompt, pinned.build, release, about.get("verified") is True)


def _text(found: Mapping[str, Json], key: str) -> str:
    value = found.get(key)
    return value if isinstance(value, str) else ""


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list | tuple) else ()


def _mappings(value: Json) -> list[Mapping[str, Json]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list | tuple) else []
