"""Compares the desired state of an environment with what is observed there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trueup.core.digests import Digest, short
from trueup.core.ids import ResourceId
from trueup.diff.changes import (
    SERVER_KIND,
    Change,
    Create,
    Delete,
    FieldChange,
    Impact,
    Movement,
    Update,
    apply_order,
)
from trueup.diff.differences import created_impacts, declared_differences, heaviest_first
from trueup.diff.documents import document_changes, new_documents
from trueup.diff.drift import Drift, drift_of, servers_by_key
from trueup.diff.fields import is_same
from trueup.diff.manifests import Manifest, desired_manifest, read_manifest
from trueup.diff.room import Rooms
from trueup.diff.supply import build_use, served_artifact, supply_changes
from trueup.observed.state import Health, ObservedRoute, ObservedState

if TYPE_CHECKING:
    from trueup.desired.state import DesiredDeployment, DesiredState


def diff(desired: DesiredState, observed: ObservedState) -> tuple[Change, ...]:
    """Return the changes that turn *observed* into *desired*, in the order they are applied.

    A deployment is compared with the manifest the target holds, and the target with that manifest, so that a
    declared change and drift are told apart. Evidence counts when it is in *observed*: what is too old to count
    is left out where the clock is, by observation.
    """
    routes = {r.deployment: r for r in observed.target.routes}
    origins, rooms = _Origins(desired, observed), Rooms(desired, observed)
    replicas, servers = _replicas(desired), servers_by_key(observed.target)
    changes: list[Change] = list(supply_changes(desired, observed))
    for deployment in desired.deployments:
        route = routes.get(deployment.id)
        if route is None:
            changes.append(replace(_create(deployment, origins), build=build_use(deployment, observed)))
            continue
        applied = read_manifest(route.manifest)
        declared = _declared(deployment, applied)
        drifts = tuple(_supply_drifts(deployment, observed, declared))
        if applied.deployment:
            shared = replicas[deployment.server.key]
            drifts = (*drift_of(route, applied, observed.target, servers, shared), *drifts)
        if declared is not None or drifts:
            update = _update(deployment, route, declared, drifts, origins)
            changes.append(replace(update, build=build_use(deployment, observed), room=rooms.of(deployment.id)))
    changes += _deletes(desired, observed)
    return tuple(sorted(changes, key=apply_order))


def drifted(desired: DesiredState, observed: ObservedState) -> tuple[tuple[ResourceId, str], ...]:
    """Return what drifted in the target and how, in words, also where a declared change hides it in a plan."""
    applied = [(route, read_manifest(route.manifest)) for route in observed.target.routes]
    replicas, servers = _replicas(desired), servers_by_key(observed.target)
    found: list[tuple[ResourceId, str]] = []
    for route, manifest in applied:
        if manifest.deployment:
            drifts = drift_of(route, manifest, observed.target, servers, replicas.get(manifest.server, 0))
            found += [(route.deployment, drift.reason) for drift in drifts if drift.reason]
    needed = {d.server.key for d in desired.deployments}
    needed |= {key for route, manifest in applied for key in (route.server, manifest.server, *route.beside)}
    found += [(stray.address, stray.reason) for stray in _strays(observed, needed)]
    return tuple(found)


def _create(deployment: DesiredDeployment, origins: _Origins) -> Create:
    manifest = desired_manifest(deployment)
    movement = origins.movement(deployment, None)
    reasons = [f"declared, and not served in {deployment.id.environment} yet", *origins.reason(movement)]
    return Create(
        address=deployment.id,
        reason="; ".join(reasons),
        impacts=created_impacts(manifest),
        fields=new_documents(manifest),
        release=deployment.release.digest,
        movement=movement,
    )


@dataclass(frozen=True, slots=True)
class _Declared:
    """How the declaration differs from what was applied."""

    reasons: tuple[str, ...]
    impacts: tuple[Impact, ...]
    fields: tuple[FieldChange, ...]


def _declared(deployment: DesiredDeployment, applied: Manifest) -> _Declared | None:
    """Compare by the deployment's JSON, which holds every document's digest; read the documents when it differs."""
    if is_same(applied.deployment, deployment.to_json()):
        return None
    wanted = desired_manifest(deployment)
    if not applied.deployment:
        return _Declared(("what was applied is not recorded with the target",), created_impacts(wanted), ())
    fields = document_changes(applied, wanted)
    found = declared_differences(applied, wanted, fields)
    return _Declared(tuple(d.reason for d in found), tuple(d.impact for d in found), fields)


def _supply_drifts(
    deployment: DesiredDeployment, observed: ObservedState, declared: _Declared | None
) -> Iterator[Drift]:
    """Yield how the store differs from what an unchanged deployment needs."""
    key = served_artifact(deployment)
    if declared is None and key not in observed.artifacts:
        field = FieldChange(str(deployment.id), ("store", "artifact"), None, key)
        # A server that crashes now could not start again.
        yield Drift("the artifact it serves is gone from the store", Impact.METADATA, (field,))


def _update(
    deployment: DesiredDeployment,
    route: ObservedRoute,
    declared: _Declared | None,
    drifts: tuple[Drift, ...],
    origins: _Origins,
) -> Update:
    what = declared or _Declared((), (), ())
    movement = origins.movement(deployment, route.release)
    reasons = [*what.reasons, *(d.reason for d in drifts), *origins.reason(movement)]
    is_replaced = read_manifest(route.manifest).server != deployment.server.key
    return Update(
        address=deployment.id,
        reason="; ".join(dict.fromkeys(r for r in reasons if r)),
        impacts=heaviest_first([*what.impacts, *(d.impact for d in drifts)]),
        fields=(*what.fields, *(f for d in drifts for f in d.fields)),
        from_release=route.release,
        release=deployment.release.digest,
        restart=is_replaced or any(d.restart for d in drifts),
        drift=declared is None,
        movement=movement,
    )


def _replicas(desired: DesiredState) -> dict[Digest, int]:
    """Return how many processes of each server the deployments that share it want at most."""
    most: dict[Digest, int] = {}
    for deployment in desired.deployments:
        key = deployment.server.key
        most[key] = max(most.get(key, 0), deployment.server.replicas)
    return most


class _Origins:
    """Where releases come from: verified here, verified upstream, or new."""

    def __init__(self, desired: DesiredState, observed: ObservedState) -> None:
        self._upstream_name = desired.environment.upstream
        self._here = {(v.deployment, v.release) for v in observed.verified}
        self._upstream = {(v.deployment.name, v.release) for v in observed.upstream}

    def movement(self, deployment: DesiredDeployment, current: Digest | None) -> Movement:
        """Tell how the release of *deployment* moves; one that serves already does not."""
        release = deployment.release.digest
        if release == current:
            return Movement.CHANGE
        if (deployment.id, release) in self._here:
            return Movement.CHANGE if current is None else Movement.ROLLBACK
        return Movement.PROMOTION if (deployment.id.name, release) in self._upstream else Movement.CHANGE

    def reason(self, movement: Movement) -> tuple[str, ...]:
        """Say so in words; a change needs none."""
        match movement:
            case Movement.PROMOTION:
                return (f"this release is verified in {self._upstream_name}",)
            case Movement.ROLLBACK:
                return ("this release was verified here before",)
            case Movement.CHANGE:
                return ()


def _deletes(desired: DesiredState, observed: ObservedState) -> Iterator[Delete]:
    """Yield deployments that are not declared any more, then servers that nothing needs.

    A server that several of them used is stopped with the last one. The server that an update leaves is part
    of that update.
    """
    wanted = {d.id for d in desired.deployments}
    needed = {d.server.key for d in desired.deployments}
    running = {s.key for s in observed.target.servers}
    gone = sorted((r for r in observed.target.routes if r.deployment not in wanted), key=lambda r: str(r.deployment))
    last_user = {key: r.deployment for r in gone for key in _servers_of(r)}
    for route in gone:
        own = {k for k in _servers_of(route) if last_user[k] == route.deployment}
        servers = tuple(sorted((own & running) - needed))
        yield Delete(route.deployment, "not declared any more", route.release, servers)
    retired = {key for r in observed.target.routes for key in (r.server, *r.beside)}
    yield from _strays(observed, needed | retired | last_user.keys())


def _strays(observed: ObservedState, needed: set[Digest]) -> Iterator[Delete]:
    """Yield running servers that no release needs; what is left of a stopped one harms nobody."""
    for key in sorted({s.key for s in observed.target.servers if s.health is not Health.STOPPED} - needed):
        address = ResourceId(SERVER_KIND, short(key), environment=observed.target.environment)
        yield Delete(address, "no release needs this server", Digest(""), (key,))


def _servers_of(route: ObservedRoute) -> set[Digest]:
    """Return the server the route points at and the one that was applied for it."""
    return {route.server, read_manifest(route.manifest).server, *route.beside}
