"""Durations as specs spell them: numbers with the units ms, s, m, h, d or w, such as `30d` or `1h30m`."""

import re
from datetime import timedelta

DURATION_PATTERN = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+$"
_DURATION = re.compile(DURATION_PATTERN)
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
_UNITS = {
    "ms": "milliseconds",
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
}


def parse_duration(text: str) -> timedelta | None:
    """Return the duration that *text* spells; None when it spells none.

    Raises:
        OverflowError: No calendar can count that far.
    """
    if _DURATION.match(text) is None:
        return None
    return sum((timedelta(**{_UNITS[unit]: float(number)}) for number, unit in _PART.findall(text)), timedelta())


def duration_text(value: timedelta) -> str:
    """Spell a duration in its largest whole unit: `30d`, `90m`, `800ms`."""
    milliseconds = value // timedelta(milliseconds=1)
    for unit in ("d", "h", "m", "s"):
        size = timedelta(**{_UNITS[unit]: 1}) // timedelta(milliseconds=1)
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"
