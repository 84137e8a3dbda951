"""Observed state: what runs and what exists, without anything that changes by itself.

Process ids, ports and times are facts for `status`; they stay out of the digest, because a server that was
restarted after a crash serves the same release and must not make a reviewed plan stale.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from trueup.core.digests import Digest, digest_of

if TYPE_CHECKING:
    from trueup.core.ids import ResourceId
    from trueup.core.json import Json
    from trueup.evidence.comparison import Comparison
    from trueup.evidence.evidence import Evidence, Settings


class Health(StrEnum):
    """What is known of a server or gateway."""

    HEALTHY = "healthy"
    STARTING = "starting"
    UNHEALTHY = "unhealthy"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ObservedServer:
    """One server process (or what is left of it).

    Attributes:
        key: `ServerSpec.key` it was started for.
        replica: Number from 0.
        health: What its own health check and last completion say.
        spec: The spec it was started with, as JSON.
        pid: Process id, 0 when it does not run.
        port: Loopback port.
        started_at: Start of the process.
        restarts: Restarts by the supervisor since the server was asked for.
        detail: Why it is not healthy, in words.
    """

    key: Digest
    replica: int
    health: Health
    spec: Json
    pid: int = 0
    port: int = 0
    started_at: datetime | None = None
    restarts: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ObservedCandidate:
    """A release beside the one that serves; fields as in `ports.Candidate`, `route` as in `ObservedRoute`."""

    name: str
    release: Digest
    server: Digest
    route: Json
    manifest: Json
    revision: str = ""
    applied_at: datetime | None = None
    weight: float = 0.0
    mirror: float = 0.0


@dataclass(frozen=True, slots=True)
class ObservedSplit:
    """How requests are shared while a release is rolled out; fields as in `ports.Split`."""

    candidates: tuple[ObservedCandidate, ...]
    sticky: str = "request"
    progress: Json = None


@dataclass(frozen=True, slots=True)
class ObservedRoute:
    """What the gateway really does for one deployment, and the manifest that was applied for it.

    Attributes:
        deployment: `Deployment/<environment>/<name>`.
        release: Digest of the release that gets the traffic.
        server: Server key the route points at.
        route: The route spec in force, as JSON.
        manifest: What apply left with the target: the deployment's JSON and the canonical documents behind
            it by address, so that a diff needs nothing but the target.
        revision: The commit that was applied.
        applied_at: When traffic was moved.
        requests: Requests answered since then.
        failures: Requests that failed in the server or on the way to it.
        split: Releases beside this one, while another is rolled out; None when it answers alone.
        held: Requests wait: a release is swapped in place.
    """

    deployment: ResourceId
    release: Digest
    server: Digest
    route: Json
    manifest: Json
    revision: str = ""
    applied_at: datetime | None = None
    requests: int = 0
    failures: int = 0
    split: ObservedSplit | None = None
    held: bool = False

    @property
    def beside(self) -> tuple[Digest, ...]:
        """Servers of the releases beside the stable one."""
        return tuple(c.server for c in self.split.candidates) if self.split is not None else ()


@dataclass(frozen=True, slots=True)
class ObservedTarget:
    """What a target reports for one environment; `detail` says in words why its gateway is not healthy."""

    environment: str
    gateway: Health
    address: str
    servers: tuple[ObservedServer, ...] = ()
    routes: tuple[ObservedRoute, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """A release that must not be rolled out in an environment until someone lifts the hold."""

    environment: str
    deployment: ResourceId
    release: Digest
    reason: str
    author: str
    since: datetime
    expires: datetime | None = None

    def is_in_force(self, now: datetime) -> bool:
        """Tell whether it has not ended by itself."""
        return self.expires is None or self.expires > now

    def to_json(self) -> dict[str, Json]:
        """Return the hold as JSON."""
        return {
            "environment": self.environment,
            "deployment": str(self.deployment),
            "release": self.release,
            "reason": self.reason,
            "author": self.author,
            "since": self.since.isoformat(),
            "expires": self.expires.isoformat() if self.expires else None,
        }


@dataclass(frozen=True, slots=True)
class VerifiedRelease:
    """A release that served an environment and passed its checks; the target of a rollback.

    Attributes:
        deployment: Where it served.
        release: Its digest.
        manifest: The deployment's JSON when it was verified (release tuple with pins, server, route).
        revision: The commit it was applied from.
        record: Digest of the ledger record that says so.
        verified_at: When.
        retained: Every artifact it needs is still in the store.
        served: Longest time it served there without a break; None when nobody knows.
        is_serving: It serves there still, as far as the ledger says.
    """

    deployment: ResourceId
    release: Digest
    manifest: Json
    revision: str
    record: Digest
    verified_at: datetime
    retained: bool = True
    served: timedelta | None = None
    is_serving: bool = True


@dataclass(frozen=True, slots=True)
class Drill:
    """A rollback that was carried out, by hand or by itself; *record* is the ledger record that says so."""

    deployment: ResourceId
    at: datetime
    record: Digest


@dataclass(frozen=True, slots=True)
class Compared:
    """A new release against the one that it replaces, by one evaluation.

    Attributes:
        deployment: Where.
        evaluation: By what.
        key: Key of the new release's result.
        baseline: The release it is compared with.
        settings: How that one was measured.
        comparison: What came out.
    """

    deployment: ResourceId
    evaluation: ResourceId
    key: Digest
    baseline: Digest
    settings: Settings | None
    comparison: Comparison

    def to_json(self) -> dict[str, Json]:
        """Return it as JSON, as policy reads a comparison."""
        settings = self.settings.to_json() if self.settings is not None else None
        return {"baseline": self.baseline, "baselineSettings": settings, **self.comparison.to_json()}


@dataclass(frozen=True)
class ObservedState:
    """Everything observed for one environment.

    Attributes:
        target: What the target reports.
        artifacts: Store keys (artifact digests and build keys) that are present and whole.
        simulated: Those build keys among them whose artifact a double of a toolchain made.
        sizes: Size in bytes of each present artifact that something has to be built from; no part of the digest.
        older: Newest result of each evaluation whose key has none, whatever it was measured of: says what changed
            since; no part of the digest.
        signed: Digest of each evidence that a trusted key signed, with the name of the key.
        comparisons: New releases against those they replace, where both were measured.
        wants_signed: Evidence counts only with such a signature; no part of the digest, the settings say it.
        evidence: Evidence found for the keys that were asked for, newest first per key.
        verified: Releases verified in this environment, newest first.
        upstream: Releases verified in the upstream environment, newest first.
        holds: Holds in force in this environment; each is about its release, under whatever name that is deployed.
        ended: Holds that ended by themselves and that nobody lifted; like times, no part of the digest.
        drills: The newest rollback of each deployment, of all environments; like times, no part of the digest.
    """

    target: ObservedTarget
    artifacts: frozenset[Digest] = frozenset()
    evidence: tuple[Evidence, ...] = ()
    verified: tuple[VerifiedRelease, ...] = ()
    upstream: tuple[VerifiedRelease, ...] = ()
    holds: tuple[Hold, ...] = field(default=())
    drills: tuple[Drill, ...] = ()
    simulated: frozenset[Digest] = frozenset()
    sizes: tuple[tuple[Digest, int], ...] = ()
    older: tuple[Evidence, ...] = ()
    signed: tuple[tuple[Digest, str], ...] = ()
    comparisons: tuple[Compared, ...] = ()
    wants_signed: bool = False
    ended: tuple[Hold, ...] = ()

    def counts(self, evidence: Evidence) -> bool:
        """Tell whether *evidence* opens a gate: it passed, and is signed where that is asked for."""
        return evidence.passed and (not self.wants_signed or evidence.digest in dict(self.signed))

    def to_json(self) -> dict[str, Json]:
        """Return what the digest is taken over: states, never process ids, ports, counts or times."""
        doubles: dict[str, Json] = {"simulated": sorted(self.simulated)} if self.simulated else {}
        signed: dict[str, Json] = {"signed": [list(pair) for pair in self.signed]} if self.signed else {}
        compared: dict[str, Json] = (
            {"comparisons": [[str(c.deployment), c.key, c.to_json()] for c in self.comparisons]}
            if self.comparisons
            else {}
        )
        return {
            **doubles,
            **signed,
            **compared,
            "environment": self.target.environment,
            "gateway": self.target.gateway.value,
            "servers": [
                [s.key, s.replica, s.health.value]
                for s in sorted(self.target.servers, key=lambda s: (s.key, s.replica))
            ],
            "routes": {
                str(r.deployment): {"release": r.release, "server": r.server, "route": r.route, **_shared(r)}
                for r in self.target.routes
            },
            "artifacts": sorted(self.artifacts),
            "evidence": sorted(e.digest for e in self.evidence),
            "verified": [[str(v.deployment), v.release, v.retained] for v in self.verified],
            "upstream": [[str(v.deployment), v.release] for v in self.upstream],
            "holds": [[str(h.deployment), h.release] for h in self.holds],
        }

    @cached_property
    def digest(self) -> Digest:
        """The identity of the observed state."""
        return digest_of(self.to_json())


def _shared(route: ObservedRoute) -> dict[str, Json]:
    """Return what a rollout under way does to *route*; how far it is enters no digest, only who takes part."""
    held: dict[str, Json] = {"held": True} if route.held else {}
    split = route.split
    return {**held, "candidates": sorted(c.release for c in split.candidates)} if split is not None else held
