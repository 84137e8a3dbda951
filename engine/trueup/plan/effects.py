"""What a plan does besides its changes: to what a month costs, and to what releases are held to.

All of it is computed for policy (`derived.cost`, `derived.evaluationChanges`, `derived.deletions` of its document);
people read it here.
"""

from collections.abc import Mapping

from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of


@dataclass(frozen=True, slots=True)
class DeploymentCost:
    """What a month of one deployment costs, in hundredths; None when it is unknown.

    Attributes:
        address: The deployment.
        before: A month as it serves; 0 when it does not serve yet.
        after: A month as it is desired; 0 when it is not desired any more.
        thousand_before: 1,000 requests as it serves.
        thousand_after: 1,000 requests as it is desired.
        tokens_from: `workload` or `evidence`: where the tokens of a request are known from; empty when they are not.
    """

    address: str
    before: int | None = None
    after: int | None = None
    thousand_before: int | None = None
    thousand_after: int | None = None
    tokens_from: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether the plan makes it dearer or cheaper."""
        return (self.before, self.thousand_before) != (self.after, self.thousand_after)


@dataclass(frozen=True, slots=True)
class MonthlyCost:
    """What a month of an environment costs, in hundredths of the currency; None when it is unknown.

    Attributes:
        currency: ISO 4217.
        before: A month of what serves.
        after: A month of what is desired.
        budget: The declared budget of a month; None without one.
        gpu_hours_before: Accelerator hours of what serves.
        gpu_hours_after: Accelerator hours of what is desired.
        accelerators: What is desired, by product.
        unpriced: Deployments that nobody can price.
        deployments: The deployments that cost something, or whose load is known.
    """

    currency: str
    before: int | None = None
    after: int | None = None
    budget: int | None = None
    gpu_hours_before: int | None = None
    gpu_hours_after: int | None = None
    accelerators: tuple[tuple[str, int], ...] = ()
    unpriced: tuple[str, ...] = ()
    deployments: tuple[DeploymentCost, ...] = ()


@dataclass(frozen=True, slots=True)
class Loosened:
    """Something that the change makes easier to pass; the fields are those of `derived.evaluationChanges`."""

    address: str
    kind: str
    before: Json = None
    after: Json = None

    def to_json(self) -> dict[str, Json]:
        """Return it as JSON."""
        return {"address": self.address, "kind": self.kind, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class Deleted:
    """How much of an environment the plan deletes, and how much may be.

    Attributes:
        count: Deployments that it deletes.
        running: Deployments that run, those included.
        confirmed: Addresses of those that a mark confirms.
        most: The declared number; None without one.
        most_percent: The declared share; None without one.
        is_all: Nothing is left.
    """

    count: int
    running: int
    confirmed: tuple[str, ...] = ()
    most: float | None = None
    most_percent: float | None = None
    is_all: bool = False

    def to_json(self) -> dict[str, Json]:
        """Return it as `derived.deletions` has it."""
        budget: dict[str, Json] = {"max": self.most, "maxPercent": self.most_percent}
        return {
            "deleted": self.count,
            "running": self.running,
            "confirmed": list(self.confirmed),
            "isAll": self.is_all,
            "budget": {key: limit for key, limit in budget.items() if limit is not None},
        }


@dataclass(frozen=True, slots=True)
class Effects:
    """What a plan does besides its changes.

    `cost` is None where nothing has a price, `deleted` where no deployment is deleted.
    """

    cost: MonthlyCost | None = None
    loosened: tuple[Loosened, ...] = ()
    deleted: Deleted | None = None

    def to_json(self) -> dict[str, Json]:
        """Return what `read_effects` reads."""
        found: dict[str, Json] = {"evaluationChanges": [one.to_json() for one in self.loosened]}
        if self.deleted is not None:
            found["deletions"] = self.deleted.to_json()
        return {**found, "cost": _cost_json(self.cost)} if self.cost is not None else found


def read_effects(derived: Json) -> Effects:
    """Read the derived facts of a policy document; what is not there, or is something else, is left out."""
    facts = mapping_of(derived)
    cost, changes = facts.get("cost"), facts.get("evaluationChanges")
    found = [mapping_of(c) for c in changes] if isinstance(changes, list | tuple) else []
    return Effects(
        _read_cost(cost) if isinstance(cost, Mapping) else None,
        tuple(Loosened(str(c.get("address")), str(c.get("kind")), c.get("before"), c.get("after")) for c in found),
        _read_deleted(mapping_of(facts.get("deletions"))),
    )


def _read_deleted(deletions: Mapping[str, Json]) -> Deleted | None:
    count, running = _whole(deletions.get("deleted")), _whole(deletions.get("running"))
    if count is None or running is None:
        return None
    budget, confirmed = mapping_of(deletions.get("budget")), deletions.get("confirmed")
    return Deleted(
        count,
        running,
        tuple(str(c) for c in confirmed) if isinstance(confirmed, list | tuple) else (),
        _number(budget.get("max")),
        _number(budget.get("maxPercent")),
        deletions.get("isAll") is True,
    )


def _read_cost(cost: Mapping[str, Json]) -> MonthlyCost:
    unpriced = cost.get("unpriced")
    before, after, budget, hours_before, hours_after = (_whole(cost.get(key)) for key in _AMOUNTS)
    return MonthlyCost(
        currency=str(cost.get("currency")),
        before=before,
        after=after,
        budget=budget,
        gpu_hours_before=hours_before,
        gpu_hours_after=hours_after,
        accelerators=tuple((sku, _whole(n) or 0) for sku, n in sorted(mapping_of(cost.get("accelerators")).items())),
        unpriced=tuple(str(u) for u in unpriced) if isinstance(unpriced, list | tuple) else (),
        deployments=tuple(
            _read_deployment(address, mapping_of(parts))
            for address, parts in sorted(mapping_of(cost.get("byDeployment")).items())
        ),
    )


_AMOUNTS = ("monthlyBefore", "monthlyAfter", "monthlyBudget", "gpuHoursBefore", "gpuHoursAfter")


def _read_deployment(address: str, parts: Mapping[str, Json]) -> DeploymentCost:
    before, after = mapping_of(parts.get("before")), mapping_of(parts.get("after"))
    return DeploymentCost(
        address,
        _whole(before.get("monthly")) if before else 0,
        _whole(after.get("monthly")) if after else 0,
        _whole(before.get("perThousandRequests")),
        _whole(after.get("perThousandRequests")),
        str(mapping_of(after.get("tokensPerRequest")).get("from") or ""),
    )


def _cost_json(cost: MonthlyCost) -> Json:
    amounts = (cost.before, cost.after, cost.budget, cost.gpu_hours_before, cost.gpu_hours_after)
    return {
        "currency": cost.currency,
        **dict(zip(_AMOUNTS, amounts, strict=True)),
        "accelerators": dict(cost.accelerators),
        "unpriced": list(cost.unpriced),
        "byDeployment": {d.address: _parts_json(d) for d in cost.deployments},
    }


def _parts_json(cost: DeploymentCost) -> Json:
    tokens: Json = {"from": cost.tokens_from} if cost.tokens_from else None
    return {
        "before": {"monthly": cost.before, "perThousandRequests": cost.thousand_before},
        "after": {"monthly": cost.after, "perThousandRequests": cost.thousand_after, "tokensPerRequest": tokens},
    }


def _number(value: Json) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
