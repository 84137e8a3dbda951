"""Drives the state machine of a rollout: carries its effects out, looks again, asks it again; yields what happens.

Each change of weights is one table put in force as a whole, with the progress in it, so that a run that takes over
from a killed one goes on at the same step. When the machine says abort, traffic is back before anything else is done.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from trueup.core.digests import Digest
from trueup.core.durations import duration_text
from trueup.core.errors import PermanentError, TransientError, TrueupError
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.manifest import manifest_of
from trueup.desired.state import DesiredDeployment, DesiredState
from trueup.desired.takeover import Checks, Takeover
from trueup.observed.state import Health
from trueup.ports import Candidate, Split
from trueup.reconcile import codes
from trueup.reconcile.making_room import MakingRoom
from trueup.reconcile.routing import Routing
from trueup.reconcile.supply import Ports
from trueup.rollout.analysis import analyse
from trueup.rollout.events import Event, Status
from trueup.rollout.machine import (
    Abort,
    Complete,
    Effect,
    Measure,
    Progress,
    Seen,
    Share,
    Wait,
    advance,
    progress_of,
    weight_of,
)
from trueup.rollout.verdicts import Outcome, Verdict, together

NEW = "new"
"""Name of the candidate that is rolled out."""

POLL_SECONDS = 0.5
_LOOKS_AT_SERVERS_SECONDS = 2.0
_DEAD_LOOKS = 3
"""Looks in a row at servers that do not answer before the rollout is aborted: one alone may be a busy moment."""


class TakingOver:
    """One rollout of one deployment, from its first share to all the traffic."""

    def __init__(self, desired: DesiredState, ports: Ports, routing: Routing, room: MakingRoom, plan: Digest) -> None:
        self._desired = desired
        self._target = ports.target
        self._clock = ports.clock
        self._journal = ports.journal
        self._watch = ports.watch
        self._routing = routing
        self._room = room
        self._plan = plan
        self._silent = 0
        self._looked = datetime.fromtimestamp(0, UTC)

    def events(self, takeover: Takeover, deployment: DesiredDeployment) -> Iterator[Event]:
        """Share the traffic stage by stage; return when all stages are passed.

        Raises:
            PermanentError: It was aborted, and traffic is back where it was.
        """
        progress, seen = self._resumed(deployment), Seen()
        if progress.began is not None:
            said = f"goes on at step {progress.stage + 1} of {len(takeover.stages)}"
            yield self._told("resume", deployment, Status.DONE, said)
        told: Effect | None = None
        while True:
            before = progress
            progress, effect = advance(takeover, progress, seen, self._clock.now())
            if progress != before and not isinstance(effect, Share | Abort | Complete):
                self._publish(takeover, progress, deployment)
            match effect:
                case Share():
                    self._publish(takeover, progress, deployment)
                    yield self._told("share", deployment, Status.DONE, *_shared(takeover, effect))
                    seen = self._seen(deployment)
                case Measure():
                    seen = self._measured(effect, deployment)
                    yield self._told("analyse", deployment, *_analysed(effect, progress, seen))
                case Wait(until, why):
                    if effect != told:
                        told = effect
                        yield self._told("wait", deployment, Status.WAITING, *_waited(until, why, self._clock.now()))
                    seen = self._waited(until, deployment)
                case Complete():
                    return
                case Abort():
                    yield from self._abort(effect, deployment)

    def _resumed(self, deployment: DesiredDeployment) -> Progress:
        """Return where an earlier run of the same rollout was, or the beginning."""
        route = self._routing.route_of(deployment.id)
        known = progress_of(route.split.progress) if route is not None and route.split is not None else None
        fresh = Progress(deployment.release.digest, self._plan)
        return known if known is not None and known.release == deployment.release.digest else fresh

    def _publish(self, takeover: Takeover, progress: Progress, deployment: DesiredDeployment) -> None:
        stage = takeover.stages[min(max(progress.stage, 0), len(takeover.stages) - 1)]
        new = Candidate(
            name=NEW,
            release=deployment.release.digest,
            server=deployment.server.key,
            spec=deployment.route,
            manifest=manifest_of(deployment),
            revision=self._desired.revision,
            applied_at=progress.began or self._clock.now(),
            weight=weight_of(takeover, progress.stage),
            mirror=stage.mirror,
        )
        split = Split((new, *self._rivals(takeover, deployment)), takeover.sticky, progress.to_json())
        self._routing.share(deployment.id, split)

    def _rivals(self, takeover: Takeover, deployment: DesiredDeployment) -> Iterator[Candidate]:
        """Yield the releases of other deployments that take part; one that does not serve cannot."""
        for rival in takeover.rivals:
            address = ResourceId("Deployment", rival.deployment, environment=deployment.id.environment)
            route = self._routing.route_of(address)
            if route is None:
                raise PermanentError(codes.RIVAL_MISSING, f"{address} takes part in the experiment of {deployment.id}")
            yield Candidate(
                name=rival.deployment,
                release=route.release,
                server=route.server,
                spec=route.spec,
                manifest=route.manifest,
                revision=route.revision,
                applied_at=route.applied_at,
                weight=rival.weight,
            )

    def _measured(self, effect: Measure, deployment: DesiredDeployment) -> Seen:
        route = self._routing.route_of(deployment.id)
        stable = route.release if route is not None else Digest("")
        new = deployment.release.digest
        try:
            traffic = self._target.traffic(deployment.id.environment, deployment.id, effect.since)
        except TransientError as error:
            traffic = None
            reason = str(error)
        copied = route is not None and route.split is not None and not route.split.candidates[0].weight

        def judged(checks: Checks | None) -> tuple[Verdict, ...] | None:
            if checks is None:
                return None
            if traffic is None:
                return tuple(Verdict(w.name, Outcome.ERROR, f"{w.name}: {reason}") for w in checks.watched)
            queried = self._watch.queried(deployment, checks, stable, self._clock.now() - effect.since)
            return analyse(checks, traffic, stable, new, looks=effect.looks, queried=queried, copied=copied)

        seen = self._seen(deployment)
        return Seen(seen.order, seen.superseded, seen.dead, judged(effect.checks), judged(effect.guard))

    def _waited(self, until: datetime | None, deployment: DesiredDeployment) -> Seen:
        """Wait a moment, and look."""
        left = (until - self._clock.now()).total_seconds() if until is not None else POLL_SECONDS
        self._clock.sleep(max(0.01, min(left, POLL_SECONDS)))
        return self._seen(deployment)

    def _seen(self, deployment: DesiredDeployment) -> Seen:
        return Seen(
            order=self._watch.order(deployment.id),
            superseded=self._watch.superseded(deployment.id),
            dead=self._dead(deployment),
        )

    def _dead(self, deployment: DesiredDeployment) -> str:
        """Say why none of the new release's servers answers; empty while one does, or it may only be busy."""
        now = self._clock.now()
        if (now - self._looked).total_seconds() < _LOOKS_AT_SERVERS_SECONDS:
            return ""
        self._looked = now
        try:
            servers = self._target.observe(deployment.id.environment).servers
        except TrueupError:
            return ""
        own = [s for s in servers if s.key == deployment.server.key]
        if any(s.health is Health.HEALTHY for s in own):
            self._silent = 0
            return ""
        self._silent += 1
        said = "; ".join(s.detail for s in own if s.detail) or "no server is there"
        return said if self._silent >= _DEAD_LOOKS else ""

    def _abort(self, effect: Abort, deployment: DesiredDeployment) -> Iterator[Event]:
        """Say so, for whoever comes after a kill; have traffic back, also when it could not be said; and end.

        Raises:
            PermanentError: Always.
        """
        facts: dict[str, Json] = {"negative": effect.is_negative, "release": deployment.release.digest}
        started = self._event("abort", deployment, Status.STARTED, effect.why, facts)
        with suppress(TrueupError):  # a full disk must not keep traffic from going back
            self._journaled(started)
        with suppress(TrueupError):  # tried again, and told, when the rollout is backed out of
            self._routing.give_back_at_once(self._room.absent)
        yield started
        yield self._event("abort", deployment, Status.DONE, "all traffic is back", facts)
        raise PermanentError(codes.SUPERSEDED if effect.superseded else codes.ABORTED, effect.why)

    def _journaled(self, event: Event) -> Event:
        self._journal.write(self._desired.environment.name, {"type": "event", **event.to_json()})
        return event

    def _told(
        self,
        step: str,
        deployment: DesiredDeployment,
        status: Status,
        detail: str,
        facts: Mapping[str, Json] | None = None,
    ) -> Event:
        return self._journaled(self._event(step, deployment, status, detail, facts))

    def _event(
        self,
        step: str,
        deployment: DesiredDeployment,
        status: Status,
        detail: str,
        facts: Mapping[str, Json] | None = None,
    ) -> Event:
        kept = tuple(sorted((facts or {}).items()))
        return Event(self._clock.now(), step, str(deployment.id), status, detail, kept)


