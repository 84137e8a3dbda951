"""A decision as JSON that reads back whole: what plan files and machine-readable views hold.

`Decision.to_json` is the shorter form that the ledger keeps beside the policy document itself.
"""

from trueup.core.diagnostics import Span
from trueup.core.json import Json
from trueup.plan.shapes import Shape, ShapeError
from trueup.policy.decision import Decision, Enforcement, EngineError, ExceptionUse, Outcome, Violation

FORMAT_VERSION = 1


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
        "exceptions": [{"address": e.address, "state": e.state, "problem": e.problem} for e in decision.exceptions],
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
        exceptions=tuple(
            ExceptionUse(e.text("address"), e.text("state"), e.text("problem")) for e in shape.items("exceptions")
        ),
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
    )


def _span(span: Span | None) -> Json:
    return {"path": span.path, "line": span.line, "column": span.column} if span else None


def _read_span(shape: Shape) -> Span | None:
    span = shape.field("span")
    if span.value is None:
        return None
    return Span(span.text("path"), span.whole("line"), span.whole("column"))
