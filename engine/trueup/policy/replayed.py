"""What other policies would have decided in the past, counted as it is found: memory does not grow with the past."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from trueup.core.frozen import dataclass
from trueup.policy.decision import Decision, Outcome
from trueup.policy.recorded import RecordedDecision

EXAMPLES = 3
"""Newest examples kept of each rule."""
_CHANGED = 100
"""Decisions that turn out otherwise and are listed; all are counted."""
_TOLD = 20
"""Errors, and commits that cannot be planned, that are listed."""


class Source(StrEnum):
    """What was judged: a decision of the ledger, or the plan of a commit, built from what it declares alone."""

    RECORD = "record"
    COMMIT = "commit"


class Effect(StrEnum):
    """What other policies make of a decision."""

    SAME = "same"
    BLOCKS = "blocks"
    LETS_THROUGH = "lets through"
    OTHER_RULES = "other rules"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Place:
    """A decision of the past.

    Attributes:
        source: Where it comes from.
        name: Number of the record, or the commit.
        at: When.
        environment: Where.
        revision: The commit that was judged; empty when none was.
    """

    source: Source
    name: str
    at: datetime
    environment: str
    revision: str = ""

    def __str__(self) -> str:
        shown = self.name if self.source is Source.RECORD else self.name[:12]
        return f"{self.source.value} {shown}"


@dataclass(frozen=True, slots=True)
class Block:
    """One violation that stops a plan."""

    rule: str
    address: str
    path: tuple[str | int, ...]
    message: str

    @property
    def identity(self) -> tuple[str, str, tuple[str | int, ...]]:
        """What tells it from the others; words may differ."""
        return self.rule, self.address, self.path


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision as far as a replay compares it: what it says, and what blocks."""

    outcome: Outcome
    blocks: tuple[Block, ...]
    errors: tuple[str, ...] = ()


ALLOWED = Verdict(Outcome.ALLOW, ())
"""What is said where there are no policies."""


@dataclass(frozen=True, slots=True)
class Example:
    """A block that only one side has: where, and its words.

    Attributes:
        place: The decision.
        address: What it is about.
        message: What the rule says of it.
        is_gone: It blocked before and does not now.
        others: How many more of the rule only that side has in this decision.
    """

    place: Place
    address: str
    message: str
    is_gone: bool = False
    others: int = 0


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """What one rule changes.

    Attributes:
        rule: Its id.
        blocks: Decisions in which it blocks and did not before.
        lets_through: Decisions in which it blocked before and does not now.
        moved: Decisions in which it blocks before and now, and not the same.
        examples: The newest of all, one a decision.
    """

    rule: str
    blocks: int
    lets_through: int
    moved: int
    examples: tuple[Example, ...]

    @property
    def changed(self) -> int:
        """Decisions of which it says something else."""
        return self.blocks + self.lets_through + self.moved


@dataclass(frozen=True, slots=True)
class Changed:
    """A decision that turns out otherwise: how, and by which rules."""

    place: Place
    effect: Effect
    blocks: tuple[Block, ...]
    gone: tuple[Block, ...]
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passed:
    """Something of the past that could not be judged, and why."""

    place: Place
    why: str


