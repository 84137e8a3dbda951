"""A reader is told when other policies judged than those the change brings."""

from trueup.cli.views.governing import JudgedBy
from trueup.core.digests import Digest
from trueup.policy.decision import Decision, Enforcement, Outcome, Violation

NONE = Digest(f"sha256:{'0' * 64}")


def decision(*denied: str, outcome: Outcome = Outcome.DENY) -> Decision:
    found = tuple(Violation(rule, "", "high", Enforcement.DENY, "Model/tiny@1", (), "") for rule in denied)
    return Decision(outcome, found, (), NONE, NONE, "engine")


ALLOWED = decision(outcome=Outcome.ALLOW)


def test_its_own_policies_need_no_word() -> None:
    assert list(JudgedBy("head", "", (), ALLOWED).notes()) == []
    assert list(JudgedBy("base", "abc", (), ALLOWED).notes()) == []


def test_an_unknown_base_is_told_with_what_to_do() -> None:
    (note,) = JudgedBy("unknown", "", (), ALLOWED).notes()
    assert "--base" in note


def test_changed_policies_are_told_with_what_they_would_decide() -> None:
    judged = JudgedBy("base", "a" * 40, ("policies/a.rego",), decision("SC-01", "SC-02"), decision("SC-02", "ACME-1"))
    first, second = judged.notes()
    assert "policies/a.rego" in first
    assert "aaaaaaa" in first
    assert second == (
        "With its own it would be denied: also denied by ACME-1 Model/tiny@1; no longer denied by SC-01 Model/tiny@1."
    )


def test_changed_policies_that_decide_alike_say_so_shortly() -> None:
    assert list(JudgedBy("base", "a" * 40, ("p.rego",), ALLOWED, ALLOWED).notes())[1:] == [
        "With its own it would be allowed."
    ]
    assert len(list(JudgedBy("base", "a" * 40, ("p.rego",), ALLOWED).notes())) == 1


def test_json_has_what_the_candidate_denies() -> None:
    judged = JudgedBy("base", "a" * 40, ("p.rego",), ALLOWED, decision("SC-01"))
    assert judged.to_json() == {
        "source": "base",
        "revision": "a" * 40,
        "changed": ["p.rego"],
        "candidate": {"outcome": "deny", "denies": ["SC-01 Model/tiny@1"]},
    }
    assert JudgedBy("head", "", (), ALLOWED).to_json()["candidate"] is None
