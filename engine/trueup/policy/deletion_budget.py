"""The deletion budget of an environment: a plan that deletes more deployments than it allows is denied.

Judged from the policy document and by no Rego: a wrong folder name in `trueup.yaml` must not take an environment down
because a rule was softened. A PolicyException lifts it.
"""

from collections.abc import Iterator, Mapping

from trueup.core.json import Json, mapping_of
from trueup.policy.decision import Enforcement, Violation

RULE = "TU-02"
"""An id like those of the library, so that a PolicyException can name it."""
TITLE = "Deletions within the budget"


def over_budget(document: Mapping[str, Json]) -> Iterator[Violation]:
    """Yield a violation for each limit of the environment's `deletionBudget` that the plan exceeds."""
    environment = mapping_of(document.get("environment"))
    budget = mapping_of(mapping_of(environment.get("settings")).get("deletionBudget"))
    deleted = _deleted(document)
    if not budget or not deleted:
        return
    running = len(_running(document) | deleted)
    count = len(deleted)
    said = f"The plan deletes {count} of {running} running {'deployment' if running == 1 else 'deployments'}"
    if not _is_within(count, budget.get("max")):
        yield _violation(environment, "max", f"{said}, and `deletionBudget.max` is {budget['max']}.")
    share = count * 100 / running
    if not _is_within(share, budget.get("maxPercent")):
        detail = f"{said} ({share:.4g} %), and `deletionBudget.maxPercent` is {budget['maxPercent']}."
        yield _violation(environment, "maxPercent", detail)


def _deleted(document: Mapping[str, Json]) -> set[str]:
    """Return the deployments that are deleted; a server that no release needs is nobody's loss."""
    operations = mapping_of(document.get("change")).get("operations")
    return {
        str(operation.get("address"))
        for operation in (operations if isinstance(operations, list | tuple) else ())
        if isinstance(operation, Mapping)
        and operation.get("kind") == "delete"
        and str(operation.get("address")).startswith("Deployment/")
    }


def _running(document: Mapping[str, Json]) -> set[str]:
    routes = mapping_of(document.get("observed")).get("routes")
    return {
        str(route.get("deployment"))
        for route in (routes if isinstance(routes, list | tuple) else ())
        if isinstance(route, Mapping)
    }


def _violation(environment: Mapping[str, Json], limit: str, message: str) -> Violation:
    return Violation(
        rule=RULE,
        title=TITLE,
        severity="critical",
        enforcement=Enforcement.DENY,
        address=f"Environment/{environment.get('name')}",
        path=("spec", "deletionBudget", limit),
        message=message,
        remediation="Delete fewer at once, raise the budget in a change of its own, or declare a PolicyException.",
    )


def _is_within(amount: float, limit: Json) -> bool:
    """Tell whether *amount* keeps *limit*; where none is declared all do, where it is no number none does."""
    if limit is None:
        return True
    return isinstance(limit, int | float) and not isinstance(limit, bool) and amount <= limit