@dataclass(slots=True)
class Replay:
    """The outcome of a replay, filled while it goes on.

    Attributes:
        effects: Decisions by what becomes of them.
        by_source: Decisions that were judged, by where they come from.
        changed: Those that turn out otherwise, newest first, as many as are listed.
        rules: What each rule changes.
        older: Documents of an older format, which lack facts that rules need; by that format.
        unasked: Decisions of a time without policies, whose documents were not kept whole.
        passed: What could not be judged, as many as are listed.
        passed_count: How many there are.
    """

    effects: Counter[Effect] = field(default_factory=Counter)
    by_source: Counter[Source] = field(default_factory=Counter)
    changed: list[Changed] = field(default_factory=list)
    older: Counter[int] = field(default_factory=Counter)
    unasked: int = 0
    passed: list[Passed] = field(default_factory=list)
    passed_count: int = 0
    _blocks: Counter[str] = field(default_factory=Counter)
    _gone: Counter[str] = field(default_factory=Counter)
    _moved: Counter[str] = field(default_factory=Counter)
    _examples: dict[str, list[Example]] = field(default_factory=dict)

    @property
    def judged(self) -> int:
        """How many decisions were judged."""
        return sum(self.by_source.values())

    @property
    def is_same(self) -> bool:
        """Whether every decision turns out as it did."""
        return self.effects.total() == self.effects[Effect.SAME]

    @property
    def rules(self) -> tuple[RuleEffect, ...]:
        """What each rule changes, those that change most first."""
        found = [
            RuleEffect(rule, self._blocks[rule], self._gone[rule], self._moved[rule], tuple(self._examples[rule]))
            for rule in self._examples
        ]
        return tuple(sorted(found, key=lambda r: (-r.changed, r.rule)))

    def add(self, place: Place, before: Verdict, after: Verdict) -> None:
        """Take in what *after* makes of *before*; call it newest first."""
        new, gone = _only(after.blocks, before.blocks), _only(before.blocks, after.blocks)
        effect = effect_of(place.source, before, after)
        self.effects[effect] += 1
        self.by_source[place.source] += 1
        if effect is Effect.SAME:
            return
        if len(self.changed) < _CHANGED:
            self.changed.append(Changed(place, effect, new, gone, after.errors))
        if effect is Effect.ERROR:
            return
        then, now = {b.rule for b in before.blocks}, {b.rule for b in after.blocks}
        for rule in dict.fromkeys(b.rule for b in (*new, *gone)):
            (self._moved if rule in then & now else self._blocks if rule in now else self._gone)[rule] += 1
            kept = self._examples.setdefault(rule, [])
            if len(kept) < EXAMPLES:
                kept.append(_example(place, rule, new, gone))

    def pass_over(self, place: Place, why: str) -> None:
        """Take in what cannot be judged."""
        self.passed_count += 1
        if len(self.passed) < _TOLD:
            self.passed.append(Passed(place, why))


def effect_of(source: Source, before: Verdict, after: Verdict) -> Effect:
    """Return what becomes of a decision.

    Of the plan of a commit, which nobody made, it means nothing that it could not be decided before.
    """
    new, gone = _only(after.blocks, before.blocks), _only(before.blocks, after.blocks)
    if after.outcome is Outcome.ERROR:
        return Effect.SAME if before.outcome is Outcome.ERROR else Effect.ERROR
    if source is Source.COMMIT and not new and not gone:
        return Effect.SAME
    if (before.outcome is Outcome.ALLOW) is not (after.outcome is Outcome.ALLOW):
        return Effect.BLOCKS if before.outcome is Outcome.ALLOW else Effect.LETS_THROUGH
    return Effect.OTHER_RULES if new or gone else Effect.SAME


def verdict_of(decision: Decision) -> Verdict:
    """Return *decision* as a replay compares it."""
    blocks = (Block(v.rule, v.address, v.path, v.message) for v in decision.violations if v.denies)
    return Verdict(decision.outcome, tuple(blocks), tuple(e.message for e in decision.errors))


def recorded_verdict(decision: RecordedDecision) -> Verdict:
    """Return what the ledger says of a decision as a replay compares it."""
    blocks = (Block(v.rule, v.address, v.path, v.message) for v in decision.violations if v.denies)
    return Verdict(decision.outcome, tuple(blocks), decision.errors)


def _example(place: Place, rule: str, new: Iterable[Block], gone: Iterable[Block]) -> Example:
    """Return what shows best that *rule* says something else of the decision at *place*."""
    blocks, lifted = ([b for b in side if b.rule == rule] for side in (new, gone))
    shown = blocks or lifted
    return Example(place, shown[0].address, shown[0].message, is_gone=not blocks, others=len(shown) - 1)


def _only(these: Iterable[Block], those: Iterable[Block]) -> tuple[Block, ...]:
    known = {b.identity for b in those}
    return tuple(b for b in these if b.identity not in known)
