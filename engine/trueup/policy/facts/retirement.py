"""Versions on their way out: which step they take, and what still declares or needs them."""

from collections.abc import Callable, Iterable, Mapping

from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.observed.needs import Need
from trueup.spec.lifecycle import has_lifecycle, is_leaving, phase_of
from trueup.spec.resource import Resource, Resources

_USERS = ("Deployment", "Evaluation")
"""Kinds that let a model run: what serves it, and what asks it to judge."""
_PARTS = ("Model", "Adapter", "Prompt", "Build")


@dataclass(frozen=True, slots=True)
class Retiring:
    """One version on its way out, or gone from git.

    Attributes:
        address: Its address.
        phase: Its phase now; empty when it is declared no more.
        before: Its phase before this step; empty when it is new, None when nobody knows.
        declared_by: Addresses of what lets it run.
        needed_by: Releases that need it, of all environments.
    """

    address: str
    phase: str
    before: str | None
    declared_by: tuple[str, ...] = ()
    needed_by: tuple[Need, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return it as the policy document has it."""
        return {
            "address": self.address,
            "phase": self.phase,
            "before": self.before,
            "declaredBy": list(self.declared_by),
            "neededBy": [need.to_json() for need in self.needed_by],
        }


def retiring(
    resources: Resources,
    before: Callable[[ResourceId], Resource | None] | None,
    removed: Iterable[ResourceId],
    needs: Mapping[str, tuple[Need, ...]],
) -> tuple[Retiring, ...]:
    """Return the versions that are drained or further, or come from there, and removed ones that something needs.

    Args:
        resources: What is declared.
        before: Finds a resource as it was before this step; None when nobody knows.
        removed: Ids that were declared before.
        needs: What needs a version, by address.
    """
    found = []
    for id_, resource in resources.items():
        if not has_lifecycle(resource):
            continue
        was = before(id_) if before else None
        then = None if before is None else "" if was is None else phase_of(was)
        if is_leaving(resource) or (was is not None and is_leaving(was)):
            users = tuple(str(r.id) for r in resources.values() if _lets_run(r, id_))
            found.append(Retiring(str(id_), phase_of(resource), then, users, needs.get(str(id_), ())))
    for id_ in removed:
        if id_.kind in _PARTS and str(id_) in needs:
            was = before(id_) if before else None
            then = phase_of(was) if was is not None else None
            found.append(Retiring(str(id_), "", then, (), needs[str(id_)]))
    return tuple(sorted(found, key=lambda r: r.address))


def _lets_run(resource: Resource, id_: ResourceId) -> bool:
    return resource.id.kind in _USERS and any(r.target == id_ for r in resource.references)
