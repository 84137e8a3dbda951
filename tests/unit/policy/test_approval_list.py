"""How far a plan is approved, as people read it."""

import json
from typing import Any

import pytest

from trueup.policy.approval_list import approvals_judged, is_separate, standing_of

ROLES = [{"role": "risk-owner", "count": 2}, {"role": "finops"}, {"role": "strange", "count": "two"}]
SETTINGS: Any = {"approvals": {"required": 2, "roles": ROLES}}


def approval(who: str, *roles: str, **more: Any) -> Any:
    return {"by": who, "email": who, "source": "tag", "name": "t", "roles": list(roles), "isAuthor": False, **more}


def standing(*approved: Any, refused: Any = None, settings: Any = SETTINGS, tier: str = "production") -> Any:
    return standing_of(tier, settings, list(approved), refused)


def test_what_is_missing_is_told_by_number_and_role() -> None:
    found = standing(approval("g@x.org", "risk-owner", "strange"))
    assert found.people == ("g@x.org",)
    assert found.missing == ("1 of 2", "1 of the role `risk-owner`", "1 of the role `finops`")


def test_nothing_is_missing_when_enough_are_there() -> None:
    both = (approval(e, "risk-owner", "finops", "strange") for e in ("a@x.org", "b@x.org"))
    assert standing(*both).missing == ()


def test_one_person_is_one_however_often_they_approve() -> None:
    twice = standing(approval("g@x.org", "risk-owner"), approval("g@x.org", "risk-owner", source="trailer"))
    assert twice.people == ("g@x.org",)
    assert "1 of 2" in twice.missing


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"isAuthor": True}, "the author's own approval does not count"),
        ({"isAuthor": None}, "the author's own approval does not count"),
        ({"email": ""}, "nobody knows whose it is: it names no e-mail"),
        ({"email": 3}, "nobody knows whose it is: it names no e-mail"),
    ],
)
def test_what_does_not_count_says_why(more: dict[str, Any], why: str) -> None:
    found = standing(approval("g@x.org", **more))
    assert [a.why for a in found.listed] == [why]
    assert found.people == ()


def test_outside_production_authors_count_where_the_environment_says_so() -> None:
    settings = {"approvals": {"required": 1, "separateAuthor": False}}
    own = approval("g@x.org", isAuthor=True)
    assert standing(own, settings=settings, tier="dev").missing == ()
    assert standing(own, settings=settings).missing == ("1 of 1",)
    assert [is_separate(t, settings) for t in ("dev", "staging", "production", "")] == [False, False, True, True]
    assert is_separate("dev", {})


def test_what_was_refused_comes_last_with_its_reason() -> None:
    refused = [{"by": "Bob", "source": "tag", "name": "t2", "why": "its signature is bad"}]
    found = standing(approval("g@x.org", name="", commit="c1"), refused=refused)
    assert [(a.by, a.name, a.why) for a in found.listed] == [
        ("g@x.org", "c1", ""),
        ("Bob", "t2", "its signature is bad"),
    ]


def test_an_environment_that_asks_for_nobody_misses_nobody() -> None:
    for settings in (None, {}, {"approvals": {"required": "two", "roles": None}}):
        assert standing(settings=settings).missing == ()


def test_unknown_commits_are_not_none() -> None:
    assert standing_of("dev", {}, None, None).is_known is False
    assert standing().is_known


def test_the_approvals_of_a_document_are_what_it_has() -> None:
    document = json.dumps({"approvals": [approval("g@x.org")]}).encode()
    assert approvals_judged(document) == [approval("g@x.org")]
    assert approvals_judged(b"{}") == []
