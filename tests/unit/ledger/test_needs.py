"""What still needs a version."""

from dataclasses import replace

from records import NOON, SUPPORT, after, applied, held, lifted, newest_first
from trueup.ledger.needs import needs
from trueup.ledger.record import Draft, RecordKind, RunOutcome


def why(*drafts: Draft, minutes: float = 0) -> dict[str, list[str]]:
    """Return why each model is needed."""
    found = needs(newest_first(*drafts), after(minutes))
    return {a: [n.why for n in listed] for a, listed in found.items() if a.startswith("Model/")}


def test_what_serves_and_the_release_before_it_are_needed_and_no_older_one() -> None:
    found = why(applied("a"), applied("b"), applied("c"))
    assert found == {"Model/b@1": ["rollback target"], "Model/c@1": ["serves"]}


def test_a_release_that_was_gone_back_to_serves_and_is_no_target_of_itself() -> None:
    assert why(applied("a"), applied("b"), applied("a", kind=RecordKind.ROLLBACK)) == {
        "Model/a@1": ["serves"],
        "Model/b@1": ["rollback target"],
    }


def test_what_was_not_verified_or_failed_is_no_target() -> None:
    assert why(applied("a"), applied("b", verified=False), applied("c")) == {
        "Model/a@1": ["rollback target"],
        "Model/c@1": ["serves"],
    }
    assert why(applied("a"), applied("b", outcome=RunOutcome.FAILED), applied("c")) == {
        "Model/a@1": ["rollback target"],
        "Model/c@1": ["serves"],
    }


def test_what_is_on_hold_is_kept_and_is_no_target() -> None:
    assert why(applied("a"), applied("b"), held("b"), applied("c")) == {
        "Model/a@1": ["rollback target"],
        "Model/b@1": ["on hold"],
        "Model/c@1": ["serves"],
    }
    assert why(applied("b"), held("b"), lifted("b"), applied("c"))["Model/b@1"] == ["rollback target"]
    assert why(applied("b"), held("b", expires=after(5)), applied("c"), minutes=9)["Model/b@1"] == ["rollback target"]


def test_a_deployment_that_is_gone_needs_nothing_but_what_is_on_hold() -> None:
    gone = applied(removed=(SUPPORT,))
    assert why(applied("a"), applied("b"), gone) == {}
    assert why(applied("a"), held("a"), gone) == {"Model/a@1": ["on hold"]}


def test_environments_are_looked_at_together_and_other_records_say_nothing() -> None:
    noted = replace(applied("z"), kind=RecordKind.BUILD)
    found = needs(newest_first(applied("a"), applied("b", environment="prod"), noted), NOON)
    assert [str(n.deployment) for n in found["Model/b@1"]] == ["Deployment/prod/support"]
    assert found["Prompt/support@1"][0].to_json()["why"] == "serves"
    assert "Model/z@1" not in found
