"""A plan for programs: one JSON document, or one JSON value a line. `plan.schema` publishes its schema."""

import json

from trueup.cli.views.plan_effects import effects_json
from trueup.cli.views.plan_report import PlanReport
from trueup.core.diagnostics import Span
from trueup.core.json import Json
from trueup.diff.changes import (
    Build,
    Change,
    Create,
    Delete,
    Evaluate,
    Fetch,
    FieldChange,
    Room,
    Update,
    change_id,
    symbol,
)
from trueup.evidence.evidence import Evidence
from trueup.plan.plan import count
from trueup.policy.decision import Decision, ExceptionUse, Violation

FORMAT_VERSION = "1.0"
"""A reader ignores keys it does not know and refuses another major version."""


class PlanJson:
    """One indented document."""

    def render(self, report: PlanReport) -> str:
        """Return the plan, whole."""
        return json.dumps(document(report), indent=2, ensure_ascii=False)


class PlanNdjson:
    """One value a line: the plan, its changes, violations, errors, exceptions, evidence and holds, the summary last."""

    def render(self, report: PlanReport) -> str:
        """Return the plan as lines that each carry their `type`."""
        whole = document(report)
        summary = _object(whole.pop("summary"))
        decision = _object(whole.pop("decision"))
        lists = (
            ("change", whole.pop("changes")),
            ("violation", decision.pop("violations", None)),
            ("policy_error", decision.pop("errors", None)),
            ("exception", decision.pop("exceptions", None)),
            ("notice", decision.pop("notices", None)),
            ("evidence", whole.pop("evidence")),
            ("hold", whole.pop("holds")),
            ("evaluation_loosened", whole.pop("evaluation_loosened")),
            ("behaviour", whole.get("behaviour")),
        )
        whole["behaviour"] = None if report.behaviour is None else []
        lines: list[Json] = [{"type": "plan", **whole, "decision": decision or None}]
        lines += [{"type": kind, **_object(item)} for kind, items in lists for item in _items(items)]
        lines.append({"type": "summary", **summary})
        return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)


def document(report: PlanReport) -> dict[str, Json]:
    """Return the plan as JSON; changes in the order they are applied."""
    saved, plan = report.saved, report.saved.plan
    counts = count(plan.changes)
    return {
        "format_version": FORMAT_VERSION,
        "plan_id": plan.id,
        "environment": {
            "name": saved.environment.name,
            "tier": saved.environment.tier,
            "upstream": saved.environment.upstream,
            "target": saved.environment.target,
        },
        "revision": plan.revision,
        "can_be_applied": bool(plan.revision) and not report.is_blocked,
        "inputs": plan.inputs.to_json(),
        "targets": [str(t) for t in plan.targets],
        "created_at": plan.created_at.isoformat(),
        "expires_at": saved.expires_at.isoformat(),
        "changes": [change_json(c) for c in plan.changes],
        "decision": None if report.decision is None else decision_json(report.decision),
        "policies": report.judged_by.to_json() if report.judged_by else None,
        "evidence": [_evidence(e) for e in saved.evidence],
        "holds": [h.to_json() for h in saved.holds],
        **effects_json(saved.effects),
        "behaviour": _behaviour(report),
        "summary": {
            "has_changes": bool(plan.changes),
            "create": counts.create,
            "update": counts.update,
            "delete": counts.delete,
            "fetch": counts.fetch,
            "build": counts.build,
            "evaluate": counts.evaluate,
            "blocked": report.blocked,
            "softened": len(report.softened),
            "dry_run": len(report.dry_run),
            "text": report.summary,
        },
    }


def change_json(change: Change) -> dict[str, Json]:
    """Return one change: its id, action, symbol, address and reason, and what its kind has besides."""
    sign, word = symbol(change)
    head: dict[str, Json] = {
        "id": change_id(change),
        "action": type(change).__name__.lower(),
        "symbol": sign,
        "word": word,
        "kind": change.address.kind,
        "address": str(change.address),
        "reason": change.reason,
    }
    return {**head, **_particulars(change)}


