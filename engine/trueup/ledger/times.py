"""Times as people type them for the audit: ISO 8601, or an age before now."""

import re
from datetime import UTC, datetime, timedelta

from trueup.core.diagnostics import Diagnostic
from trueup.ledger.codes import TIME_UNREADABLE

_AGE = re.compile(r"^(?P<count>\d{1,6})\s*(?P<unit>[smhdw])(?:\s+ago)?$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_time(text: str, now: datetime) -> datetime | Diagnostic:
    """Read `2026-03-01`, `2026-03-01T12:00+02:00` or `3h` (before *now*); without an offset it is UTC."""
    stripped = text.strip()
    if stripped == "now":
        return now
    age = _AGE.match(stripped)
    try:
        if age:
            return now - timedelta(**{_UNITS[age["unit"]]: int(age["count"])})
        value = datetime.fromisoformat(stripped)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        return Diagnostic(TIME_UNREADABLE, f"`{text}` is not a time.", hint=TIME_UNREADABLE.remedy)
