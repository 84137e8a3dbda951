"""Decisions: what policy says of a plan. An engine that could not answer is a third outcome, and denies."""

from enum import StrEnum

from trueup.core.diagnostics import Span
from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.plan.plan import Plan
from trueup.spec.resource import Path


class Outcome(StrEnum):
    """What a decision says."""

    ALLOW = "allow"
    DENY = "deny"
    ERROR = "error"


class Enforcement(StrEnum):
    """What a violation does: stop the plan, be shown, or only be recorded to learn what it would do."""

    DENY = "deny"
    WARN = "warn"
    DRYRUN = "dryrun"


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that one resource breaks.

    Attributes:
        rule: Stable rule id, `SC-01`.
        title: The rule in a few words.
        severity: `critical`, `high`, `medium` or `low`.
        enforcement: Deny, warn or dry run.
        address: Resource it is about.
        path: Field path inside that resource.
        message: What is wrong, with the values that make it so.
        remediation: What to do.
        span: File, line and column of `path`.
        excepted_by: Address of the PolicyException that lifts it; empty when none does.
        softened_by: What made it less than its severity says, such as `policy.rules.DP-04` of the environment or
            `effectiveFrom 2027-12-02` of the rule; empty when nothing did.
        softened_from: What it would do if nothing had softened it; None when nothing did.
    """

    rule: str
    title: str
    severity: str
    enforcement: Enforcement
    address: str
    path: Path
    message: str
    remediation: str = ""
    span: Span | None = None
    excepted_by: str = ""
    softened_by: str = ""
    softened_from: Enforcement | None = None

    @property
    def denies(self) -> bool:
        """Whether it stops the plan."""
        return self.enforcement is Enforcement.DENY and not self.excepted_by

    @property
    def would_deny(self) -> bool:
        """Whether it would stop the plan if a setting or a date had not softened it."""
        return self.softened_from is Enforcement.DENY and not self.excepted_by


@dataclass(frozen=True, slots=True)
class EngineError:
    """A policy that could not be evaluated: where, and what the engine said."""

    message: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What changes no outcome and should be seen all the same, such as a setting for a rule that does not exist."""

    message: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class ExceptionUse:
    """What became of one PolicyException.

    Attributes:
        address: Its own address.
        state: `used`, `unused`, `expired` or `invalid`.
        problem: Why it is not in force; empty when it is.
        expires: Last day it holds, as written; empty when nobody says.
        expires_in_days: Days until then, negative after it; None when nobody can tell.
    """

    address: str
    state: str
    problem: str = ""
    expires: str = ""
    expires_in_days: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What policy says of one document.

    Attributes:
        outcome: Allow, deny or error; error is never allow.
        violations: Sorted by severity, rule, address.
        errors: Policies that could not be evaluated.
        bundle: Digest of the policies and their data.
        input: Digest of the policy document; the document itself goes to the ledger.
        engine: Name and version of what evaluated.
        rules: Ids of all rules that were evaluated.
        exceptions: What became of each PolicyException, in the document's order.
        notices: What changes no outcome and should be seen.
    """

    outcome: Outcome
    violations: tuple[Violation, ...]
    errors: tuple[EngineError, ...]
    bundle: Digest
    input: Digest
    engine: str
    rules: tuple[str, ...] = ()
    exceptions: tuple[ExceptionUse, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def denials(self) -> tuple[Violation, ...]:
        """The violations that deny."""
        return tuple(v for v in self.violations if v.enforcement is Enforcement.DENY and not v.excepted_by)

    @property
    def softened(self) -> tuple[Violation, ...]:
        """The violations that would deny if a setting or a date had not softened them to a warning."""
        return tuple(v for v in self.violations if v.would_deny and v.enforcement is Enforcement.WARN)

    @property
    def dry_run(self) -> tuple[Violation, ...]:
        """The violations that are only recorded."""
        return tuple(v for v in self.violations if v.enforcement is Enforcement.DRYRUN and not v.excepted_by)

    def lifted(self, rule: str) -> frozenset[str]:
        """Return the addresses for which exceptions lift *rule*."""
        return frozenset(v.address for v in self.violations if v.rule == rule and v.excepted_by)

    def to_json(self) -> dict[str, Json]:
        """Return the decision as JSON, the form the ledger keeps."""
        return {
            "outcome": self.outcome.value,
            "violations": [
                {
                    "rule": v.rule,
                    "severity": v.severity,
                    "enforcement": v.enforcement.value,
                    "address": v.address,
                    "path": list(v.path),
                    "message": v.message,
                    "exceptedBy": v.excepted_by,
                    "softenedBy": v.softened_by,
                    "softenedFrom": v.softened_from.value if v.softened_from else "",
                }
                for v in self.violations
            ],
            "errors": [e.message for e in self.errors],
            "bundle": self.bundle,
            "input": self.input,
            "engine": self.engine,
            "rules": list(self.rules),
            "exceptions": [
                {"address": e.address, "state": e.state, "problem": e.problem, "expires": e.expires}
                for e in self.exceptions
            ],
            "notices": [n.message for n in self.notices],
        }


class ApprovedPlan:
    """A plan that policy allows. Only `approve` makes one; `apply` takes nothing else."""

    __slots__ = ("decision", "plan")

    def __init__(self, plan: Plan, decision: Decision, *, token: object) -> None:
        if token is not _TOKEN:
            raise TypeError("an ApprovedPlan comes from approve() and from nowhere else")
        self.plan = plan
        self.decision = decision


_TOKEN = object()


def approve(plan: Plan, decision: Decision) -> ApprovedPlan | Decision:
    """Return *plan* as approved when *decision* allows it, else the decision that does not."""
    if decision.outcome is not Outcome.ALLOW or decision.errors:
        return decision
    return ApprovedPlan(plan, decision, token=_TOKEN)
