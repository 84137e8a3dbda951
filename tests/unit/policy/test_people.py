"""Who is who."""

import pytest

from trueup.policy.people import email_of, is_among, is_same_person

ADA = "Ada Lovelace <ada@example.org>"


@pytest.mark.parametrize(
    "other",
    [ADA, "ada@example.org", "<ADA@Example.ORG>", "ada lovelace", "  Ada   Lovelace ", "Ada Lovelace <a@home.org>"],
)
def test_an_email_or_a_name_in_common_is_enough(other: str) -> None:
    assert is_same_person(ADA, other)
    assert is_same_person(other, ADA)


@pytest.mark.parametrize("other", ["", "Bob <bob@example.org>", "bob@example.org", "Ada", "Ada Byron", "<>", "@"])
def test_others_are_others(other: str) -> None:
    assert not is_same_person(ADA, other)
    assert not is_same_person("", other)


def test_one_of_several_is_found() -> None:
    assert is_among("ada@example.org", ["Bob <bob@example.org>", ADA])
    assert not is_among("ada@example.org", [])


def test_an_email_is_found_in_what_git_writes() -> None:
    assert email_of(ADA) == "ada@example.org"
    assert email_of("Ada") == ""
    assert email_of("x" * 200_000) == ""
