"""Evaluates what a change touches and nothing else: what differs from the base, and has no result that counts.

Finding out changes nothing and starts nothing. Running starts servers of the models that the change declares, which
is for jobs that trust it: a pull request of a stranger is listed, and not run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Revision
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.suggestions import did_you_mean
from trueup.desired.resolve import resolve
from trueup.desired.state import DesiredState
from trueup.diff.compare import diff
from trueup.evidence.evidence import Evidence
from trueup.ledger.bodies import evidence_of
from trueup.ledger.record import RecordKind
from trueup.plan.codes import UNKNOWN_TARGET
from trueup.plan.effects import Loosened, read_effects
from trueup.plan.work import Work, changed_deployments, declared_impacts, impacts_of, work_list
from trueup.policy.facts.base import BaseResources, loosened
from trueup.reconcile.observe import observe
from trueup.rollout.events import Event
from trueup.workflows.evaluate import Evaluated, EvaluateRequest, evaluate
from trueup.workflows.loading import Invalid, Loaded, environments, load
from trueup.workflows.reach import base_of
from trueup.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ChangedRequest:
    """What to look at: one environment, or every one that differs when it is empty; of it only the *targets* named."""

    environment: str = ""
    revision: str = "HEAD"
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EnvironmentWork:
    """What the change makes to do in one environment.

    Attributes:
        environment: Its name.
        work: Every required evaluation of the deployments that differ, with what is known of it.
        loosened: What the change makes easier to pass there.
    """

    environment: str
    work: tuple[Work, ...]
    loosened: tuple[Loosened, ...] = ()

    @property
    def due(self) -> tuple[ResourceId, ...]:
        """The deployments that have something to measure."""
        return tuple(dict.fromkeys(w.deployment for w in self.work if w.is_due))


@dataclass(frozen=True, slots=True)
class ChangedWork:
    """What a change makes to do.

    Attributes:
        revision: The commit; empty for a work tree with uncommitted changes.
        base: What it is compared with; empty when there is nothing to compare with, and everything counts as changed.
        environments: Those with a deployment that differs, by name.
    """

    revision: Revision
    base: str
    environments: tuple[EnvironmentWork, ...]

    @property
    def work(self) -> tuple[Work, ...]:
        """The work of all environments."""
        return tuple(w for e in self.environments for w in e.work)

    @property
    def is_due(self) -> bool:
        """Whether anything has to be measured."""
        return any(w.is_due for w in self.work)


def changed_work(workspace: Workspace, request: ChangedRequest) -> ChangedWork | Invalid:
    """Return which evaluations the revision has to be measured by, why, and what they will take."""
    loaded = load(workspace, request.revision)
    if not loaded.is_valid or loaded.project is None:
        return Invalid(loaded.diagnostics)
    base, before = base_of(workspace, loaded, loaded.project.default_branch)
    names = (request.environment,) if request.environment else environments(loaded.resources)
    states: list[DesiredState] = []
    for name in names:
        desired, problems = resolve(loaded.resources, name, loaded.tree.revision)
        if desired is None:
            return Invalid(problems)
        states.append(desired)
    unknown = _unknown(request.targets, states)
    if unknown:
        return Invalid(unknown)
    older = tuple(evidence_of(r) for r in workspace.ledger.records() if r.draft.kind is RecordKind.EVIDENCE)
    found = (_environment(workspace, d, before, older, request.targets) for d in states)
    return ChangedWork(loaded.tree.revision, base, tuple(_told(e, loaded, before) for e in found if e is not None))


def _unknown(targets: Sequence[str], states: Sequence[DesiredState]) -> tuple[Diagnostic, ...]:
    """Return a problem for each of *targets* that no environment has a deployment for."""
    known = {spelling for state in states for d in state.deployments for spelling in (d.id.name, str(d.id))}
    where = ", ".join(f"`{s.environment.name}`" for s in states) or "none"
    return tuple(
        Diagnostic(
            UNKNOWN_TARGET,
            f"`{name}` is no deployment of the environments {where}.",
            hint=did_you_mean(name, sorted(known)) or UNKNOWN_TARGET.remedy,
        )
        for name in targets
        if name not in known
    )


def _environment(
    workspace: Workspace,
    desired: DesiredState,
    before: Loaded | None,
    older: Sequence[Evidence],
    targets: Sequence[str],
) -> EnvironmentWork | None:
    """Return what has to be done in one environment; None when the change does not touch it."""
    name = desired.environment.name
    then = resolve(before.resources, name, before.tree.revision)[0] if before is not None else None
    changed = [d for d in changed_deployments(desired, then) if not targets or d.name in targets or str(d) in targets]
    if not changed:
        return None
    now = workspace.clock.now()
    target = workspace.target(desired.environment.target)
    observed = observe(desired, target, workspace.store, workspace.ledger, now)
    # What a change touches does not depend on what happens to run where it is looked at.
    impacts = declared_impacts(desired, then) if then is not None else impacts_of(diff(desired, observed))
    work = work_list(desired, observed.evidence, older, impacts, now, changed)
    return EnvironmentWork(name, work)


def _told(environment: EnvironmentWork, loaded: Loaded, before: Loaded | None) -> EnvironmentWork:
    """Add what the change makes easier to pass, where it is known what was asked before."""
    if before is None:
        return environment
    paths = {r.origin.path for r in (*loaded.resources.values(), *before.resources.values())}
    base = BaseResources(loaded.resources, frozenset(paths), before.resources)
    changes = loosened(base, ResourceId("Environment", environment.environment))
    return replace(environment, loosened=read_effects({"evaluationChanges": changes}).loosened)


def evaluate_changed(
    workspace: Workspace, changed: ChangedWork, revision: str, lock_timeout_seconds: float, evaluated: Evaluated
) -> Iterator[Event]:
    """Run what is due, one environment after the other.

    A deployment that cannot be measured does not keep the others; an environment whose lock is held ends it.
    """
    for environment in changed.environments:
        if not environment.due:
            continue
        request = EvaluateRequest(
            environment.environment,
            revision,
            tuple(str(d) for d in environment.due),
            lock_timeout_seconds=lock_timeout_seconds,
        )
        yield from evaluate(workspace, request, evaluated)
