"""A decision as JSON that reads back whole: what plan files and machine-readable views hold.

`Decision.to_json` is the shorter form that the ledger keeps beside the policy document itself.
"""

from trueup.core.diagnostics import Span
from trueup.core.json import Json
from trueup.plan.shapes import Shape, ShapeError
from trueup.policy.decision import Decision, Enforcement, EngineError, ExceptionUse, Notice, Outcome, Violation

FORMAT_VERSION = 1
"""Fields may be added; one that an older file lacks reads as its default."""


def decision_to_json(decision: Decision) -> dict[str, Json]:
    """Return *decision* whole, as JSON."""
    return {
        "formatVersion": FORMAT_VERSION,
        "outcome": decision.outcome.value,
        "violations": [_violation(v) for v in decision.violations],
        "errors": [{"message": e.message, "span": _span(e.span)} for e in decision.errors],
        "bundle": decision.bundle,
        "input": decision.input,
        "engine": decision.engine,
        "rules": list(decision.rules),
        "exceptions": [_exception(e) for e in decision.exceptions],
        "notices": [{"message": n.message, "span": _span(n.span)} for n in decision.notices],
    }


def decision_from_json(value: Json) -> Decision:
    """Return the decision that *value* spells.

    Raises:
        ShapeError: It spells none, or in a format this version does not know.
    """
    shape = Shape(value, "decision")
    if shape.whole("formatVersion") != FORMAT_VERSION:
        raise ShapeError("`decision.formatVersion` is unknown")
    return Decision(
        outcome=shape.one_of("outcome", Outcome),
        violations=tuple(_read_violation(v) for v in shape.items("violations")),
        errors=tuple(EngineError(e.text("message"), _read_span(e)) for e in shape.items("errors")),
        bundle=shape.digest("bundle"),
        input=shape.digest("input"),
        engine=shape.text("engine"),
        rules=shape.texts("rules"),
        exceptions=tuple(_read_exception(e) for e in shape.items("exceptions")),
        notices=tuple(Notice(n.text("message"), _read_span(n)) for n in _items(shape, "notices")),
    )


def _violation(violation: Violation) -> Json:
    return {
        "rule": violation.rule,
        "title": violation.title,
        "severity": violation.severity,
        "enforcement": violation.enforcement.value,
        "address": violation.address,
        "path": list(violation.path),
        "message": violation.message,
        "remediation": violation.remediation,
        "span": _span(violation.span),
        "exceptedBy": violation.excepted_by,
        "softenedBy": violation.softened_by,
        "softenedFrom": violation.softened_from.value if violation.softened_from else "",
    }


def _read_violation(shape: Shape) -> Violation:
    return Violation(
        rule=shape.text("rule"),
        title=shape.text("title"),
        severity=shape.text("severity"),
        enforcement=shape.one_of("enforcement", Enforcement),
        address=shape.text("address"),
        path=shape.path("path"),
        message=shape.text("message"),
        remediation=shape.text("remediation"),
        span=_read_span(shape),
        excepted_by=shape.text("exceptedBy"),
        softened_by=_text(shape, "softenedBy"),
        softened_from=shape.one_of("softenedFrom", Enforcement) if _text(shape, "softenedFrom") else None,
    )


def _exception(use: ExceptionUse) -> Json:
    return {
        "address": use.address,
        "state": use.state,
        "problem": use.problem,
        "expires": use.expires,
        "expiresInDays": use.expires_in_days,
    }


def _read_exception(shape: Shape) -> ExceptionUse:
    has_days = _has(shape, "expiresInDays") and shape.field("expiresInDays").value is not None
    return ExceptionUse(
        shape.text("address"),
        shape.text("state"),
        shape.text("problem"),
        _text(shape, "expires"),
        shape.whole("expiresInDays") if has_days else None,
    )


def _has(shape: Shape, name: str) -> bool:
    return isinstance(shape.value, dict) and name in shape.value


def _text(shape: Shape, name: str) -> str:
    return shape.text(name) if _has(shape, name) else ""


def _items(shape: Shape, name: str) -> tuple[Shape, ...]:
    return shape.items(name) if _has(shape, name) else ()


def _span(span: Span | None) -> Json:
    return {"path": span.path, "line": span.line, "column": span.column} if span else None


def _read_span(shape: Shape) -> Span | None:
    span = shape.field("span")
    if span.value is None:
        return None
    return Span(span.text("path"), span.whole("line"), span.whole("column"))
