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
        "ada@example.org,",
        "ada@example.org.",
        "(ada@example.org)",
        '"ada@example.org"',
        "mailto:ada@example.org",
        "Ada Lovelace.",
        "Lovelace, Ada",
        "ada@example.org\ufe0f",
        "ada\u034f@example.org",
        "a\u3164da@example.org",
        "Ada\u115f Love\u2800lace",
        "Ada Love\x00lace",
        "ada@example.org\U000e0101",
        "Grace Hopper <grace@example.org>, Ada Lovelace <a@home.org>",
        "grace@example.org ada@example.org",
        "Grace Hopper and Ada Lovelace",
        "ada@example.org@home.org",
    ],
)
def test_a_spelling_that_looks_the_same_makes_nobody_else(other: str) -> None:
    assert is_same_person(ADA, other)
    assert is_same_person(other, ADA)


def test_who_names_two_mailboxes_has_said_neither() -> None:
    assert email_of("ciso@example.org, Ada <ada@example.org>") == ""
    assert email_of("Ada <ada@example.org> (ada+git@example.org)") == "ada@example.org"


def test_what_is_inside_a_mailbox_counts() -> None:
    assert email_of("Pat O'Brien <o'brien@example.org>") == "o'brien@example.org"
    assert not is_same_person("o'brien@example.org", "brien@example.org")


def test_an_address_that_begins_with_a_plus_is_one_of_its_own() -> None:
    assert email_of("+ops@example.org") == "+ops@example.org"


def test_one_of_several_is_found() -> None:
    assert is_among("ada@example.org", ["Bob <bob@example.org>", ADA])
    assert not is_among("ada@example.org", [])


def test_an_email_is_found_in_what_git_writes() -> None:
    assert email_of(ADA) == "ada@example.org"
    assert email_of("Ada") == ""
    assert email_of("x" * 200_000) == ""
