"""Where a change comes from, as the document says it."""

from typing import Any

import pytest

from trueup.policy.facts.change import ChangedFile, ChangeFacts, Commit, Signature, approvals, change_facts

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
