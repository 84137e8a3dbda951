"""Compares a recorded decision with the one that its policies and its document give now."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from trueup.core.json import Json, canonical
from trueup.policy.decision import Decision
from trueup.policy.recorded import RecordedDecision, RecordedResult
from trueup.policy.results import Evaluation

_T = TypeVar("_T")
_SHOWN = 5
"""Differences told of one decision; the rest is counted."""


def differences(then: RecordedDecision, now: Decision, *, exact: bool) -> tuple[str, ...]:
    """Return what of *then* is another in *now*; nothing when it was decided the same.

    Args:
        then: As recorded.
        now: Made again.
        exact: The same engine evaluated: messages must be equal, too. Engines spell numbers in their own ways.
    """
    found = [] if then.outcome is now.outcome else [f"it said {then.outcome.value}, and says {now.outcome.value} now"]
    before = ((v.identity, v.enforcement, v.excepted_by, v.message if exact else "") for v in then.violations)
    after = (
        ((v.rule, v.address, v.path), v.enforcement.value, v.excepted_by, v.message if exact else "")
        for v in now.violations
    )
    found += _compared(before, after, lambda v: f"{_named(*v[0])} ({v[1]}{', excepted' if v[2] else ''})")
    if exact:
        found += _compared(then.errors, (e.message for e in now.errors), lambda message: f"the error `{message}`")
    return tuple(found)


def result_differences(then: Iterable[RecordedResult], now: Evaluation, *, exact: bool) -> tuple[str, ...]:
    """Return what rules gave then and do not now, or the other way round, before anybody judged it."""
    before = ((r.package, r.entry, canonical(_content(r.value, exact))) for r in then)
    after = ((r.package, r.entry, canonical(_content(r.raw, exact))) for r in now.results)
    return tuple(_compared(before, after, lambda r: f"the result of `{r[0]}.{r[1]}` {r[2].decode()}"))


def violation_differences(then: RecordedDecision, now: Decision) -> tuple[str, ...]:
    """Return violations that were recorded and are not found now; all that can be asked of format 1.

    Its judge left out what a setting had turned off, and knew other rules of its own: more violations than were
    recorded, and another outcome, prove nothing.
    """
    found = {(v.rule, v.address, v.path) for v in now.violations}
    lost = [v for v in then.violations if v.identity not in found and v.rule not in _OF_OLD_JUDGES]
    return tuple(f"only then: {_named(*v.identity)}" for v in lost)


_OF_OLD_JUDGES = frozenset({"TU-01"})
"""Rules that are code and not Rego: they say what a version of this tool can do."""


def _content(value: Json, exact: bool) -> Json:
    """Return what two engines must agree on: everything, or all but the words."""
    if exact or not isinstance(value, Mapping):
        return value if exact else ""
    return {k: v for k, v in value.items() if k not in ("msg", "title", "remediation")}


def _compared(before: Iterable[_T], after: Iterable[_T], spell: Callable[[_T], str]) -> Iterator[str]:
    then, now = Counter(before), Counter(after)
    lost, new = list((then - now).elements()), list((now - then).elements())
    told = [*(f"only then: {spell(v)}" for v in lost), *(f"only now: {spell(v)}" for v in new)]
    yield from told[:_SHOWN]
    if len(told) > _SHOWN:
        yield f"and {len(told) - _SHOWN} more"


def _named(rule: str, address: str, path: Iterable[str | int]) -> str:
    return " ".join(part for part in (rule, address, ".".join(map(str, path))) if part)
