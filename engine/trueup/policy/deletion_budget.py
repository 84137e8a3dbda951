"""The deletion budget of an environment: a plan that deletes more deployments than it allows is denied.

Judged from the policy document and by no Rego: a wrong folder name in `trueup.yaml` must not take an environment down
because a rule was softened. For the same reason a plan that leaves nothing of an environment is denied without a
budget, too. A mark in git lets a single deletion through: it names the deployment and the release that it serves, so
it says nothing about what is deployed under that name later.
"""

import re
from collections.abc import Iterator, Mapping

from trueup.core.digests import short
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.policy.decision import Enforcement, Violation
from trueup.spec.resource import Path

RULE = "TU-02"
"""An id like those of the library, so that a PolicyException can name it."""
TITLE = "Deletions within the budget"
MARK = "trueup.dev/confirm-delete"
"""Annotation of the Environment: `NAME@RELEASE`, several with commas or blanks between them."""
MARK_DIGITS = 12
"""Least number of digits of the release that a mark names: as many as trueup prints."""


@dataclass(frozen=True, slots=True)
class Deletions:
    """What a plan deletes.

    Attributes:
        deleted: Release of each deployment that it deletes, by address.
        confirmed: Those among them that a mark confirms.
        running: Number of the deployments that run, those included.
        is_all: Nothing of the environment is left.
        budget: The environment's `deletionBudget`.
    """

    deleted: Mapping[str, str]
    confirmed: frozenset[str]
    running: int
    is_all: bool
    budget: Mapping[str, Json]

    @property
    def unconfirmed(self) -> tuple[str, ...]:
        """What counts against the budget, sorted."""
        return tuple(sorted(self.deleted.keys() - self.confirmed))

    @property
    def marks(self) -> str:
        """What the mark of all that is not confirmed is."""
        return ", ".join(mark_of(address, self.deleted[address]) for address in self.unconfirmed)

    def to_json(self) -> dict[str, Json]:
        """Return it as rules and people read it."""
        keys = ("max", "maxPercent", "confirm")
        return {
            "deleted": len(self.deleted),
            "running": self.running,
            "confirmed": sorted(self.confirmed),
            "isAll": self.is_all,
            "budget": {key: self.budget[key] for key in keys if self.budget.get(key) is not None},
        }


def mark_of(address: str, release: str) -> str:
    """Return the mark that confirms deleting the deployment at *address* while it serves *release*."""
    return f"{address.rsplit('/', 1)[-1]}@{short(release, MARK_DIGITS)}"


def marks_in(annotations: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the marks among an Environment's annotations."""
    return tuple(mark for mark in re.split(r"[\s,]+", str(annotations.get(MARK) or "")) if mark)


def deletions_of(document: Mapping[str, Json]) -> Deletions | None:
    """Read what the plan of a policy document deletes; None when it deletes no deployment."""
    deleted = _deleted(document)
    if not deleted:
        return None
    environment = mapping_of(document.get("environment"))
    marks = _texts(environment.get("confirmedDeletions"))
    running = _running(document) | deleted.keys()
    return Deletions(
        deleted=deleted,
        confirmed=frozenset(a for a, release in deleted.items() if any(_confirms(m, a, release) for m in marks)),
        running=len(running),
        is_all=running <= deleted.keys() and not document.get("deployments"),
        budget=mapping_of(mapping_of(environment.get("settings")).get("deletionBudget")),
    )


def over_budget(document: Mapping[str, Json]) -> Iterator[Violation]:
    """Yield a violation for each limit of the environment's `deletionBudget` that the plan exceeds.

    What a mark confirms does not count; a plan that leaves nothing needs a mark for each deletion.
    """
    found = deletions_of(document)
    if found is None:
        return
    environment = str(mapping_of(document.get("environment")).get("name"))
    count, running = len(found.unconfirmed), found.running
    share = count * 100 / running
    words = "deployment" if running == 1 else "deployments"
    said = f"The plan deletes {len(found.deleted)} of {running} running {words}"
    confirmed = f", {len(found.confirmed)} of them confirmed" if found.confirmed else ""
    if not _is_within(count, found.budget.get("max")):
        message = f"{said}{confirmed}, and `deletionBudget.max` is {found.budget['max']}."
        yield _violation(environment, _budget("max"), message, found)
    if not _is_within(share, found.budget.get("maxPercent")):
        message = f"{said} ({share:.4g} %{confirmed}), and `deletionBudget.maxPercent` is {found.budget['maxPercent']}."
        yield _violation(environment, _budget("maxPercent"), message, found)
    if count and found.budget.get("confirm") not in {None, False}:
        message = f"{said}{confirmed}, and `deletionBudget.confirm` asks for a mark for each."
        yield _violation(environment, _budget("confirm"), message, found)
    if count and found.is_all:
        message = f"{said}{confirmed}, and nothing is declared any more. An environment is not emptied by mistake."
        yield _violation(environment, ("metadata", "annotations"), message, found)


def _budget(limit: str) -> Path:
    return ("spec", "deletionBudget", limit)


def _deleted(document: Mapping[str, Json]) -> dict[str, str]:
    """Return the deployments that are deleted; a server that no release needs is nobody's loss."""
    operations = mapping_of(document.get("change")).get("operations")
    return {
        str(operation.get("address")): str(operation.get("release") or "")
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


def _texts(value: Json) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else []


def _confirms(mark: str, address: str, release: str) -> bool:
    name, _, digits = mark.partition("@")
    digits = digits.removeprefix("sha256:")
    is_long_enough = len(digits) >= MARK_DIGITS
    return is_long_enough and name == address.rsplit("/", 1)[-1] and short(release, 64).startswith(digits)


def _violation(environment: str, path: Path, message: str, found: Deletions) -> Violation:
    return Violation(
        rule=RULE,
        title=TITLE,
        severity="critical",
        enforcement=Enforcement.DENY,
        address=f"Environment/{environment}",
        path=path,
        message=message,
        remediation="If it is meant, confirm it in a commit, by an annotation of the Environment: "
        f"`{MARK}: {found.marks}`. Else bring back what was declared, or delete fewer at once.",
    )


def _is_within(amount: float, limit: Json) -> bool:
    """Tell whether *amount* keeps *limit*; where none is declared all do, where it is no number none does."""
    if limit is None:
        return True
    return isinstance(limit, int | float) and not isinstance(limit, bool) and amount <= limit
