"""Demand, quota and cost of an environment."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from states import Want, applied, desired, nothing, resource
from trueup.core.json import Json
from trueup.core.money import hundredths
from trueup.core.quantities import mebibytes, millis
from trueup.desired.state import DesiredDeployment
from trueup.observed.state import ObservedRoute
from trueup.policy.facts.capacity import Demand, capacity_facts, demand_of, demands
from trueup.policy.facts.cost import Use, cost_facts


def spec(**declared: Json) -> Json:
    return {"kind": "Deployment", "spec": declared}


@pytest.mark.parametrize(
    ("written", "expected"),
    [("2", 2000), ("500m", 500), (0.5, 500), ("1.5", 1500), ("0.0001", 1), ("2k", 2_000_000), ("", None), (None, None)],
)
def test_cores_are_counted_in_thousandths_rounded_up(written: Json, expected: int | None) -> None:
    assert millis(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("64Gi", 65_536),
        ("1Mi", 1),
        ("1", 1),
        ("1M", 1),
        ("500M", 477),
        ("1G", 954),
        ("1.5Gi", 1536),
        ("1Ti", 1 << 20),
        ("1Pi", 1 << 30),
        ("1000m", 1),
        ("-1Gi", None),
        ("1GB", None),
        ([], None),
    ],
)
def test_memory_is_counted_in_mebibytes_rounded_up(written: Json, expected: int | None) -> None:
    assert mebibytes(written) == expected


def test_money_is_exact() -> None:
    assert hundredths(0.1) == Fraction(10)
    assert hundredths(3) == 300
    assert hundredths(True) is hundredths("3") is None


RESOURCES: Json = {"accelerator": "h200_sxm", "count": 2, "cpu": "500m", "memory": "1Gi", "storage": "10Gi"}


def test_the_most_servers_are_counted() -> None:
    scaled = demand_of(spec(scaling={"minReplicas": 1, "maxReplicas": 4}, resources=RESOURCES))
    assert scaled == Demand(4, 8, "h200_sxm", 2000, 4096, 40_960)
    assert demand_of(spec(replicas=3)).replicas == 3
    assert demand_of(spec()).replicas == 1
    assert demand_of(None).replicas == 1


@pytest.mark.parametrize("field", ["replicas", "scaling.maxReplicas", "spec.replicas", "spec.scaling"])
def test_servers_that_another_controller_counts_are_unbounded(field: str) -> None:
    assert not demand_of(spec(fieldsManagedElsewhere=[field])).is_bounded
    assert demand_of(spec(fieldsManagedElsewhere=["spec.gateway"])).is_bounded


def test_all_deployments_of_the_environment_are_added_up() -> None:
    state = desired(Want("a", replicas=2), Want("b", replicas=3))
    found: Any = capacity_facts(demands(state.deployments, {}), {})
    assert found["demand"]["replicas"] == 5
    assert found["quota"] == dict.fromkeys(found["demand"])
    assert (found["unbounded"], found["bySku"]) == ([], {})


def test_accelerators_are_compared_by_product() -> None:
    demanded = {
        "Deployment/prod/a": Demand(1, 2, "h200_sxm"),
        "Deployment/prod/b": Demand(1, 1, "h200_sxm"),
        "Deployment/prod/c": Demand(1, 1, "", is_bounded=False),
    }
    pools: Json = [{"sku": "h200_sxm", "count": 2}, {"sku": "h200_sxm", "count": 2}, {"sku": "l4", "count": 1}, "?"]
    found: Any = capacity_facts(demanded, {"accelerators": pools, "quota": {"accelerators": 4, "memory": "1Gi"}})
    assert found["bySku"] == {
        "": {"demand": 1, "available": 0},
        "h200_sxm": {"demand": 3, "available": 4},
        "l4": {"demand": 0, "available": 1},
    }
    assert (found["quota"]["accelerators"], found["quota"]["memoryMiB"]) == (4, 1024)
    assert found["unbounded"] == ["Deployment/prod/c"]


def serving(state_of: DesiredDeployment, document: Json) -> ObservedRoute:
    route = applied(replace(desired(), deployments=(state_of,))).target.routes[0]
    return replace(route, manifest={"documents": {str(state_of.id): document}})


GPU = desired(Want()).deployments[0]
PRICED: dict[str, Json] = {"accelerators": [{"sku": "h200_sxm", "count": 8, "pricePerHour": 2.5}]}
NOW = {"Deployment/dev/support": Demand(1, 2, "h200_sxm")}


def cost(demanded: dict[str, Demand], routes: Any, settings: Json) -> Any:
    return cost_facts({address: Use(demand) for address, demand in demanded.items()}, routes, settings)


def test_a_month_before_and_after_is_priced_at_the_prices_of_now() -> None:
    before = serving(GPU, spec(resources={"accelerator": "h200_sxm", "count": 1}))
    found = cost(NOW, [before], PRICED)
    assert (found["monthlyBefore"], found["monthlyAfter"], found["monthlyDelta"]) == (182_500, 365_000, 182_500)
    assert (found["currency"], found["monthlyBudget"], found["unpriced"]) == ("USD", None, [])


def test_without_accelerators_nothing_is_paid() -> None:
    found = cost({"Deployment/dev/a": Demand(3)}, (), None)
    assert (found["monthlyBefore"], found["monthlyAfter"], found["monthlyDelta"]) == (0, 0, 0)


def test_an_accelerator_without_a_price_makes_the_cost_unknown() -> None:
    found = cost({**NOW, "Deployment/dev/x": Demand(1, 1, "l4")}, (), PRICED)
    assert (found["monthlyAfter"], found["monthlyDelta"]) == (None, None)
    assert found["unpriced"] == ["Deployment/dev/x"]


def test_a_price_of_nothing_is_a_price() -> None:
    found = cost(NOW, (), {"accelerators": [{"sku": "h200_sxm", "count": 1, "pricePerHour": 0}]})
    assert (found["monthlyAfter"], found["unpriced"]) == (0, [])


@pytest.mark.parametrize("manifest", [None, {}, {"documents": {}}, {"documents": []}])
def test_what_serves_and_does_not_say_what_it_takes_makes_the_cost_unknown(manifest: Json) -> None:
    route = replace(serving(GPU, {}), manifest=manifest)
    found = cost(NOW, [route], PRICED)
    assert (found["monthlyBefore"], found["monthlyAfter"], found["monthlyDelta"]) == (None, 365_000, None)


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        ({"maxBudget": 100, "budgetDuration": "730h", "currency": "EUR"}, 10_000),
        ({"maxBudget": 100.5, "budgetDuration": "30d"}, 10_189),
        ({"maxBudget": 0, "budgetDuration": "30d"}, 0),
        ({"maxBudget": 100, "budgetDuration": "0s"}, None),
        ({"budgetDuration": "30d"}, None),
    ],
)
def test_a_budget_is_that_of_a_month(budget: Json, expected: int | None) -> None:
    assert cost({}, (), {"budget": budget})["monthlyBudget"] == expected


def test_a_deployment_without_its_own_document_demands_nothing() -> None:
    other = resource(GPU.resources[0].id, {})
    assert demands([replace(GPU, resources=(replace(other, id=nothing_like(GPU)),))], {}) == {}


def test_documents_that_were_read_are_not_read_again() -> None:
    assert demands([GPU], {str(GPU.id): spec(replicas=7)}) == {str(GPU.id): Demand(7)}


def nothing_like(item: DesiredDeployment) -> Any:
    return replace(item.id, name="other")


def test_nothing_serves_in_an_empty_environment() -> None:
    assert cost({}, nothing().target.routes, {})["monthlyBefore"] == 0
