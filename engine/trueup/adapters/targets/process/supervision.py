"""What the supervisor decides, as a pure state machine: (what is wanted, what a child is, facts, time) -> next.

The shell around it (`supervisor.py`) gathers the facts and carries out the effects. Times are seconds since the
epoch, because they must survive the supervisor.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.json import Json

BACKOFF_FIRST_SECONDS = 0.25
BACKOFF_LONGEST_SECONDS = 30.0
GIVE_UP_AFTER = 8
"""Crashes in a row: with the back-off above about 90 seconds of trying, long enough for a passing want of memory."""

PORT_TRIES = 3
"""A free port can be taken by others between choosing and listening; a declared one stays taken."""

STABLE_SECONDS = 60.0
"""A child that was ready this long starts again with a clean sheet."""

HUNG_SECONDS = 60.0
"""A child whose health check fails this long does not come back by itself; shorter is a long prompt on a busy core."""

KILL_GRACE_SECONDS = 5.0


class Phase(StrEnum):
    """How far a child is."""

    STARTING = "starting"
    READY = "ready"
    BACKOFF = "backoff"
    FAILED = "failed"
    STOPPING = "stopping"


class Reason(StrEnum):
    """Why a child ended or was given up."""

    NONE = ""
    DIED = "died"
    PORT = "port"
    ARTIFACT = "artifact"
    MISSING = "missing"
    MEMORY = "memory"
    NEVER_READY = "never-ready"
    NONSENSE = "nonsense"
    HUNG = "hung"


class Probe(StrEnum):
    """What the readiness probe found."""

    PENDING = "pending"
    READY = "ready"
    REFUSED = "refused"


class Effect(StrEnum):
    """What the shell is to do."""

    NOTHING = "nothing"
    LAUNCH = "launch"
    TERMINATE = "terminate"
    KILL = "kill"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Child:
    """One process and its history.

    Attributes:
        id: Server id or `gateway`.
        fingerprint: Of the wanted child it was started for.
        phase: How far it is.
        since: When the phase began.
        pid: Process id, 0 when there is none.
        started: Start time of the process as the system tells it; with the pid, its identity.
        port: Loopback port.
        restarts: Restarts since it was asked for.
        crashes: Crashes in a row.
        was_ready: It was ready at least once since it was asked for.
        next_at: When it is started again.
        failing_since: Since when its health check fails; 0 when it does not.
        reason: Why it ended last.
        detail: The same in words, with the last log lines.
    """

    id: str
    fingerprint: Digest
    phase: Phase = Phase.BACKOFF
    since: float = 0.0
    pid: int = 0
    started: float = 0.0
    port: int = 0
    restarts: int = 0
    crashes: int = 0
    was_ready: bool = False
    next_at: float = 0.0
    failing_since: float = 0.0
    reason: Reason = Reason.NONE
    detail: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the child as JSON."""
        return {
            "id": self.id,
            "fingerprint": self.fingerprint,
            "phase": self.phase.value,
            "since": self.since,
            "pid": self.pid,
            "started": self.started,
            "port": self.port,
            "restarts": self.restarts,
            "crashes": self.crashes,
            "wasReady": self.was_ready,
            "nextAt": self.next_at,
            "failingSince": self.failing_since,
            "reason": self.reason.value,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended, as far as it is known."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found out about one child.

    Attributes:
        alive: Its process lives.
        exit: How it ended, when it does not.
        probe: What the readiness probe says.
        refusal: Why the probe refused it.
        healthy: Its last health check.
    """

    alive: bool = False
    exit: Exit = Exit(Reason.DIED, "")
    probe: Probe = Probe.PENDING
    refusal: str = ""
    healthy: bool = True


@dataclass(frozen=True, slots=True)
class Want:
    """What is wanted of one child, as far as decisions need it."""

    fingerprint: Digest
    ready_timeout_seconds: float


def fresh(id_: str, fingerprint: Digest, now: float) -> Child:
    """Return a child that is to be launched at once."""
    return Child(id_, fingerprint, since=now, next_at=now)


def backoff_seconds(crashes: int) -> float:
    """Return how long to wait before the start that follows the *crashes*-th crash in a row."""
    return min(BACKOFF_FIRST_SECONDS * 2.0 ** min(max(crashes - 1, 0), 30), BACKOFF_LONGEST_SECONDS)


def decide(want: Want | None, drain_seconds: float, child: Child, facts: Facts, now: float) -> tuple[Child, Effect]:
    """Return what *child* becomes and what to do about it.

    Args:
        want: What is wanted of it; None when it is to end.
        drain_seconds: How long its process may take to end after SIGTERM.
        child: What it is.
        facts: What was just found out.
        now: The time.
    """
    if want is None or want.fingerprint != child.fingerprint:
        return _ending(drain_seconds, child, facts, now)
    match child.phase:
        case Phase.STARTING:
            return _starting(want, child, facts, now)
        case Phase.READY:
            return _ready(child, facts, now)
        case Phase.BACKOFF:
            return _waiting(child, now)
        case Phase.FAILED:
            # A refused server still lives; it must not keep its memory and its port.
            return child, Effect.KILL if facts.alive else Effect.NOTHING
        case Phase.STOPPING:
            # Wanted again while it ends: let it end, then start a new one.
            return _ending(drain_seconds, child, facts, now)


def launched(child: Child, pid: int, started: float, port: int, now: float) -> Child:
    """Return *child* with the process that was just started for it."""
    again = child.restarts + 1 if child.pid or child.crashes else child.restarts
    return replace(
        child,
        phase=Phase.STARTING,
        since=now,
        pid=pid,
        started=started,
        port=port,
        restarts=again,
        failing_since=0.0,
    )


def unlaunched(child: Child, exit_: Exit, now: float) -> Child:
    """Return *child* after its process could not even be created."""
    return _crashed(child, exit_, now)


def withheld(child: Child, exit_: Exit, now: float) -> Child:
    """Return *child* that must not be started again before a command has looked at what it would load."""
    return _given_up(child, exit_, now)


def _ending(drain_seconds: float, child: Child, facts: Facts, now: float) -> tuple[Child, Effect]:
    if not facts.alive:
        return child, Effect.FORGET
    if child.phase is not Phase.STOPPING:
        return replace(child, phase=Phase.STOPPING, since=now), Effect.TERMINATE
    overdue = now - child.since > drain_seconds + KILL_GRACE_SECONDS
    return child, Effect.KILL if overdue else Effect.NOTHING


def _starting(want: Want, child: Child, facts: Facts, now: float) -> tuple[Child, Effect]:
    if not facts.alive:
        return _crashed(child, facts.exit, now), Effect.NOTHING
    match facts.probe:
        case Probe.READY:
            healthy = replace(
                child, phase=Phase.READY, since=now, was_ready=True, reason=Reason.NONE, detail="", failing_since=0.0
            )
            return healthy, Effect.NOTHING
        case Probe.REFUSED:
            return _given_up(child, Exit(Reason.NONSENSE, facts.refusal), now), Effect.KILL
        case Probe.PENDING:
            if now - child.since <= want.ready_timeout_seconds:
                return child, Effect.NOTHING
            late = f"not ready after {want.ready_timeout_seconds:g} s"
            return _given_up(child, Exit(Reason.NEVER_READY, f"{late}; {facts.refusal}".rstrip("; ")), now), Effect.KILL


def _ready(child: Child, facts: Facts, now: float) -> tuple[Child, Effect]:
    if not facts.alive:
        return _crashed(child, facts.exit, now), Effect.NOTHING
    if facts.healthy:
        settled = child.crashes and now - child.since > STABLE_SECONDS
        return replace(child, failing_since=0.0, crashes=0 if settled else child.crashes), Effect.NOTHING
    if not child.failing_since:
        return replace(child, failing_since=now), Effect.NOTHING
    if now - child.failing_since > HUNG_SECONDS:
        return child, Effect.KILL
    return child, Effect.NOTHING


def _waiting(child: Child, now: float) -> tuple[Child, Effect]:
    # A clock that was set back must not make the wait longer than it can be.
    due = now >= child.next_at or child.next_at - now > BACKOFF_LONGEST_SECONDS
    return child, Effect.LAUNCH if due else Effect.NOTHING


def _crashed(child: Child, exit_: Exit, now: float) -> Child:
    """Return *child* after its process ended by itself: to be started again, or given up."""
    if child.phase is Phase.READY and child.failing_since:
        exit_ = Exit(Reason.HUNG, f"did not answer its health check for {HUNG_SECONDS:g} s and was killed")
    crashes = child.crashes + 1
    first_start = not child.was_ready
    tries_port_again = exit_.reason is Reason.PORT and crashes < PORT_TRIES
    if (first_start and not tries_port_again) or crashes >= GIVE_UP_AFTER:
        return _given_up(replace(child, crashes=crashes), exit_, now)
    return replace(
        child,
        phase=Phase.BACKOFF,
        since=now,
        crashes=crashes,
        next_at=now + backoff_seconds(crashes),
        reason=exit_.reason,
        detail=exit_.detail,
    )


def _given_up(child: Child, exit_: Exit, now: float) -> Child:
    return replace(child, phase=Phase.FAILED, since=now, reason=exit_.reason, detail=exit_.detail)


def child_from_json(value: Mapping[str, Json]) -> Child:
    """Read a child that a supervisor published.

    Raises:
        KeyError: A key is missing.
        TypeError: A value has another type.
        ValueError: A value is none of those known.
    """
    return Child(
        id=str(value["id"]),
        fingerprint=Digest(str(value["fingerprint"])),
        phase=Phase(str(value["phase"])),
        since=_number(value["since"]),
        pid=int(_number(value["pid"])),
        started=_number(value["started"]),
        port=int(_number(value["port"])),
        restarts=int(_number(value["restarts"])),
        crashes=int(_number(value["crashes"])),
        was_ready=bool(value["wasReady"]),
        next_at=_number(value["nextAt"]),
        failing_since=_number(value["failingSince"]),
        reason=Reason(str(value["reason"])),
        detail=str(value["detail"]),
    )


def _number(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, found {value!r}")
    return value
