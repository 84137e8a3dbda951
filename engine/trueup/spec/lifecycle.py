"""Where versions are in their lives: the phases, their order, and which of them something may use."""

from collections.abc import Mapping

from trueup.core.json import Json, mapping_of
from trueup.spec.resource import Resource, document_of

KINDS = ("Model", "Adapter")
"""Kinds that have a lifecycle."""
ACTIVE, DEPRECATED, DRAINED, ARCHIVED, DELETED = STEPS = ("active", "deprecated", "drained", "archived", "deleted")
"""The way out, one step at a time; a candidate has not begun it."""
KEPT = (DRAINED, ARCHIVED)
"""Phases in which nothing declares the version, and its artifact is kept."""
_LEAVING = (DRAINED, ARCHIVED, DELETED)
_LEAVING_SPELLED = tuple(phase.encode() for phase in _LEAVING)
UNUSABLE = (ARCHIVED, DELETED)
"""Phases in which nothing goes back to a release with it."""


def phase_of(resource: Resource) -> str:
    """Return the phase that is declared for a Model or Adapter."""
    return phase_in(document_of(resource))


def phase_in(document: Json) -> str:
    """Return the phase that a document declares; without one, it is active."""
    spec = mapping_of(mapping_of(document).get("spec"))
    return str(mapping_of(spec.get("lifecycle")).get("phase") or ACTIVE)


def is_leaving(resource: Resource) -> bool:
    """Tell whether a version is drained or further on its way out."""
    if not has_lifecycle(resource) or not any(phase in resource.canonical for phase in _LEAVING_SPELLED):
        return False  # told without reading the document: most that have a lifecycle are active
    return phase_of(resource) in _LEAVING


def has_lifecycle(resource: Resource) -> bool:
    """Tell whether a Model or Adapter says where it is in its life."""
    return resource.id.kind in KINDS and b'"lifecycle"' in resource.canonical


def parts_of(release: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the addresses that a release in a manifest, or in the policy document, is made of."""
    adapters = release.get("adapters")
    parts = [release.get("model"), release.get("prompt"), release.get("build")]
    parts += list(adapters) if isinstance(adapters, list | tuple) else []
    addresses = (mapping_of(part).get("address") for part in parts)
    return tuple(address for address in addresses if isinstance(address, str) and address)
