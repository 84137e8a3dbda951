"""Drift: how the target differs from what was applied to it, when nobody declared anything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trueup.core.digests import Digest, short
from trueup.diff.changes import FieldChange, Impact
from trueup.diff.differences import route_differences
from trueup.diff.fields import field_changes, is_same
from trueup.diff.masks import masked_text
from trueup.observed.state import Health, ObservedRoute, ObservedServer, ObservedTarget

if TYPE_CHECKING:
    from trueup.diff.manifests import Manifest

_LIVE = (Health.HEALTHY, Health.STARTING)
"""A server that starts is on its way to what is declared; only one that stopped or is unhealthy drifted."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One way in which the target differs.

    Attributes:
        reason: In words.
        impact: What it touches.
        fields: What differs, from what is observed to what was applied.
        restart: A server process has to be started.
    """

    reason: str
    impact: Impact
    fields: tuple[FieldChange, ...] = ()
    restart: bool = False


Servers = Mapping[Digest, Sequence[ObservedServer]]
"""Servers of a target by their key: looking through all of them for each route would cost their product."""


def servers_by_key(target: ObservedTarget) -> Servers:
    """Return the servers of *target* by key, each key's by replica."""
    found: dict[Digest, list[ObservedServer]] = {}
    for server in sorted(target.servers, key=lambda s: s.replica):
        found.setdefault(server.key, []).append(server)
    return found


def drift_of(
    route: ObservedRoute, applied: Manifest, target: ObservedTarget, servers: Servers, shared: int = 0
) -> tuple[Drift, ...]:
    """Return every way in which *target* differs from what was *applied* for the deployment of *route*.

    Args:
        route: What the gateway does for the deployment.
        applied: Its manifest.
        target: The target it runs on.
        servers: The target's servers by key.
        shared: Replicas that another deployment wants of the same server.
    """
    return (*_gateway(route, target), *_route(route, applied), *_servers(route, applied, servers, shared))


def _gateway(route: ObservedRoute, target: ObservedTarget) -> Iterator[Drift]:
    if target.gateway in _LIVE:
        return
    state = "is down" if target.gateway is Health.STOPPED else "is unhealthy"
    reason = f"the gateway {state}{_because(target.detail)}"
    field = FieldChange(str(route.deployment), ("gateway", "health"), target.gateway.value, Health.HEALTHY.value)
    yield Drift(reason, Impact.RUNTIME, (field,))


def _route(route: ObservedRoute, applied: Manifest) -> Iterator[Drift]:
    address = str(route.deployment)
    if route.release != applied.release:
        field = FieldChange(address, ("route", "release"), route.release, applied.release)
        yield Drift("the gateway serves another release than was applied", Impact.WEIGHTS, (field,))
    if route.server != applied.server:
        field = FieldChange(address, ("route", "server"), route.server, applied.server)
        yield Drift("the gateway points at another server than was applied", Impact.RUNTIME, (field,))
    yield from _shared(route)
    declared = applied.part("route")
    if not is_same(route.route, declared):
        parts = route_differences(route.route, declared)
        said = ", ".join(p.reason.replace(" changed", "", 1) for p in parts) or "its form"
        fields = field_changes(address, route.route, declared, ("route",))
        impacts = [p.impact for p in parts] or [Impact.METADATA]
        yield Drift(f"the gateway's route was changed by hand ({said})", impacts[0], fields)
        yield from (Drift("", impact) for impact in impacts[1:])


def _shared(route: ObservedRoute) -> Iterator[Drift]:
    """Yield what a rollout that nobody carries on left: a part of the traffic elsewhere, or requests that wait."""
    address = str(route.deployment)
    for candidate in route.split.candidates if route.split is not None else ():
        field = FieldChange(address, ("route", "candidates", candidate.name), f"{candidate.weight:g} %", None)
        said = f"release {short(candidate.release)} has {candidate.weight:g} % of the traffic in a rollout under way"
        yield Drift(said, Impact.METADATA, (field,))
    if route.held:
        field = FieldChange(address, ("route", "held"), True, False)
        yield Drift("requests wait, because a release is swapped in place", Impact.METADATA, (field,))


def _servers(route: ObservedRoute, applied: Manifest, all_servers: Servers, shared: int) -> Iterator[Drift]:
    servers = all_servers.get(applied.server, ())
    live = [s for s in servers if s.health in _LIVE]
    wanted = applied.replicas
    name = _server_name(applied)
    if len(live) > max(wanted, shared):
        field = FieldChange(str(route.deployment), ("servers", "replicas"), len(live), wanted)
        yield Drift(f"{len(live)} servers {name} run, {wanted} declared", Impact.SCALE, (field,))
    lacking = wanted - len(live)
    if lacking <= 0:
        return
    broken = [s for s in servers if s.health not in _LIVE][:lacking]
    for server in broken:
        field = FieldChange(
            str(route.deployment),
            ("servers", server.replica, "health"),
            server.health.value,
            Health.HEALTHY.value,
        )
        yield Drift(_broken(name, server), Impact.RUNTIME, (field,), restart=True)
    if missing := lacking - len(broken):
        field = FieldChange(str(route.deployment), ("servers", "replicas"), wanted - missing, wanted)
        yield Drift(f"{missing} of {wanted} servers {name} is gone", Impact.RUNTIME, (field,), restart=True)


def _broken(name: str, server: ObservedServer) -> str:
    state = "was stopped" if server.health is Health.STOPPED else "is unhealthy"
    return f"server {name} {state}{_because(server.detail)}"


def _because(detail: str) -> str:
    """Return the first line of *detail*: further lines are a server's log, which may quote what people asked it."""
    first, _, rest = detail.strip().partition("\n")
    if rest and first.endswith(":"):
        # "...; its last log lines:" announces what is left out.
        first = first.rpartition("; ")[0] or first.removesuffix(":")
    return f" ({masked_text(first)})" if first else ""


def _server_name(applied: Manifest) -> str:
    model = applied.pin("model")
    return f"{model.short if model else 'of an unknown model'} [{short(applied.server)}]"
