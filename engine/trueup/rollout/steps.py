"""Which steps a plan takes, in which order: a pure function from plan and states to effects as values.

One rollout a deployment, one after the other, so that a failure stays inside its deployment and two releases
share the machine for one deployment at a time. Inside a rollout traffic moves after everything that can fail.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from trueup.core.digests import Digest
from trueup.core.ids import ResourceId
from trueup.desired.state import ArtifactPin, BuildPin, DesiredDeployment, DesiredState, RequiredEvaluation, ServerSpec
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
    """Have the deployment's servers running and ready, beside those that serve now.

    `server` has as many replicas as the largest deployment wants that shares it.
    """

    server: ServerSpec


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
    supplies = _Supplies(plan, desired)
    traffic = _Traffic(desired, observed)
    moved = {c.address for c in plan.changes if isinstance(c, Create | Update)}
    result = []
    for id_ in sorted(moved | supplies.measured.keys()):
        deployment = wanted[id_]
        steps = [*supplies.take(deployment), GateStep()]
        if id_ in moved:
            steps += [RouteStep(), VerifyStep(), *traffic.retire(id_, deployment.server.key)]
        result.append(Rollout(id_, deployment, tuple(steps)))
    result += [_deletion(c, traffic) for c in plan.changes if isinstance(c, Delete)]
    return tuple(result)


def inherit(rollout: Rollout, owed: Iterable[FetchStep | BuildStep]) -> Rollout:
    """Return *rollout* with what it needs of *owed* first: steps of a rollout that was to take them and failed."""
    deployment = rollout.deployment
    if deployment is None:
        return rollout
    measured = [s.required.dataset.digest for s in rollout.steps if isinstance(s, EvaluateStep)]
    needed = {deployment.release.artifact.digest, deployment.release.build.key, *measured}
    steps = [s for s in owed if (s.artifact.digest if isinstance(s, FetchStep) else s.build.key) in needed]
    return replace(rollout, steps=(*steps, *rollout.steps))


class _Supplies:
    """What has to be there before deployments serve; each fetch and build goes to the first that needs it."""

    def __init__(self, plan: Plan, desired: DesiredState) -> None:
        self._missing = {c.digest for c in plan.changes if isinstance(c, Fetch)}
        self._unbuilt = {c.key for c in plan.changes if isinstance(c, Build)}
        self._replicas: dict[Digest, int] = {}
        for deployment in desired.deployments:
            key = deployment.server.key
            self._replicas[key] = max(self._replicas.get(key, 0), deployment.server.replicas)
        self.measured: dict[ResourceId, set[Digest]] = {}
        for change in plan.changes:
            if isinstance(change, Evaluate):
                self.measured.setdefault(change.deployment, set()).add(change.key)

    def take(self, deployment: DesiredDeployment) -> Iterator[Step]:
        """Yield the steps that bring *deployment* up to its gate."""
        release, server = deployment.release, deployment.server
        keys = self.measured.get(deployment.id, set())
        evaluations = [e for e in deployment.evaluations if e.key in keys]
        for artifact in (release.artifact, *(e.dataset for e in evaluations)):
            if artifact.digest in self._missing:
                self._missing.discard(artifact.digest)
                yield FetchStep(artifact)
        if release.build.key in self._unbuilt:
            self._unbuilt.discard(release.build.key)
            yield BuildStep(release.build, release.artifact)
        yield StartStep(replace(server, replicas=self._replicas[server.key]))
        yield from (EvaluateStep(e) for e in evaluations)


class _Traffic:
    """Which server each route will point at, rollout by rollout: a shared server ends with the last that leaves it."""

    def __init__(self, desired: DesiredState, observed: ObservedState) -> None:
        self._needed = {d.server.key for d in desired.deployments}
        self._routed = {r.deployment: r.server for r in observed.target.routes}

    def retire(self, deployment: ResourceId, server: Digest) -> tuple[Step, ...]:
        """Move *deployment* to *server* and return the step that stops what it leaves."""
        before = self._routed.get(deployment)
        self._routed[deployment] = server
        return self.stop({before} if before else set())

    def remove(self, deployment: ResourceId) -> Digest | None:
        """Take the route of *deployment* away and return the server it had."""
        return self._routed.pop(deployment, None)

    def stop(self, servers: set[Digest]) -> tuple[Step, ...]:
        """Return the step that stops those of *servers* that no route and no desired release needs."""
        gone = tuple(sorted(servers - set(self._routed.values()) - self._needed))
        return (StopStep(gone),) if gone else ()


def _deletion(change: Delete, traffic: _Traffic) -> Rollout:
    server = traffic.remove(change.address)
    stop = traffic.stop({*change.servers, *([server] if server else [])})
    return Rollout(change.address, None, ((RouteStep(),) if server else ()) + stop)
