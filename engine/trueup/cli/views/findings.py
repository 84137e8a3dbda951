"""Findings: diagnostics and violations as one thing, for formats that know no difference (SARIF, JUnit)."""

from dataclasses import dataclass

from trueup.core.diagnostics import Diagnostic, Severity, Span
from trueup.diff.masks import masked_text
from trueup.policy.decision import Decision, Enforcement
from trueup.spec.resource import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem somewhere.

    Attributes:
        rule: Stable id: the code of a diagnostic, the id of a policy rule.
        title: The rule in a few fixed words.
        explanation: Why it is a rule.
        severity: Error or warning.
        message: What is wrong here.
        remedy: What to do here.
        span: Where.
        address: Resource it is about; empty when unknown.
        path: Field path inside the resource.
        excepted_by: What lifts it; empty when nothing does.
    """

    rule: str
    title: str
    severity: Severity
    message: str
    explanation: str = ""
    remedy: str = ""
    span: Span | None = None
    address: str = ""
    path: Path = ()
    excepted_by: str = ""


UNEVALUATED = "POLICY-ERROR"
"""Rule id of a policy that could not be evaluated."""


def finding_of(diagnostic: Diagnostic) -> Finding:
    """Return *diagnostic* as a finding."""
    return Finding(
        rule=diagnostic.code.id,
        title=diagnostic.code.summary,
        severity=diagnostic.severity,
        message=masked_text(diagnostic.detail),
        explanation=diagnostic.code.explanation,
        remedy=diagnostic.hint or diagnostic.code.remedy,
        span=diagnostic.span,
    )


def findings_of(decision: Decision) -> tuple[Finding, ...]:
    """Return what *decision* found: policies that could not be evaluated first, then its violations."""
    errors = (
        Finding(UNEVALUATED, "A policy could not be evaluated", Severity.ERROR, e.message, span=e.span)
        for e in decision.errors
    )
    violations = (
        Finding(
            rule=v.rule,
            title=v.title,
            severity=Severity.ERROR if v.enforcement is Enforcement.DENY else Severity.WARNING,
            message=v.message,
            remedy=v.remediation,
            span=v.span,
            address=v.address,
            path=v.path,
            excepted_by=v.excepted_by,
        )
        for v in decision.violations
    )
    return (*errors, *violations)
