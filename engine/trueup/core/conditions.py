"""Conditions on a number, as people write them: `<= 0.01`, `< 800ms`, `<= stable * 1.1`, `>= stable - 2%`."""

import re

from trueup.core.durations import parse_duration
from trueup.core.frozen import dataclass

SHARE, SECONDS, PER_SECOND, TOKENS, ANY = "shares", "seconds", "tokens/s", "tokens", ""
"""Units of what a condition is about; `ANY` where nobody knows."""

OPERATORS = ("<=", ">=", "<", ">")

_CONDITION = re.compile(r"^(?P<op>[<>]=?)\s*(?P<bound>\S.*)$")
_RELATIVE = re.compile(r"^stable(?:\s*(?P<sign>[*+-])\s*(?P<number>\S+))?$")
_NUMBER = re.compile(r"^-?[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?$")

FORM = "`<`, `<=`, `>` or `>=` and a number, or `stable`, `stable * 1.1`, `stable + 0.02`, `stable - 0.02`"
"""How a condition is written, in words."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of a metric: `<= 0.01`, or relative to the stable release: `<= stable * 1.1`, `>= stable - 0.02`.

    Attributes:
        op: `<`, `<=`, `>`, `>=`.
        bound: The number; with `relation`, what the stable release's value is multiplied by, or what is added to it.
        relation: Empty, `*` or `+` (a bound that is taken away is a negative one that is added).
    """

    op: str
    bound: float
    relation: str = ""

    @property
    def wants_less(self) -> bool:
        """Whether smaller values are on the side that passes."""
        return self.op.startswith("<")

    def holds(self, value: float, bound: float | None = None) -> bool:
        """Return whether *value* is on the side that passes; of *bound*, the condition's own when absent."""
        limit = self.bound if bound is None else bound
        match self.op:
            case "<":
                return value < limit
            case "<=":
                return value <= limit
            case ">":
                return value > limit
            case _:
                return value >= limit


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a text is no condition, in words that end a sentence, and what to write."""

    why: str
    hint: str


def read_condition(text: str, unit: str = ANY) -> Condition | Unreadable:
    """Return the condition that *text* spells about a value in *unit*, or why it spells none.

    Percent signs are read as hundredths (of a share, of the factor of `stable *`), times as seconds.
    """
    found = _CONDITION.match(text.strip())
    if found is None:
        return Unreadable("no condition", f"write {FORM}")
    op, bound = found["op"], found["bound"].strip()
    relative = _RELATIVE.match(bound)
    if relative is None:
        number = _number(bound, unit)
        return number if isinstance(number, Unreadable) else Condition(op, number)
    match relative["sign"]:
        case None:
            return Condition(op, 0.0, "+")
        case "*":
            factor = _number(relative["number"], SHARE)
            if isinstance(factor, float) and factor <= 0:
                return Unreadable("a condition that is always or never true", "multiply `stable` by a number above 0")
            return factor if isinstance(factor, Unreadable) else Condition(op, factor, "*")
        case sign:
            added = _number(relative["number"], unit)
            return added if isinstance(added, Unreadable) else Condition(op, -added if sign == "-" else added, "+")


def _number(text: str, unit: str) -> float | Unreadable:
    if _NUMBER.match(text):
        return float(text)
    if text.endswith("%") and _NUMBER.match(text[:-1]):
        if unit in {SHARE, ANY}:
            return float(text[:-1]) / 100
        return Unreadable(
            f"a share, and the metric is in {unit}", "write `stable * 1.1` for a tenth more than the stable release"
        )
    if (duration := _duration(text)) is not None:
        if unit in {SECONDS, ANY}:
            return duration
        return Unreadable(f"a time, and the metric is in {unit}", f"write {FORM}")
    return Unreadable("no condition", f"write {FORM}")


def _duration(text: str) -> float | None:
    try:
        found = parse_duration(text)
    except OverflowError:
        return None
    return None if found is None else found.total_seconds()
