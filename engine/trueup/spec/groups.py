"""Groups of resources that can be asked for by name, so that nobody has to look at every resource to find a few."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from trueup.core.ids import ResourceId
from trueup.spec.lifecycle import is_leaving
from trueup.spec.resource import Resource, Resources

ENVIRONMENTS = "Environment"
EXCEPTIONS = "PolicyException"
LEAVING = "leaving"
"""Versions that are drained or further."""
INCLUDING = "including"
"""Documents that take in the text of a file."""

_BY_KIND = (ENVIRONMENTS, EXCEPTIONS)


def deployments_of(environment: str) -> str:
    """Return the name of the group of the deployments of *environment*."""
    return f"Deployment/{environment}"


def groups_of(resource: Resource) -> Iterator[str]:
    """Yield the groups that *resource* belongs to; it says so itself, whatever else is declared."""
    id_ = resource.id
    if id_.kind in _BY_KIND:
        yield id_.kind
    if id_.kind == "Deployment":
        yield deployments_of(id_.environment)
    yield from (group for group, belongs in _TOLD_BY_CONTENT.items() if belongs(resource))


def _takes_in(resource: Resource) -> bool:
    return b'"file":' in resource.canonical and b'"content":' in resource.canonical


_TOLD_BY_CONTENT: Mapping[str, Callable[[Resource], bool]] = {LEAVING: is_leaving, INCLUDING: _takes_in}


class Grouped(Mapping[ResourceId, Resource]):
    """Resources that know their groups."""

    @abstractmethod
    def members(self, group: str) -> tuple[Resource, ...]:
        """Return the members of *group*, in any order."""


class Narrowed(Grouped):
    """The resources of a revision, of which some are at hand and all can be had.

    Args:
        part: Those at hand.
        groups: Groups whose members are all at hand.
        rest: Returns all resources; asked once, when somebody looks for what is not at hand.
    """

    def __init__(
        self,
        part: Mapping[ResourceId, Resource],
        groups: Mapping[str, tuple[ResourceId, ...]],
        rest: Callable[[], Resources],
    ) -> None:
        self._part = part
        self._groups = groups
        self._rest = rest

    @cached_property
    def _all(self) -> Resources:
        return self._rest()

    def __getitem__(self, id_: ResourceId) -> Resource:
        found = self._part.get(id_)
        return self._all[id_] if found is None else found

    def __iter__(self) -> Iterator[ResourceId]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def members(self, group: str) -> tuple[Resource, ...]:
        """Return the members of *group*; those at hand when all of them are."""
        found = self._groups.get(group)
        return members(self._all, group) if found is None else tuple(self._part[id_] for id_ in found)


def members(resources: Resources, group: str) -> tuple[Resource, ...]:
    """Return the members of *group* among *resources*, sorted by id."""
    if isinstance(resources, Grouped):
        return tuple(sorted(resources.members(group), key=lambda r: r.id))
    kind = group.partition("/")[0]
    if kind in (*_BY_KIND, "Deployment"):  # told by ids alone
        environment = group.partition("/")[2]
        chosen = (id_ for id_ in resources if id_.kind == kind and id_.environment == environment)
        return tuple(resources[id_] for id_ in sorted(chosen))
    return tuple(sorted(filter(_TOLD_BY_CONTENT[group], resources.values()), key=lambda r: r.id))