def _particulars(change: Change) -> dict[str, Json]:
    match change:
        case Create() | Update():
            return _deployment(change)
        case Delete():
            return {"release": change.release, "servers": list(change.servers)}
        case Fetch():
            return {"uri": change.uri, "digest": change.digest}
        case Build():
            return _build(change)
        case Evaluate():
            return {"deployment": str(change.deployment), "key": change.key}


def _build(change: Build) -> dict[str, Json]:
    told = change.estimate
    return {
        "mode": change.mode,
        "parameters": dict(change.parameters),
        "source": change.source,
        "key": change.key,
        "estimate": {"seconds": told.seconds, "memory_bytes": told.memory_bytes, "basis": told.basis} if told else None,
        "sizes": dict(change.sizes),
    }


def _deployment(change: Create | Update) -> dict[str, Json]:
    """Return the same keys for both, so that a reader need not tell them apart."""
    use = change.build
    common: dict[str, Json] = {
        "impacts": [i.value for i in change.impacts],
        "movement": change.movement.value,
        "release": change.release,
        "fields": [_field(f) for f in change.fields],
        "build": {"address": str(use.address), "mode": use.mode, "key": use.key, "cached": use.is_cached}
        if use
        else None,
    }
    if isinstance(change, Create):
        return {**common, "from_release": None, "restart": True, "drift": False, "room": None}
    own: dict[str, Json] = {"from_release": change.from_release, "restart": change.restart, "drift": change.drift}
    return {**common, **own, "room": _room(change.room) if change.room else None}


def _room(room: Room) -> Json:
    return {
        "strategy": room.strategy,
        "servers": room.servers,
        "memory_mib": room.memory_mib,
        "total_mib": room.total_mib,
    }


def _field(field: FieldChange) -> Json:
    return {
        "address": field.address,
        "path": list(field.path),
        "before": field.before,
        "after": field.after,
        "words": [{"kind": kind, "text": text} for kind, text in field.words],
    }


def decision_json(decision: Decision) -> dict[str, Json]:
    """Return the decision, violations in its order."""
    return {
        "outcome": decision.outcome.value,
        "engine": decision.engine,
        "bundle": decision.bundle,
        "input": decision.input,
        "rules": list(decision.rules),
        "violations": [violation_json(v) for v in decision.violations],
        "errors": [{"message": e.message, "span": span_json(e.span)} for e in decision.errors],
        "exceptions": [_exception(e) for e in decision.exceptions],
        "notices": [{"message": n.message, "span": span_json(n.span)} for n in decision.notices],
    }


def violation_json(violation: Violation) -> Json:
    """Return one violation: its rule, what it does, where, and what lifts or softens it."""
    return {
        "rule": violation.rule,
        "title": violation.title,
        "severity": violation.severity,
        "enforcement": violation.enforcement.value,
        "address": violation.address,
        "path": list(violation.path),
        "message": violation.message,
        "remediation": violation.remediation,
        "span": span_json(violation.span),
        "excepted_by": violation.excepted_by or None,
        "softened_by": violation.softened_by or None,
        "softened_from": violation.softened_from.value if violation.softened_from else None,
    }


def _exception(use: ExceptionUse) -> Json:
    return {
        "address": use.address,
        "state": use.state,
        "problem": use.problem or None,
        "expires": use.expires or None,
        "expires_in_days": use.expires_in_days,
    }


def span_json(span: Span | None) -> Json:
    """Return a place: line and column count from 1, 0 means the whole file."""
    return {"path": span.path, "line": span.line, "column": span.column} if span else None


def _evidence(evidence: Evidence) -> Json:
    return {
        "evaluation": evidence.evaluation,
        "key": evidence.key,
        "digest": evidence.digest,
        "passed": evidence.passed,
        "simulated": evidence.simulated,
        "measurements": [m.to_json() for m in evidence.measurements],
        "gates": [g.to_json() for g in evidence.gates],
        "completed_at": evidence.completed_at.isoformat(),
    }


def _behaviour(report: PlanReport) -> Json:
    if report.behaviour is None:
        return None
    from trueup.cli.views.behaviour_json import behaviour_json

    return [behaviour_json(diff) for diff in report.behaviour]


def _object(value: Json) -> dict[str, Json]:
    return dict(value) if isinstance(value, dict) else {}


def _items(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list) else []
