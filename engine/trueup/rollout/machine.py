"""How a release takes over: (takeover, progress, what was seen, the time) to the progress now and the next effect.

A pure state machine. Whoever drives it (`reconcile.taking_over`) carries the effect out, looks again and asks again;
the progress is kept with the target, so that after a kill the next run goes on where this one was. Only a negative
result aborts by itself; what could not be found out waits, and in the end does what is declared for that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from trueup.core.digests import Digest
from trueup.core.durations import duration_text
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.desired.takeover import Checks, Stage, Takeover
from trueup.rollout.verdicts import Outcome, Verdict, together

NOT_BEGUN = -1


class Order(StrEnum):
    """What someone said while a rollout goes on."""

    NONE = ""
    CONTINUE = "continue"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a rollout is.

    Attributes:
        release: What is rolled out.
        plan: Id of the plan it belongs to.
        stage: Index of the stage in force; `NOT_BEGUN` before the first.
        began: When that stage's weight was in force.
        looks: Measurements taken in it.
        failures: Failed measurements in it, by metric.
        guarded: Failed measurements of what must hold all the time, by metric, in the whole rollout.
        looked: When it was last measured.
        waits: It waits until someone says go, though its own declaration does not ask for that, and why.
    """

    release: Digest
    plan: Digest
    stage: int = NOT_BEGUN
    began: datetime | None = None
    looks: int = 0
    failures: tuple[tuple[str, int], ...] = ()
    guarded: tuple[tuple[str, int], ...] = ()
    looked: datetime | None = None
    waits: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return it as JSON."""
        return {
            "release": self.release,
            "plan": self.plan,
            "stage": self.stage,
            "began": self.began.isoformat() if self.began else None,
            "looks": self.looks,
            "failures": dict(self.failures),
            "guarded": dict(self.guarded),
            "looked": self.looked.isoformat() if self.looked else None,
            "waits": self.waits,
        }


def progress_of(value: Json) -> Progress | None:
    """Read what `to_json` wrote; None for anything else, such as what a newer version wrote."""
    if not isinstance(value, Mapping):
        return None
    try:
        return Progress(
            release=Digest(str(value["release"])),
            plan=Digest(str(value["plan"])),
            stage=int(str(value["stage"])),
            began=_time(value.get("began")),
            looks=int(str(value["looks"])),
            failures=_counts(value.get("failures")),
            guarded=_counts(value.get("guarded")),
            looked=_time(value.get("looked")),
            waits=str(value.get("waits") or ""),
        )
    except (KeyError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known when the machine is asked.

    Attributes:
        order: What someone said since it was asked last.
        superseded: A newer commit that declares another release; empty when there is none.
        dead: Why the new release's servers cannot answer; empty when they can.
        verdicts: What a `Measure` found of the stage's checks; None when nothing was measured.
        guard: The same of what must hold all the time.
    """

    order: Order = Order.NONE
    superseded: str = ""
    dead: str = ""
    verdicts: tuple[Verdict, ...] | None = None
    guard: tuple[Verdict, ...] | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """Give the new release its share of the requests, and of copies."""

    stage: int
    weight: float
    mirror: float


@dataclass(frozen=True, slots=True)
class Measure:
    """Analyse what was answered since `since`; `looks` is how often this stage may be looked at in all."""

    since: datetime
    checks: Checks | None
    looks: int
    guard: Checks | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again at `until`, at the latest; None until someone says go."""

    until: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Complete:
    """All stages are passed: all traffic may be the new release's."""


@dataclass(frozen=True, slots=True)
class Abort:
    """Traffic goes back at once.

    Attributes:
        why: In words.
        is_negative: Something was found that speaks against the release: it is taken back in git as well.
        superseded: A newer commit takes its place.
    """

    why: str
    is_negative: bool
    superseded: bool = False


Effect = Share | Measure | Wait | Complete | Abort


def advance(takeover: Takeover, progress: Progress, seen: Seen, now: datetime) -> tuple[Progress, Effect]:
    """Return where the rollout is now and what is to be done next."""
    if stop := _stop(seen):
        return progress, stop
    progress = _not_ahead_of(now, progress)
    if progress.stage == NOT_BEGUN or progress.began is None:
        return _enter(takeover, progress, max(progress.stage, 0), now)
    stage = takeover.stages[min(progress.stage, len(takeover.stages) - 1)]
    if seen.guard is not None and takeover.checks is not None:
        progress, failed = _counted(progress, takeover.checks, seen.guard, guard=True)
        if failed:
            return progress, Abort(_said(failed), is_negative=True)
    if seen.verdicts is not None and stage.checks is not None:
        return _judged(takeover, progress, stage.checks, seen.verdicts, now)
    return _go_on(takeover, progress, stage, seen, now)


def looks_of(checks: Checks) -> int:
    """Return how often a stage is looked at, at the most: what is declared, and what patience allows."""
    more = int(checks.patience / _interval(checks))
    return max((w.count for w in checks.watched), default=1) + more


def weight_of(takeover: Takeover, stage: int) -> float:
    """Return the share of the requests that is in force in *stage*: the last one that was set."""
    weights = [s.weight for s in takeover.stages[: stage + 1] if s.weight is not None]
    return weights[-1] if weights else 0.0


def _not_ahead_of(now: datetime, progress: Progress) -> Progress:
    """Return *progress* as of now when the clock was put back: nobody waits until it is again as late as it was."""
    if progress.began is not None and progress.began > now:
        progress = replace(progress, began=now)
    if progress.looked is not None and progress.looked > now:
        progress = replace(progress, looked=now)
    return progress


