"""Times as people type them on the command line."""

from datetime import UTC, datetime

import pytest

from trueup.cli.arguments import UsageError
from trueup.cli.times import read_time

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T14:00+02:00", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("3h", datetime(2026, 11, 21, 9, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_date_a_time_or_an_age(text: str, expected: datetime) -> None:
    assert read_time(text, NOW) == expected


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01"])
def test_what_is_not_a_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time"):
        read_time(text, NOW)
