"""Which approvals count for a plan, and why others do not."""

from dataclasses import replace

import pytest

from trueup.core.digests import Revision
from trueup.policy.facts.approving import (
    SOURCES,
    Given,
    Review,
    Reviews,
    environment_named,
    given_in,
    judged,
    plan_named,
)

PLAN, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
TAG = Given("tag", "trueup/approve/aaaaaaaaaaaa/grace", "grace@example.com", PLAN, "c1", "good", "SHA256:k")
X, Y = Revision("1" * 40), Revision("2" * 40)


def why(given: Given, sources: tuple[str, ...] = SOURCES) -> str:
    counted, refused = judged([given], PLAN, sources)
    assert len(counted) + len(refused) == 1
    return refused[0].why if refused else ""


def test_a_good_signature_of_the_plan_counts() -> None:
    assert why(TAG) == ""
    assert judged([TAG], PLAN, SOURCES) == ((TAG,), ())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"plan": OTHER}, "approved plan bbbbbbbbbbbb; the plan is now aaaaaaaaaaaa"),
        ({"plan": ""}, "it names no plan; the plan is now aaaaaaaaaaaa"),
        ({"status": "bad"}, "its signature is bad (SHA256:k)"),
        ({"status": "expired"}, "the key or its signature has expired (SHA256:k)"),
        ({"status": "revoked"}, "the key was revoked (SHA256:k)"),
        ({"status": "unknown"}, "its signature is by no key that this environment allows (SHA256:k)"),
        ({"status": "unchecked", "key": ""}, "its signature cannot be checked here"),
        ({"status": "strange", "key": ""}, "its signature cannot be checked here"),
        ({"status": "none", "key": ""}, "it is not signed"),
        ({"detail": "it was signed under another name"}, "it was signed under another name"),
        ({"by": "grace"}, "the environment does not declare whose it is (`approvals.people`)"),
    ],
)
def test_what_is_wrong_with_it_is_told(change: dict[str, str], said: str) -> None:
    assert why(replace(TAG, **change)) == said


def test_the_environment_says_where_approvals_come_from() -> None:
    assert why(TAG, ("trailer", "review")) == "approvals of this environment do not come from signatures"
    assert (
        why(replace(TAG, source="review"), ("signature",)) == "approvals of this environment do not come from reviews"
    )


@pytest.mark.parametrize(
    "second", [replace(TAG, source="commit", key="SHA256:other"), replace(TAG, source="commit", by="x@example.com")]
)
def test_one_person_and_one_key_count_once(second: Given) -> None:
    counted, refused = judged([TAG, second], PLAN, SOURCES)
    assert counted == (TAG,)
    assert refused[0].why == f"the same person approved by tag {TAG.name} already"


def test_two_without_any_key_are_two() -> None:
    one, other = (replace(TAG, source="review", key="", by=f"{n}@example.com") for n in "ab")
    assert judged([one, other], PLAN, SOURCES) == ((one, other), ())


@pytest.mark.parametrize(
    ("trailers", "plan"),
    [
        ([("Trueup-Approve", PLAN)], PLAN),
        ([("trueup-approve", "a" * 64)], PLAN),
        ([("Trueup-Approve", PLAN), ("Trueup-Approve", "a" * 64)], PLAN),
        ([("Trueup-Approve", PLAN), ("Trueup-Approve", OTHER)], ""),
        ([("Trueup-Approve", PLAN), ("Trueup-Approve", "all")], ""),
        ([("Trueup-Approve", "a" * 12)], ""),
        ([("Approved-by", PLAN)], ""),
        ([], ""),
    ],
)
def test_a_plan_is_named_whole_and_alone(trailers: list[tuple[str, str]], plan: str) -> None:
    assert plan_named(trailers) == plan


def test_the_environment_is_named_for_people() -> None:
    assert environment_named([("Trueup-Approve", PLAN), ("trueup-environment", "prod")]) == "prod"
    assert environment_named([]) == ""


def reviewed(*reviews: Review, same: tuple[str, ...] = (Y,)) -> tuple[Given, ...]:
    return given_in(Reviews(reviews), same, Y, PLAN)


def test_a_review_of_a_commit_that_declares_the_same_approves_the_plan() -> None:
    (found,) = reviewed(Review("grace", "grace@example.com", "approved", X), same=(X, Y))
    assert (found.source, found.by, found.plan, found.commit) == ("review", "grace <grace@example.com>", PLAN, X)
    assert why(found) == ""


def test_a_review_of_another_commit_says_so() -> None:
    (found,) = reviewed(Review("grace", "grace@example.com", "approved", X))
    assert why(found) == "approved commit 111111111111, which does not declare what commit 222222222222 does"


def test_a_review_of_no_commit_says_so() -> None:
    (found,) = reviewed(Review("grace", "grace@example.com", "approved", Revision("")))
    assert why(found) == "the forge does not tell which commit was approved"


@pytest.mark.parametrize("state", ["changes_requested", "commented", "dismissed"])
def test_other_reviews_approve_nothing(state: str) -> None:
    assert reviewed(Review("grace", "grace@example.com", state, Y)) == ()


def test_an_account_without_an_address_is_nobody_yet() -> None:
    (found,) = reviewed(Review("grace", "", "approved", Y))
    assert (found.by, why(found)) == ("grace", "the environment does not declare whose it is (`approvals.people`)")


def test_a_forge_that_was_not_reached_is_told() -> None:
    (found,) = given_in(Reviews(problem="the forge does not answer"), (), Y, PLAN)
    assert why(found) == "the forge does not answer"
