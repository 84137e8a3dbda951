"""Evaluates what is declared, without moving traffic: servers start beside those that serve, are measured, and end."""

from collections.abc import Iterator, Mapping
from dataclasses import field, replace

from trueup.core.digests import Digest
from trueup.core.errors import TrueupError
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.resolve import resolve
from trueup.desired.state import DesiredState
from trueup.diff.changes import Evaluate
from trueup.diff.supply import DURING, supply_changes
from trueup.observed.state import ObservedState
from trueup.plan.build import build_plan, find_targets
from trueup.plan.plan import Plan
from trueup.reconcile.observe import observe
from trueup.reconcile.supply import Supplying, SupplyStep
from trueup.rollout.events import Event, Status
from trueup.rollout.steps import (
    BuildStep,
    EvaluateStep,
    FetchStep,
    ParityStep,
    Rollout,
    StartStep,
    StopStep,
    inherit,
    rollouts,
    step_name,
)
from trueup.workflows.acting import ports_of
from trueup.workflows.loading import load
from trueup.workflows.planning import Invalid
from trueup.workflows.workspace import Workspace


@dataclass(slots=True)
class Evaluated:
    """How it ended; filled while events are read.

    Attributes:
        invalid: What is wrong with the declaration, when nothing could be done.
        measured: Evaluations that ran, with whether they passed.
        failed: Deployments that could not be evaluated, with the failure.
        facts: What each evaluation gave, by deployment and evaluation.
    """

    invalid: Invalid | None = None
    measured: dict[str, bool] = field(default_factory=dict)
    failed: dict[ResourceId, TrueupError] = field(default_factory=dict)
    facts: dict[tuple[str, str], Mapping[str, Json]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EvaluateRequest:
    """What to evaluate: the deployments named (all when empty), also what has fresh evidence when `again`."""

    environment: str
    revision: str = "HEAD"
    targets: tuple[str, ...] = ()
    again: bool = False
    lock_timeout_seconds: float = 0.0


def evaluate(workspace: Workspace, request: EvaluateRequest, evaluated: Evaluated) -> Iterator[Event]:
    """Run the required evaluations that have no fresh passing evidence and record what was measured."""
    command = f"evaluate -e {request.environment}"
    with workspace.lock.hold(request.environment, command, request.lock_timeout_seconds):
        yield from _locked(workspace, request, evaluated)


def _locked(workspace: Workspace, request: EvaluateRequest, evaluated: Evaluated) -> Iterator[Event]:
    loaded = load(workspace, request.revision)
    if not loaded.is_valid:
        evaluated.invalid = Invalid(loaded.diagnostics)
        return
    desired, problems = resolve(loaded.resources, request.environment, loaded.tree.revision)
    if desired is None:
        evaluated.invalid = Invalid(problems)
        return
    target = workspace.target(desired.environment.target)
    observed = observe(desired, target, workspace.store, workspace.ledger, workspace.clock.now(), workspace.seal)
    chosen, problems = find_targets(request.targets, desired, observed)
    if problems:
        evaluated.invalid = Invalid(problems)
        return
    plan = _plan(workspace, desired, replace(observed, evidence=()) if request.again else observed, chosen)
    supplying = Supplying(
        desired,
        ports_of(workspace, target, desired.revision),
        actor=workspace.actor,
        plan=Digest(""),
        serving=observed.target.routes,
    )
    measuring = _Measuring(workspace, supplying, observed, evaluated)
    for rollout in rollouts(plan, desired, observed):
        yield from measuring.events(rollout)


def _plan(
    workspace: Workspace, desired: DesiredState, observed: ObservedState, targets: tuple[ResourceId, ...]
) -> Plan:
    """Plan nothing but what measuring needs, as if the environment ran its evaluations during apply."""
    during = replace(desired, environment=replace(desired.environment, evaluate=DURING))
    needed = supply_changes(during, observed)
    measured = {c.deployment for c in needed if isinstance(c, Evaluate)}
    wanted = targets or tuple(sorted(measured))
    if not measured:
        needed = ()
    return build_plan(during, observed, needed, Digest(""), workspace.tool, workspace.clock.now(), wanted)


def _asks(rollout: Rollout) -> bool:
    """Tell whether anything is asked of a server; parity needs none."""
    return any(isinstance(step, EvaluateStep) for step in rollout.steps)


class _Measuring:
    """Takes the measuring part of rollouts; what serves is measured as it is and never touched."""

    def __init__(
        self, workspace: Workspace, supplying: Supplying, observed: ObservedState, evaluated: Evaluated
    ) -> None:
        self._workspace = workspace
        self._supplying = supplying
        self._present = {s.key for s in observed.target.servers}
        self._evaluated = evaluated
        self._owed: list[FetchStep | BuildStep] = []

    def events(self, rollout: Rollout) -> Iterator[Event]:
        """Measure the deployment of *rollout* and end what was started for it."""
        wanted = inherit(rollout, self._owed)
        try:
            for step in self._steps(wanted):
                yield self._take(step, rollout)
        except TrueupError as error:
            yield self._failed(rollout, error)
            self._owed += [s for s in rollout.steps if isinstance(s, FetchStep | BuildStep)]
        try:
            for server in sorted(self._supplying.started):
                yield self._take(StopStep((server,)), rollout)
        except TrueupError as error:
            yield self._failed(rollout, error)
        self._supplying.started.clear()

    def _steps(self, rollout: Rollout) -> Iterator[SupplyStep]:
        for step in rollout.steps:
            match step:
                case FetchStep() | BuildStep() | ParityStep() | EvaluateStep():
                    yield step
                case StartStep(server) if server.key not in self._present and _asks(rollout):
                    # One is enough to be measured.
                    yield StartStep(replace(server, replicas=1))
                case _:
                    continue

    def _take(self, step: SupplyStep, rollout: Rollout) -> Event:
        facts = self._supplying.take(step, rollout.deployment)
        subject = ""
        if isinstance(step, EvaluateStep):
            subject = str(step.required.evaluation.id)
            self._evaluated.measured[f"{rollout.address} {subject}"] = facts["passed"] is True
            self._evaluated.facts[str(rollout.address), subject] = facts
        elif isinstance(step, ParityStep):
            subject = str(step.build.id)
            self._evaluated.measured[f"{rollout.address} {subject}"] = facts["passed"] is True
        now, kept = self._workspace.clock.now(), tuple(sorted(facts.items()))
        return Event(now, step_name(step), str(rollout.address), Status.DONE, subject, kept)

    def _failed(self, rollout: Rollout, error: TrueupError) -> Event:
        self._evaluated.failed.setdefault(rollout.address, error)
        return Event(self._workspace.clock.now(), "evaluate", str(rollout.address), Status.FAILED, str(error))
