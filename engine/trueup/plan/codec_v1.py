"""Format 1 of the plan file. It is written down whole, so that a change of a type elsewhere cannot change it."""

from trueup.builds.estimates import Estimate
from trueup.core.digests import Digest, Revision
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import EnvironmentFacts
from trueup.diff.changes import (
    Build,
    BuildUse,
    Change,
    Create,
    Delete,
    Evaluate,
    Fetch,
    FieldChange,
    Impact,
    Movement,
    Room,
    Update,
)
from trueup.observed.state import Hold
from trueup.plan.difference import Snapshot
from trueup.plan.effects import Effects, read_effects
from trueup.plan.evidence_v1 import read_evidence, spelled_evidence
from trueup.plan.plan import Inputs, Plan
from trueup.plan.saved import SavedPlan
from trueup.plan.shapes import Shape, ShapeError

FORMAT_VERSION = 1

# --- writing ---------------------------------------------------------------------------------------------------------


def encode(saved: SavedPlan) -> dict[str, Json]:
    """Return *saved* as JSON."""
    plan, environment = saved.plan, saved.environment
    return {
        "plan": {
            "id": plan.id,
            "environment": plan.environment,
            "revision": plan.revision,
            "inputs": {
                "desired": plan.inputs.desired,
                "observed": plan.inputs.observed,
                "policy": plan.inputs.policy,
                "tool": plan.inputs.tool,
                "targets": list(plan.inputs.targets),
            },
            "createdAt": plan.created_at.isoformat(),
            "targets": [_id(t) for t in plan.targets],
            "changes": [_change(c) for c in plan.changes],
        },
        "environment": {
            "name": environment.name,
            "tier": environment.tier,
            "upstream": environment.upstream,
            "target": environment.target,
            "host": environment.host,
            "port": environment.port,
            "evaluate": environment.evaluate,
            "settings": environment.settings,
        },
        "decision": saved.decision,
        "evidence": [spelled_evidence(e) for e in saved.evidence],
        "holds": [_hold(h) for h in saved.holds],
        "snapshot": {"desired": saved.snapshot.desired, "observed": saved.snapshot.observed},
        "expiresAt": saved.expires_at.isoformat(),
        # Added later: a file that has none of it stays as it was.
        **({"effects": saved.effects.to_json()} if saved.effects != Effects() else {}),
    }


def _id(id_: ResourceId) -> Json:
    return {"kind": id_.kind, "name": id_.name, "version": id_.version, "environment": id_.environment}


def _change(change: Change) -> Json:
    match change:
        case Create() | Update():
            return _deployment(change)
        case Delete(address, reason, release, servers):
            return {**_head("delete", address, reason), "release": release, "servers": list(servers)}
        case Fetch(address, reason, uri, digest):
            return {**_head("fetch", address, reason), "uri": uri, "digest": digest}
        case Build():
            return _build(change)
        case Evaluate(address, reason, deployment, key):
            return {**_head("evaluate", address, reason), "deployment": _id(deployment), "key": key}


def _build(change: Build) -> Json:
    told = change.estimate
    return {
        **_head("build", change.address, change.reason),
        "mode": change.mode,
        "parameters": [[name, value] for name, value in change.parameters],
        "source": change.source,
        "key": change.key,
        "estimate": {"seconds": told.seconds, "memoryBytes": told.memory_bytes, "basis": told.basis} if told else None,
        "sizes": [[name, value] for name, value in change.sizes],
    }


def _head(action: str, address: ResourceId, reason: str) -> dict[str, Json]:
    return {"action": action, "address": _id(address), "reason": reason}


def _deployment(change: Create | Update) -> Json:
    action = "create" if isinstance(change, Create) else "update"
    encoded = {
        **_head(action, change.address, change.reason),
        "impacts": [i.value for i in change.impacts],
        "fields": [_field(f) for f in change.fields],
        "release": change.release,
        "movement": change.movement.value,
        "build": _use(change.build) if change.build else None,
    }
    if isinstance(change, Update):
        encoded |= {"fromRelease": change.from_release, "restart": change.restart, "drift": change.drift}
        encoded["room"] = _room(change.room) if change.room else None
    return encoded


def _room(room: Room) -> Json:
    return {
        "strategy": room.strategy,
        "servers": room.servers,
        "memoryMiB": room.memory_mib,
        "totalMiB": room.total_mib,
    }


def _use(use: BuildUse) -> Json:
    return {"address": _id(use.address), "mode": use.mode, "key": use.key, "cached": use.is_cached}


def _field(field: FieldChange) -> Json:
    return {
        "address": field.address,
        "path": list(field.path),
        "before": field.before,
        "after": field.after,
        "words": [[kind, text] for kind, text in field.words],
    }


def _hold(hold: Hold) -> Json:
    return {
        "environment": hold.environment,
        "deployment": _id(hold.deployment),
        "release": hold.release,
        "reason": hold.reason,
        "author": hold.author,
        "since": hold.since.isoformat(),
        "expires": hold.expires.isoformat() if hold.expires else None,
    }


# --- reading ---------------------------------------------------------------------------------------------------------