def _shared(takeover: Takeover, effect: Share) -> tuple[str, dict[str, Json]]:
    said = f"step {effect.stage + 1} of {len(takeover.stages)}: {effect.weight:g} % of the requests"
    said += f", copies of {effect.mirror:g} %" if effect.mirror else ""
    return said, {"stage": effect.stage, "weight": effect.weight, "mirror": effect.mirror}


def _analysed(effect: Measure, progress: Progress, seen: Seen) -> tuple[Status, str, dict[str, Json]]:
    verdicts = [*(seen.verdicts or ()), *(seen.guard or ())]
    outcome = together(verdicts)
    status = {Outcome.PASS: Status.DONE, Outcome.FAIL: Status.FAILED}.get(outcome, Status.WAITING)
    said = "; ".join(v.said for v in verdicts)
    facts: dict[str, Json] = {
        "stage": progress.stage,
        "since": effect.since.isoformat(),
        "outcome": outcome.value,
        "verdicts": [v.to_json() for v in verdicts],
    }
    return status, said, facts


def _waited(until: datetime | None, why: str, now: datetime) -> tuple[str, dict[str, Json]]:
    if until is None:
        return f"{why}; `trueup rollout resume` or `trueup rollout abort`", {"until": None}
    return f"{why}, {duration_text(until - now)}", {"until": until.isoformat()}
