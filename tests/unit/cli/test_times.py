"""Times as people type them."""

import argparse
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.cli.times import time


@given(st.datetimes(timezones=st.just(UTC)))
def test_reading_what_was_printed_gives_the_same_time(moment: datetime) -> None:
    assert time(moment.isoformat()) == moment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T14:00Z", datetime(2026, 11, 20, 14, tzinfo=UTC)),
        ("2026-11-20 14:00:00", datetime(2026, 11, 20, 14, tzinfo=UTC)),
        ("2026-11-20T14:00+02:00", datetime(2026, 11, 20, 14, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_a_time_without_an_offset_is_utc(text: str, expected: datetime) -> None:
    assert time(text) == expected


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "14:00"])
def test_what_is_not_a_time_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        time(text)
