"""Times as people type them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from records import NOON
from trueup.core.diagnostics import Diagnostic
from trueup.ledger.times import parse_time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("now", NOON),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T12:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01 12:00:05Z", datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)),
        ("2026-03-01T12:00+02:00", datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))),
        ("90m", NOON - timedelta(minutes=90)),
        ("3h ago", NOON - timedelta(hours=3)),
        (" 2d ", NOON - timedelta(days=2)),
        ("1w", NOON - timedelta(weeks=1)),
        ("10 s", NOON - timedelta(seconds=10)),
    ],
)
def test_iso_times_and_ages_are_read(text: str, time: datetime) -> None:
    parsed = parse_time(text, NOON)
    assert parsed == time
    assert isinstance(parsed, datetime)
    assert parsed.utcoffset() == timedelta()


@pytest.mark.parametrize("text", ["", "yesterday", "3 years", "2026-13-01", "-3h", "999999w", "0001-01-01T00:00+05:00"])
def test_anything_else_is_a_diagnostic_with_the_forms_that_work(text: str) -> None:
    parsed = parse_time(text, NOON)
    assert isinstance(parsed, Diagnostic)
    assert "ISO 8601" in parsed.hint
