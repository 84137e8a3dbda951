"""What an environment costs a month, before and after, in whole hundredths of its currency.

Accelerators are paid by the hour; machines without any too, where they have a price, and cost nothing here where they
have none. A model that a provider serves is paid by the token, for the load that its deployment declares. What has no
price is unknown, which is never nothing.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from trueup.core.durations import parse_duration
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.core.money import exactly, hundredths
from trueup.desired.state import DesiredDeployment, DesiredState
from trueup.evidence.costs import mean_tokens
from trueup.evidence.evidence import Evidence
from trueup.evidence.prices import PROVIDER, Prices, prices_of
from trueup.observed.state import ObservedRoute, ObservedState
from trueup.policy.facts.capacity import HOURS_A_MONTH, Demand, demand_of
from trueup.policy.facts.lineage import spec_of

_SECONDS_A_MONTH = HOURS_A_MONTH * 3600

WORKLOAD, EVIDENCE = "workload", "evidence"
"""Where the tokens of a request are known from: they are declared, or were measured by an evaluation."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a deployment.

    Attributes:
        rate: Requests a second; None when nobody says.
        read: Tokens read for one request; None when nobody knows.
        written: Tokens written for one request; None when nobody knows.
        source: `workload` or `evidence`: where the tokens are known from.
    """

    rate: Fraction | None = None
    read: Fraction | None = None
    written: Fraction | None = None
    source: str = WORKLOAD

    @property
    def has_tokens(self) -> bool:
        """Whether it is known how many tokens a request has."""
        return self.read is not None and self.written is not None


@dataclass(frozen=True, slots=True)
class Use:
    """What one deployment takes, and what is asked of it; `by_tokens` when a provider serves its model."""

    demand: Demand
    load: Load = Load()
    by_tokens: bool = False


def environment_cost(
    desired: DesiredState,
    observed: ObservedState,
    settings: Json,
    demanded: Mapping[str, Demand],
    documents: Mapping[str, Json],
) -> dict[str, Json]:
    """Return what a month of an environment costs, before and after, at the prices in *settings*.

    *demanded* is what each deployment may take; *documents* are those that were read already, by address.
    """
    measured = loads_measured(desired.deployments, observed.evidence)
    used = uses(desired.deployments, demanded, documents, measured)
    return cost_facts(used, observed.target.routes, settings)


def uses(
    deployments: Iterable[DesiredDeployment],
    demanded: Mapping[str, Demand],
    documents: Mapping[str, Json],
    measured: Mapping[str, Load],
) -> dict[str, Use]:
    """Return what each of *deployments* takes, by address.

    Args:
        deployments: What is desired.
        demanded: What each may take (`capacity.demands`); what is not among it has no document.
        documents: Documents that were read already.
        measured: Tokens of a request by address, where an evaluation counted them; what is declared comes first.
    """
    found: dict[str, Use] = {}
    for deployment in deployments:
        address = str(deployment.id)
        if address in demanded:
            load = _declared_load(deployment, documents)
            by_tokens = deployment.release.artifact.uri.startswith(PROVIDER)
            found[address] = Use(demanded[address], _completed(load, measured.get(address)), by_tokens)
    return found


def _declared_load(deployment: DesiredDeployment, documents: Mapping[str, Json]) -> Load:
    own = next((r for r in deployment.resources if r.id == deployment.id), None)
    # Most deployments of many declare no load, and their documents need not be read again to see that.
    if own is None or b'"workload"' not in own.canonical:
        return Load()
    return load_of(documents.get(str(own.id)) or json.loads(own.canonical))


def load_of(document: Json) -> Load:
    """Return the load that the Deployment *document* declares."""
    declared = mapping_of(spec_of(document).get("workload"))
    return Load(exactly(declared.get("requestRate")), exactly(declared.get("isl")), exactly(declared.get("osl")))


def loads_measured(deployments: Iterable[DesiredDeployment], evidence: Iterable[Evidence]) -> dict[str, Load]:
    """Return the tokens of a request by address, as the first evaluation that counted them has them."""
    newest = {e.key: e for e in reversed(tuple(evidence))}
    found: dict[str, Load] = {}
    for deployment in deployments:
        for required in deployment.evaluations:
            one = newest.get(required.key)
            mean = mean_tokens(one) if one is not None else None
            if mean is not None:
                found.setdefault(str(deployment.id), Load(None, *mean, EVIDENCE))
    return found


def _completed(declared: Load, measured: Load | None) -> Load:
    if measured is None or declared.has_tokens:
        return declared
    return replace(measured, rate=declared.rate)


def cost_facts(used: Mapping[str, Use], routes: Iterable[ObservedRoute], settings: Json) -> dict[str, Json]:
    """Return what a month of what serves and of what is desired costs, at the prices in *settings*."""
    prices = prices_of(settings)
    serving = {str(route.deployment): _serving(route) for route in routes}
    before, after = _monthly(serving.values(), prices), _monthly(used.values(), prices)
    return {
        "currency": prices.currency,
        "monthlyBefore": before,
        "monthlyAfter": after,
        "monthlyDelta": None if before is None or after is None else after - before,
        "monthlyBudget": _budget(settings),
        "unpriced": [address for address, use in used.items() if _month(use, prices) is None],
        "gpuHoursBefore": _gpu_hours(serving.values()),
        "gpuHoursAfter": _gpu_hours(used.values()),
        "accelerators": _by_product(used.values()),
        "byDeployment": _by_deployment(serving, used, prices),
    }


def is_priced(settings: Json) -> bool:
    """Tell whether anything has a price in *settings*."""
    return not prices_of(settings).is_empty


def _serving(route: ObservedRoute) -> Use | None:
    """Return what a deployment that serves takes, as it was declared when it was applied; None when unknown."""
    match route.manifest:
        case {"documents": documents} if isinstance(documents, Mapping):
            document = documents.get(str(route.deployment))
            if document is None:
                return None
            model = mapping_of(spec_of(document).get("release")).get("model")
            source = mapping_of(spec_of(documents.get(f"Model/{model}")).get("source"))
            return Use(demand_of(document), load_of(document), str(source.get("uri")).startswith(PROVIDER))
        case _:
            return None


def _monthly(used: Iterable[Use | None], prices: Prices) -> int | None:
    """Return the sum, rounded up once; None when a part of it is unknown."""
    parts = [None if use is None else _month(use, prices) for use in used]
    known = [part for part in parts if part is not None]
    return math.ceil(sum(known)) if len(known) == len(parts) else None


def _month(use: Use, prices: Prices) -> Fraction | None:
    demand = use.demand
    hours = Fraction(0)
    if demand.accelerators:
        if demand.sku not in prices.accelerators:
            return None
        hours = prices.accelerators[demand.sku] * demand.accelerators * HOURS_A_MONTH
    if use.by_tokens:
        tokens = _request(use, prices)
        return None if tokens is None or use.load.rate is None else hours + tokens * use.load.rate * _SECONDS_A_MONTH
    if not demand.accelerators and prices.machine_hour is not None:
        return prices.machine_hour * demand.replicas * HOURS_A_MONTH
    return hours


def _request(use: Use, prices: Prices) -> Fraction | None:
    """Return what a provider takes for the tokens of one request; None when it is unknown."""
    if use.load.read is None or use.load.written is None:
        return None
    return prices.rates(by_tokens=True).for_tokens(use.load.read, use.load.written)


def _thousand(use: Use, prices: Prices) -> int | None:
    """Return what 1,000 requests cost: by their tokens where a provider serves, else their share of a month."""
    month = _month(use, prices)
    if use.by_tokens:
        one = _request(use, prices)
    elif month is None or not use.load.rate or not (use.demand.accelerators or prices.machine_hour is not None):
        one = None  # what has no price costs nothing in a month's sum, and is not said to be free
    else:
        one = month / (use.load.rate * _SECONDS_A_MONTH)
    return None if one is None else math.ceil(one * 1000)


_NOTHING: dict[str, Json] = {
    "monthly": 0,
    "gpuHours": 0,
    "tokens": None,
    "tokensPerRequest": None,
    "perThousandRequests": None,
}
"""What is said of a deployment that costs nothing and of whose load nobody says anything: it is left out."""


def _by_deployment(
    serving: Mapping[str, Use | None], used: Mapping[str, Use], prices: Prices
) -> dict[str, Mapping[str, Json]]:
    found: dict[str, Mapping[str, Json]] = {}
    for address in sorted(serving.keys() | used.keys()):
        before, after = (_part(uses_[address], prices) if address in uses_ else None for uses_ in (serving, used))
        if any(part not in (None, _NOTHING) for part in (before, after)):
            found[address] = {"before": before, "after": after}
    return found


def _part(use: Use | None, prices: Prices) -> dict[str, Json]:
    if use is None:
        return {**_NOTHING, "monthly": None, "gpuHours": None}
    month = _month(use, prices)
    return {
        "monthly": None if month is None else math.ceil(month),
        "gpuHours": use.demand.accelerators * HOURS_A_MONTH,
        "tokens": _tokens(use.load),
        "tokensPerRequest": _per_request(use.load),
        "perThousandRequests": _thousand(use, prices),
    }


def _tokens(load: Load) -> Json:
    """Return the tokens of a month, rounded up; None when nobody says how many requests there are."""
    if load.rate is None or load.read is None or load.written is None:
        return None
    month = load.rate * _SECONDS_A_MONTH
    return {"input": math.ceil(load.read * month), "output": math.ceil(load.written * month)}


def _per_request(load: Load) -> Json:
    if load.read is None or load.written is None:
        return None
    return {"input": math.ceil(load.read), "output": math.ceil(load.written), "from": load.source}


def _gpu_hours(used: Iterable[Use | None]) -> int | None:
    total = 0
    for use in used:
        if use is None:
            return None
        total += use.demand.accelerators * HOURS_A_MONTH
    return total


def _by_product(used: Iterable[Use]) -> dict[str, int]:
    found: dict[str, int] = {}
    for use in used:
        if use.demand.accelerators:
            found[use.demand.sku] = found.get(use.demand.sku, 0) + use.demand.accelerators
    return dict(sorted(found.items()))


def _budget(settings: Json) -> int | None:
    """Return the budget of a month, rounded down."""
    budget = mapping_of(mapping_of(settings).get("budget"))
    amount, duration = hundredths(budget.get("maxBudget")), parse_duration(str(budget.get("budgetDuration") or ""))
    if amount is None or not duration:
        return None
    return math.floor(amount * HOURS_A_MONTH * 3600 / Fraction(duration.total_seconds()))
