"""The deletion budget."""

from typing import Any

import pytest

from trueup.core.json import Json
from trueup.policy.deletion_budget import RULE, over_budget


def document(budget: Json, deletes: int, running: int = 4, **changes: Any) -> dict[str, Json]:
    operations: list[Json] = [{"kind": "delete", "address": f"Deployment/prod/d{n}"} for n in range(deletes)]
    operations += [{"kind": "delete", "address": "Server/prod/1f"}, {"kind": "update", "address": "Deployment/prod/x"}]
    facts: dict[str, Json] = {
        "environment": {"name": "prod", "tier": "production", "settings": {"deletionBudget": budget}},
        "change": {"operations": operations},
        "observed": {"routes": [{"deployment": f"Deployment/prod/d{n}"} for n in range(running)]},
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