def decode(document: Json) -> SavedPlan:
    """Return the plan that *document* spells.

    Raises:
        ShapeError: Something is absent, of another type, or the id is not that of the inputs.
    """
    root = Shape(document)
    environment = root.field("environment")
    snapshot = root.field("snapshot")
    return SavedPlan(
        plan=_read_plan(root.field("plan")),
        environment=EnvironmentFacts(
            name=environment.text("name"),
            tier=environment.text("tier"),
            upstream=environment.text("upstream"),
            target=environment.text("target"),
            host=environment.text("host"),
            port=environment.whole("port"),
            evaluate=environment.text("evaluate"),
            settings=environment.field("settings").value,
        ),
        decision=root.field("decision").value,
        evidence=tuple(read_evidence(e) for e in root.items("evidence")),
        holds=tuple(_read_hold(h) for h in root.items("holds")),
        snapshot=Snapshot(snapshot.field("desired").value, snapshot.field("observed").value),
        expires_at=root.time("expiresAt"),
        effects=read_effects(root.field("effects").value) if root.has("effects") else Effects(),
    )


def _read_plan(shape: Shape) -> Plan:
    inputs = shape.field("inputs")
    plan = Plan(
        environment=shape.text("environment"),
        revision=Revision(shape.text("revision")),
        inputs=Inputs(
            desired=inputs.digest("desired"),
            observed=inputs.digest("observed"),
            policy=inputs.digest("policy"),
            tool=inputs.text("tool"),
            targets=inputs.texts("targets"),
        ),
        changes=tuple(_read_change(c) for c in shape.items("changes")),
        created_at=shape.time("createdAt"),
        targets=tuple(_read_id(t) for t in shape.items("targets")),
    )
    if plan.id != shape.text("id"):
        raise ShapeError("`plan.id` is not the id of `plan.inputs`")
    return plan


def _read_id(shape: Shape) -> ResourceId:
    return ResourceId(shape.text("kind"), shape.text("name"), shape.text("version"), shape.text("environment"))


def _read_change(shape: Shape) -> Change:
    action = shape.text("action")
    address, reason = _read_id(shape.field("address")), shape.text("reason")
    match action:
        case "create" | "update":
            return _read_deployment(shape, address, reason)
        case "delete":
            return Delete(address, reason, shape.digest("release"), _digests(shape, "servers"))
        case "fetch":
            return Fetch(address, reason, shape.text("uri"), shape.digest("digest"))
        case "build":
            made = shape.text("mode"), shape.pairs("parameters"), shape.digest("source"), shape.digest("key")
            return Build(
                address, reason, *made, _read_estimate(shape), shape.pairs("sizes") if shape.has("sizes") else ()
            )
        case "evaluate":
            return Evaluate(address, reason, _read_id(shape.field("deployment")), shape.digest("key"))
        case _:
            raise ShapeError(f"`{shape.place}.action` is `{action}`, which no change is")


def _read_deployment(shape: Shape, address: ResourceId, reason: str) -> Create | Update:
    impacts = tuple(_read_impact(i) for i in shape.items("impacts"))
    fields = tuple(_read_field(f) for f in shape.items("fields"))
    release = shape.digest("release")
    movement = shape.one_of("movement", Movement)
    if shape.text("action") == "create":
        return Create(address, reason, impacts, fields, release, movement, _read_use(shape))
    return Update(
        address=address,
        reason=reason,
        impacts=impacts,
        fields=fields,
        from_release=shape.digest("fromRelease"),
        release=release,
        restart=shape.flag("restart"),
        drift=shape.flag("drift"),
        movement=movement,
        build=_read_use(shape),
        room=_read_room(shape),
    )


def _read_room(shape: Shape) -> Room | None:
    """Read what older files do not have."""
    if not shape.has("room"):
        return None
    room = shape.field("room")
    memory, total = (room.whole(k) if room.has(k) else None for k in ("memoryMiB", "totalMiB"))
    return Room(room.text("strategy"), room.whole("servers"), memory, total)


def _read_use(shape: Shape) -> BuildUse | None:
    """Read what older files do not have."""
    if not shape.has("build"):
        return None
    use = shape.field("build")
    return BuildUse(_read_id(use.field("address")), use.text("mode"), use.digest("key"), use.flag("cached"))


def _read_estimate(shape: Shape) -> Estimate | None:
    """Read what older files do not have."""
    if not shape.has("estimate"):
        return None
    told = shape.field("estimate")
    return Estimate(told.whole("seconds"), told.whole("memoryBytes"), told.text("basis"))


def _read_impact(shape: Shape) -> Impact:
    return Shape({"impact": shape.value}, shape.place).one_of("impact", Impact)


def _read_field(shape: Shape) -> FieldChange:
    words = ((kind, Shape(text, shape.place).as_text()) for kind, text in shape.pairs("words"))
    return FieldChange(
        shape.text("address"),
        shape.path("path"),
        shape.field("before").value,
        shape.field("after").value,
        tuple(words),
    )


def _digests(shape: Shape, name: str) -> tuple[Digest, ...]:
    return tuple(Shape({"digest": item.value}, item.place).digest("digest") for item in shape.items(name))


def _read_hold(shape: Shape) -> Hold:
    expires = None if shape.field("expires").value is None else shape.time("expires")
    return Hold(
        environment=shape.text("environment"),
        deployment=_read_id(shape.field("deployment")),
        release=shape.digest("release"),
        reason=shape.text("reason"),
        author=shape.text("author"),
        since=shape.time("since"),
        expires=expires,
    )
