"""Keeps an environment true: lands what git does not say yet, applies what is declared, watches what serves.

What a monitor finds takes a release back only when all is settled: nothing is to be applied, the release is verified,
it was not put there by a rollback, it is not older than the environment's `rollback.window`, and what speaks against
it was answered since it serves. What could not be found out takes nothing back.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trueup.core.durations import parse_duration
from trueup.core.errors import TrueupError
from trueup.core.json import Json, mapping_of
from trueup.desired.monitors import Watch, watches_of
from trueup.desired.state import DesiredDeployment
from trueup.ledger.record import RecordKind
from trueup.observed.state import ObservedRoute
from trueup.plan.plan import Plan
from trueup.ports import Target
from trueup.rollout.analysis import analyse
from trueup.rollout.events import Event, Status
from trueup.rollout.verdicts import Outcome, Verdict
from trueup.spec.resource import document_of
from trueup.workflows.apply import Applied, ApplyRequest, apply
from trueup.workflows.metrics import queried_of
from trueup.workflows.pending import pending
from trueup.workflows.planning import Invalid, Planned, make_plan
from trueup.workflows.rollback import propose, roll_back
from trueup.workflows.workspace import Workspace


@dataclass(slots=True)
class Round:
    """How one round ended; filled while its events are read.

    Attributes:
        invalid: What is wrong with the declaration.
        planned: The plan at HEAD.
        applied: What was applied, if something was to be.
        breaches: Monitors that were breached, by deployment.
        taken_back: Whether a release was taken back.
    """

    invalid: Invalid | None = None
    planned: Planned | None = None
    applied: Applied | None = None
    breaches: list[tuple[str, Verdict]] = field(default_factory=list)
    taken_back: bool = False


def reconcile_once(workspace: Workspace, environment: str, found: Round, *, act: bool) -> Iterator[Event]:
    """Take one round in *environment*; without *act* nothing is applied beyond what git is owed, and it is told.

    Raises:
        LockHeldError: Another run works in this environment; it will have done the work.
    """
    planned = make_plan(workspace, environment, "HEAD")
    if isinstance(planned, Invalid):
        found.invalid = planned
        return
    found.planned = planned
    automatic = act or mapping_of(planned.desired.environment.settings).get("autoApply") is True
    unfinished = workspace.journal.unfinished(environment) or pending(workspace, environment)
    if (planned.plan.changes and automatic) or unfinished:
        found.applied = Applied()
        yield from apply(workspace, ApplyRequest(environment=environment), found.applied)
        return
    yield from _watched(workspace, planned, found)


def _watched(workspace: Workspace, planned: Planned, found: Round) -> Iterator[Event]:
    routes = {r.deployment: r for r in planned.observed.target.routes}
    target = workspace.target(planned.desired.environment.target)
    for deployment in planned.desired.deployments:
        route = routes.get(deployment.id)
        own = next((r for r in deployment.resources if r.id == deployment.id), None)
        if route is None or own is None or route.split is not None:
            continue
        for watch in watches_of(mapping_of(document_of(own))):
            verdict = _verdict(workspace, target, deployment, route, watch)
            if verdict.outcome is Outcome.FAIL:
                found.breaches.append((str(deployment.id), verdict))
                why = f"{watch.name}: {verdict.said}"
                yield _event(workspace, deployment, Status.FAILED, why, verdict)
                if watch.takes_back:
                    yield from _taken_back(workspace, planned, deployment, found, why)
                    return
            elif verdict.outcome is Outcome.ERROR:
                yield _event(workspace, deployment, Status.WAITING, f"{watch.name}: {verdict.said}", verdict)


def _verdict(
    workspace: Workspace,
    target: Target,
    deployment: DesiredDeployment,
    route: ObservedRoute,
    watch: Watch,
) -> Verdict:
    now = workspace.clock.now()
    since = max(now - watch.window, route.applied_at or now - watch.window)
    name = watch.checks.watched[0].name
    try:
        traffic = target.traffic(deployment.id.environment, deployment.id, since)
        queried = queried_of(workspace, deployment, watch.checks, route.release, now - since)
        verdicts = analyse(watch.checks, traffic, route.release, route.release, looks=1, queried=queried)
    except TrueupError as error:
        return Verdict(name, Outcome.ERROR, f"{name}: {error}")
    return verdicts[0]


def _taken_back(
    workspace: Workspace, planned: Planned, deployment: DesiredDeployment, found: Round, why: str
) -> Iterator[Event]:
    """Roll *deployment* back for what was found, where the rules allow it; say why where they do not."""
    if reason := why_not_back(workspace, planned, deployment):
        yield Event(workspace.clock.now(), "rollback", str(deployment.id), Status.SKIPPED, reason)
        return
    environment, name = deployment.id.environment, deployment.id.name
    proposal = propose(workspace, environment, name, reason=why)
    if isinstance(proposal, Invalid):
        found.invalid = proposal
        return
    found.applied, found.taken_back = Applied(), True
    yield from roll_back(workspace, proposal, found.applied, reason=why)


def why_not_back(workspace: Workspace, planned: Planned, deployment: DesiredDeployment) -> str:
    """Say why *deployment* is not taken back by itself; empty when it may be."""
    settings = mapping_of(mapping_of(planned.desired.environment.settings).get("rollback"))
    if settings.get("automatic") is False:
        return "the environment says that people roll back (`rollback.automatic: false`)"
    if not is_settled(planned.plan):
        return "not settled: something is to be applied first"
    release = deployment.release.digest
    if not any(v.deployment == deployment.id and v.release == release for v in planned.observed.verified):
        return "the release that serves was never verified, so nobody knows that it ever worked"
    if came_by_rollback(workspace, deployment):
        return "it serves by a rollback, and a rollback is not rolled back"
    window = parse_duration(str(settings["window"])) if settings.get("window") else None
    route = next(r for r in planned.observed.target.routes if r.deployment == deployment.id)
    if window is not None and is_older(route, window, workspace.clock.now()):
        return f"it has served for longer than `rollback.window` ({settings['window']})"
    return ""


def is_settled(plan: Plan) -> bool:
    """Tell whether nothing is to be done."""
    return not plan.changes


def is_older(route: ObservedRoute, window: timedelta, now: datetime) -> bool:
    """Tell whether the release of *route* has served for longer than *window*."""
    return route.applied_at is not None and now - route.applied_at > window


def came_by_rollback(workspace: Workspace, deployment: DesiredDeployment) -> bool:
    """Tell whether the newest run that put a release of *deployment* there was a rollback."""
    for record in workspace.ledger.records():
        draft = record.draft
        if draft.environment != deployment.id.environment or draft.kind not in {RecordKind.APPLY, RecordKind.ROLLBACK}:
            continue
        if str(deployment.id) in mapping_of(mapping_of(draft.body).get("serving")):
            return draft.kind is RecordKind.ROLLBACK
    return False


def _event(workspace: Workspace, deployment: DesiredDeployment, status: Status, detail: str, verdict: Verdict) -> Event:
    facts: tuple[tuple[str, Json], ...] = (("verdict", verdict.to_json()),)
    return Event(workspace.clock.now(), "monitor", str(deployment.id), status, detail, facts)
