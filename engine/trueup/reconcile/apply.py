"""Applies an approved plan: runs its rollouts step by step, journals each step before it is taken, yields events.

A failure stays inside its deployment: its new servers are stopped, traffic stays where it was, the other
deployments go on. Deletions wait until everything else succeeded.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from trueup.core.digests import short
from trueup.core.errors import PermanentError, TrueupError
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.manifest import manifest_of
from trueup.desired.state import DesiredDeployment, DesiredState, ServerSpec
from trueup.observed.state import Health, ObservedState
from trueup.policy.decision import ApprovedPlan, Decision, Outcome
from trueup.policy.parity_gate import RULE as PARITY_RULE
from trueup.ports import Route
from trueup.reconcile import codes
from trueup.reconcile.making_room import MakingRoom
from trueup.reconcile.routing import Routing
from trueup.reconcile.supply import Ports, Supplying
from trueup.reconcile.taking_over import TakingOver
from trueup.rollout.events import Event, Status
from trueup.rollout.steps import (
    BuildStep,
    EvaluateStep,
    FetchStep,
    GateStep,
    HoldStep,
    ParityStep,
    Rollout,
    RouteStep,
    ScaleStep,
    StartStep,
    Step,
    StopStep,
    TakeOverStep,
    VerifyStep,
    inherit,
    rollouts,
    step_name,
)

SAFE_FORMATS = "SC-04"
"""The rule about formats that can run code. What an exception lifts it for may be fetched, if a scan finds nothing."""

Gate = Callable[[DesiredDeployment], Decision]
"""Observes again and judges one deployment with the evidence there is now."""


@dataclass(slots=True)
class Result:
    """What apply did, deployment by deployment, filled while events are yielded.

    Attributes:
        done: Addresses whose rollout finished.
        failed: Addresses whose rollout failed, with the failure.
        not_started: Addresses that were not begun.
        decisions: The gates' decisions.
        verified: Deployments whose release is now verified.
        removed: Deployments that are gone.
    """

    done: list[ResourceId] = field(default_factory=list)
    failed: dict[ResourceId, TrueupError] = field(default_factory=dict)
    not_started: list[ResourceId] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    verified: list[DesiredDeployment] = field(default_factory=list)
    removed: list[ResourceId] = field(default_factory=list)


class Applying:
    """One run of apply. Iterate `events()` to the end; `result` tells how it went."""

    def __init__(
        self,
        approved: ApprovedPlan,
        desired: DesiredState,
        observed: ObservedState,
        ports: Ports,
        gate: Gate,
        actor: str,
    ) -> None:
        self.result = Result()
        self._approved = approved
        self._desired = desired
        self._observed = observed
        self._ports = ports
        self._gate = gate
        self._environment = desired.environment.name
        self._routing = Routing(desired.environment, ports.target, observed.target.routes)
        self._room = MakingRoom(ports, desired.environment.name, self._routing, observed)
        self._taking_over = TakingOver(desired, ports, self._routing, self._room, approved.plan.id)
        self._owed: list[FetchStep | BuildStep] = []
        self._supplying = Supplying(
            desired,
            ports,
            actor=actor,
            plan=approved.plan.id,
            excepted=approved.decision.lifted(SAFE_FORMATS),
            serving=observed.target.routes,
        )

    def events(self) -> Iterator[Event]:
        """Run the rollouts in order and yield what happens."""
        planned = rollouts(self._approved.plan, self._desired, self._observed)
        for rollout in planned:
            if rollout.deployment is None and self.result.failed:
                self.result.not_started.append(rollout.address)
                yield self._event("stop", rollout.address, Status.SKIPPED, "not started: a rollout before it failed")
                continue
            yield from self._roll_out(inherit(rollout, self._owed))
        self.result.removed += self._routing.removed
        if not self._routing.servers and not self.result.failed:
            yield from self._clear()

    def _roll_out(self, rollout: Rollout) -> Iterator[Event]:
        self._routing.begin()
        self._room.begin()
        for number, step in enumerate(rollout.steps):
            name = step_name(step)
            yield self._journaled(self._event(name, rollout.address, Status.STARTED, _subject(step, rollout)))
            began = self._ports.clock.now()
            try:
                yield from self._take_over(step, rollout)
                facts = self._take(step, rollout)
            except TrueupError as error:
                yield self._noted(self._event(name, rollout.address, Status.FAILED, str(error)))
                self.result.failed[rollout.address] = error
                self._owe(rollout.steps[number:])
                yield from self._back_out(rollout)
                return
            seconds = round((self._ports.clock.now() - began).total_seconds(), 3)
            facts = {**facts, "seconds": seconds}
            yield self._journaled(self._event(name, rollout.address, Status.DONE, _subject(step, rollout), facts))
            if step in self._owed:
                self._owed.remove(step)
        self.result.done.append(rollout.address)

    def _take_over(self, step: Step, rollout: Rollout) -> Iterator[Event]:
        """Share the traffic stage by stage, where that is the step: the only one that tells more than its end."""
        if isinstance(step, TakeOverStep) and rollout.deployment is not None:
            yield from self._taking_over.events(step.takeover, rollout.deployment)

    def _owe(self, steps: Sequence[Step]) -> None:
        """Leave what a failed rollout was to fetch and build for all to the next one that needs it."""
        self._owed += [s for s in steps if isinstance(s, FetchStep | BuildStep) and s not in self._owed]

    def _take(self, step: Step, rollout: Rollout) -> dict[str, Json]:
        match step:
            case FetchStep() | BuildStep() | ParityStep() | StartStep() | EvaluateStep():
                return self._prepare(step, rollout)
            case StopStep(servers):
                # A rollout that failed before this one may still send traffic to one of them.
                idle = tuple(s for s in servers if s not in self._routing.servers)
                return self._supplying.take(StopStep(idle), rollout.deployment) if idle else {"servers": []}
            case ScaleStep():
                return self._supplying.take(step, rollout.deployment)
            case HoldStep():
                return self._room.make(rollout.address, step)
            case TakeOverStep():
                return {}  # its events were the work
            case GateStep() | RouteStep() | VerifyStep():
                if rollout.deployment is None:
                    return self._unroute(rollout.address)
                return self._move(step, rollout.deployment)

    def _prepare(
        self, step: FetchStep | BuildStep | ParityStep | StartStep | EvaluateStep, rollout: Rollout
    ) -> dict[str, Json]:
        facts = self._supplying.take(step, rollout.deployment)
        match step:
            case StartStep(server):
                return {**facts, "kept": True} if self._ran(server) else facts
            case EvaluateStep() if facts.get("passed") is not True and rollout.deployment is not None:
                # What costs more is not measured of a release that is denied already.
                self._pass_gate(rollout.deployment, step, rollout.steps)
            case ParityStep() if facts.get("passed") is not True and not self._is_excepted(rollout.deployment):
                raise PermanentError(codes.PARITY_FAILED, _refused(step, facts))
            case _:
                pass
        return facts

    def _ran(self, server: ServerSpec) -> bool:
        """Tell whether nothing had to be started: every replica was healthy when the plan was made."""
        there = [s for s in self._observed.target.servers if s.key == server.key and s.health is Health.HEALTHY]
        return len(there) >= server.replicas

    def _move(self, step: GateStep | RouteStep | VerifyStep, deployment: DesiredDeployment) -> dict[str, Json]:
        match step:
            case GateStep():
                return self._pass_gate(deployment)
            case RouteStep():
                return self._route(deployment)
            case VerifyStep():
                return self._verify(deployment)

    def _pass_gate(
        self, deployment: DesiredDeployment, measured: EvaluateStep | None = None, steps: Sequence[Step] = ()
    ) -> dict[str, Json]:
        decision = self._gate(deployment)
        self.result.decisions.append(decision)
        if decision.outcome is not Outcome.ALLOW:
            raise PermanentError(codes.GATE_DENIED, _denial(decision, measured, steps))
        return {"decision": decision.outcome.value, "input": decision.input}

    def _is_excepted(self, deployment: DesiredDeployment | None) -> bool:
        """Tell whether an exception lets *deployment* serve what is not the equal of its source."""
        if deployment is None:
            return False
        decision = self._gate(deployment)
        self.result.decisions.append(decision)
        return any(v.rule == PARITY_RULE and v.excepted_by for v in decision.violations)

    def _route(self, deployment: DesiredDeployment) -> dict[str, Json]:
        route = Route(
            deployment=deployment.id,
            release=deployment.release.digest,
            server=deployment.server.key,
            spec=deployment.route,
            manifest=manifest_of(deployment),
            revision=self._desired.revision,
            applied_at=self._ports.clock.now(),
        )
        replaced = self._routing.move(route)
        facts: dict[str, Json] = {"release": route.release, "server": route.server}
        return {**facts, "replaced": [str(id_) for id_ in replaced]} if replaced else facts

    def _unroute(self, address: ResourceId) -> dict[str, Json]:
        self._routing.remove(address)
        return {"removed": True}

    def _verify(self, deployment: DesiredDeployment) -> dict[str, Json]:
        target = self._ports.target.observe(self._environment)
        route = next((r for r in target.routes if r.deployment == deployment.id), None)
        servers = [s for s in target.servers if s.key == deployment.server.key]
        healthy = sum(s.health is Health.HEALTHY for s in servers)
        if target.gateway is not Health.HEALTHY:
            raise PermanentError(codes.NOT_VERIFIED, f"The gateway is {target.gateway.value}.")
        if route is None or route.release != deployment.release.digest:
            raise PermanentError(codes.NOT_VERIFIED, "The gateway does not serve the release.")
        if healthy < deployment.server.replicas:
            said = "; ".join(s.detail for s in servers if s.detail)
            detail = f"{healthy} of {deployment.server.replicas} servers are healthy. {said}".strip()
            raise PermanentError(codes.NOT_VERIFIED, detail)
        self.result.verified.append(deployment)
        return {"address": target.address, "healthy": healthy}

    def _back_out(self, rollout: Rollout) -> Iterator[Event]:
        """Give traffic back to what served before, and stop the servers that were started for nothing.

        A verified release keeps its traffic: what failed then is only the end of the servers it replaced.
        """
        deployment = rollout.deployment
        if deployment is None or deployment in self.result.verified:
            return
        ended = self._room.ended
        started = next((s.server for s in rollout.steps if isinstance(s, StartStep)), deployment.server)
        if ended:  # there is no room for both: the new servers end before the old ones start
            yield from self._attempt("stop", rollout.address, lambda: self._undo_start(started, rollout.address))
            yield from self._attempt("start", rollout.address, lambda: self._revive(rollout.address))
        yield from self._attempt("route", rollout.address, lambda: self._give_back(rollout.address))
        if not ended:
            yield from self._attempt("stop", rollout.address, lambda: self._undo_start(started, rollout.address))

    def _attempt(self, step: str, address: ResourceId, action: Callable[[], Iterator[Event]]) -> Iterator[Event]:
        """Do what a failed rollout needs; when it fails as well, tell it and go on with the rest."""
        try:
            yield from action()
        except TrueupError as error:
            yield self._noted(self._event(step, address, Status.FAILED, str(error)))

    def _give_back(self, address: ResourceId) -> Iterator[Event]:
        if self._routing.give_back():
            yield self._noted(self._event("route", address, Status.DONE, "traffic back where it was"))

    def _revive(self, address: ResourceId) -> Iterator[Event]:
        said = self._room.revive()
        yield self._noted(self._event("start", address, Status.DONE, said))

    def _undo_start(self, server: ServerSpec, address: ResourceId) -> Iterator[Event]:
        """End what was started for nothing; servers that were there before stay, as many as they were."""
        before = sum(s.key == server.key for s in self._observed.target.servers)
        verified = {d.server.key for d in self.result.verified}
        if server.key not in self._supplying.started or server.key in verified:
            return
        if before and before < server.replicas:
            self._supplying.take(ScaleStep(replace(server, replicas=before)), None)
            yield self._noted(self._event("scale", address, Status.DONE, f"back to {before}"))
        elif not before and server.key not in self._routing.servers:
            self._ports.target.stop(self._environment, (server.key,))
            yield self._noted(self._event("stop", address, Status.DONE, "stopped the new servers"))

    def _clear(self) -> Iterator[Event]:
        left = tuple(sorted({s.key for s in self._observed.target.servers}))
        if self._observed.target.gateway is Health.STOPPED and not left:
            return
        self._ports.target.stop(self._environment, left)
        environment = ResourceId("Environment", self._environment)
        yield self._journaled(self._event("stop", environment, Status.DONE, "nothing is declared; nothing runs"))

    def _event(
        self, step: str, address: ResourceId, status: Status, detail: str = "", facts: Mapping[str, Json] | None = None
    ) -> Event:
        kept = tuple(sorted((facts or {}).items()))
        return Event(self._ports.clock.now(), step, str(address), status, detail, kept)

    def _noted(self, event: Event) -> Event:
        """Journal *event* if that is possible: a full disk must not keep traffic from going back."""
        with suppress(TrueupError):
            self._journaled(event)
        return event

    def _journaled(self, event: Event) -> Event:
        self._ports.journal.write(self._environment, {"type": "event", **event.to_json()})
        return event


def _refused(step: ParityStep, facts: Mapping[str, Json]) -> str:
    said = facts.get("refused")
    reasons = "; ".join(str(r) for r in said) if isinstance(said, list | tuple) else ""
    return f"{step.build.id}: {reasons or 'nothing was held'} ({facts.get('parity')})."


def _subject(step: Step, rollout: Rollout) -> str:
    match step:
        case FetchStep(artifact):
            return artifact.uri
        case BuildStep(build):
            return f"{build.id} ({build.mode} {dict(build.parameters).get('quantization', '')})".replace(" )", ")")
        case ParityStep(build):
            return str(build.id)
        case EvaluateStep(required):
            return str(required.evaluation.id)
        case ScaleStep(server):
            return f"{short(server.key)} to {server.replicas}"
        case StopStep(servers):
            return ", ".join(short(s) for s in servers)
        case _:
            return f"release {short(rollout.deployment.release.digest)}" if rollout.deployment else ""


def _denial(decision: Decision, measured: EvaluateStep | None, steps: Sequence[Step]) -> str:
    """Say why the gate denies: of what was *measured* last, where it is that, and what is not measured any more."""
    denying = [v for v in decision.violations if v.denies]
    name = str(measured.required.evaluation.id) if measured is not None else ""
    about = [v for v in denying if name and name in v.message]
    said = " ".join(f"{v.rule}: {v.message}" for v in about or denying)
    if about and measured is not None:
        later = steps[steps.index(measured) + 1 :]
        left = [str(s.required.evaluation.id) for s in later if isinstance(s, EvaluateStep)]
        said += f" Not measured any more: {', '.join(left)}." if left else ""
    failed = "; ".join(e.message for e in decision.errors)
    return said or failed or "policy did not answer"
