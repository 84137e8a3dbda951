"""Durations."""

from datetime import timedelta

import pytest

from trueup.core.durations import duration_text, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30d", 2_592_000), ("1h30m", 5400), ("800ms", 0.8), ("1.5h", 5400), ("0s", 0), ("2w", 1_209_600)],
)
def test_a_duration_is_the_sum_of_its_parts(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "30", "d", "30 d", "-1d", "1y", "1d and more"])
def test_anything_else_is_none(text: str) -> None:
    assert parse_duration(text) is None


def test_what_no_calendar_can_count_is_refused() -> None:
    with pytest.raises(OverflowError):
        parse_duration("9" * 20 + "d")


@pytest.mark.parametrize("text", ["30d", "90m", "800ms", "0ms", "36h"])
def test_a_duration_is_spelled_in_its_largest_whole_unit(text: str) -> None:
    found = parse_duration(text)
    assert found is not None
    assert duration_text(found) == text
