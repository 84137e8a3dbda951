"""What the environment's accelerators cost a month, before and after, in whole hundredths of its currency.

Only accelerators have a price in an Environment; what runs without any costs nothing here.
"""

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction

from trueup.core.durations import parse_duration
from trueup.core.json import Json
from trueup.observed.state import ObservedRoute
from trueup.policy.facts.capacity import HOURS_A_MONTH, Demand, demand_of, pools
from trueup.policy.facts.quantities import hundredths


def cost_facts(demanded: Mapping[str, Demand], routes: Iterable[ObservedRoute], settings: Json) -> Json:
    """Return monthly cost of what serves and of what is *demanded*, at the prices in *settings*."""
    budget = settings.get("budget") if isinstance(settings, Mapping) else None
    budget = budget if isinstance(budget, Mapping) else {}
    prices = {str(p.get("sku")): price for p in pools(settings) if (price := hundredths(p.get("pricePerHour")))}
    free = {str(p.get("sku")) for p in pools(settings) if p.get("pricePerHour") == 0}
    prices |= dict.fromkeys(free, Fraction(0))
    unpriced = [address for address, demand in demanded.items() if demand.accelerators and demand.sku not in prices]
    before = _monthly((_serving(route) for route in routes), prices)
    after = _monthly(demanded.values(), prices)
    return {
        "currency": str(budget.get("currency") or "USD"),
        "monthlyBefore": before,
        "monthlyAfter": after,
        "monthlyDelta": None if before is None or after is None else after - before,
        "monthlyBudget": _budget(budget),
        "unpriced": unpriced,
    }


def _serving(route: ObservedRoute) -> Demand | None:
    """Return what a deployment that serves may take, as it was declared when it was applied; None when unknown."""
    match route.manifest:
        case {"documents": documents} if isinstance(documents, Mapping):
            document = documents.get(str(route.deployment))
            return None if document is None else demand_of(document)
        case _:
            return None


def _monthly(demanded: Iterable[Demand | None], prices: Mapping[str, Fraction]) -> int | None:
    total = Fraction(0)
    for demand in demanded:
        if demand is None or (demand.accelerators and demand.sku not in prices):
            return None
        if demand.accelerators:
            total += prices[demand.sku] * demand.accelerators * HOURS_A_MONTH
    return math.ceil(total)


def _budget(budget: Mapping[str, Json]) -> int | None:
    """Return the budget of a month, rounded down."""
    amount, duration = hundredths(budget.get("maxBudget")), parse_duration(str(budget.get("budgetDuration") or ""))
    if amount is None or not duration:
        return None
    return math.floor(amount * HOURS_A_MONTH * 3600 / Fraction(duration.total_seconds()))
