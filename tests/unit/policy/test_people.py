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


@pytest.mark.parametrize(
    "other",
    [
        "\u200bada@\u200bexample.org",
        "Ada\u200b Lovelace\ufeff",
        "\uff21\uff44\uff41 Lovelace",
        "Ada+2 <ada+2@example.org>",
    ],
)
def test_a_spelling_that_looks_the_same_makes_nobody_else(other: str) -> None:
    assert is_same_person(ADA, other)
    assert is_same_person(other, ADA)


def test_an_address_that_begins_with_a_plus_is_one_of_its_own() -> None:
    assert email_of("+ops@example.org") == "+ops@example.org"


def test_one_of_several_is_found() -> None:
    assert is_among("ada@example.org", ["Bob <bob@example.org>", ADA])
    assert not is_among("ada@example.org", [])


def test_an_email_is_found_in_what_git_writes() -> None:
    assert email_of(ADA) == "ada@example.org"
    assert email_of("Ada") == ""
    assert email_of("x" * 200_000) == ""
