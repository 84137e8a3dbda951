"""Status: desired beside observed, deployment by deployment, with what differs in words."""

from datetime import datetime
from enum import StrEnum

from trueup.core.digests import Digest, Revision
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment, DesiredState, RequiredEvaluation
from trueup.diff.changes import Change, Create, Delete, Evaluate, Update
from trueup.evidence.evidence import Evidence, Measurement
from trueup.observed.state import (
    Health,
    Hold,
    ObservedRoute,
    ObservedServer,
    ObservedSplit,
    ObservedState,
    VerifiedRelease,
)


class Sync(StrEnum):
    """How a deployment stands to its declaration."""

    IN_SYNC = "in sync"
    CHANGED = "to be applied"
    DRIFTED = "drifted"
    MISSING = "not deployed"
    UNDECLARED = "not declared"


@dataclass(frozen=True, slots=True)
class EvidenceStatus:
    """One required evaluation and what is known of it: `passed`, `failed`, `undecided` or `missing`."""

    evaluation: str
    state: str
    measured: tuple[str, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    """One deployment, declared or running or both.

    Attributes:
        id: Its id.
        sync: How it stands.
        reason: What differs, in words; empty when in sync.
        desired: What the declaration names (`model tiny@2`, `prompt support@2`, ...).
        release: Digest of the desired release; empty when it is not declared.
        observed_release: Digest of the release that serves; empty when none does.
        revision: Commit that was applied.
        applied_at: When.
        servers: Its server processes.
        requests: Answered since it was applied.
        failures: Failed since then.
        evidence: Required evaluations.
        holds: Holds on its releases.
        ended: Holds on what it declares or serves that ended by themselves.
        way_back: The newest other release that was verified here and is not on hold; None when there is none.
        is_verified: The release that serves was verified here.
        rollout: What a rollout under way does to the traffic; None when none is.
        held: Requests wait while a release is swapped in place.
    """

    id: ResourceId
    sync: Sync
    reason: str
    desired: tuple[str, ...]
    release: str
    observed_release: str
    revision: str
    applied_at: datetime | None
    servers: tuple[ObservedServer, ...]
    requests: int
    failures: int
    evidence: tuple[EvidenceStatus, ...]
    holds: tuple[Hold, ...]
    is_verified: bool
    rollout: ObservedSplit | None = None
    held: bool = False
    ended: tuple[Hold, ...] = ()
    way_back: VerifiedRelease | None = None

    @property
    def health(self) -> Health:
        """The worst health of its servers; stopped when it has none."""
        order = [Health.STOPPED, Health.UNHEALTHY, Health.STARTING, Health.HEALTHY]
        return min((s.health for s in self.servers), key=order.index, default=Health.STOPPED)


@dataclass(frozen=True, slots=True)
class Status:
    """One environment.

    Attributes:
        environment: Its name.
        tier: Its tier.
        revision: The commit whose declaration is compared; empty for a work tree with uncommitted changes.
        gateway: Health of the gateway.
        address: Where clients reach it; empty when nothing was deployed.
        deployments: Sorted by id.
        strays: Servers that nothing needs.
        unfinished: What a killed run left in the journal, in words; empty when nothing.
        unpushed: Ledger records the remote does not have.
        pending: Rollbacks that are done and that git does not say yet, in words.
    """

    environment: str
    tier: str
    revision: Revision
    gateway: Health
    address: str
    deployments: tuple[DeploymentStatus, ...]
    strays: tuple[ObservedServer, ...] = ()
    unfinished: str = ""
    unpushed: int = 0
    pending: tuple[str, ...] = ()

    @property
    def is_in_sync(self) -> bool:
        """Whether nothing is to be done."""
        is_calm = not self.strays and not self.unfinished and not self.pending
        return is_calm and all(d.sync is Sync.IN_SYNC for d in self.deployments)


def status(
    desired: DesiredState,
    observed: ObservedState,
    changes: tuple[Change, ...],
    *,
    unfinished: str = "",
    unpushed: int = 0,
    pending: tuple[str, ...] = (),
) -> Status:
    """Compare *desired* with *observed*; *changes* is their diff and gives the reasons."""
    declared = {d.id: d for d in desired.deployments}
    routes = {r.deployment: r for r in observed.target.routes}
    needed = {d.server.key for d in desired.deployments}
    needed |= {key for r in routes.values() for key in (r.server, *r.beside)}
    rows = [
        _deployment(id_, declared.get(id_), routes.get(id_), observed, changes)
        for id_ in sorted(declared.keys() | routes.keys())
    ]
    return Status(
        environment=desired.environment.name,
        tier=desired.environment.tier,
        revision=desired.revision,
        gateway=observed.target.gateway,
        address=observed.target.address,
        deployments=tuple(rows),
        strays=tuple(s for s in observed.target.servers if s.key not in needed),
        unfinished=unfinished,
        unpushed=unpushed,
        pending=pending,
    )


def _deployment(
    id_: ResourceId,
    declared: DesiredDeployment | None,
    route: ObservedRoute | None,
    observed: ObservedState,
    changes: tuple[Change, ...],
) -> DeploymentStatus:
    sync, reason = _sync(id_, changes)
    serving = route.release if route else Digest("")
    named = {serving, declared.release.digest if declared else Digest("")}
    keys = {declared.server.key if declared else "", *((route.server, *route.beside) if route else ())}
    return DeploymentStatus(
        id=id_,
        sync=sync,
        reason=reason,
        desired=_named(declared),
        release=declared.release.digest if declared else "",
        observed_release=serving,
        revision=route.revision if route else "",
        applied_at=route.applied_at if route else None,
        servers=tuple(s for s in observed.target.servers if s.key in keys),
        requests=route.requests if route else 0,
        failures=route.failures if route else 0,
        evidence=tuple(_evidence(e, observed) for e in declared.evaluations) if declared else (),
        holds=_about(observed.holds, id_, named),
        ended=tuple(h for h in observed.ended if h.release in named),
        way_back=_way_back(id_, declared.release.digest if declared else serving, observed),
        is_verified=any(v.deployment == id_ and v.release == serving for v in observed.verified),
        rollout=route.split if route else None,
        held=route.held if route else False,
    )


def _way_back(id_: ResourceId, current: Digest, observed: ObservedState) -> VerifiedRelease | None:
    held = {h.release for h in observed.holds}
    others = (v for v in observed.verified if v.deployment == id_ and v.release != current)
    return next((v for v in others if v.release not in held), None)


def _about(holds: tuple[Hold, ...], id_: ResourceId, releases: set[Digest]) -> tuple[Hold, ...]:
    """Return the holds that were placed on the deployment, or on what it declares or serves under another name."""
    return tuple(h for h in holds if h.deployment == id_ or h.release in releases)


def _sync(id_: ResourceId, changes: tuple[Change, ...]) -> tuple[Sync, str]:
    """Tell how the deployment stands by its own change; missing evidence says it only where nothing else does."""
    for change in changes:
        match change:
            case Create(address=address, reason=reason) if address == id_:
                return Sync.MISSING, reason
            case Update(address=address, reason=reason, drift=drift) if address == id_:
                return (Sync.DRIFTED if drift else Sync.CHANGED), reason
            case Delete(address=address, reason=reason) if address == id_:
                return Sync.UNDECLARED, reason
            case _:
                continue
    unmeasured = (c.reason for c in changes if isinstance(c, Evaluate) and c.deployment == id_)
    reason = next(unmeasured, "")
    return (Sync.CHANGED if reason else Sync.IN_SYNC), reason


def _named(declared: DesiredDeployment | None) -> tuple[str, ...]:
    if declared is None:
        return ()
    release = declared.release
    names = [f"model {release.model.id.short}"]
    names += [f"adapter {a.id.short}" for a in release.adapters]
    names += [f"prompt {release.prompt.id.short}"] if release.prompt else []
    names += [f"build {release.build.id.short}"] if release.build.mode != "none" else []
    return tuple(names)


def _evidence(required: RequiredEvaluation, observed: ObservedState) -> EvidenceStatus:
    name = str(required.evaluation.id)
    found = next((e for e in observed.evidence if e.key == required.key), None)
    if found is None:
        return EvidenceStatus(name, "missing")
    # What thresholds are about; the record has the rest: parts of the data, tokens, latencies.
    gated = {(g.metric, g.slice) for g in found.gates}
    shown = [m for m in found.measurements if not gated or (m.metric, m.slice) in gated]
    measured = tuple(f"{_part(m)} {m.value:g} {m.unit}".strip() for m in shown)
    return EvidenceStatus(name, _state(found), measured, found.completed_at)


def _part(measurement: Measurement) -> str:
    return f"{measurement.metric} in {measurement.slice}" if measurement.slice else measurement.metric


def _state(evidence: Evidence) -> str:
    if evidence.passed:
        return "passed"
    return "undecided" if evidence.is_undecided else "failed"


def to_json(value: Status) -> dict[str, Json]:
    """Return a status as JSON, `format_version` 1.0."""
    return {
        "format_version": "1.0",
        "environment": value.environment,
        "tier": value.tier,
        "revision": value.revision,
        "gateway": value.gateway.value,
        "address": value.address,
        "in_sync": value.is_in_sync,
        "unfinished": value.unfinished,
        "unpushed_records": value.unpushed,
        "git_pending": list(value.pending),
        "deployments": [_row_json(d) for d in value.deployments],
        "strays": [_server_json(s) for s in value.strays],
    }


def _row_json(row: DeploymentStatus) -> dict[str, Json]:
    return {
        "address": str(row.id),
        "sync": row.sync.value,
        "reason": row.reason,
        "desired": list(row.desired),
        "release": row.release,
        "observed_release": row.observed_release,
        "verified": row.is_verified,
        "revision": row.revision,
        "applied_at": row.applied_at.isoformat() if row.applied_at else None,
        "health": row.health.value,
        "servers": [_server_json(s) for s in row.servers],
        "requests": row.requests,
        "failures": row.failures,
        "evidence": [
            {"evaluation": e.evaluation, "state": e.state, "measured": list(e.measured)} for e in row.evidence
        ],
        "holds": [h.to_json() for h in row.holds],
        "ended_holds": [h.to_json() for h in row.ended],
        "way_back": {"release": row.way_back.release, "retained": row.way_back.retained} if row.way_back else None,
        "rollout": _rollout_json(row.rollout),
        "held": row.held,
    }


def _server_json(server: ObservedServer) -> dict[str, Json]:
    return {
        "key": server.key,
        "replica": server.replica,
        "health": server.health.value,
        "pid": server.pid,
        "port": server.port,
        "restarts": server.restarts,
        "started_at": server.started_at.isoformat() if server.started_at else None,
        "detail": server.detail,
    }


def _rollout_json(split: ObservedSplit | None) -> Json:
    if split is None:
        return None
    candidates: list[Json] = [
        {"name": c.name, "release": c.release, "weight": c.weight, "mirror": c.mirror} for c in split.candidates
    ]
    return {"candidates": candidates, "sticky": split.sticky, "progress": split.progress}
