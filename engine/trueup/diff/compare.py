"""Compares the desired state of an environment with what is observed there."""

from collections.abc import Iterator

from trueup.core.digests import Digest, short
from trueup.core.ids import ResourceId
from trueup.desired.state import DesiredDeployment, DesiredState
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
from trueup.diff.drift import Drift, drift_of
from trueup.diff.fields import is_same
from trueup.diff.manifests import desired_manifest, read_manifest
from trueup.diff.supply import served_artifact, supply_changes
from trueup.observed.state import Health, ObservedRoute, ObservedState


def diff(desired: DesiredState, observed: ObservedState) -> tuple[Change, ...]:
    """Return the changes that turn *observed* into *desired*, in the order they are applied.

    A deployment is compared with the manifest the target holds, and the target with that manifest, so that a
    declared change and drift are told apart. Evidence counts when it is in *observed*: what is too old to count
    is left out where the clock is, by observation.
    """
    routes = {r.deployment: r for r in observed.target.routes}
    changes: list[Change] = list(supply_changes(desired, observed))
    for deployment in desired.deployments:
        route = routes.get(deployment.id)
        change = (
            _create(deployment, desired, observed) if route is None else _update(deployment, route, desired, observed)
        )
        if change is not None:
            changes.append(change)
    changes += _deletes(desired, observed)
    return tuple(sorted(changes, key=apply_order))


def _create(deployment: DesiredDeployment, desired: DesiredState, observed: ObservedState) -> Create:
    manifest = desired_manifest(deployment)
    movement = _movement(deployment, None, observed)
    reason = f"declared, and not served in {desired.environment.name} yet"
    if movement is Movement.PROMOTION:
        reason += f"; this release is verified in {desired.environment.upstream}"
    return Create(
        deployment.id, reason, created_impacts(manifest), new_documents(manifest), deployment.release.digest, movement
    )


def _update(
    deployment: DesiredDeployment, route: ObservedRoute, desired: DesiredState, observed: ObservedState
) -> Update | None:
    applied, wanted = read_manifest(route.manifest), desired_manifest(deployment)
    is_declared = not is_same(applied.deployment, wanted.deployment)
    fields: tuple[FieldChange, ...] = ()
    reasons: list[str] = []
    impacts: list[Impact] = []
    if is_declared and not applied.deployment:
        reasons, impacts = ["what was applied is not recorded with the target"], [*created_impacts(wanted)]
        drifts: tuple[Drift, ...] = ()
    elif is_declared:
        fields = document_changes(applied, wanted)
        differences = declared_differences(applied, wanted, fields)
        reasons, impacts = [d.reason for d in differences], [d.impact for d in differences]
        drifts = drift_of(route, applied, observed.target, _shared(deployment, desired))
    else:
        drifts = drift_of(route, applied, observed.target, _shared(deployment, desired))
        drifts += tuple(_lost(deployment, observed))
    if not is_declared and not drifts:
        return None
    movement = _movement(deployment, route.release, observed)
    reasons += [d.reason for d in drifts] + _movement_reason(movement, desired)
    return Update(
        address=deployment.id,
        reason="; ".join(dict.fromkeys(r for r in reasons if r)),
        impacts=heaviest_first(impacts + [d.impact for d in drifts]),
        fields=(*fields, *(f for d in drifts for f in d.fields)),
        from_release=route.release,
        release=deployment.release.digest,
        restart=applied.server != wanted.server or any(d.restart for d in drifts),
        drift=not is_declared,
        movement=movement,
    )


def _lost(deployment: DesiredDeployment, observed: ObservedState) -> Iterator[Drift]:
    """Yield drift when the store lost what the servers load: a crashed server could not start again."""
    key = served_artifact(deployment)
    if key not in observed.artifacts:
        field = FieldChange(str(deployment.id), ("store", "artifact"), None, key)
        yield Drift("the artifact it serves is gone from the store", Impact.METADATA, (field,))


def _shared(deployment: DesiredDeployment, desired: DesiredState) -> int:
    key = deployment.server.key
    return max(d.server.replicas for d in desired.deployments if d.server.key == key)


def _movement(deployment: DesiredDeployment, current: Digest | None, observed: ObservedState) -> Movement:
    """Tell where the release comes from; one that serves already does not move."""
    release = deployment.release.digest
    if release == current:
        return Movement.CHANGE
    here = {v.release for v in observed.verified if v.deployment == deployment.id}
    if release in here:
        return Movement.CHANGE if current is None else Movement.ROLLBACK
    upstream = {v.release for v in observed.upstream if v.deployment.name == deployment.id.name}
    return Movement.PROMOTION if release in upstream else Movement.CHANGE


def _movement_reason(movement: Movement, desired: DesiredState) -> list[str]:
    match movement:
        case Movement.PROMOTION:
            return [f"this release is verified in {desired.environment.upstream}"]
        case Movement.ROLLBACK:
            return ["this release was verified here before"]
        case Movement.CHANGE:
            return []


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
    retired = {r.server for r in observed.target.routes}
    yield from _strays(observed, needed | retired | last_user.keys())


def _strays(observed: ObservedState, needed: set[Digest]) -> Iterator[Delete]:
    """Yield running servers that no release needs; what is left of a stopped one harms nobody."""
    for key in sorted({s.key for s in observed.target.servers if s.health is not Health.STOPPED} - needed):
        address = ResourceId(SERVER_KIND, short(key), environment=observed.target.environment)
        yield Delete(address, "no release needs this server", Digest(""), (key,))


def _servers_of(route: ObservedRoute) -> set[Digest]:
    """Return the server the route points at and the one that was applied for it."""
    return {route.server, read_manifest(route.manifest).server}
