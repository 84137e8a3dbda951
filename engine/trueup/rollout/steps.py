"""Which steps a plan takes, in which order: a pure function from plan and states to effects as values.

One rollout a deployment, one after the other, so that a failure stays inside its deployment and two releases
share the machine for one deployment at a time. Inside a rollout traffic moves after everything that can fail.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.desired.state import ArtifactPin, BuildPin, DesiredDeployment, DesiredState, RequiredEvaluation, ServerSpec
from trueup.desired.takeover import Takeover
from trueup.diff.changes import Build, Create, Delete, Evaluate, Fetch, Update
from trueup.diff.manifests import read_manifest
from trueup.diff.takeovers import ONE_AT_A_TIME, takeover_now
from trueup.observed.state import ObservedState
from trueup.plan.cheapest import cheapest_first
from trueup.plan.plan import Plan
from trueup.spec.resource import document_of


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

    `server` has as many replicas as the largest deployment wants that shares it, and never fewer than serve now.
    """

    server: ServerSpec


@dataclass(frozen=True, slots=True)
class ScaleStep:
    """Leave the servers as many replicas as are still needed, after traffic moved."""

    server: ServerSpec


@dataclass(frozen=True, slots=True)
class EvaluateStep:
    """Run one evaluation against the servers just started and record the evidence."""

    required: RequiredEvaluation


@dataclass(frozen=True, slots=True)
class ParityStep:
    """Hold what was built against its source, from earlier measurements of these very bytes where there are any."""

    build: BuildPin
    source: ArtifactPin


@dataclass(frozen=True, slots=True)
class GateStep:
    """Judge again with the evidence there is now; nothing is `planned` any more."""


@dataclass(frozen=True, slots=True)
class HoldStep:
    """Make room: what serves is ended before the new release starts, because the host has no room for both.

    `waits`: requests are held until the new release answers; without, they are refused meanwhile.
    """

    servers: tuple[Digest, ...]
    waits: bool


@dataclass(frozen=True, slots=True)
class TakeOverStep:
    """Give the new release its share of the traffic, stage by stage, and judge each before the next."""

    takeover: Takeover


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


SupplyStep = FetchStep | BuildStep | ParityStep
"""Steps before anything of a release runs."""

TrafficStep = HoldStep | TakeOverStep | RouteStep | VerifyStep | ScaleStep | StopStep
"""Steps that touch what serves."""

Step = SupplyStep | StartStep | EvaluateStep | GateStep | TrafficStep


@dataclass(frozen=True, slots=True)
class Rollout:
    """The steps of one deployment; `deployment` is None when it is deleted or only servers are cleaned up."""

    address: ResourceId
    deployment: DesiredDeployment | None
    steps: tuple[Step, ...]


def step_name(step: Step) -> str:
    """Return the name events carry for *step*."""
    match step:
        case FetchStep() | BuildStep() | ParityStep():
            return _supply_step_name(step)
        case StartStep():
            return "start"
        case EvaluateStep():
            return "evaluate"
        case GateStep():
            return "gate"
        case _:
            return _traffic_step_name(step)


def _supply_step_name(step: SupplyStep) -> str:
    match step:
        case FetchStep():
            return "fetch"
        case BuildStep():
            return "build"
        case ParityStep():
            return "parity"


def _traffic_step_name(step: TrafficStep) -> str:
    match step:
        case HoldStep():
            return "hold-requests" if step.waits else "make-room"
        case TakeOverStep():
            return "take-over"
        case RouteStep():
            return "route"
        case VerifyStep():
            return "verify"
        case ScaleStep():
            return "scale"
        case StopStep():
            return "stop"


def rollouts(plan: Plan, desired: DesiredState, observed: ObservedState) -> tuple[Rollout, ...]:
    """Return the rollouts of *plan* in order: deployments first, deletions after the routes that used them."""
    wanted = {d.id: d for d in desired.deployments}
    supplies = _Supplies(plan, observed)
    traffic = _Traffic(desired, observed)
    moved = {c.address for c in plan.changes if isinstance(c, Create | Update)}
    result = []
    for id_ in sorted(moved | supplies.measured.keys()):
        deployment = wanted[id_]
        evaluations = supplies.evaluations(deployment)
        up = traffic.start(deployment.server)
        room = traffic.make_room(deployment) if id_ in moved else ()
        steps = [*supplies.take(deployment), *room, StartStep(up), *(EvaluateStep(e) for e in evaluations), GateStep()]
        if id_ in moved:
            takes_over = traffic.take_over(deployment)
            left = traffic.move(deployment)
            steps += [*takes_over, RouteStep(), VerifyStep(), *left]
        steps += traffic.scale(up)
        result.append(Rollout(id_, deployment, tuple(steps)))
    result += [Rollout(c.address, None, traffic.remove(c)) for c in plan.changes if isinstance(c, Delete)]
    return tuple(result)


def inherit(rollout: Rollout, owed: Iterable[FetchStep | BuildStep]) -> Rollout:
    """Return *rollout* with what it needs of *owed* first: steps of a rollout that was to take them and failed."""
    deployment = rollout.deployment
    if deployment is None:
        return rollout
    measured = [p.digest for s in rollout.steps if isinstance(s, EvaluateStep) for p in s.required.artifacts]
    build = deployment.release.build
    read = [pin.digest for pin in build.inputs]
    if build.parity is not None and build.parity.text is not None:
        read.append(build.parity.text.digest)
    needed = {deployment.release.artifact.digest, build.key, *read, *measured}
    steps = [s for s in owed if (s.artifact.digest if isinstance(s, FetchStep) else s.build.key) in needed]
    return replace(rollout, steps=(*steps, *rollout.steps))


