"""The policy document: one JSON value with everything a rule may look at, and nothing that is secret.

Facts that engines compute differently (ages, licence algebra, file suffixes) are computed here and given under
`derived`. The format is described in `docs/policy/document.md` and versioned: a field may be added, none changes
its meaning.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from trueup.core.digests import Digest
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment, DesiredState, RequiredEvaluation
from trueup.diff.changes import (
    Build,
    Change,
    Create,
    Delete,
    Evaluate,
    Fetch,
    FieldChange,
    Update,
    symbol,
)
from trueup.diff.masks import masked, masked_text
from trueup.evidence.evidence import Evidence
from trueup.observed.state import ObservedState, VerifiedRelease
from trueup.plan.plan import Plan
from trueup.policy.derived import derive
from trueup.policy.exceptions import read_waivers

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """Where a change comes from.

    Attributes:
        revision: Its commit; empty for a dirty work tree.
        base: The commit it is compared with; empty when there is none.
        author: Name and e-mail of the commit's author.
        trailers: Trailers of the commit message, by key, in order.
        actor: Who runs the command, which need not be the author.
    """

    revision: str = ""
    base: str = ""
    author: str = ""
    trailers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    actor: str = ""


def policy_document(
    plan: Plan,
    desired: DesiredState,
    observed: ObservedState,
    change: ChangeFacts,
    now: datetime,
    *,
    gate: bool = False,
) -> dict[str, Json]:
    """Return the document that policy judges.

    Args:
        plan: What would be done.
        desired: What it was made from.
        observed: What it was made from; at the gate, observed again after the evaluations ran.
        change: Where the change comes from.
        now: The time, aware.
        gate: The evaluations have run: none is `planned` any more.
    """
    now = now.astimezone(UTC)
    resources = {r.id: r.canonical for d in desired.deployments for r in d.resources}
    documents = {str(id_): json.loads(canonical) for id_, canonical in sorted(resources.items())}
    shown = {address: _masked_if_needed(document) for address, document in documents.items()}
    return {
        "formatVersion": FORMAT_VERSION,
        "gate": gate,
        "clock": {"now": now.isoformat().replace("+00:00", "Z"), "nowNs": str(_nanoseconds(now))},
        "plan": {"id": plan.id, "environment": plan.environment, "targets": [str(t) for t in plan.targets]},
        "change": {
            "revision": change.revision,
            "base": change.base,
            "author": _text(change.author),
            "actor": _text(change.actor),
            "trailers": {_text(key): [_text(v) for v in values] for key, values in change.trailers.items()},
            "operations": [_operation(c) for c in plan.changes],
        },
        "environment": _environment(desired),
        "deployments": _deployments(plan, desired, observed, gate),
        "resources": shown,
        "observed": _observed(observed, now),
        "artifacts": sorted(observed.artifacts),
        "exceptions": [w.to_json() for w in read_waivers(desired.exceptions, now)],
        "derived": derive(documents, shown, observed.evidence, now),
    }


def _masked_if_needed(document: Json) -> Json:
    """Return *document* itself when nothing in it is secret: two copies of thousands would lie in memory."""
    shown = masked(document)
    return document if shown == document else shown


def _text(words: str) -> str:
    """Return *words* as people wrote them in git, masked; bytes that are no UTF-8 become question marks."""
    return masked_text(words.encode("utf-8", "replace").decode())


def _environment(desired: DesiredState) -> Json:
    facts = desired.environment
    return {
        "name": facts.name,
        "tier": facts.tier,
        "upstream": facts.upstream,
        "target": facts.target,
        "evaluate": facts.evaluate,
        "settings": masked(facts.settings),
    }


def _deployments(plan: Plan, desired: DesiredState, observed: ObservedState, gate: bool) -> list[Json]:
    changes = {c.address: c for c in plan.changes if isinstance(c, Create | Update)}
    planned = {c.key for c in plan.changes if isinstance(c, Evaluate)}
    if gate or desired.environment.evaluate != "during":
        planned = set()
    newest = {e.key: e for e in reversed(observed.evidence)}
    return [_deployment(d, changes.get(d.id), newest, planned) for d in desired.deployments]


def _deployment(
    deployment: DesiredDeployment,
    change: Create | Update | None,
    newest: Mapping[Digest, Evidence],
    planned: set[Digest],
) -> Json:
    release = deployment.release
    return {
        "address": str(deployment.id),
        "name": deployment.id.name,
        "environment": deployment.id.environment,
        "changed": change is not None,
        "movement": change.movement.value if change else "none",
        "drift": isinstance(change, Update) and change.drift,
        "fromRelease": change.from_release if isinstance(change, Update) else "",
        "release": {
            **release.to_json(),
            "digest": release.digest,
            "artifact": masked(release.artifact.to_json()),
            "build": release.build.to_json(),
        },
        "server": deployment.server.to_json(),
        "route": masked(deployment.route.to_json()),
        "evaluations": [_evaluation(e, newest.get(e.key), planned) for e in deployment.evaluations],
        "resources": [str(r.id) for r in deployment.resources],
    }


def _evaluation(required: RequiredEvaluation, newest: Evidence | None, planned: set[Digest]) -> Json:
    if newest is not None and newest.passed:
        status = "present"
    elif required.key in planned:
        status = "planned"
    else:
        status = "missing" if newest is None else "failed"
    return {**required.to_json(), "status": status, "evidence": newest.to_json() if newest else None}


def _observed(observed: ObservedState, now: datetime) -> Json:
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
        "holds": [{**h.to_json(), "active": h.expires is None or h.expires > now} for h in observed.holds],
    }


def _verified(verified: VerifiedRelease, now: datetime) -> Json:
    return {
        "deployment": str(verified.deployment),
        "release": verified.release,
        "revision": verified.revision,
        "record": verified.record,
        "verifiedAt": verified.verified_at.isoformat(),
        "ageDays": (now - verified.verified_at).days,
        "retained": verified.retained,
    }


def _operation(change: Change) -> Json:
    sign, word = symbol(change)
    common: dict[str, Json] = {
        "kind": type(change).__name__.lower(),
        "symbol": sign,
        "word": word,
        "address": str(change.address),
        "reason": change.reason,
    }
    match change:
        case Create():
            return common | _rollout(change)
        case Update():
            more: dict[str, Json] = {
                "fromRelease": change.from_release,
                "restart": change.restart,
                "drift": change.drift,
            }
            return common | _rollout(change) | more
        case Delete():
            return common | {"release": change.release, "servers": list(change.servers)}
        case Fetch():
            return common | {"uri": masked(change.uri), "digest": change.digest}
        case Build():
            built: dict[str, Json] = {"mode": change.mode, "parameters": dict(change.parameters)}
            return common | built | {"source": change.source, "key": change.key}
        case Evaluate():
            return common | {"deployment": str(change.deployment), "key": change.key}


def _rollout(change: Create | Update) -> dict[str, Json]:
    return {
        "movement": change.movement.value,
        "release": change.release,
        "impacts": [i.value for i in change.impacts],
        "fields": [_field(f) for f in change.fields],
    }


def _field(changed: FieldChange) -> Json:
    return {
        "address": changed.address,
        "path": list(changed.path),
        "before": masked(changed.before),
        "after": masked(changed.after),
    }


def _nanoseconds(moment: datetime) -> int:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
