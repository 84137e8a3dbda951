"""How much room a rollout takes at its peak: both releases at once, unless its strategy ends the old one first."""

from collections.abc import Mapping
from functools import cached_property

from trueup.core.ids import ResourceId
from trueup.core.json import Json, mapping_of
from trueup.desired.state import DesiredDeployment, DesiredState
from trueup.diff.changes import Room
from trueup.diff.manifests import Manifest, read_manifest
from trueup.diff.takeovers import ONE_AT_A_TIME, declared_takeover
from trueup.observed.state import ObservedState
from trueup.spec.resource import document_of


class Rooms:
    """What the rollouts of one plan take, each with everything else that is declared beside it."""

    def __init__(self, desired: DesiredState, observed: ObservedState) -> None:
        self._desired = {d.id: d for d in desired.deployments}
        self._routes = {r.deployment: r for r in observed.target.routes}

    @cached_property
    def _memory(self) -> Mapping[ResourceId, int | None]:
        """What every deployment declares; asked for only where something is rolled out."""
        return {id_: _memory(_own(d)) for id_, d in self._desired.items()}

    def of(self, id_: ResourceId) -> Room | None:
        """Return what the rollout of deployment *id_* takes; None when no server is replaced."""
        route = self._routes.get(id_)
        applied, server = read_manifest(route.manifest) if route else None, self._desired[id_].server
        if applied is None or applied.server == server.key:
            return None
        strategy = declared_takeover(self._desired[id_]).strategy
        both = strategy not in ONE_AT_A_TIME
        before = applied.replicas if both else 0
        new, old = self._memory[id_], _memory_of(applied, id_)
        peak = None if new is None or (both and old is None) else max(new + (old or 0 if both else 0), old or 0)
        others = [memory for other, memory in self._memory.items() if other != id_]
        beside = None if any(m is None for m in others) else sum(m or 0 for m in others)
        total = None if peak is None or beside is None else peak + beside
        return Room(strategy, max(server.replicas + before, applied.replicas), peak, total)


def _own(deployment: DesiredDeployment) -> Mapping[str, Json]:
    own = (mapping_of(document_of(r)) for r in deployment.resources if r.id == deployment.id)
    return next(own, {})


def _memory(document: Mapping[str, Json]) -> int | None:
    """Return the declared main memory of all servers of a deployment in MiB; None when it declares none."""
    spec = mapping_of(document.get("spec"))
    from trueup.core.quantities import mebibytes

    one, replicas = mebibytes(mapping_of(spec.get("resources")).get("memory")), spec.get("replicas")
    return None if one is None else one * (replicas if isinstance(replicas, int) else 1)


def _memory_of(applied: Manifest, id_: ResourceId) -> int | None:
    return _memory(mapping_of(applied.documents.get(str(id_))))
