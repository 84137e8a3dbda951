"""The deletion budget."""

from typing import Any

import pytest

from trueup.core.json import Json
from trueup.policy.deletion_budget import MARK, RULE, deletions_of, mark_of, marks_in, over_budget


def release(number: int) -> str:
    return f"sha256:{number}{'a' * 63}"


def document(budget: Json, deletes: int, running: int = 4, **changes: Any) -> dict[str, Json]:
    operations: list[Json] = [
        {"kind": "delete", "address": f"Deployment/prod/d{n}", "release": release(n)} for n in range(deletes)
    ]
    operations += [{"kind": "delete", "address": "Server/prod/1f"}, {"kind": "update", "address": "Deployment/prod/x"}]
    facts: dict[str, Json] = {
        "environment": {"name": "prod", "tier": "production", "settings": {"deletionBudget": budget}},
        "change": {"operations": operations},
        "observed": {"routes": [{"deployment": f"Deployment/prod/d{n}"} for n in range(running)]},
        "deployments": [{"address": "Deployment/prod/x"}],
    }
    return facts | changes


@pytest.mark.parametrize(
    ("budget", "deletes"),
    [
        ({"max": 2}, 2),
        ({"maxPercent": 50}, 2),
        ({"max": 0}, 0),
        ({"max": 9, "maxPercent": None}, 4),
        ({}, 4),
        (None, 4),
    ],
)
def test_what_keeps_the_budget_is_fine(budget: Json, deletes: int) -> None:
    assert not [*over_budget(document(budget, deletes))]


@pytest.mark.parametrize(
    ("budget", "path", "said"),
    [
        ({"max": 2}, "max", "The plan deletes 3 of 4 running deployments, and `deletionBudget.max` is 2."),
        ({"maxPercent": 50.0}, "maxPercent", "The plan deletes 3 of 4 running deployments (75 %), and"),
        ({"max": "many"}, "max", "`deletionBudget.max` is many."),
        ({"max": True}, "max", "`deletionBudget.max` is True."),
    ],
)
def test_what_exceeds_it_denies_at_its_field(budget: Json, path: str, said: str) -> None:
    (violation,) = over_budget(document(budget, 3))
    assert (violation.rule, violation.address) == (RULE, "Environment/prod")
    assert violation.path == ("spec", "deletionBudget", path)
    assert said in violation.message
    assert violation.denies


def test_both_limits_are_told() -> None:
    assert len([*over_budget(document({"max": 1, "maxPercent": 10}, 2))]) == 2


def test_what_is_deleted_and_was_not_seen_to_run_counts() -> None:
    (violation,) = over_budget(document({"maxPercent": 99}, 1, running=0))
    assert "1 of 1 running deployment (100 %)" in violation.message


@pytest.mark.parametrize("observed", [None, {"routes": 3}, {"routes": [1]}])
def test_an_odd_document_is_read_as_far_as_it_goes(observed: Json) -> None:
    assert [*over_budget(document({"max": 0}, 1, observed=observed))]
    assert not [*over_budget(document({"max": 0}, 1, change={"operations": 3}))]


def marked(budget: Json, deletes: int, *marks: str, **changes: Any) -> dict[str, Json]:
    environment: Json = {"name": "prod", "settings": {"deletionBudget": budget}, "confirmedDeletions": list(marks)}
    return document(budget, deletes, environment=environment, **changes)


def mark(number: int) -> str:
    return mark_of(f"Deployment/prod/d{number}", release(number))


def test_what_is_confirmed_does_not_count() -> None:
    assert not [*over_budget(marked({"max": 1, "maxPercent": 25}, 2, mark(0)))]
    (violation,) = over_budget(marked({"max": 1}, 3, mark(0)))
    assert "deletes 3 of 4 running deployments, 1 of them confirmed, and `deletionBudget.max` is 1" in violation.message
    assert f"`{MARK}: d1@1aaaaaaaaaaa, d2@2aaaaaaaaaaa`" in violation.remediation


@pytest.mark.parametrize(
    "wrong", ["d0", "d0@", "d0@0aaaaaaaaaa", "d0@sha256:0aaa", "d0@1aaaaaaaaaaa", "d1@0aaaaaaaaaaa", "*@0aaaaaaaaaaa"]
)
def test_a_mark_names_one_deployment_and_the_release_it_serves(wrong: str) -> None:
    assert [*over_budget(marked({"max": 0}, 1, wrong))]
    assert not [*over_budget(marked({"max": 0}, 1, wrong, mark(0)))]
    assert not [*over_budget(marked({"max": 0}, 1, f"d0@{release(0)}"))]


def test_an_environment_may_ask_for_a_mark_for_each_deletion() -> None:
    (violation,) = over_budget(marked({"max": 4, "confirm": True}, 1))
    assert violation.path == ("spec", "deletionBudget", "confirm")
    assert not [*over_budget(marked({"max": 4, "confirm": True}, 1, mark(0)))]
    assert not [*over_budget(marked({"max": 4, "confirm": False}, 1))]


def test_what_leaves_nothing_needs_marks_without_any_budget() -> None:
    (violation,) = over_budget(marked(None, 4, deployments=[]))
    assert violation.path == ("metadata", "annotations")
    assert "deletes 4 of 4 running deployments, and nothing is declared any more" in violation.message
    assert [*over_budget(marked(None, 4, mark(0), deployments=[]))]
    assert not [*over_budget(marked(None, 4, *(mark(n) for n in range(4)), deployments=[]))]
    assert not [*over_budget(marked(None, 4))], "something takes their place"
    assert not [*over_budget(marked(None, 3, deployments=[]))], "narrowed to those three"


def test_marks_are_read_from_an_annotation() -> None:
    assert marks_in({MARK: " a@1,b@2  c@3\n"}) == ("a@1", "b@2", "c@3")
    assert marks_in({}) == ()


def test_rules_and_people_read_the_numbers() -> None:
    found = deletions_of(marked({"max": 1, "maxPercent": None}, 2, mark(1)))
    assert found is not None
    assert found.to_json() == {
        "deleted": 2,
        "running": 4,
        "confirmed": ["Deployment/prod/d1"],
        "isAll": False,
        "budget": {"max": 1},
    }
    assert deletions_of(document(None, 0)) is None
    odd: Json = {"name": "prod", "confirmedDeletions": "d0"}
    assert deletions_of(document(None, 1, environment=odd)) is not None
