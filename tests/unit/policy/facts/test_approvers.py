"""Who may approve, as an environment declares it."""

from datetime import date

import pytest

from trueup.policy.facts.approvers import Approvers, Person, approvers_of
from trueup.policy.facts.approving import AllowedKey

TODAY = date(2026, 3, 14)
GRACE = "grace@example.com"
SETTINGS = {
    "approvals": {
        "sources": ["signature"],
        "roles": [{"role": "risk-owner", "members": ["Grace@Home.Example"]}, {"role": "nobody"}],
        "signers": [
            {"member": GRACE, "ssh": "ssh-ed25519 AAAA", "gpg": None, "expires": "2026-03-14"},
            {"member": GRACE, "ssh": None, "gpg": "A" * 40, "expires": "2026-03-13"},
        ],
        "people": [{"member": GRACE, "also": ["grace@home.example"], "login": "GraceH"}, {"login": "nobody"}],
    }
}


def test_what_is_declared_is_read() -> None:
    found = approvers_of(SETTINGS, TODAY)
    assert found.sources == {"signature"}
    assert found.roles == (("risk-owner", "grace@home.example"),)
    assert found.keys == (AllowedKey(GRACE, ssh="ssh-ed25519 AAAA"), AllowedKey(GRACE, gpg="A" * 40, has_expired=True))
    assert found.people[0] == Person(GRACE, ("grace@home.example",), "GraceH")


def test_a_key_counts_on_its_last_day_and_no_longer() -> None:
    assert [k.has_expired for k in approvers_of(SETTINGS, TODAY).keys] == [False, True]
    assert [k.has_expired for k in approvers_of(SETTINGS, date(2026, 3, 15)).keys] == [True, True]
    assert [k.has_expired for k in approvers_of(SETTINGS).keys] == [False, False]


def test_what_a_change_declares_itself_makes_nobody_an_approver() -> None:
    assert approvers_of(SETTINGS, TODAY, trusted=False) == Approvers(frozenset({"signature"}))


@pytest.mark.parametrize("settings", [None, {}, {"approvals": None}, {"approvals": {}}])
def test_an_environment_that_says_nothing_takes_all_sources(settings: object) -> None:
    assert approvers_of(settings) == Approvers()  # type: ignore[arg-type]  # JSON
    assert Approvers().sources == {"signature", "trailer", "review"}


def test_what_is_no_list_of_sources_is_none() -> None:
    assert approvers_of({"approvals": {"sources": "trailer"}}).sources == frozenset()


@pytest.mark.parametrize("spelled", [GRACE, "Grace <GRACE@HOME.EXAMPLE>", "grace+work@example.com"])
def test_one_person_has_one_address_and_the_roles_of_all_of_theirs(spelled: str) -> None:
    found = approvers_of(SETTINGS)
    assert found.email_of(spelled) == GRACE
    assert found.roles_of(spelled) == ("risk-owner",)
    assert "grace@home.example" in found.spelt(spelled)


def test_who_is_not_declared_is_who_they_say() -> None:
    found = approvers_of(SETTINGS)
    assert found.email_of("Bob <bob@example.com>") == "bob@example.com"
    assert found.spelt("Bob <bob@example.com>") == "Bob <bob@example.com>"
    assert found.roles_of("Grace") == ()


def test_a_login_leads_to_the_address_that_is_declared_for_it() -> None:
    found = approvers_of(SETTINGS)
    assert (found.named("graceh"), found.named("grace"), found.named("")) == (GRACE, "", "")
