"""What a plan view shows: the saved plan, the decision on it, and the words all formats share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.digests import short
from trueup.diff.changes import (
    Build,
    BuildUse,
    Change,
    Create,
    Delete,
    Evaluate,
    Fetch,
    FieldChange,
    Movement,
    Room,
    Update,
    symbol,
)
from trueup.diff.masks import masked
from trueup.plan.codes import INCOMPLETE_PLAN
from trueup.plan.plan import count
from trueup.plan.shapes import ShapeError
from trueup.policy.codec import decision_from_json, decision_to_json
from trueup.policy.decision import Decision, Enforcement, Outcome, Violation

if TYPE_CHECKING:
    from trueup.cli.views.governing import JudgedBy
    from trueup.core.json import Json
    from trueup.diff.behaviour.behaviour import BehaviourDiff
    from trueup.plan.saved import SavedPlan
    from trueup.policy.results import RuleInfo

PRODUCTION = "production"

_DESCRIBING = (("metadata",), ("spec", "environment"), ("spec", "onCall"))
"""Where a document says who and what it is, not what runs; of one that is new, that is a list of what everybody has."""


class Intent(StrEnum):
    """Why a plan is shown, which decides what the reader can do next."""

    PROPOSE = "propose"
    APPLY = "apply"
    ROLL_BACK = "roll back"
    PROMOTE = "promote"


_EDITS = (Intent.ROLL_BACK, Intent.PROMOTE)
"""What is shown is an edit that trueup itself would make."""


@dataclass(frozen=True)
class PlanReport:
    """A plan to show.

    Attributes:
        saved: The plan with what it was judged by; made now, or read from a plan file.
        decision: What policy says; None when it was not asked.
        file: Where the plan was saved, for the line that says what to do next.
        intent: Why it is shown.
        asked: The words that chose revision and deployments, which an apply of the same needs too.
        rules: What the rules that judged it say of themselves; a plan file does not keep it.
        judged_by: Whose policies those are; a plan file does not keep it.
        behaviour: How planned releases behave beside those that serve; None when it was not asked for.
    """

    saved: SavedPlan
    decision: Decision | None = None
    file: str = ""
    intent: Intent = Intent.PROPOSE
    asked: tuple[str, ...] = ()
    rules: tuple[RuleInfo, ...] = ()
    judged_by: JudgedBy | None = None
    behaviour: tuple[BehaviourDiff, ...] | None = None

    def __post_init__(self) -> None:
        """Mask the decision: a rule may quote the very secret it found."""
        if self.decision is not None:
            shown = decision_from_json(masked(decision_to_json(self.decision)))
            object.__setattr__(self, "decision", shown)

    @property
    def title(self) -> str:
        """`Plan dev`."""
        return f"Plan {self.saved.plan.environment}"

    @cached_property
    def denials(self) -> tuple[Violation, ...]:
        """The violations that stop the plan."""
        return self._violations(Enforcement.DENY)

    @cached_property
    def warnings(self) -> tuple[Violation, ...]:
        """The violations that are only shown."""
        return self._violations(Enforcement.WARN)

    @cached_property
    def excepted(self) -> tuple[Violation, ...]:
        """The violations that an exception lifts."""
        found = self.decision.violations if self.decision else ()
        return tuple(v for v in found if v.excepted_by)

    @cached_property
    def softened(self) -> tuple[Violation, ...]:
        """The warnings that would stop the plan if a setting or a date had not softened them."""
        return self.decision.softened if self.decision else ()

    @cached_property
    def dry_run(self) -> tuple[Violation, ...]:
        """The violations that are only recorded."""
        return self.decision.dry_run if self.decision else ()

    @property
    def policy_notes(self) -> tuple[str, ...]:
        """What a reader has to know of whose policies judged."""
        return tuple(self.judged_by.notes()) if self.judged_by else ()

    @property
    def blocked(self) -> int:
        """How many things stop the plan: denying violations, and policies that could not be evaluated."""
        return len(self.denials) + (len(self.decision.errors) if self.decision else 0)

    @property
    def is_blocked(self) -> bool:
        """Whether policy does not let the plan be applied."""
        return self.decision is not None and self.decision.outcome is not Outcome.ALLOW

    @property
    def verdict(self) -> str:
        """What policy says, in one word or two."""
        if self.decision is None:
            return "not judged"
        words = {Outcome.ALLOW: "allowed", Outcome.DENY: "denied", Outcome.ERROR: "not decided, which denies"}
        return words[self.decision.outcome]

    @property
    def summary(self) -> str:
        """The line that stands first and last."""
        changes = self.saved.plan.changes
        if not changes and not self.is_blocked:
            return f"No changes. {self.saved.plan.environment} matches {self.revision}."
        would = sum(v.would_deny for v in self.dry_run)
        soft = f", {len(self.softened)} softened" if self.softened else ""
        soft += f", {would} would deny (dry run)" if would else ""
        counts = count(changes)
        parts = [(counts.create, "create"), (counts.update, "update"), (counts.delete, "delete")]
        supplies = [(counts.fetch, "fetch"), (counts.build, "build"), (counts.evaluate, "evaluate")]
        parts += [supply for supply in supplies if supply[0]]
        counted = ", ".join(f"{n} to {word}" for n, word in parts)
        return f"{self.title}: {counted}, {self.blocked} blocked{soft}"

    @property
    def revision(self) -> str:
        """The commit, short, or what stands in its place."""
        uncommitted = "not committed yet" if self.intent in _EDITS else "the work tree (uncommitted changes)"
        return short(self.saved.plan.revision) or uncommitted

    @property
    def is_production(self) -> bool:
        """Whether people outside are served from this environment."""
        return self.saved.environment.tier == PRODUCTION

    @cached_property
    def ordered(self) -> tuple[Change, ...]:
        """The changes in reading order: deletions, then deployments, then what has to be made for them."""
        return tuple(sorted(self.saved.plan.changes, key=_reading_order))

    def next_steps(self) -> Iterator[str]:
        """Yield what the reader can do now."""
        plan = self.saved.plan
        if self.is_blocked:
            yield "Policy does not let this plan be applied: correct what is marked `!`, then plan again."
        elif not plan.changes or self.intent is not Intent.PROPOSE:
            return
        elif not plan.revision:
            yield "A plan of uncommitted changes cannot be applied: commit them, then plan again."
        elif self.file:
            yield f"To apply exactly this plan: trueup apply -e {plan.environment} --plan {self.file}"
        else:
            yield " ".join(["To apply it: trueup apply -e", plan.environment, *self.asked])

    def _violations(self, enforcement: Enforcement) -> tuple[Violation, ...]:
        found = self.decision.violations if self.decision else ()
        return tuple(v for v in found if v.enforcement is enforcement and not v.excepted_by)


def report_of(saved: SavedPlan, file: str = "") -> PlanReport | Diagnostic:
    """Return the report on *saved*, just made or read from *file*; a problem when its decision cannot be read.

    A plan that was just made goes the same way as one from a file, so that both show exactly the same.
    """
    if saved.decision is None:
        return PlanReport(saved, None, file)
    try:
        return PlanReport(saved, decision_from_json(saved.decision), file)
    except ShapeError as error:
        return Diagnostic(INCOMPLETE_PLAN, f"{error}.", Span(file) if file else None)


def heading(change: Change) -> tuple[str, str]:
    """Return symbol and word of *change*; a drifted deployment says so."""
    sign, word = symbol(change)
    if isinstance(change, Update) and change.drift:
        return sign, f"{word} (drift)"
    return sign, word


def shown_fields(change: Create | Update) -> tuple[FieldChange, ...]:
    """Return the fields of *change* that a reader needs; of what is new, those that only describe it are left out."""
    if isinstance(change, Update):
        return change.fields
    return tuple(f for f in change.fields if not any(f.path[: len(p)] == p for p in _DESCRIBING))


def left_out(change: Create | Update) -> str:
    """Say how many fields `shown_fields` leaves out; empty for none."""
    count_ = len(change.fields) - len(shown_fields(change))
    if not count_:
        return ""
    return f"and {count_} {'field' if count_ == 1 else 'fields'} that only describe it, such as its owner"


def colour_of(change: Change) -> str:
    """Return the colour of *change*'s symbol."""
    match change:
        case Delete():
            return "red"
        case Update(movement=Movement.CHANGE):
            return "yellow"
        case Create() | Update():
            return "green" if change.movement is not Movement.ROLLBACK else "magenta"
        case Fetch() | Build() | Evaluate():
            return "cyan"


