"""Which steps a plan takes, in which order: a pure function from plan and states to effects as values.

One rollout a deployment, one after the other, so that a failure stays inside its deployment and two releases
share the machine for one deployment at a time. Inside a rollout traffic moves after everything that can fail.
"""

from dataclasses import dataclass

from trueup.core.digests import Digest
from trueup.core.ids import ResourceId
from trueup.desired.state import ArtifactPin, BuildPin, DesiredDeployment, DesiredState, RequiredEvaluation
from trueup.diff.changes import Build, Create, Delete, Evaluate, Fetch, Update
from trueup.observed.state import ObservedState
from trueup.plan.plan import Plan


@dataclass(frozen=True, slots=True)
class FetchStep:
    """Bring an artifact into the store."""

    artifact: ArtifactPin


@dataclass(frozen=True, slots=True)
class BuildStep:
    """Build from an artifact in the store."""

    build: BuildPin
    source: ArtifactPin


@dataclass(frozen=True, slots=True)
class StartStep:
    """Have the deployment's servers running and ready, beside those that serve now."""


@dataclass(frozen=True, slots=True)
class EvaluateStep:
    """Run one evaluation against the servers just started and record the evidence."""

    required: RequiredEvaluation


@dataclass(frozen=True, slots=True)
class GateStep:
    """Judge again with the evidence there is now; nothing is `planned` any more."""


@dataclass(frozen=True, slots=True)
class RouteStep:
    """Move traffic: the deployment's route points at the new servers, or is gone."""


@dataclass(frozen=True, slots=True)
class VerifyStep:
    """Look at the target: the release is what serves."""


@dataclass(frozen=True, slots=True)
class StopStep:
    """Drain and end servers that no route uses any more."""

    servers: tuple[Digest, ...]


Step = FetchStep | BuildStep | StartStep | EvaluateStep | GateStep | RouteStep | VerifyStep | StopStep


@dataclass(frozen=True, slots=True)
class Rollout:
    """The steps of one deployment; `deployment` is None when it is deleted or only servers are cleaned up."""

    address: ResourceId
    deployment: DesiredDeployment | None
    steps: tuple[Step, ...]


def step_name(step: Step) -> str:
    """Return the name events carry for *step*."""
    match step:
        case FetchStep():
            return "fetch"
        case BuildStep():
            return "build"
        case StartStep():
            return "start"
        case EvaluateStep():
            return "evaluate"
        case GateStep():
            return "gate"
        case _:
            return _traffic_step_name(step)


def _traffic_step_name(step: RouteStep | VerifyStep | StopStep) -> str:
    match step:
        case RouteStep():
            return "route"
        case VerifyStep():
            return "verify"
        case StopStep():
            return "stop"


def rollouts(plan: Plan, desired: DesiredState, observed: ObservedState) -> tuple[Rollout, ...]:
    """Return the rollouts of *plan* in order: deployments first, deletions after the routes that used them."""
    wanted = {d.id: d for d in desired.deployments}
    missing = {c.digest for c in plan.changes if isinstance(c, Fetch)}
    unbuilt = {c.key for c in plan.changes if isinstance(c, Build)}
    moved = {c.address for c in plan.changes if isinstance(c, Create | Update)}
    measured: dict[ResourceId, set[Digest]] = {}
    for change in plan.changes:
        if isinstance(change, Evaluate):
            measured.setdefault(change.deployment, set()).add(change.key)
    result = []
    for id_ in sorted(moved | measured.keys()):
        deployment = wanted[id_]
        steps = _supply(deployment, missing, unbuilt, measured.get(id_, set()))
        steps += _measure(deployment, measured.get(id_, set()))
        if id_ in moved:
            steps += [GateStep(), RouteStep(), VerifyStep()]
            steps += _retire(deployment, observed, desired)
        else:
            steps.append(GateStep())
        result.append(Rollout(id_, deployment, tuple(steps)))
    result += [_deletion(c, observed, desired) for c in plan.changes if isinstance(c, Delete)]
    return tuple(result)


def _supply(
    deployment: DesiredDeployment, missing: set[Digest], unbuilt: set[Digest], measured: set[Digest]
) -> list[Step]:
    """Take from *missing* and *unbuilt* what this deployment needs, so that a later one does not do it again."""
    steps: list[Step] = []
    release = deployment.release
    artifacts = [release.artifact, *(e.dataset for e in deployment.evaluations if e.key in measured)]
    for artifact in artifacts:
        if artifact.digest in missing:
            missing.discard(artifact.digest)
            steps.append(FetchStep(artifact))
    if release.build.key in unbuilt:
        unbuilt.discard(release.build.key)
        steps.append(BuildStep(release.build, release.artifact))
    return [*steps, StartStep()]


def _measure(deployment: DesiredDeployment, keys: set[Digest]) -> list[Step]:
    return [EvaluateStep(e) for e in deployment.evaluations if e.key in keys]


def _retire(deployment: DesiredDeployment, observed: ObservedState, desired: DesiredState) -> list[Step]:
    """Stop the servers this deployment used before, unless another route or desired release needs them."""
    before = {r.server for r in observed.target.routes if r.deployment == deployment.id}
    kept = {r.server for r in observed.target.routes if r.deployment != deployment.id}
    kept |= {d.server.key for d in desired.deployments}
    gone = tuple(sorted(before - kept))
    return [StopStep(gone)] if gone else []


def _deletion(change: Delete, observed: ObservedState, desired: DesiredState) -> Rollout:
    kept = {r.server for r in observed.target.routes if r.deployment != change.address}
    kept |= {d.server.key for d in desired.deployments}
    routed = {r.server for r in observed.target.routes if r.deployment == change.address}
    servers = tuple(sorted((routed | set(change.servers)) - kept))
    steps: tuple[Step, ...] = (RouteStep(),) if routed else ()
    return Rollout(change.address, None, (*steps, StopStep(servers)) if servers else steps)
