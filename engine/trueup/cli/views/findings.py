"""Findings: diagnostics and violations as one thing, for formats that know no difference (SARIF, JUnit, GitHub)."""

from collections.abc import Iterable
from enum import StrEnum

from trueup.core.diagnostics import Diagnostic, Severity, Span
from trueup.core.frozen import dataclass
from trueup.diff.masks import masked_text
from trueup.policy.decision import Decision, Enforcement, Violation
from trueup.policy.results import RuleInfo
from trueup.spec.resource import Path


class Level(StrEnum):
    """How loud a finding is: an error stops something, a warning is shown, a note is a dry run."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


LEVELS = tuple(Level)
"""From the loudest."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem somewhere.

    Attributes:
        rule: Stable id: the code of a diagnostic, the id of a policy rule.
        title: The rule in a few fixed words.
        explanation: Why it is a rule.
        level: How loud it is.
        message: What is wrong here.
        remedy: What to do here.
        span: Where.
        address: Resource it is about; empty when unknown.
        path: Field path inside the resource.
        excepted_by: What lifts it; empty when nothing does.
        softened_by: What made it less than its severity says; empty when nothing did.
        severity: Of a policy rule: `critical`, `high`, `medium` or `low`.
        tags: Rule set and controls of a policy rule.
        is_unevaluated: Nobody could tell whether the rule holds, which denies.
    """

    rule: str
    title: str
    level: Level
    message: str
    explanation: str = ""
    remedy: str = ""
    span: Span | None = None
    address: str = ""
    path: Path = ()
    excepted_by: str = ""
    softened_by: str = ""
    severity: str = ""
    tags: tuple[str, ...] = ()
    is_unevaluated: bool = False

    @property
    def is_failure(self) -> bool:
        """Whether it stops something."""
        return self.level is Level.ERROR and not self.excepted_by

    @property
    def text(self) -> str:
        """What is wrong here, and what made it less than its severity says."""
        said = self.message or self.title
        return f"{said} ({self.aside})" if self.aside else said

    @property
    def aside(self) -> str:
        """What changed its effect, in words; empty when nothing did."""
        parts = []
        if self.excepted_by:
            parts.append(f"excepted by {self.excepted_by}")
        if self.level is Level.NOTE:
            parts.append("dry run")
        if self.softened_by:
            parts.append(f"softened by {self.softened_by}")
        return ", ".join(parts)


UNEVALUATED = "POLICY-ERROR"
"""Rule id of a policy that could not be evaluated."""

_LEVELS = {
    Enforcement.DENY: Level.ERROR,
    Enforcement.WARN: Level.WARNING,
    Enforcement.DRYRUN: Level.NOTE,
}


def finding_of(diagnostic: Diagnostic) -> Finding:
    """Return *diagnostic* as a finding."""
    return Finding(
        rule=diagnostic.code.id,
        title=diagnostic.code.summary,
        level=Level.ERROR if diagnostic.severity is Severity.ERROR else Level.WARNING,
        message=masked_text(diagnostic.detail),
        explanation=diagnostic.code.explanation,
        remedy=diagnostic.hint or diagnostic.code.remedy,
        span=diagnostic.span,
    )


def findings_of(decision: Decision, rules: Iterable[RuleInfo] = ()) -> tuple[Finding, ...]:
    """Return what *decision* found: policies that could not be evaluated first, then its violations."""
    said = {r.id: r for r in rules}
    errors = (
        Finding(
            UNEVALUATED,
            "A policy could not be evaluated",
            Level.ERROR,
            e.message,
            span=e.span,
            is_unevaluated=True,
        )
        for e in decision.errors
    )
    return (*errors, *(_violation(v, said.get(v.rule)) for v in decision.violations))


def _violation(violation: Violation, info: RuleInfo | None) -> Finding:
    return Finding(
        rule=violation.rule,
        title=violation.title,
        level=_LEVELS[violation.enforcement],
        message=violation.message,
        explanation=info.description if info else "",
        remedy=violation.remediation,
        span=violation.span,
        address=violation.address,
        path=violation.path,
        excepted_by=violation.excepted_by,
        softened_by=violation.softened_by,
        severity=violation.severity,
        tags=tags_of(info) if info else (),
    )


def tags_of(info: RuleInfo) -> tuple[str, ...]:
    """Return the rule set and the controls of a rule."""
    return (*([info.rule_set] if info.rule_set else []), *info.controls)


_LOUDNESS = ("critical", "high", "medium", "low", "")


def level_of(finding: Finding) -> Level:
    """Return how loud *finding* is shown; what is excepted is a note: somebody approved it, and it should be seen."""
    return Level.NOTE if finding.excepted_by else finding.level


def loudest(findings: Iterable[Finding], level: Level) -> list[Finding]:
    """Return those of *findings* that are shown at *level*, by severity."""
    return sorted((f for f in findings if level_of(f) is level), key=lambda f: _LOUDNESS.index(f.severity))
