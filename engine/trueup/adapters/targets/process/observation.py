"""What runs in one environment, found out without changing anything, and with everything dead."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from trueup.adapters.gateways.local.stored import digest_in, read_document
from trueup.adapters.targets.process import admin, probes, processes
from trueup.adapters.targets.process.layout import Layout, is_locked, read_json
from trueup.adapters.targets.process.seals import is_broken
from trueup.adapters.targets.process.status import Status, read_status
from trueup.adapters.targets.process.supervision import Child, Phase
from trueup.adapters.targets.process.wanted import GATEWAY, Wanted, WantedGateway, WantedServer, read_wanted
from trueup.core.errors import TrueupError
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.observed.state import (
    Health,
    ObservedCandidate,
    ObservedRoute,
    ObservedServer,
    ObservedSplit,
    ObservedTarget,
)
from trueup.ports import Split

_TIMEOUT_SECONDS = 1.5
"""A healthy server answers in a millisecond; one that works on a long prompt on a busy core needs a little more."""

_PARALLEL = 16


@dataclass(frozen=True, slots=True)
class _GatewayFound:
    health: Health
    detail: str
    routes: tuple[ObservedRoute, ...]


def observe(layout: Layout, environment: str) -> ObservedTarget:
    """Report what runs for *environment*: files tell what to look for, processes and answers tell what is there."""
    wanted = read_wanted(layout)
    status = read_status(layout)
    if wanted is None and status is None:
        return ObservedTarget(environment, Health.STOPPED, "")
    known = wanted or (status.wanted() if status else Wanted())
    servers = _servers(known, status)
    supervised = is_locked(layout.supervisor_lock)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        gateway = pool.submit(_gateway, layout, known.gateway, status.child(GATEWAY) if status else None)
        tasks: Sequence[Callable[[], ObservedServer]] = [_server_task(s, c, supervised) for s, c in servers]
        observed = tuple(pool.map(lambda task: task(), tasks))
        found = gateway.result()
    address = _address(known.gateway) if known.gateway else ""
    return ObservedTarget(environment, found.health, address, observed, found.routes, found.detail)


def _servers(wanted: Wanted, status: Status | None) -> list[tuple[WantedServer, Child | None]]:
    """Return wanted servers with their processes, then processes that nobody wants any more."""
    pairs: list[tuple[WantedServer, Child | None]] = [
        (s, status.child(s.id) if status else None) for s in wanted.servers
    ]
    ids = {s.id for s in wanted.servers}
    for child, spec in status.children if status else ():
        if isinstance(spec, WantedServer) and child.id not in ids and processes.is_alive(child.pid, child.started):
            pairs.append((spec, child))
    return sorted(pairs, key=lambda pair: (pair[0].key, pair[0].replica))


def _server_task(server: WantedServer, child: Child | None, supervised: bool) -> Callable[[], ObservedServer]:
    return lambda: _server(server, child, supervised)


def _server(server: WantedServer, child: Child | None, supervised: bool) -> ObservedServer:
    if child is None:
        health = Health.STARTING if supervised else Health.STOPPED
        return ObservedServer(server.key, server.replica, health, server.spec, detail="not started yet")
    alive = processes.is_alive(child.pid, child.started)
    health, detail = _running(child) if alive else _not_running(child, supervised)
    if alive and is_broken(server.artifact, server.seal):
        health, detail = Health.UNHEALTHY, "its artifact was changed on disk since it was verified"
    return ObservedServer(
        key=server.key,
        replica=server.replica,
        health=health,
        spec=server.spec,
        pid=child.pid if alive else 0,
        port=child.port if alive else 0,
        started_at=datetime.fromtimestamp(child.started, UTC) if alive else None,
        restarts=child.restarts,
        detail=detail,
    )


def _running(child: Child) -> tuple[Health, str]:
    match child.phase:
        case Phase.READY:
            if probes.is_healthy(child.port, _TIMEOUT_SECONDS):
                return Health.HEALTHY, ""
            return Health.UNHEALTHY, "does not answer its health check"
        case Phase.STARTING:
            return Health.STARTING, child.detail
        case Phase.STOPPING:
            return Health.UNHEALTHY, "is ending"
        case Phase.BACKOFF | Phase.FAILED:
            return Health.UNHEALTHY, child.detail


def _not_running(child: Child, supervised: bool) -> tuple[Health, str]:
    match child.phase:
        case Phase.FAILED:
            return Health.UNHEALTHY, f"given up: {child.detail}"
        case Phase.BACKOFF if supervised:
            return Health.UNHEALTHY, f"crashed {child.crashes} times in a row, will be restarted: {child.detail}"
        case _:
            return Health.STOPPED, "the process is gone"


def _gateway(layout: Layout, wanted: WantedGateway | None, child: Child | None) -> _GatewayFound:
    stored = read_json(layout.routes)
    path = wanted.admin if wanted else str(layout.admin_socket())
    try:
        state = admin.state(path, _TIMEOUT_SECONDS, with_table=True)
    except TrueupError:
        return _silent_gateway(wanted, child, stored)
    if state.error:
        return _GatewayFound(Health.UNHEALTHY, state.error, ())
    routes = _routes(state.table, state)
    if stored is None and not routes:
        return _GatewayFound(Health.HEALTHY, "", ())
    # The digest inside the file would also be right in a file that was changed by hand below it.
    if not _is_intact(stored) or digest_in(stored) != state.digest:
        detail = "routes.json was changed by hand; the gateway still serves the table that was applied"
        return _GatewayFound(Health.UNHEALTHY, detail, routes)
    return _GatewayFound(Health.HEALTHY, "", routes)


def _silent_gateway(wanted: WantedGateway | None, child: Child | None, stored: Json) -> _GatewayFound:
    """Report a gateway that does not answer: its stored table is what it would serve again."""
    routes = _routes(stored, None) if _is_intact(stored) else ()
    if wanted is None:
        return _GatewayFound(Health.STOPPED, "", routes)
    damage = "" if stored is None or _is_intact(stored) else "; routes.json is damaged or was changed by hand"
    if child is not None and processes.is_alive(child.pid, child.started):
        if child.phase is Phase.STARTING:
            return _GatewayFound(Health.STARTING, "is starting" + damage, routes)
        return _GatewayFound(Health.UNHEALTHY, "does not answer" + damage, routes)
    if child is not None and child.phase is Phase.FAILED:
        return _GatewayFound(Health.UNHEALTHY, f"given up: {child.detail}{damage}", routes)
    return _GatewayFound(Health.STOPPED, "the process is gone" + damage, routes)


def _routes(document: Json, state: admin.GatewayState | None) -> tuple[ObservedRoute, ...]:
    if document is None:
        return ()
    table, _ = read_document(document)
    observed = []
    for route in table.routes:
        requests, failures = state.requests.get(str(route.deployment), (0, 0)) if state else (0, 0)
        observed.append(
            ObservedRoute(
                deployment=route.deployment,
                release=route.release,
                server=route.server,
                route=route.spec.to_json(),
                manifest=route.manifest,
                revision=route.revision,
                applied_at=route.applied_at,
                requests=requests,
                failures=failures,
                split=_split(route.split) if route.split else None,
                held=route.held,
            )
        )
    return tuple(sorted(observed, key=lambda r: r.deployment))


def _split(split: Split) -> ObservedSplit:
    candidates = tuple(
        ObservedCandidate(
            c.name, c.release, c.server, c.spec.to_json(), c.manifest, c.revision, c.applied_at, c.weight, c.mirror
        )
        for c in split.candidates
    )
    return ObservedSplit(candidates, split.sticky, split.progress)


def _is_intact(document: Json) -> bool:
    try:
        read_document(document)
    except TrueupError:
        return False
    return True


def _address(gateway: WantedGateway) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(gateway.host, gateway.host)  # noqa: S104
    return f"http://[{host}]:{gateway.port}" if ":" in host else f"http://{host}:{gateway.port}"
