"""Declared documents as they were at the base of a change; only files that differ were read there."""

from collections.abc import Mapping

from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId, parse_address
from trueup.core.json import Json
from trueup.diff.masks import masked
from trueup.policy.facts.evaluation_changes import evaluation_changes
from trueup.spec.resource import Resource, Resources, document_of


@dataclass(frozen=True, slots=True)
class BaseResources:
    """Resources at the base: those of files that differ as they were, all others as they are.

    Attributes:
        now: Resources of the change.
        paths: Files that differ, also those whose included text does.
        then: What these files declared at the base.
    """

    now: Resources
    paths: frozenset[str]
    then: Resources

    def find(self, id_: ResourceId) -> Resource | None:
        """Return the resource as it was; None when there was none."""
        if id_ in self.then:
            return self.then[id_]
        found = self.now.get(id_)
        return None if found is None or found.origin.path in self.paths else found


def base_documents(base: BaseResources, shown: Mapping[ResourceId, Resource]) -> dict[str, Json]:
    """Return the documents among *shown* that differ, by address, as they were; null for those that are new."""
    found: dict[str, Json] = {}
    for id_, resource in shown.items():
        was = base.find(id_)
        if was is None or was.digest != resource.digest:
            found[str(id_)] = None if was is None else masked(document_of(was))
    return found


def loosened(base: BaseResources, environment: ResourceId) -> list[Json]:
    """Return what the change makes easier to pass in *environment*."""

    def before(address: str) -> Json:
        id_ = parse_address(address)
        was = base.find(id_) if id_ else None
        return document_of(was) if was else None

    def after(address: str) -> Json:
        id_ = parse_address(address)
        now = base.now.get(id_) if id_ else None
        return document_of(now) if now else None

    deployments = [
        str(id_)
        for id_, now in base.now.items()
        if (id_.kind, id_.environment) == ("Deployment", environment.name)
        and (was := base.find(id_)) is not None
        and was.digest != now.digest
    ]
    found = evaluation_changes(str(environment), before, after, deployments)
    masked_changes = masked(found)
    return list(masked_changes) if isinstance(masked_changes, list) else []