def facts(change: Change) -> Iterator[str]:
    """Yield the lines that say what *change* does besides its reason."""
    match change:
        case Create():
            yield f"impact: {', '.join(change.impacts)}"
            yield f"release: {short(change.release)}"
            yield from _use(change.build)
        case Update():
            yield f"impact: {', '.join(change.impacts)}; {_restart(change)}"
            if change.release != change.from_release:
                yield f"release: {short(change.from_release)} -> {short(change.release)}"
            yield from _room(change.room)
            yield from _use(change.build)
        case Delete():
            if change.servers:
                yield f"stops: server {', '.join(short(s) for s in change.servers)}"
        case Fetch():
            yield f"from: {change.uri}"
            yield f"digest: {short(change.digest)}"
        case Build():
            yield from _build(change)
        case Evaluate():
            yield f"for: {change.deployment}"


def _build(change: Build) -> Iterator[str]:
    made = ", ".join(f"{name}: {_flow(value)}" for name, value in change.parameters if _is_said(value))
    yield f"mode: {change.mode}{f' ({made})' if made else ''}"
    if change.sizes:
        yield f"resolved: {', '.join(f'{name} {_flow(value)}' for name, value in change.sizes)}"
    yield f"key: {short(change.key)}, from {short(change.source)}"
    if told := change.estimate:
        took = f"{duration_of(told.seconds)} and {told.memory_bytes / 1e9:.2g} GB of memory"
        yield f"estimate: about {took} ({told.basis})"


