"""What is observed: servers, routes, verified releases, holds, drift and drills."""

from collections.abc import Iterable
from datetime import datetime

from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.diff.masks import masked, masked_text
from trueup.observed.state import Drill, ObservedState, VerifiedRelease


def observed_facts(observed: ObservedState, drift: Iterable[tuple[ResourceId, str]], now: datetime) -> Json:
    """Return what is observed; *drift* is where the target differs from what was applied to it, in words."""
    target = observed.target
    return {
        "gateway": target.gateway.value,
        "servers": [{"key": s.key, "replica": s.replica, "health": s.health.value} for s in target.servers],
        "routes": [
            {"deployment": str(r.deployment), "release": r.release, "server": r.server, "revision": r.revision}
            for r in target.routes
        ],
        "verified": [_verified(v, now) for v in observed.verified],
        "upstream": [_verified(v, now) for v in observed.upstream],
        "holds": [
            {**_object(masked(h.to_json())), "active": h.is_in_force(now)} for h in (*observed.holds, *observed.ended)
        ],
        "drift": [{"address": str(address), "reason": masked_text(reason)} for address, reason in drift],
        "drills": [_drill(d, now) for d in observed.drills],
    }


def _object(value: Json) -> dict[str, Json]:
    return dict(value) if isinstance(value, dict) else {}


def _verified(verified: VerifiedRelease, now: datetime) -> Json:
    return {
        "deployment": str(verified.deployment),
        "release": verified.release,
        "revision": verified.revision,
        "record": verified.record,
        "verifiedAt": verified.verified_at.isoformat(),
        "ageDays": (now - verified.verified_at).days,
        "servedSeconds": None if verified.served is None else int(verified.served.total_seconds()),
        "retained": verified.retained,
    }


def _drill(drill: Drill, now: datetime) -> Json:
    return {
        "deployment": str(drill.deployment),
        "environment": drill.deployment.environment,
        "at": drill.at.isoformat(),
        "ageDays": (now - drill.at).days,
        "record": drill.record,
    }
