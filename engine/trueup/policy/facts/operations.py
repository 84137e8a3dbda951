"""What a plan would do, one entry a change."""

from trueup.core.json import Json
from trueup.diff.changes import (
    Build,
    Change,
    Create,
    Delete,
    Evaluate,
    Fetch,
    FieldChange,
    Room,
    Update,
    symbol,
)
from trueup.diff.masks import masked


def operation(change: Change) -> Json:
    """Return one change of a plan, secrets masked."""
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
                **({"room": _room(change.room)} if change.room else {}),
            }
            return common | _rollout(change) | more
        case Delete():
            return common | {"release": change.release, "servers": list(change.servers)}
        case Fetch():
            return common | {"uri": masked(change.uri), "digest": change.digest}
        case Build():
            built: dict[str, Json] = {"mode": change.mode, "parameters": masked(dict(change.parameters))}
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


def _room(room: Room) -> Json:
    return {
        "strategy": room.strategy,
        "servers": room.servers,
        "memoryMiB": room.memory_mib,
        "totalMiB": room.total_mib,
    }


def _field(changed: FieldChange) -> Json:
    return {
        "address": changed.address,
        "path": masked(list(changed.path)),
        "before": masked(changed.before),
        "after": masked(changed.after),
    }
