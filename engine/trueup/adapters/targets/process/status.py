"""What runs in one environment: published by the supervisor, read by commands and by the gateway."""

from collections.abc import Mapping

from trueup.adapters.targets.process.layout import Layout, read_json
from trueup.adapters.targets.process.supervision import Child, child_from_json
from trueup.adapters.targets.process.wanted import (
    FORMAT,
    GATEWAY,
    Wanted,
    WantedChild,
    WantedGateway,
    WantedServer,
    gateway_from_json,
    server_from_json,
)
from trueup.core.frozen import dataclass
from trueup.core.json import Json


@dataclass(frozen=True, slots=True)
class Status:
    """One publication of the supervisor.

    Attributes:
        pid: The supervisor's process id.
        started: Start time of that process.
        generation: Generation of the wanted state it has taken up.
        children: Each child with the wanted child it was started for.
    """

    pid: int
    started: float
    generation: int
    children: tuple[tuple[Child, WantedChild], ...]

    def child(self, id_: str) -> Child | None:
        """Return the child named *id_*."""
        return next((c for c, _ in self.children if c.id == id_), None)

    def to_json(self) -> dict[str, Json]:
        """Return the publication as JSON."""
        return {
            "format": FORMAT,
            "supervisor": {"pid": self.pid, "started": self.started},
            "generation": self.generation,
            "children": [{**c.to_json(), "wanted": w.to_json()} for c, w in self.children],
        }

    def wanted(self) -> Wanted:
        """Return what these children were wanted as; stands in for a damaged `wanted.json`."""
        wanted = [w for _, w in self.children]
        gateways = [w for w in wanted if isinstance(w, WantedGateway)]
        return Wanted(
            self.generation,
            tuple(w for w in wanted if isinstance(w, WantedServer)),
            gateways[0] if gateways else None,
        )


def status_from_json(value: Json) -> Status | None:
    """Read a publication; None when it is none, damaged, or of another version."""
    try:
        if not isinstance(value, Mapping) or value["format"] != FORMAT:
            return None
        supervisor = value["supervisor"]
        children = value["children"]
        if not isinstance(supervisor, Mapping) or not isinstance(children, list):
            return None
        return Status(
            pid=int(str(supervisor["pid"])),
            started=float(str(supervisor["started"])),
            generation=int(str(value["generation"])),
            children=tuple(_entry(c) for c in children if isinstance(c, Mapping)),
        )
    except (KeyError, TypeError, ValueError):
        return None


def read_status(layout: Layout) -> Status | None:
    """Return the last publication; None when there is none that can be read."""
    return status_from_json(read_json(layout.status))


def _entry(value: Mapping[str, Json]) -> tuple[Child, WantedChild]:
    wanted = value["wanted"]
    if not isinstance(wanted, Mapping):
        raise TypeError("a child without what it was wanted as")
    child = child_from_json(value)
    return child, gateway_from_json(wanted) if child.id == GATEWAY else server_from_json(wanted)