class _Supplies:
    """What has to be there before deployments serve; each fetch and build goes to the first that needs it."""

    def __init__(self, plan: Plan, observed: ObservedState) -> None:
        self._proven = {e.key for e in observed.evidence if e.passed}
        self._missing = {c.digest for c in plan.changes if isinstance(c, Fetch)}
        self._unbuilt = {c.key for c in plan.changes if isinstance(c, Build)}
        self.measured: dict[ResourceId, set[Digest]] = {}
        for change in plan.changes:
            if isinstance(change, Evaluate):
                self.measured.setdefault(change.deployment, set()).add(change.key)

    def evaluations(self, deployment: DesiredDeployment) -> tuple[RequiredEvaluation, ...]:
        """Return what is measured of *deployment*, the cheapest first."""
        keys = self.measured.get(deployment.id, set())
        wanted = tuple(e for e in deployment.measured if e.key in keys)
        named = {e.evaluation.id for e in wanted}
        documents = {str(r.id): document_of(r) for r in deployment.resources if r.id in named}
        return cheapest_first(wanted, documents)

    def take(self, deployment: DesiredDeployment) -> Iterator[Step]:
        """Yield the fetches and builds that *deployment* needs and none before it, and its parity with the source."""
        release, parity = deployment.release, deployment.release.build.parity
        measured = [pin for e in self.evaluations(deployment) for pin in e.artifacts]
        if parity is not None and parity.text is not None:
            measured.append(parity.text)
        for artifact in (release.artifact, *release.build.inputs, *measured):
            if artifact.digest in self._missing:
                self._missing.discard(artifact.digest)
                yield FetchStep(artifact)
        if release.build.key in self._unbuilt:
            self._unbuilt.discard(release.build.key)
            yield BuildStep(release.build, release.artifact)
        if parity is not None and parity.key not in self._proven:
            yield ParityStep(release.build, release.artifact)


class _Traffic:
    """Which server each route will point at, rollout by rollout: a shared server ends with the last that leaves it."""

    def __init__(self, desired: DesiredState, observed: ObservedState) -> None:
        self._observed = observed
        self._desired = {d.id: d.server for d in desired.deployments}
        self._routed = {r.deployment: (r.server, read_manifest(r.manifest).replicas) for r in observed.target.routes}
        self._routes = {r.deployment: r for r in observed.target.routes}
        self._running = {s.key for s in observed.target.servers}
        self._specs = {s.key: s for s in self._desired.values()}

    def start(self, server: ServerSpec) -> ServerSpec:
        """Return *server* with the replicas it needs before traffic moves: no fewer than it has."""
        return replace(server, replicas=self._replicas(server.key))

    def make_room(self, deployment: DesiredDeployment) -> tuple[Step, ...]:
        """Return the step that ends what serves first, where the strategy says so and nobody else needs it."""
        takeover, route = takeover_now(deployment, self._observed), self._routes.get(deployment.id)
        if route is None or takeover.strategy not in ONE_AT_A_TIME or route.server == deployment.server.key:
            return ()
        others = {key for id_, (key, _) in self._routed.items() if id_ != deployment.id}
        gone = {route.server} - others - {d.key for i, d in self._desired.items() if i != deployment.id}
        return (HoldStep(tuple(sorted(gone)), takeover.strategy == "inPlace"),) if gone else ()

    def take_over(self, deployment: DesiredDeployment) -> tuple[Step, ...]:
        """Return the step that shares the traffic by stages, where another release serves and stages are declared."""
        takeover, route = takeover_now(deployment, self._observed), self._routes.get(deployment.id)
        is_new = route is not None and route.release != deployment.release.digest
        return (TakeOverStep(takeover),) if is_new and takeover.stages else ()

    def move(self, deployment: DesiredDeployment) -> tuple[Step, ...]:
        """Point the route of *deployment* at its server and return the steps that clear up what it leaves."""
        before = self._routed.get(deployment.id)
        self._routed[deployment.id] = (deployment.server.key, deployment.server.replicas)
        beside = self._candidates(deployment.id)
        if before and before[0] != deployment.server.key:
            return self._clear_up(before, beside)
        return self._clear_up(None, beside)

    def _candidates(self, id_: ResourceId) -> tuple[Digest, ...]:
        """Return the servers of releases that an earlier rollout of *id_* left beside the one that serves."""
        route = self._routes.get(id_)
        return tuple(key for key in route.beside if key in self._running) if route is not None else ()

    def remove(self, change: Delete) -> tuple[Step, ...]:
        """Take a deployment's route away, if it has one, and clear up its servers."""
        before = self._routed.pop(change.address, None)
        route: tuple[Step, ...] = (RouteStep(),) if before else ()
        return route + self._clear_up(before, (*change.servers, *self._candidates(change.address)))

    def _clear_up(self, left: tuple[Digest, int] | None, servers: Iterable[Digest] = ()) -> tuple[Step, ...]:
        """Stop what no route and no desired release needs, and take away replicas of what is left of the rest."""
        in_use = {key for key, _ in self._routed.values()} | self._specs.keys()
        gone = {*servers, *([left[0]] if left else [])} - in_use
        stop: tuple[Step, ...] = (StopStep(tuple(sorted(gone))),) if gone else ()
        spec = self._specs.get(left[0]) if left else None
        return stop + (self.scale(replace(spec, replicas=left[1])) if spec and left else ())

    def scale(self, started: ServerSpec) -> tuple[Step, ...]:
        """Return the step that takes away the replicas of *started* that nothing needs any more."""
        needed = self._replicas(started.key)
        return (ScaleStep(replace(started, replicas=needed)),) if needed < started.replicas else ()

    def _replicas(self, key: Digest) -> int:
        routed = [n for server, n in self._routed.values() if server == key]
        return max([*routed, *(s.replicas for s in self._desired.values() if s.key == key)], default=0)
