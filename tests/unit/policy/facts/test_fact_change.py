"""Where a change comes from, as the document says it."""

from dataclasses import replace
from typing import Any

import pytest

from trueup.policy.facts.approvers import Approvers
from trueup.policy.facts.approving import Given
from trueup.policy.facts.change import (
    ChangedFile,
    ChangeFacts,
    Commit,
    Signature,
    approvals,
    change_facts,
    not_counted,
)

ADA, BOB = "Ada <ada@example.com>", "Bob <bob@example.com>"
SETTINGS = {
    "approvals": {
        "roles": [
            {"role": "risk-owner", "members": ["Grace@Example.com"]},
            {"role": "finops", "members": ["grace@example.com", "x@example.com"]},
            {"role": "nobody"},
        ]
    }
}


def change(*commits: Commit) -> ChangeFacts:
    return ChangeFacts("r", "b", ADA, commits=commits, files=(ChangedFile("spec/a.yaml", "modified"),))


def approval(key: str, value: str, **commit: Any) -> Any:
    found = approvals(change(Commit("c1", ADA, trailers=((key, value),), **commit)), SETTINGS)
    assert found is not None
    return found[0] if found else None


@pytest.mark.parametrize("key", ["Approved-by", "Reviewed-by", "APPROVED-BY", "reviewed-By"])
def test_trailers_of_commits_approve(key: str) -> None:
    assert approval(key, "Grace <grace@example.com>") == {
        "by": "Grace <grace@example.com>",
        "email": "grace@example.com",
        "roles": ["risk-owner", "finops"],
        "commit": "c1",
        "source": "trailer",
        "signed": False,
        "isAuthor": False,
    }


@pytest.mark.parametrize("key", ["Signed-off-by", "Co-authored-by", "Acked-by"])
def test_other_trailers_do_not(key: str) -> None:
    assert approval(key, "Grace <grace@example.com>") is None


@pytest.mark.parametrize("status", ["good", "bad", "unknown", "none"])
def test_an_approval_is_signed_when_its_commit_has_a_good_signature(status: str) -> None:
    assert approval("Approved-by", BOB, signature=Signature(status))["signed"] is (status == "good")


@pytest.mark.parametrize("spelled", [ADA, "ADA <ADA@EXAMPLE.COM>", "ada@example.com", "Ada", "A. L. <ada@example.com>"])
def test_an_author_is_one_however_they_are_spelled(spelled: str) -> None:
    assert approval("Approved-by", spelled)["isAuthor"] is True


def test_authors_of_every_commit_and_co_authors_are_authors() -> None:
    facts = change(
        Commit("c2", BOB, trailers=(("Approved-by", BOB), ("Approved-by", "Cy <cy@example.com>"))),
        Commit("c1", ADA, trailers=(("co-authored-by", "Cy <cy@example.com>"),)),
    )
    assert facts.authors == (ADA, BOB, "Cy <cy@example.com>")
    assert [a["isAuthor"] for a in approvals(facts, {}) or ()] == [True, True]  # type: ignore[call-overload,index]  # JSON


def test_a_name_without_e_mail_has_no_roles() -> None:
    assert approval("Approved-by", "Grace")["roles"] == []


def test_one_person_in_one_commit_approves_once() -> None:
    twice = (("Approved-by", BOB), ("Reviewed-by", BOB), ("Approved-by", ""))
    assert len(approvals(change(Commit("c1", ADA, trailers=twice)), None) or ()) == 1


def test_without_known_commits_approvals_are_unknown() -> None:
    facts = ChangeFacts("r", author=ADA)
    assert approvals(facts, SETTINGS) is None
    assert not {"commits", "files", "truncated"} & change_facts(facts).keys()


def test_what_is_not_committed_was_written_by_whoever_runs_the_command() -> None:
    assert ChangeFacts(actor=ADA).authors == (ADA,)
    assert ChangeFacts().authors == ()


def test_commits_and_files_are_given_as_git_has_them() -> None:
    commit = Commit("c1", ADA, Signature("good", BOB), files=("spec/a.yaml",))
    found = change_facts(change(commit))
    assert found["commits"] == [{"revision": "c1", "author": ADA, "signature": "good", "files": ["spec/a.yaml"]}]
    assert found["files"] == [{"path": "spec/a.yaml", "status": "modified"}]
    assert found["truncated"] is False


def test_secrets_in_names_are_masked() -> None:
    key = "hf_abcdefghijklmnopqrstuv"
    facts = change(Commit("c1", f"{key} <x@example.com>", Signature("good", key), (("Approved-by", key),)))
    assert key not in str(change_facts(facts)) + str(approvals(facts, {}))


PLAN, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
GRACE = "grace@example.com"
TAG = Given("tag", "trueup/approve/aaaaaaaaaaaa/grace", GRACE, PLAN, "c1", "good", "SHA256:k")
ONE = {"approvals": {"people": [{"member": GRACE, "also": ["ada@example.com", "g@x.org"], "login": "gh"}]}}


def given(
    *found: Given, settings: Any = SETTINGS, commits: tuple[Commit, ...] = (Commit("c1", ADA, files=("a",)),)
) -> Any:
    facts = replace(change(*commits), given=found)
    return approvals(facts, settings, PLAN), not_counted(facts, settings, PLAN)


