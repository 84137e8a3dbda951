"""What a plan does to cost and to what releases are held to, read and written."""

import pytest

from trueup.core.json import Json
from trueup.plan.effects import Deleted, DeploymentCost, Effects, Loosened, MonthlyCost, read_effects

PART: dict[str, Json] = {"monthly": 100, "perThousandRequests": 7, "tokensPerRequest": {"from": "workload"}}
DERIVED: dict[str, Json] = {
    "cost": {
        "currency": "EUR",
        "monthlyBefore": None,
        "monthlyAfter": 100,
        "monthlyBudget": 500,
        "gpuHoursBefore": 0,
        "gpuHoursAfter": 730,
        "accelerators": {"l4": 1},
        "unpriced": ["Deployment/prod/b"],
        "byDeployment": {"Deployment/prod/a": {"before": None, "after": PART}},
    },
    "evaluationChanges": [{"address": "Environment/prod", "kind": "signature-dropped", "before": True, "after": False}],
}
READ = Effects(
    MonthlyCost(
        "EUR",
        None,
        100,
        500,
        0,
        730,
        (("l4", 1),),
        ("Deployment/prod/b",),
        (DeploymentCost("Deployment/prod/a", 0, 100, None, 7, "workload"),),
    ),
    (Loosened("Environment/prod", "signature-dropped", True, False),),
)


def test_the_facts_for_rules_are_read() -> None:
    assert read_effects(DERIVED) == READ


@pytest.mark.parametrize("effects", [READ, Effects(), Effects(MonthlyCost("USD", deployments=(DeploymentCost("x"),)))])
def test_reading_what_was_written_gives_the_same(effects: Effects) -> None:
    assert read_effects(effects.to_json()) == effects


@pytest.mark.parametrize("derived", [None, {}, {"cost": None, "evaluationChanges": None}, {"cost": "?"}])
def test_what_is_not_there_is_no_effect(derived: Json) -> None:
    assert read_effects(derived) == Effects()


def test_what_does_not_serve_costs_nothing_and_what_is_unknown_is_not_nothing() -> None:
    unknown: Json = {**PART, "monthly": None}
    parts: Json = {"a": {"before": unknown, "after": None}, "b": {"before": None, "after": unknown}}
    cost = read_effects({"cost": {"byDeployment": parts}}).cost
    assert cost is not None
    assert [(d.before, d.after) for d in cost.deployments] == [(None, 0), (0, None)]


def test_odd_facts_are_unknown_and_break_nothing() -> None:
    odd: Json = {"cost": {"monthlyAfter": True, "unpriced": "?", "accelerators": {"l4": "?"}}, "evaluationChanges": [3]}
    found = read_effects(odd)
    assert found.cost == MonthlyCost("None", accelerators=(("l4", 0),))
    assert found.loosened == (Loosened("None", "None"),)


@pytest.mark.parametrize(
    ("cost", "is_changed"),
    [
        (DeploymentCost("a", 1, 1, 2, 2), False),
        (DeploymentCost("a", 1, 2, 2, 2), True),
        (DeploymentCost("a", 1, 1, 2, 3), True),
        (DeploymentCost("a", None, 1), True),
    ],
)
def test_a_deployment_is_changed_when_a_month_or_a_request_of_it_is(cost: DeploymentCost, is_changed: bool) -> None:
    assert cost.is_changed is is_changed


@pytest.mark.parametrize(
    "deleted",
    [
        Deleted(2, 4, ("Deployment/prod/a",), 1, 25.5, is_all=False),
        Deleted(1, 1, is_all=True),
    ],
)
def test_deletions_read_back_as_they_were_written(deleted: Deleted) -> None:
    effects = Effects(deleted=deleted)
    assert read_effects(effects.to_json()) == effects


def test_odd_deletions_are_none_or_read_as_far_as_they_go() -> None:
    assert read_effects({"deletions": {"deleted": True, "running": 2}}).deleted is None
    assert read_effects({"deletions": {"deleted": 2}}).deleted is None
    odd: Json = {"deleted": 1, "running": 2, "confirmed": "x", "budget": {"max": True, "maxPercent": "many"}}
    assert read_effects({"deletions": odd}).deleted == Deleted(1, 2)
