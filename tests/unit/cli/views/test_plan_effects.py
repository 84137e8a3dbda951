"""Cost and loosened evaluations in words."""

from dataclasses import replace

import jsonschema
import pytest

from trueup.cli.views.plan_effects import cost_details, cost_line, deleted_line, effects_json, loosened_line
from trueup.core.json import Json
from trueup.plan.effects import Deleted, DeploymentCost, Effects, Loosened, MonthlyCost
from trueup.plan.schema import plan_json_schema

COST = MonthlyCost("EUR", 123_400, 150_000, accelerators=(("h200_sxm", 2),), gpu_hours_after=1460)


def test_the_line_says_what_a_month_costs_and_what_it_is_made_of() -> None:
    assert cost_line(COST) == "cost a month: 1,234.00 -> 1,500.00 EUR (+266.00), 2 x h200_sxm, 1,460 GPU hours"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"after": 100_000}, "cost a month: 1,234.00 -> 1,000.00 EUR (-234.00)"),
        ({"after": 123_400}, "cost a month: 1,234.00 EUR"),
        ({"before": None}, "cost a month: unknown -> 1,500.00 EUR"),
        ({"before": None, "after": None}, "cost a month: unknown EUR"),
    ],
)
def test_what_does_not_move_or_is_unknown_is_said_so(changes: dict[str, int | None], line: str) -> None:
    assert cost_line(replace(MonthlyCost("EUR", 123_400, 150_000), **changes)) == line  # type: ignore[arg-type]  # fields


def test_budget_missing_prices_and_nameless_accelerators_are_said() -> None:
    cost = replace(COST, accelerators=(("", 1),), budget=200_000, unpriced=("Deployment/prod/a", "Deployment/prod/b"))
    line = cost_line(cost)
    assert "1 x an accelerator without a name" in line
    assert line.endswith("budget 2,000.00, no price for Deployment/prod/a, Deployment/prod/b")


def test_only_deployments_that_become_dearer_or_cheaper_get_a_line() -> None:
    deployments = (
        DeploymentCost("a", 100, 100),
        DeploymentCost("b", 100, 250),
        DeploymentCost("c", 100, 250, None, 12, "evidence"),
        DeploymentCost("d", 100, 250, 12, 12, "workload"),
        DeploymentCost("e", 100, None, 12, None),
    )
    assert list(cost_details(replace(COST, deployments=deployments))) == [
        "b: 1.00 -> 2.50 (+1.50)",
        "c: 1.00 -> 2.50 (+1.50); 1,000 requests 0.12 (tokens as measured)",
        "d: 1.00 -> 2.50 (+1.50); 1,000 requests 0.12 (tokens as declared)",
        "e: 1.00 -> unknown",
    ]


@pytest.mark.parametrize(
    ("loosened", "line"),
    [
        (
            Loosened("Evaluation/f@2", "threshold-loosened", {"op": ">=", "of": ["a"]}, {"strict": False}),
            "Evaluation/f@2: a threshold is easier to reach ({op: >=, of: [a]} to {strict: false})",
        ),
        (Loosened("Environment/prod", "?", "a", None), "Environment/prod: less is asked of releases (a to nothing)"),
        (Loosened("x", "?", "", "y" * 200), f"x: less is asked of releases (nothing to {'y' * 120}...)"),
    ],
)
def test_what_is_easier_to_pass_is_said_with_before_and_after(loosened: Loosened, line: str) -> None:
    assert loosened_line(loosened) == line


def schema(name: str) -> Json:
    properties = plan_json_schema()["properties"]
    assert isinstance(properties, dict)
    return properties[name]


@pytest.mark.parametrize(
    ("before", "after", "delta"), [(123_400, 150_000, 26_600), (0, 0, 0), (None, 1, None), (1, None, None)]
)
def test_programs_get_the_same(before: int | None, after: int | None, delta: int | None) -> None:
    cost = replace(COST, before=before, after=after, deployments=(DeploymentCost("a", 1, 2, 3, 4, "workload"),))
    found = effects_json(Effects(cost, (Loosened("a", "b", 1, 2),)))
    for name in ("cost", "evaluation_loosened"):
        jsonschema.validate(found[name], schema(name))  # type: ignore[arg-type]  # a schema is JSON
    assert isinstance(found["cost"], dict)
    assert (found["cost"]["monthly_delta"], found["cost"]["deployments"]) == (
        delta,
        [
            {
                "address": "a",
                "monthly_before": 1,
                "monthly_after": 2,
                "per_thousand_requests_before": 3,
                "per_thousand_requests_after": 4,
                "tokens_from": "workload",
            }
        ],
    )


def test_without_prices_there_is_no_cost() -> None:
    assert effects_json(Effects()) == {"cost": None, "evaluation_loosened": [], "deletions": None}


@pytest.mark.parametrize(
    ("deleted", "line"),
    [
        (Deleted(2, 4, ("a",), 1, 25.0), "deletes 2 of 4 running deployments (50 %), 1 confirmed; allowed: 1, 25 %"),
        (Deleted(1, 3, most=2), "deletes 1 of 3 running deployments (33.33 %); allowed: 2"),
        (
            Deleted(1, 1, is_all=True),
            (
                "deletes 1 of 1 running deployment (100 %), and nothing is left; "
                "allowed: any number, no deletionBudget is declared"
            ),
        ),
    ],
)
def test_how_much_is_deleted_is_one_line(deleted: Deleted, line: str) -> None:
    assert deleted_line(deleted) == line
    shown = effects_json(Effects(deleted=deleted))["deletions"]
    assert isinstance(shown, dict)
    assert (shown["deleted"], shown["nothing_left"]) == (deleted.count, deleted.is_all)