def test_a_signed_tag_approves_with_its_key_and_the_roles_of_whose_it_is() -> None:
    assert given(TAG) == (
        [
            {
                "by": GRACE,
                "email": GRACE,
                "roles": ["risk-owner", "finops"],
                "commit": "c1",
                "source": "tag",
                "signed": True,
                "isAuthor": False,
                "plan": PLAN,
                "name": TAG.name,
                "key": "SHA256:k",
            }
        ],
        [],
    )


def test_an_approval_of_another_plan_is_told_and_counts_nothing() -> None:
    why = "approved plan bbbbbbbbbbbb; the plan is now aaaaaaaaaaaa"
    assert given(replace(TAG, plan=OTHER)) == ([], [{"by": GRACE, "source": "tag", "name": TAG.name, "why": why}])


def test_an_author_is_one_under_each_address_that_is_declared_for_them() -> None:
    (found,), _ = given(TAG, settings=ONE)
    assert found["isAuthor"] is True
    (other,), _ = given(replace(TAG, by="bob@example.com"), settings=ONE)
    assert other["isAuthor"] is False


def test_the_key_that_signed_a_commit_of_the_change_is_an_authors_whoever_it_is_declared_for() -> None:
    signed = Commit("c1", ADA, Signature("unknown", key="SHA256:k"), files=("a",))
    (found,), _ = given(TAG, commits=(signed,))
    assert found["isAuthor"] is True


def test_one_person_with_two_addresses_approves_once() -> None:
    second = replace(TAG, source="commit", name="c2", by="g@x.org", key="SHA256:2")
    (found,), (refused,) = given(TAG, second, settings=ONE)
    assert found["email"] == GRACE
    assert refused["why"] == f"the same person approved by tag {TAG.name} already"


def test_a_review_counts_for_whom_its_login_is_declared() -> None:
    review = Given("review", "by gh", "gh", PLAN, "c1", "good")
    (found,), _ = given(review, settings=ONE)
    assert (found["by"], found["email"], found["signed"]) == (f"gh <{GRACE}>", GRACE, False)
    found, (refused,) = given(review)
    assert (found, refused["by"]) == ([], "gh")


def test_a_review_counts_by_the_address_that_the_forge_tells() -> None:
    (found,), _ = given(Given("review", "by gh", f"gh <{GRACE}>", PLAN, "c1", "good"))
    assert found["roles"] == ["risk-owner", "finops"]


def test_a_signature_that_is_not_good_is_told_with_who_says_to_have_made_it() -> None:
    _, (refused,) = given(replace(TAG, status="unknown", by="Linus <linus@example.com>"))
    assert refused["by"] == "Linus <linus@example.com>"
    assert refused["why"] == "its signature is by no key that this environment allows (SHA256:k)"


def test_a_signer_without_an_address_is_told() -> None:
    _, (refused,) = given(replace(TAG, by="grace"))
    assert (refused["by"], refused["why"]) == (
        "grace",
        "the environment does not declare whose it is (`approvals.people`)",
    )


def test_who_governs_says_who_approves_not_the_change() -> None:
    facts = replace(change(Commit("c1", ADA, files=("a",))), given=(TAG,), approvers=Approvers())
    assert approvals(facts, SETTINGS, PLAN)[0]["roles"] == []  # type: ignore[index,call-overload]  # JSON
    none = replace(facts, approvers=Approvers(frozenset()))
    assert approvals(none, SETTINGS, PLAN) == []


def test_trailers_count_as_far_as_the_environment_takes_them() -> None:
    trailer = (("Approved-by", BOB),)
    signatures = {"approvals": {"sources": ["signature"]}}
    commit = Commit("c1", ADA, trailers=trailer, files=("a",))
    found, (refused,) = given(settings=signatures, commits=(commit,))
    assert (found, refused["why"]) == ([], "approvals of this environment do not come from trailers")
    (found,), _ = given(commits=(commit,))
    assert found["by"] == BOB


def test_a_trailer_beside_the_id_of_a_plan_approves_that_plan_alone() -> None:
    def by(plan: str) -> Any:
        trailers = (("Approved-by", BOB), ("Trueup-Approve", plan))
        return given(commits=(Commit("c2", BOB, trailers=trailers), Commit("c1", ADA, files=("a",))))

    (found,), _ = by(PLAN)
    assert (found["by"], found["isAuthor"]) == (BOB, False)
    assert by(OTHER)[1][0]["why"] == "approved plan bbbbbbbbbbbb; the plan is now aaaaaaaaaaaa"


def test_a_commit_that_only_approves_makes_nobody_an_author() -> None:
    approving = Commit("c2", BOB, trailers=(("Trueup-Approve", PLAN),))
    facts = ChangeFacts("c2", "b", BOB, commits=(approving, Commit("c1", ADA, files=("a",))))
    assert facts.authors == (ADA,)
    assert [c["revision"] for c in change_facts(facts)["commits"]] == ["c1"]  # type: ignore[union-attr,index,call-overload]  # JSON


def test_without_known_commits_nothing_is_refused_either() -> None:
    assert not_counted(ChangeFacts("r", author=ADA, given=(TAG,)), SETTINGS, PLAN) == []
