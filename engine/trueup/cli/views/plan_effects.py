"""What a plan does to the cost of a month and to what releases are held to, in words and as JSON."""

from collections.abc import Iterator, Mapping

from trueup.core.json import Json
from trueup.core.money import spelled
from trueup.plan.effects import Deleted, DeploymentCost, Effects, Loosened, MonthlyCost

LOOSENED = "evaluation-loosened"
"""The class of a change that makes evaluations easier to pass."""

_KINDS: Mapping[str, str] = {
    "requirement-removed": "an evaluation is not required any more",
    "threshold-loosened": "a threshold is easier to reach",
    "threshold-removed": "a threshold is gone",
    "metric-dropped": "a metric is not measured any more",
    "regression-loosened": "a comparison forgives more",
    "suite-shrunk": "fewer examples are asked",
    "measured-otherwise": "it is measured in another way",
    "age-loosened": "older evidence counts",
    "judge-changed": "another judge scores the answers",
    "signature-dropped": "evidence counts without a signature",
    "prompt-test-dropped": "a test of the prompt asks less",
}
_SOURCES: Mapping[str, str] = {"workload": "tokens as declared", "evidence": "tokens as measured"}
_LONGEST_VALUE = 120


def cost_line(cost: MonthlyCost) -> str:
    """Say what a month costs: `cost a month: 1,234.00 -> 1,500.00 EUR (+266.00), 2 x h200_sxm, 1,460 GPU hours`."""
    parts = [f"cost a month: {_moved(cost.before, cost.after, cost.currency)}"]
    parts += [f"{count} x {sku or 'an accelerator without a name'}" for sku, count in cost.accelerators]
    if cost.gpu_hours_after:
        parts.append(f"{cost.gpu_hours_after:,} GPU hours")
    if cost.budget is not None:
        parts.append(f"budget {spelled(cost.budget)}")
    if cost.unpriced:
        parts.append(f"no price for {', '.join(cost.unpriced)}")
    return ", ".join(parts)


def cost_details(cost: MonthlyCost) -> Iterator[str]:
    """Yield a line for each deployment that becomes dearer or cheaper."""
    for one in cost.deployments:
        if one.is_changed:
            yield f"{one.address}: {_moved(one.before, one.after, '')}{_thousand(one)}"


def _thousand(cost: DeploymentCost) -> str:
    known = [spelled(amount) for amount in (cost.thousand_before, cost.thousand_after) if amount is not None]
    if cost.thousand_after is None:
        return ""
    source = _SOURCES.get(cost.tokens_from)
    return f"; 1,000 requests {_arrow(known[0], known[-1])}{f' ({source})' if source else ''}"


def _moved(before: int | None, after: int | None, currency: str) -> str:
    said = f"{_arrow(_amount(before), _amount(after))}{f' {currency}' if currency else ''}"
    if before is None or after is None or before == after:
        return said
    delta = after - before
    return f"{said} ({'+' if delta > 0 else ''}{spelled(delta)})"


def _arrow(before: str, after: str) -> str:
    return after if before == after else f"{before} -> {after}"


def _amount(value: int | None) -> str:
    return "unknown" if value is None else spelled(value)


def loosened_line(loosened: Loosened) -> str:
    """Say what is easier to pass: `Evaluation/facts@2: a threshold is easier to reach ({value: 0.8} to ...)`."""
    words = _KINDS.get(loosened.kind, "less is asked of releases")
    return f"{loosened.address}: {words} ({_value(loosened.before)} to {_value(loosened.after)})"


def _value(value: Json) -> str:
    said = "nothing" if value in (None, "") else _flow(value)
    return said if len(said) <= _LONGEST_VALUE else f"{said[:_LONGEST_VALUE]}..."


def _flow(value: Json) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {_flow(v)}' for name, v in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_flow(v) for v in value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def deleted_line(deleted: Deleted) -> str:
    """Say how much is deleted: `deletes 2 of 4 running deployments (50 %), 1 confirmed; allowed: 1, 25 %`."""
    words = "deployment" if deleted.running == 1 else "deployments"
    said = (
        f"deletes {deleted.count} of {deleted.running} running {words} ({deleted.count * 100 / deleted.running:.4g} %)"
    )
    said += f", {len(deleted.confirmed)} confirmed" if deleted.confirmed else ""
    said += ", and nothing is left" if deleted.is_all else ""
    limits = [f"{deleted.most:g}"] if deleted.most is not None else []
    limits += [f"{deleted.most_percent:g} %"] if deleted.most_percent is not None else []
    return f"{said}; allowed: {', '.join(limits) or 'any number, no deletionBudget is declared'}"


def effects_json(effects: Effects) -> dict[str, Json]:
    """Return the keys of JSON output; `cost` is null where nothing has a price."""
    cost = effects.cost
    return {
        "cost": None if cost is None else _cost_json(cost),
        "evaluation_loosened": [one.to_json() for one in effects.loosened],
        "deletions": None if effects.deleted is None else _deleted_json(effects.deleted),
    }


def _deleted_json(deleted: Deleted) -> Json:
    return {
        "deleted": deleted.count,
        "running": deleted.running,
        "confirmed": list(deleted.confirmed),
        "max": deleted.most,
        "max_percent": deleted.most_percent,
        "nothing_left": deleted.is_all,
    }


def _cost_json(cost: MonthlyCost) -> Json:
    known = cost.before is not None and cost.after is not None
    return {
        "currency": cost.currency,
        "monthly_before": cost.before,
        "monthly_after": cost.after,
        "monthly_delta": (cost.after or 0) - (cost.before or 0) if known else None,
        "monthly_budget": cost.budget,
        "gpu_hours_before": cost.gpu_hours_before,
        "gpu_hours_after": cost.gpu_hours_after,
        "accelerators": dict(cost.accelerators),
        "unpriced": list(cost.unpriced),
        "deployments": [
            {
                "address": one.address,
                "monthly_before": one.before,
                "monthly_after": one.after,
                "per_thousand_requests_before": one.thousand_before,
                "per_thousand_requests_after": one.thousand_after,
                "tokens_from": one.tokens_from or None,
            }
            for one in cost.deployments
        ],
    }
