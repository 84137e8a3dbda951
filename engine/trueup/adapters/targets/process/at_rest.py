"""Environments in which nothing was ever started: seen by their files, without what starts, asks and ends processes.

A plan observes, and most of what it plans for is not there yet.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.adapters.targets.process.layout import layout_of, read_json
from trueup.core.digests import Digest
from trueup.core.ids import ResourceId
from trueup.observed.state import Health, ObservedTarget

if TYPE_CHECKING:
    from trueup.adapters.targets.process.target import ProcessTarget
    from trueup.desired.state import ServerSpec
    from trueup.observed.traffic import Traffic
    from trueup.ports import RouteTable


class RestingTarget:
    """`Target` that is made when there is something to observe, or something to do.

    Args:
        folder: The target's folder.
        make: Gives the target.
    """

    def __init__(self, folder: Path, make: "Callable[[], ProcessTarget]") -> None:
        self._folder = folder.absolute()
        self._make = make

    def observe(self, environment: str) -> ObservedTarget:
        """Report what runs for *environment*; nothing is started, stopped or written."""
        layout = layout_of(self._folder, environment)
        if read_json(layout.wanted) is None and read_json(layout.status) is None:
            return ObservedTarget(environment, Health.STOPPED, "")
        return self._make().observe(environment)

    def start(self, environment: str, server: "ServerSpec", artifact: Path) -> None:
        """Have processes of *server* running and ready."""
        self._make().start(environment, server, artifact)

    def route(self, environment: str, table: "RouteTable") -> None:
        """Make *table* the whole truth of the gateway."""
        self._make().route(environment, table)

    def traffic(self, environment: str, deployment: ResourceId, since: datetime) -> "Traffic":
        """Return what the releases of *deployment* answered since then."""
        return self._make().traffic(environment, deployment, since)

    def stop(self, environment: str, servers: Sequence[Digest]) -> None:
        """Drain and end the servers."""
        self._make().stop(environment, servers)
