"""Room on a host that has none for two releases: what serves ends first, and starts again when the new one fails."""

from trueup.core.digests import Digest, short
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import ServerSpec
from trueup.observed.state import ObservedRoute, ObservedState
from trueup.reconcile import codes
from trueup.reconcile.routing import Routing
from trueup.reconcile.supply import Ports
from trueup.rollout.steps import HoldStep


class MakingRoom:
    """Ends and revives servers of one environment; `ended` are those that a rollout ended to make room."""

    def __init__(self, ports: Ports, environment: str, routing: Routing, observed: ObservedState) -> None:
        self._ports = ports
        self._environment = environment
        self._routing = routing
        self._specs = {s.key: s for s in map(served_spec, observed.target.routes) if s is not None}
        running = {s.key for s in observed.target.servers}
        self._gone = frozenset(r.server for r in observed.target.routes if r.server not in running)
        self.ended: tuple[ServerSpec, ...] = ()

    @property
    def absent(self) -> frozenset[Digest]:
        """Keys of the servers that were ended, or were gone already when the run began."""
        return frozenset(s.key for s in self.ended) | self._gone

    def begin(self) -> None:
        """Forget what an earlier rollout ended."""
        self.ended = ()

    def make(self, deployment: ResourceId, step: HoldStep) -> dict[str, Json]:
        """End the servers of *step*, when each can be started again."""
        specs = [self._specs.get(key) for key in step.servers]
        found = tuple(s for s in specs if s is not None)
        gone = [short(s.artifact) for s in found if self._ports.store.find(s.artifact) is None]
        if len(found) < len(specs) or gone:
            what = f"artifact {', '.join(gone)} is not in the store" if gone else "nobody knows how they were started"
            raise PermanentError(codes.NO_WAY_BACK, f"{deployment}: {what}.")
        if step.waits:
            self._routing.hold(deployment)
        self.ended = found
        self._ports.target.stop(self._environment, step.servers)
        return {"servers": list(step.servers), "waits": step.waits}

    def revive(self) -> str:
        """Start again what was ended, and say what."""
        for server in self.ended:
            artifact = self._ports.store.find(server.artifact)
            if artifact is None:
                raise PermanentError(codes.NO_WAY_BACK, f"artifact {short(server.artifact)} is not in the store.")
            self._ports.target.start(self._environment, server, artifact)
        return "the servers that were ended serve again: " + ", ".join(short(s.key) for s in self.ended)


def served_spec(route: ObservedRoute) -> ServerSpec | None:
    """Return the server that *route* was applied with, as the target remembers it."""
    match route.manifest:
        case {"deployment": {"server": server}}:
            try:
                return ServerSpec.from_json(server)
            except (ValueError, TypeError):
                return None
        case _:
            return None
