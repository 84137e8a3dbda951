"""What machines, tokens and requests cost a month."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from states import NOON, Want, applied, desired, passing, resource
from trueup.core.digests import digest_of
from trueup.core.json import Json
from trueup.core.money import exactly, hundredths, spelled
from trueup.desired.state import DesiredDeployment
from trueup.evidence.costs import COMPLETION_TOKENS, PROMPT_TOKENS
from trueup.evidence.evidence import Evidence, Measurement
from trueup.evidence.prices import Prices, prices_of
from trueup.observed.state import ObservedRoute
from trueup.policy.facts.capacity import Demand, demands
from trueup.policy.facts.cost import EVIDENCE, Load, Use, cost_facts, is_priced, load_of, loads_measured, uses

TOKENS: dict[str, Json] = {"prices": {"perMillionInputTokens": 0.15, "perMillionOutputTokens": 0.6}}
MACHINES: dict[str, Json] = {"prices": {"machinePerHour": 0.0335}}
GPUS: dict[str, Json] = {"accelerators": [{"sku": "h200_sxm", "count": 8, "pricePerHour": 2.5}]}
A_SECOND = Load(Fraction(1), Fraction(1000), Fraction(200))
MONTH = 730 * 3600
CHAT = "Deployment/dev/chat"


def facts(used: dict[str, Use], settings: Json, routes: Any = ()) -> Any:
    return cost_facts(used, routes, settings)


def after(use: Use, settings: Json) -> Any:
    return facts({CHAT: use}, settings)["byDeployment"][CHAT]["after"]


def test_a_machine_without_accelerators_is_paid_by_the_hour_where_it_has_a_price() -> None:
    # 3 machines for 730 hours at 3.35 hundredths are 7,336.5 hundredths.
    assert facts({CHAT: Use(Demand(3))}, MACHINES)["monthlyAfter"] == 7337
    assert facts({CHAT: Use(Demand(3))}, TOKENS)["monthlyAfter"] == 0


def test_a_machine_with_accelerators_is_paid_by_them_alone() -> None:
    used = {CHAT: Use(Demand(1, 2, "h200_sxm"))}
    assert facts(used, {**GPUS, **MACHINES})["monthlyAfter"] == 365_000


def test_sums_are_rounded_once() -> None:
    used = {f"Deployment/dev/{n}": Use(Demand(1)) for n in range(4)}
    # A third of a hundredth more for each would be 4 hundredths.
    assert facts(used, {"prices": {"machinePerHour": 0.0000045662}})["monthlyAfter"] == 2


def test_a_model_of_a_provider_is_paid_by_the_token() -> None:
    found = facts({CHAT: Use(Demand(1), A_SECOND, by_tokens=True)}, TOKENS)
    # (1,000 x 0.15 + 200 x 0.60) a million tokens, each second of a month: 709.56.
    assert (found["monthlyAfter"], found["unpriced"]) == (70_956, [])
    part = found["byDeployment"][CHAT]["after"]
    assert part["tokens"] == {"input": 1000 * MONTH, "output": 200 * MONTH}
    assert part["tokensPerRequest"] == {"input": 1000, "output": 200, "from": "workload"}
    assert part["perThousandRequests"] == 27


@pytest.mark.parametrize(
    ("load", "settings"),
    [
        (Load(), TOKENS),
        (replace(A_SECOND, rate=None), TOKENS),
        (replace(A_SECOND, read=None), TOKENS),
        (replace(A_SECOND, written=None), TOKENS),
        (A_SECOND, MACHINES),
        (A_SECOND, {"prices": {"perMillionInputTokens": 1}}),
        (A_SECOND, {"prices": {"perMillionOutputTokens": 1}}),
    ],
)
def test_tokens_that_nobody_counts_or_prices_make_the_cost_unknown(load: Load, settings: Json) -> None:
    found = facts({CHAT: Use(Demand(1), load, by_tokens=True)}, settings)
    assert (found["monthlyAfter"], found["monthlyDelta"], found["unpriced"]) == (None, None, [CHAT])


def test_accelerators_beside_a_provider_are_paid_too() -> None:
    use = Use(Demand(1, 1, "h200_sxm"), A_SECOND, by_tokens=True)
    assert facts({CHAT: use}, {**GPUS, **TOKENS})["monthlyAfter"] == 182_500 + 70_956


def test_the_price_of_a_thousand_requests_is_their_share_of_the_month() -> None:
    part = after(Use(Demand(1, 1, "h200_sxm"), replace(A_SECOND, rate=Fraction(2))), GPUS)
    # 182,500 hundredths for 5,256,000 requests: 34.7 hundredths for a thousand.
    assert part["perThousandRequests"] == 35
    assert after(Use(Demand(1, 1, "l4"), A_SECOND), GPUS)["perThousandRequests"] is None
    assert after(Use(Demand(1, 1, "h200_sxm")), GPUS)["perThousandRequests"] is None


def test_what_has_no_price_is_not_said_to_be_free() -> None:
    assert after(Use(Demand(1), A_SECOND), {})["perThousandRequests"] is None
    assert after(Use(Demand(1), A_SECOND), {"prices": {"machinePerHour": 0}})["perThousandRequests"] == 0


def test_gpu_hours_and_products_are_those_of_the_most_servers() -> None:
    used = {
        CHAT: Use(Demand(2, 4, "h200_sxm")),
        "Deployment/dev/b": Use(Demand(1, 1, "h200_sxm")),
        "Deployment/dev/c": Use(Demand(1, 1, "a10")),
    }
    found = facts(used, GPUS)
    assert (found["gpuHoursBefore"], found["gpuHoursAfter"]) == (0, 6 * 730)
    assert found["accelerators"] == {"a10": 1, "h200_sxm": 5}
    assert found["unpriced"] == ["Deployment/dev/c"]


def test_what_costs_nothing_and_declares_no_load_is_left_out() -> None:
    assert facts({CHAT: Use(Demand(1))}, {})["byDeployment"] == {}


# --- what serves -----------------------------------------------------------------------------------------------------

ITEM = desired(Want("chat")).deployments[0]


def serving(manifest: Json) -> ObservedRoute:
    route = applied(replace(desired(), deployments=(ITEM,))).target.routes[0]
    return replace(route, manifest=manifest)


def documents(uri: str, **spec: Json) -> Json:
    declared: Json = {"spec": {"release": {"model": "big@1"}, **spec}}
    return {"documents": {CHAT: declared, "Model/big@1": {"spec": {"source": {"uri": uri}}}}}


def test_what_serves_by_a_provider_was_paid_by_the_token() -> None:
    before = serving(documents("api://openai/big", workload={"isl": 1000, "osl": 200, "requestRate": 1.0}))
    found = facts({}, TOKENS, [before])
    assert (found["monthlyBefore"], found["monthlyAfter"], found["monthlyDelta"]) == (70_956, 0, -70_956)
    part = found["byDeployment"][CHAT]
    assert (part["before"]["monthly"], part["after"]) == (70_956, None)


def test_the_same_load_on_a_machine_is_not() -> None:
    before = serving(documents("file:models/big", workload={"isl": 1000, "osl": 200, "requestRate": 1.0}))
    assert facts({}, TOKENS, [before])["monthlyBefore"] == 0


@pytest.mark.parametrize("manifest", [None, {"documents": {}}])
def test_what_serves_and_does_not_say_what_it_takes_has_unknown_gpu_hours(manifest: Json) -> None:
    found = facts({}, TOKENS, [serving(manifest)])
    assert (found["monthlyBefore"], found["gpuHoursBefore"]) == (None, None)
    assert found["byDeployment"][CHAT]["before"]["monthly"] is None


# --- what is desired -------------------------------------------------------------------------------------------------


def with_workload(item: DesiredDeployment, **workload: Json) -> DesiredDeployment:
    own = resource(item.id, {"kind": "Deployment", "spec": {"workload": workload}})
    return replace(item, resources=tuple(own if r.id == item.id else r for r in item.resources))


def used_by(item: DesiredDeployment, measured: dict[str, Load] | None = None, **read: Json) -> Use:
    return uses([item], demands([item], {}), read, measured or {})[CHAT]


def test_the_declared_load_is_read() -> None:
    item = with_workload(ITEM, isl=512, osl=64, requestRate=0.1)
    assert used_by(item).load == Load(Fraction(1, 10), Fraction(512), Fraction(64))
    assert used_by(ITEM).load == Load()
    assert load_of(None) == Load()


def test_a_document_that_was_read_is_not_read_again() -> None:
    item = with_workload(ITEM, isl=512)
    read: Json = {"spec": {"workload": {"isl": 7}}}
    assert used_by(item, **{CHAT: read}).load.read == 7


def test_who_serves_is_said_by_the_source_of_the_model() -> None:
    artifact = replace(ITEM.release.artifact, uri="api://openai/big")
    assert used_by(replace(ITEM, release=replace(ITEM.release, artifact=artifact))).by_tokens
    assert not used_by(ITEM).by_tokens


def test_a_deployment_without_a_document_is_left_out() -> None:
    assert uses([ITEM], {}, {}, {}) == {}
    assert uses([replace(ITEM, resources=())], {CHAT: Demand(1)}, {}, {}) == {CHAT: Use(Demand(1))}


MEASURED = Load(None, Fraction(30), Fraction(4), EVIDENCE)


def test_measured_tokens_stand_in_for_undeclared_ones_and_keep_the_declared_rate() -> None:
    item = with_workload(ITEM, requestRate=2)
    assert used_by(item, {CHAT: MEASURED}).load == replace(MEASURED, rate=Fraction(2))
    declared = with_workload(ITEM, isl=512, osl=64)
    assert used_by(declared, {CHAT: MEASURED}).load == Load(None, Fraction(512), Fraction(64))


def counted(evidence: Evidence, read: float, written: float) -> Evidence:
    tokens = (
        Measurement(PROMPT_TOKENS, read, "tokens", 10),
        Measurement(COMPLETION_TOKENS, written, "tokens", 10),
    )
    return replace(evidence, measurements=(*evidence.measurements, *tokens))


def test_the_newest_evaluation_that_counted_tokens_says_how_many_a_request_has() -> None:
    item = desired(Want("chat", evaluations=("facts@1", "tone@1"))).deployments[0]
    first, second = item.evaluations
    newest, older = counted(passing(second), 300, 45), counted(passing(second), 1, 1)
    found = loads_measured([item], [passing(first), newest, older])
    assert found == {CHAT: Load(None, Fraction(30), Fraction(9, 2), EVIDENCE)}
    assert loads_measured([item], []) == {}
    shown = after(Use(Demand(1), found[CHAT]), {})["tokensPerRequest"]
    assert shown == {"input": 30, "output": 5, "from": "evidence"}


# --- prices ----------------------------------------------------------------------------------------------------------


def test_prices_are_exact() -> None:
    found = prices_of({**GPUS, "prices": {**TOKENS["prices"], "machinePerHour": 0.1}, "budget": {"currency": "EUR"}})  # type: ignore[dict-item]  # JSON
    assert found == Prices("EUR", {"h200_sxm": Fraction(250)}, Fraction(10), Fraction(15, 10**6), Fraction(60, 10**6))
    assert found.rates(sku="h200_sxm").hour == 250
    assert found.rates(sku="l4").hour is None
    assert found.rates().hour == 10
    assert found.rates(by_tokens=True).for_tokens(10**6, 10**6) == 75


@pytest.mark.parametrize("settings", [None, {}, {"accelerators": "?"}, {"accelerators": ["?", {"sku": "l4"}]}])
def test_without_prices_nothing_is_priced(settings: Json) -> None:
    assert prices_of(settings) == Prices()
    assert not is_priced(settings)


@pytest.mark.parametrize("settings", [GPUS, TOKENS, {"prices": {"machinePerHour": 0}}])
def test_a_price_of_anything_is_one(settings: Json) -> None:
    assert is_priced(settings)


def test_money_is_spelled_as_people_read_it() -> None:
    assert spelled(123_456) == "1,234.56"
    assert spelled(-5, "EUR") == "-0.05 EUR"
    assert (hundredths(None), exactly(True), exactly(0.5)) == (None, None, Fraction(1, 2))


def test_evidence_has_a_time_that_plays_no_part() -> None:
    item = desired(Want("chat", evaluations=("facts@1",))).deployments[0]
    one = replace(passing(item.evaluations[0]), key=digest_of("other"), completed_at=NOON)
    assert loads_measured([item], [counted(one, 1, 1)]) == {}
