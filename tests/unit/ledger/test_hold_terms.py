"""Terms of a hold: why and until when."""

from datetime import UTC, datetime, timedelta

import pytest

from trueup.ledger.hold_terms import MAX_DAYS, Terms, end_of

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("terms", "end"),
    [
        (Terms("it lies"), None),
        (Terms("it lies", days="0"), None),
        (Terms("it lies", days="000"), None),
        (Terms("it lies", days="7"), NOW + timedelta(days=7)),
        (Terms("it lies", days=str(MAX_DAYS)), NOW + timedelta(days=MAX_DAYS)),
        (Terms("it lies", until="2026-11-02T12:00Z"), NOW + timedelta(days=1)),
        (Terms("it lies", until="2026-11-02T14:00+02:00"), NOW + timedelta(days=1)),
    ],
)
def test_good_terms_give_the_end(terms: Terms, end: datetime | None) -> None:
    assert end_of(terms, NOW) == end


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (Terms(""), "`--reason` says nothing."),
        (Terms(" - "), "`--reason` says nothing."),
        (Terms("x", days="-1"), "`--days -1` is not a whole number of days"),
        (Terms("x", days="a week"), "`--days a week` is not a whole number"),
        (Terms("x", days="\u0663"), "is not a whole number"),
        (Terms("x", days="367"), "`--days 367` is more than 366 days."),
        (Terms("x", days="9" * 5000), "is more than 366 days."),
        (Terms("x", until="tomorrow"), "is not a time in ISO 8601, such as `2026-11-08T12:00Z`."),
        (Terms("x", until="2026-12-01T12:00"), "does not say in which time zone"),
        (Terms("x", until="2026-12-01"), "does not say in which time zone"),
        (Terms("x", until="2026-11-01T12:00Z"), "is over: now it is 2026-11-01T12:00Z."),
        (Terms("x", until="2036-11-01T12:00Z"), "is more than 366 days ahead."),
    ],
)
def test_bad_terms_are_told(terms: Terms, said: str) -> None:
    found = end_of(terms, NOW)
    assert isinstance(found, tuple)
    assert len(found) == 1
    assert said in found[0].detail


def test_all_problems_are_told_at_once() -> None:
    found = end_of(Terms("", days="x", until="y"), NOW)
    assert isinstance(found, tuple)
    assert len(found) == 4
