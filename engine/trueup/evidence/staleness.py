"""Whether a result still counts for what is required, and when not, why: computed each time, never stored.

A result belongs to the digests of its inputs. When one of them changes, nothing is known any more; the newest result
of the same evaluation says which of them changed.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId, parse_address
from trueup.desired.state import RequiredEvaluation
from trueup.evidence.evidence import Evidence


class State(StrEnum):
    """What is known of a required evaluation."""

    FRESH = "fresh"
    STALE = "stale"
    TOO_OLD = "too old"
    FAILED = "failed"
    UNDECIDED = "undecided"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Staleness:
    """What is known of a required evaluation, and why it does not count.

    Attributes:
        state: In one word.
        changed: Named inputs that differ from the result that is there; empty when none does, or nobody can tell.
        measured_at: When that result was measured; None without one.
        age: How long ago; None without one.
        max_age: Age up to which a result counts; None for ever.
        more_samples: How many more examples would decide it; None when nobody can tell.
        simulated: A double measured it.
    """

    state: State
    changed: tuple[str, ...] = ()
    measured_at: datetime | None = None
    age: timedelta | None = None
    max_age: timedelta | None = None
    more_samples: int | None = None
    simulated: bool = False

    @property
    def is_due(self) -> bool:
        """Whether it has to be measured before it counts."""
        return self.state is not State.FRESH

    @property
    def reason(self) -> str:
        """Say what is known: `stale: prompt and decoding changed; last measured 3 days ago`."""
        ago = f"{duration_in_words(self.age)} ago" if self.age is not None else ""
        match self.state:
            case State.FRESH:
                return f"passed {ago}"
            case State.STALE:
                what = f"{_listed(self.changed)} changed" if self.changed else "what it depends on changed"
                return f"stale: {what}; last measured {ago}"
            case State.TOO_OLD:
                counts = f", and counts for {duration_in_words(self.max_age)}" if self.max_age is not None else ""
                return f"too old: measured {ago}{counts}"
            case State.FAILED:
                return "only a double measured it" if self.simulated else "the last result did not pass"
            case State.UNDECIDED:
                more = f": about {self.more_samples} more samples" if self.more_samples is not None else ""
                return f"not enough evidence{more}"
            case State.MISSING:
                return "no evidence for this release"


def staleness(required: RequiredEvaluation, found: Evidence | None, older: Evidence | None, now: datetime) -> Staleness:
    """Return what is known of *required*.

    Args:
        required: What is asked for.
        found: The newest result under its key; None when there is none, or it was left out as too old.
        older: Another result of the same evaluation (`closest`); it counts for nothing and says what changed.
        now: The time.
    """
    if found is None and older is not None and older.key == required.key:
        found = older
    one = found or older
    if one is None:
        return Staleness(State.MISSING, max_age=required.max_age)
    age = max(now - one.completed_at, timedelta(0))
    if found is None:
        changed = changed_inputs(required, one)
        return Staleness(State.STALE, changed, one.completed_at, age, required.max_age, simulated=one.simulated)
    state = State.FAILED
    if required.max_age is not None and age > required.max_age:
        state = State.TOO_OLD
    elif found.passed:
        state = State.FRESH
    elif found.is_undecided:
        state = State.UNDECIDED
    more = [g.more_samples for g in found.gates if g.undecided and g.more_samples is not None]
    return Staleness(
        state, (), found.completed_at, age, required.max_age, max(more, default=None), simulated=found.simulated
    )


def changed_inputs(required: RequiredEvaluation, older: Evidence) -> tuple[str, ...]:
    """Return the named inputs in which *older* differs from what is required, in their order; none when unnamed."""
    wanted, had = dict(required.inputs), dict(older.inputs)
    if not wanted or not had:
        return ()
    return tuple(sorted(name for name in wanted.keys() | had.keys() if wanted.get(name) != had.get(name)))


def closest(required: RequiredEvaluation, evidence: Iterable[Evidence]) -> Evidence | None:
    """Return the result that says most about why there is none for *required*: fewest changed inputs, then newest.

    An evaluation that several deployments share has results of all of them, and the newest may be another's.

    Args:
        required: What is asked for.
        evidence: Results of any evaluation and any key, newest first.
    """
    same = [e for e in evidence if is_same_evaluation(e.evaluation, required.evaluation.id)]
    # What does not name its inputs may differ in all of them.
    return min(same, key=lambda e: len(changed_inputs(required, e)) if e.inputs else _MANY, default=None)


_MANY = 1 << 20


def is_same_evaluation(address: str, evaluation: ResourceId) -> bool:
    """Tell whether *address* is a version of *evaluation*: `Evaluation/facts@1` and `@2` are one evaluation."""
    id_ = parse_address(address)
    return id_ is not None and (id_.kind, id_.name) == (evaluation.kind, evaluation.name)


def duration_in_words(duration: timedelta) -> str:
    """Say how long, in the largest unit that is full: `3 days`, `5 hours`, `less than a minute`."""
    minutes = int(duration.total_seconds()) // 60
    for unit, size in (("day", 1440), ("hour", 60), ("minute", 1)):
        count = minutes // size
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"


def _listed(names: tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