def _is_said(value: Json) -> bool:
    """Tell whether *value* says anything; defaults that are nothing only hide the others."""
    if isinstance(value, Mapping):
        return any(_is_said(v) for v in value.values())
    return value not in (None, "", [], ())


def _flow(value: Json) -> str:
    """Spell *value* as YAML would on one line."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {_flow(v)}' for name, v in value.items() if _is_said(v))}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_flow(v) for v in value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _use(use: BuildUse | None) -> Iterator[str]:
    """Yield whether what is built for a deployment is there already."""
    if use:
        state = "cached" if use.is_cached else "to be made"
        yield f"build: {state}, {use.address.short} ({use.mode}, key {short(use.key)})"


def _room(room: Room | None) -> Iterator[str]:
    """Yield how the new release takes over, and what both take at the peak."""
    if room:
        yield f"rollout: {room.strategy}, {room_in_words(room, ' at its peak')}"


def room_in_words(room: Room, when: str = "") -> str:
    """Say how many servers there are at the peak of a rollout, and what memory they are declared to take."""
    servers = f"{room.servers} {'server' if room.servers == 1 else 'servers'}{when}"
    memory = "memory not declared" if room.memory_mib is None else f"{room.memory_mib:,} MiB of memory"
    beside = f", {room.total_mib:,} MiB with all others" if room.total_mib not in (None, room.memory_mib) else ""
    return f"{servers} ({memory}{beside})"


def duration_of(seconds: int) -> str:
    """Say how long *seconds* are in the unit that people would use."""
    if seconds < 120:
        return f"{seconds} s"
    return f"{round(seconds / 60)} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _restart(change: Update) -> str:
    if not change.restart:
        return "no restart"
    return "servers are started again" if change.drift else "servers are replaced, then traffic moves"


def _reading_order(change: Change) -> tuple[int, str, str]:
    match change:
        case Delete():
            rank = 0
        case Create() | Update():
            rank = 1
        case Fetch():
            rank = 2
        case Build():
            rank = 3
        case Evaluate():
            rank = 4
    return rank, str(change.address), change.reason
