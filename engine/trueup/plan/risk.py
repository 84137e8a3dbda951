"""How much a plan can hurt, and why: a level that a reviewer reads first, made of nothing but the plan."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from trueup.core.frozen import dataclass
from trueup.diff.changes import SERVER_KIND, Change, Create, Delete, Impact, Movement, Update
from trueup.plan.effects import Effects

PRODUCTION = "production"
"""The tier that people outside are served from."""

_LIGHT = frozenset({Impact.METADATA, Impact.SCALE})
"""Answers stay what they were."""


class Risk(StrEnum):
    """How much can be hurt, the least first."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Assessment:
    """A level, and in a few words each what it comes from; none of the reasons is of a lower level."""

    risk: Risk = Risk.NONE
    reasons: tuple[str, ...] = ()


def assess(changes: Iterable[Change], tier: str, effects: Effects, excepted: int = 0) -> Assessment:
    """Return the risk of *changes* in an environment of *tier*; *excepted* violations are lifted by exceptions."""
    found = [*_of_changes(tuple(changes), tier)]
    if effects.loosened:
        found.append((Risk.HIGH, "evaluations are easier to pass"))
    if excepted:
        found.append((Risk.HIGH, f"{excepted} denied otherwise, lifted by an exception"))
    return _worst(found)


def together(assessments: Iterable[Assessment]) -> Assessment:
    """Return the worst of several, with the reasons of all that are as bad."""
    return _worst((a.risk, reason) for a in assessments for reason in a.reasons or ("",))


def _worst(found: Iterable[tuple[Risk, str]]) -> Assessment:
    listed = list(found)
    worst = max((risk for risk, _ in listed), key=list(Risk).index, default=Risk.NONE)
    return Assessment(worst, tuple(dict.fromkeys(reason for risk, reason in listed if risk is worst and reason)))


def _of_changes(changes: tuple[Change, ...], tier: str) -> Iterator[tuple[Risk, str]]:
    for change in changes:
        match change:
            case Delete() if change.address.kind == SERVER_KIND:
                yield Risk.MEDIUM, "stops a server that nothing declares"
            case Delete():
                yield Risk.HIGH, "deletes"
            case Create() | Update() if tier == PRODUCTION:
                yield (Risk.MEDIUM if _is_light(change) else Risk.HIGH), "reaches production"
            case Create() | Update() if not _is_light(change):
                yield Risk.MEDIUM, _WORDS[change.movement]
            case _:
                yield Risk.LOW, "what serves answers as before"


_WORDS = {
    Movement.CHANGE: "changes what answers",
    Movement.PROMOTION: "promotes",
    Movement.ROLLBACK: "rolls back",
}


def _is_light(change: Create | Update) -> bool:
    return isinstance(change, Update) and set(change.impacts) <= _LIGHT
