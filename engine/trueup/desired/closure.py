"""Which documents a deployment reaches, by following references; iterative, so that depth does not matter."""

from collections.abc import Iterable

from trueup.core.ids import ResourceId
from trueup.spec.resource import Resource, Resources

BOUNDARIES = frozenset({"Environment", "Deployment"})
"""Kinds that are not followed into: an upstream environment or a fallback deployment is not part of what serves here,
and a change of theirs must not look like a change of this deployment."""


def reachable(start: Iterable[ResourceId], resources: Resources) -> tuple[Resource, ...]:
    """Return *start* and everything it refers to, sorted by id; ids nobody declares are left out."""
    found: dict[ResourceId, Resource] = {}
    waiting = list(start)
    while waiting:
        id_ = waiting.pop()
        resource = resources.get(id_)
        if resource is None or id_ in found:
            continue
        found[id_] = resource
        waiting.extend(r.target for r in resource.references if r.target.kind not in BOUNDARIES)
    return tuple(found[id_] for id_ in sorted(found))
