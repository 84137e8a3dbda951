"""A decision with what it was about and what was asked: the value that every output of decisions shows."""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from trueup.core.diagnostics import Diagnostic
from trueup.core.frozen import dataclass
from trueup.diff.masks import masked
from trueup.policy.codec import decision_from_json, decision_to_json
from trueup.policy.decision import Decision, Enforcement, EngineError, Outcome, Violation
from trueup.policy.enforcement import SEVERITIES
from trueup.policy.results import Evaluation, RuleInfo


class Status(StrEnum):
    """How one rule ended, as OpenReports has it."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    WARN = "warn"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class RuleResults:
    """What one rule gave.

    Attributes:
        rule: Its id.
        title: The rule in a few words.
        status: The worst of its results: `fail` denies, `warn` is shown, `skip` was excepted or is a dry run.
        violations: All of them.
    """

    rule: str
    title: str
    status: Status
    violations: tuple[Violation, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """One judged document.

    Attributes:
        subject: What was judged, in words: a file, an environment's plan.
        decision: What policy says; secrets are masked in it.
        rules: What the rules that were asked say of themselves.
        document: The document, as JSON.
        warnings: What is wrong with the policies and stops nothing.
    """

    subject: str
    decision: Decision
    rules: tuple[RuleInfo, ...] = ()
    document: bytes = b""
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def results(self) -> tuple[RuleResults, ...]:
        """Every rule with its results, those that passed included, sorted by id.

        A rule that may be the one that could not be evaluated did not pass.
        """
        titles = {r.id: r.title for r in reversed(self.rules)}
        found: dict[str, list[Violation]] = {rule: [] for rule in self.decision.rules if not self.errors_of(rule)}
        for violation in self.decision.violations:
            found.setdefault(violation.rule, []).append(violation)
        return tuple(
            RuleResults(rule, titles.get(rule) or (v[0].title if v else ""), _worst(v), tuple(v))
            for rule, v in sorted(found.items())
        )

    def errors_of(self, rule: str) -> tuple[EngineError, ...]:
        """Return the errors that may be of *rule*: all but those that lie in the file of another rule."""
        own = {r.span.path for r in self.rules if r.span and r.id == rule}
        others = {r.span.path for r in self.rules if r.span} - own
        return tuple(e for e in self.decision.errors if not own or e.span is None or e.span.path not in others)


def checked(subject: str, decision: Decision, evaluation: Evaluation | None = None, document: bytes = b"") -> Checked:
    """Return *decision* for its readers: a rule may quote the very secret it found, so it is masked."""
    shown = decision_from_json(masked(decision_to_json(decision)))
    if evaluation is None:
        return Checked(subject, shown, (), document)
    return Checked(subject, shown, evaluation.described, document, evaluation.warnings)


def status_of(violation: Violation) -> Status:
    """Return how a violation counts."""
    if violation.excepted_by or violation.enforcement is Enforcement.DRYRUN:
        return Status.SKIP
    return Status.FAIL if violation.enforcement is Enforcement.DENY else Status.WARN


def fails(decision: Decision, level: str) -> bool:
    """Tell whether *decision* fails a check that fails on *level*.

    `deny` is what stops a plan; `warn` any violation that is shown besides; a severity any violation of it or of a
    worse one. What an exception lifts and what is a dry run fails nothing; what could not be evaluated always does.
    """
    if decision.outcome is not Outcome.ALLOW:
        return True
    shown = [v for v in decision.violations if status_of(v) is not Status.SKIP]
    match level:
        case "deny":
            return False
        case "warn":
            return bool(shown)
        case _:
            return any(SEVERITIES.index(v.severity) <= SEVERITIES.index(level) for v in shown)


def counted(checks: Iterable[Checked]) -> dict[Status, int]:
    """Return how many rules ended in each way, over all documents."""
    counts = dict.fromkeys(Status, 0)
    for one in checks:
        for result in one.results:
            counts[result.status] += 1
    return counts


def placed(decision: Decision, violations: Iterable[Violation]) -> Decision:
    """Return *decision* with its violations replaced, as when their places became known."""
    return replace(decision, violations=tuple(violations))


def _worst(violations: list[Violation]) -> Status:
    order = (Status.FAIL, Status.WARN, Status.SKIP)
    return min((status_of(v) for v in violations), key=order.index, default=Status.PASS)
