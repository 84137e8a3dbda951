"""Why and until when a release is held, as people type it: read with all problems at once."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from trueup.core.diagnostics import Diagnostic
from trueup.core.frozen import dataclass
from trueup.ledger.codes import HOLD_TERMS

MAX_DAYS = 366
"""Longest time ahead at which a hold may end by itself; what has to last longer lasts until somebody lifts it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What was asked for.

    Attributes:
        reason: Why.
        days: Days from now after which it ends; empty or `0` for never.
        until: Time at which it ends, ISO 8601 with an offset; empty for never.
    """

    reason: str
    days: str = ""
    until: str = ""


def end_of(terms: Terms, now: datetime) -> datetime | tuple[Diagnostic, ...] | None:
    """Return when a hold on these *terms* ends by itself, None for never, or everything that is wrong with them."""
    ends: list[datetime] = []
    problems = [_problem(detail) for detail in _texts(terms)]
    for read in (_after_days(terms.days, now), _at(terms.until, now)):
        if isinstance(read, str):
            problems.append(_problem(read))
        elif read is not None:
            ends.append(read)
    if problems:
        return tuple(problems)
    return ends[0] if ends else None


def _texts(terms: Terms) -> Iterator[str]:
    if not any(c.isalnum() for c in terms.reason):
        yield "`--reason` says nothing."
    if terms.days.strip() and terms.until.strip():
        yield "`--days` and `--until` are both given, and a hold ends once."


def _after_days(text: str, now: datetime) -> datetime | str | None:
    days = text.strip()
    if days in {"", "0"}:
        return None
    if not (days.isascii() and days.isdecimal()):
        return f"`--days {text}` is not a whole number of days, 1 to {MAX_DAYS}; 0 means until it is lifted."
    if len(days) > len(str(MAX_DAYS)) or int(days) > MAX_DAYS:
        return f"`--days {text}` is more than {MAX_DAYS} days."
    return now + timedelta(days=int(days)) if int(days) else None


def _at(text: str, now: datetime) -> datetime | str | None:
    if not text.strip():
        return None
    try:
        end = datetime.fromisoformat(text.strip())
    except ValueError:
        return f"`--until {text}` is not a time in ISO 8601, such as `{now + timedelta(days=7):%Y-%m-%dT%H:%MZ}`."
    if end.tzinfo is None:
        return f"`--until {text}` does not say in which time zone; end it with `Z` for UTC, or `+02:00`."
    if end <= now:
        return f"`--until {text}` is over: now it is {now:%Y-%m-%dT%H:%MZ}."
    if end > now + timedelta(days=MAX_DAYS):
        return f"`--until {text}` is more than {MAX_DAYS} days ahead."
    return end


def _problem(detail: str) -> Diagnostic:
    return Diagnostic(HOLD_TERMS, detail, hint=HOLD_TERMS.remedy)
