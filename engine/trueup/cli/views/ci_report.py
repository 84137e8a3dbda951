"""What the views of `trueup ci` show: each environment's plan or problem, and the one verdict on all of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from trueup.cli.views.plan_report import PlanReport
from trueup.core.diagnostics import Diagnostic, has_errors
from trueup.core.frozen import dataclass
from trueup.plan.plan import Counts, count
from trueup.plan.risk import Assessment, assess, together
from trueup.ports import Where


class Verdict(StrEnum):
    """What a run says, the worst first."""

    FAILED = "failed"
    INVALID = "invalid"
    BLOCKED = "blocked"
    ALLOWED = "allowed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class EnvironmentReport:
    """One environment.

    Attributes:
        name: Its name.
        why: Why the change reaches it.
        plan: The plan; None when there is none.
        problems: What is wrong with the declaration, or what failed.
        is_failure: It could not be found out, for a reason outside the declaration.
        file: Where the plan is saved, from the output folder.
    """

    name: str
    why: str = ""
    plan: PlanReport | None = None
    problems: tuple[Diagnostic, ...] = ()
    is_failure: bool = False
    file: str = ""

    @cached_property
    def verdict(self) -> Verdict:
        """What is to be said of it."""
        if self.plan is None:
            return Verdict.FAILED if self.is_failure else Verdict.INVALID
        if self.plan.is_blocked:
            return Verdict.BLOCKED
        return Verdict.ALLOWED if self.plan.saved.plan.changes else Verdict.UNCHANGED

    @cached_property
    def assessment(self) -> Assessment:
        """How much it can hurt."""
        if self.plan is None:
            return Assessment()
        saved = self.plan.saved
        return assess(saved.plan.changes, saved.environment.tier, saved.effects, len(self.plan.excepted))


@dataclass(frozen=True)
class CiReport:
    """A run to show.

    Attributes:
        where: Where it stands.
        project: Name of the project; empty when its file cannot be read.
        revision: The commit that was planned.
        base: The commit it was compared with; empty when there is none.
        made_at: When.
        diagnostics: What is wrong with the declaration.
        environments: What was planned, by name.
        untouched: Environments that the change does not reach.
        gone: Environments that the change does not declare any more.
        failures: What else could not be done.
        measured: Evaluations that were run now, with whether they passed.
        notes: What else a reader has to know.
        resources: How many were validated.
    """

    where: Where
    made_at: datetime
    project: str = ""
    revision: str = ""
    base: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
    environments: tuple[EnvironmentReport, ...] = ()
    untouched: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    failures: tuple[Diagnostic, ...] = ()
    measured: Mapping[str, bool] | None = None
    notes: tuple[str, ...] = ()
    resources: int = 0

    @cached_property
    def verdict(self) -> Verdict:
        """The worst of all."""
        found = {e.verdict for e in self.environments}
        found |= {Verdict.FAILED} if self.failures else set()
        found |= {Verdict.INVALID} if has_errors(self.diagnostics) else set()
        found |= {Verdict.BLOCKED} if self.measured and not all(self.measured.values()) else set()
        return min(found, key=list(Verdict).index, default=Verdict.UNCHANGED)

    @cached_property
    def plans(self) -> tuple[PlanReport, ...]:
        """The plans that were made."""
        return tuple(e.plan for e in self.environments if e.plan is not None)

    @cached_property
    def assessment(self) -> Assessment:
        """The worst that can be hurt, and why."""
        return together(e.assessment for e in self.environments)

    @cached_property
    def has_changes(self) -> bool:
        """Whether anything would be changed."""
        return any(p.saved.plan.changes for p in self.plans)

    @cached_property
    def counts(self) -> Counts:
        """The changes of all environments together."""
        return count(tuple(c for p in self.plans for c in p.saved.plan.changes))

    @property
    def blocked(self) -> int:
        """How many things block."""
        return sum(p.blocked for p in self.plans)

    @cached_property
    def problems(self) -> tuple[tuple[str, Diagnostic], ...]:
        """Every problem once, with the environment it was found in; empty for the declaration as a whole."""
        own = [("", d) for d in (*self.failures, *self.diagnostics)]
        return tuple(_once([*own, *((e.name, d) for e in self.environments for d in e.problems)]))

    @property
    def counted(self) -> str:
        """The changes in words: `1 to create, 2 to update, 0 to delete, 1 to evaluate`."""
        counts = self.counts
        always = [(counts.create, "create"), (counts.update, "update"), (counts.delete, "delete")]
        others = [(counts.fetch, "fetch"), (counts.build, "build"), (counts.evaluate, "evaluate")]
        return ", ".join(f"{n} to {word}" for n, word in [*always, *(o for o in others if o[0])])

    @property
    def summary(self) -> str:
        """The line that says it all."""
        errors = len([d for _, d in self.problems if has_errors([d])])
        broken = f"{errors} {'error' if errors == 1 else 'errors'}"
        if not self.environments:
            nothing = "nothing was planned" if errors else "the change reaches no environment"
            return f"{broken}; {nothing}." if errors else f"Nothing to do: {nothing}."
        names = f"{len(self.environments)} {'environment' if len(self.environments) == 1 else 'environments'}"
        said = f"{self.counted} in {names}, {self.blocked} blocked"
        said += f", {broken}" if errors else ""
        risk = self.assessment
        why = f" ({', '.join(risk.reasons)})" if risk.reasons else ""
        return f"{said}; risk {risk.risk}{why}."


def _once(found: Iterable[tuple[str, Diagnostic]]) -> Iterable[tuple[str, Diagnostic]]:
    """Leave out what another environment said already: a wrong file is wrong for all of them."""
    seen: set[Diagnostic] = set()
    for name, diagnostic in found:
        if diagnostic not in seen:
            seen.add(diagnostic)
            yield name, diagnostic
