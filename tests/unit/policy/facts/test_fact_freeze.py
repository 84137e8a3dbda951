"""Freeze windows: open, closed, and unreadable."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from trueup.policy.facts.freeze import freeze_facts

SATURDAY = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)


def windows(*declared: Any, now: datetime = SATURDAY) -> Any:
    return freeze_facts({"freezeWindows": list(declared)}, now)


def is_open(window: dict[str, Any], now: datetime = SATURDAY) -> bool:
    found = windows(window, now=now)
    assert not found["unreadable"], found
    return bool(found["active"])


ONCE = {"start": "2026-11-20T18:00:00Z", "end": "2026-11-23T06:00:00Z"}


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-20T17:59:59Z", False),
        ("2026-11-20T18:00:00Z", True),
        ("2026-11-23T06:00:00Z", True),
        ("2026-11-23T06:00:01Z", False),
        ("2026-11-20T19:00:00+01:00", True),
    ],
)
def test_a_window_is_open_from_its_first_to_its_last_moment(now: str, expected: bool) -> None:
    assert is_open(ONCE, datetime.fromisoformat(now)) is expected


WEEKEND = {"schedule": "0 18 * * FRI", "duration": "60h", "timeZone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-20T16:59:59+00:00", False),
        ("2026-11-20T17:00:00+00:00", True),
        ("2026-11-23T04:59:59+00:00", True),
        ("2026-11-23T05:00:00+00:00", False),
        # Summer time: 18:00 in Berlin is 16:00 UTC.
        ("2026-07-10T15:59:59+00:00", False),
        ("2026-07-10T16:00:00+00:00", True),
    ],
)
def test_a_schedule_is_read_in_its_time_zone(now: str, expected: bool) -> None:
    assert is_open(WEEKEND, datetime.fromisoformat(now)) is expected


def test_a_start_in_the_current_minute_counts_and_one_in_the_next_does_not() -> None:
    assert is_open({"schedule": "0 12 * * *", "duration": "1h"})
    assert not is_open({"schedule": "1 12 * * *", "duration": "1h"})


def test_a_window_says_until_when_it_is_open_and_what_it_allows() -> None:
    window = {**WEEKEND, "name": "weekend", "reason": "nobody is there", "allowRollback": False}
    assert windows(window)["active"] == [
        {"name": "weekend", "until": "2026-11-23T05:00:00Z", "allowRollback": False, "reason": "nobody is there"}
    ]
    assert windows(ONCE)["active"][0]["allowRollback"] is True


def test_no_window_is_open_where_none_is_declared() -> None:
    assert freeze_facts({}, SATURDAY) == freeze_facts(None, SATURDAY) == {"active": [], "unreadable": []}


@pytest.mark.parametrize(
    "window",
    [
        {"schedule": "every friday", "duration": "1h"},
        {"schedule": "0 0 30 2 *", "duration": "1h"},
        {"schedule": "0 18 * * FRI", "duration": "long"},
        {"schedule": "0 18 * * FRI", "duration": "9" * 20 + "d"},
        {"schedule": "0 18 * * FRI", "duration": "1h", "timeZone": "Mars/Olympus"},
        {"schedule": "0 18 * * FRI", "duration": "1h", "timeZone": "../etc/passwd"},
        {"schedule": "0 18 * * FRI", "duration": "1h", "timeZone": "Europe"},
        {"start": "2026-11-20T18:00:00", "end": "2026-11-23T06:00:00Z"},
        {"start": "soon", "end": "2026-11-23T06:00:00Z"},
        {"start": "2026-11-20T18:00:00Z"},
        {},
        "every friday",
    ],
)
def test_a_window_that_nobody_can_read_is_said_to_be_one(window: Any) -> None:
    found = windows(ONCE, window)
    assert [u["index"] for u in found["unreadable"]] == [1]
    assert found["unreadable"][0]["problem"]
    assert len(found["active"]) == 1


def test_a_long_window_of_a_frequent_schedule_is_found_at_once() -> None:
    (found,) = windows({"schedule": "* * * * *", "duration": "3650d"})["active"]
    assert datetime.fromisoformat(found["until"]) == SATURDAY.replace(second=0) + timedelta(days=3650)


def test_secrets_in_names_and_reasons_are_masked() -> None:
    (found,) = windows({**ONCE, "reason": "key hf_abcdefghijklmnopqrstuv"})["active"]
    assert found["reason"] == "key (masked)"