def _stop(seen: Seen) -> Abort | None:
    if seen.order is Order.ABORT:
        return Abort("somebody aborted it", is_negative=True)
    if seen.superseded:
        return Abort(f"commit {seen.superseded[:12]} declares another release", is_negative=False, superseded=True)
    if seen.dead:
        return Abort(f"the new release does not answer: {seen.dead}", is_negative=True)
    return None


def _enter(takeover: Takeover, progress: Progress, number: int, now: datetime) -> tuple[Progress, Effect]:
    if number >= len(takeover.stages):
        return progress, Complete()
    entered = replace(progress, stage=number, began=now, looks=0, failures=(), looked=None, waits="")
    return entered, Share(number, weight_of(takeover, number), takeover.stages[number].mirror)


def _go_on(takeover: Takeover, progress: Progress, stage: Stage, seen: Seen, now: datetime) -> tuple[Progress, Effect]:
    """Wait for what the stage waits for, then measure, then enter the next one."""
    began = progress.began or now
    told = seen.order is Order.CONTINUE
    if progress.waits or stage.until_told:
        if told:
            return _enter(takeover, progress, progress.stage + 1, now)
        return _wait(takeover, progress, None, progress.waits or "until someone says go", now)
    resumes = began + (stage.pause or timedelta())
    if now < resumes and not told:
        return _wait(takeover, progress, resumes, "pause", now)
    if stage.checks is None or not stage.checks.watched:
        return _enter(takeover, progress, progress.stage + 1, now)
    due = max(resumes, progress.looked or began) + _interval(stage.checks)
    if now < due:
        return _wait(takeover, progress, due, "next measurement", now)
    return progress, Measure(began, stage.checks, looks_of(stage.checks), takeover.checks)


def _wait(
    takeover: Takeover, progress: Progress, until: datetime | None, why: str, now: datetime
) -> tuple[Progress, Effect]:
    """Wait, and meanwhile look at what must hold all the time."""
    guard = takeover.checks
    if guard is None or not guard.watched:
        return progress, Wait(until, why)
    began = progress.began or now
    due = max(progress.looked or began, began) + _interval(guard)
    if now >= due:
        return replace(progress, looked=now), Measure(began, None, looks_of(guard), guard)
    return progress, Wait(min(until, due) if until else due, why)


def _judged(
    takeover: Takeover, progress: Progress, checks: Checks, verdicts: Sequence[Verdict], now: datetime
) -> tuple[Progress, Effect]:
    progress, failed = _counted(progress, checks, verdicts, guard=False)
    progress = replace(progress, looks=progress.looks + 1, looked=now)
    if failed:
        return progress, Abort(_said(failed), is_negative=True)
    due = max((w.count for w in checks.watched), default=1)
    outcome = together([v for v in verdicts if v.outcome is not Outcome.FAIL])
    if progress.looks < due:
        return progress, Wait(now + _interval(checks), f"measurement {progress.looks} of {due}")
    if outcome is Outcome.PASS and all(v.outcome is Outcome.PASS for v in verdicts):
        return _enter(takeover, progress, progress.stage + 1, now)
    if outcome is Outcome.PASS:  # a failure that is forgiven: the next measurement has to be a good one
        return progress, Wait(now + _interval(checks), "a failed measurement is measured again")
    ends = (progress.began or now) + _measuring(checks, takeover.stages[progress.stage]) + checks.patience
    if now < ends:
        what = "more evidence" if outcome is Outcome.UNDECIDED else "a source that answers"
        return progress, Wait(now + _interval(checks), f"waits for {what}")
    return _undecided(takeover, progress, checks, verdicts, now)


def _undecided(
    takeover: Takeover, progress: Progress, checks: Checks, verdicts: Sequence[Verdict], now: datetime
) -> tuple[Progress, Effect]:
    """Do what is declared for evidence that never came."""
    outcome = together(verdicts)
    declared = checks.on_inconclusive if outcome is Outcome.UNDECIDED else checks.on_error
    open_ones = [v for v in verdicts if v.outcome is outcome]
    after = f"after {duration_text(checks.patience)} more: {_said(open_ones)}"
    match declared:
        case "continue":
            return _enter(takeover, progress, progress.stage + 1, now)
        case "pause":
            return replace(progress, waits=f"could not be decided {after}"), Wait(None, f"not decided {after}")
        case _:
            return progress, Abort(f"not decided {after}", is_negative=True)


def _counted(
    progress: Progress, checks: Checks, verdicts: Sequence[Verdict], *, guard: bool
) -> tuple[Progress, tuple[Verdict, ...]]:
    """Count failed measurements and return those that are not forgiven any more."""
    counts = dict(progress.guarded if guard else progress.failures)
    limits = {w.name: w.failure_limit for w in checks.watched}
    beyond = []
    for verdict in verdicts:
        if verdict.outcome is Outcome.FAIL:
            counts[verdict.metric] = counts.get(verdict.metric, 0) + 1
            if counts[verdict.metric] > limits.get(verdict.metric, 0):
                beyond.append(verdict)
    kept = tuple(sorted(counts.items()))
    return (replace(progress, guarded=kept) if guard else replace(progress, failures=kept)), tuple(beyond)


def _interval(checks: Checks) -> timedelta:
    return min((w.interval for w in checks.watched), default=timedelta(seconds=10))


def _measuring(checks: Checks, stage: Stage) -> timedelta:
    """Return when, after a stage began, its measurements are all due."""
    return (stage.pause or timedelta()) + _interval(checks) * max((w.count for w in checks.watched), default=1)


def _said(verdicts: Sequence[Verdict]) -> str:
    return "; ".join(v.said for v in verdicts)


def _time(value: Json) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _counts(value: Json) -> tuple[tuple[str, int], ...]:
    items = value.items() if isinstance(value, Mapping) else ()
    return tuple(sorted((str(k), int(v)) for k, v in items if isinstance(v, int)))
