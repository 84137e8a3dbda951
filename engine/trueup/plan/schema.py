"""JSON Schemas of what programs read: the plan as JSON output, and the plan file. Both are part of the contract.

Within a major version keys are only added; readers ignore keys that they do not know, so unknown keys are allowed.
"""

from collections.abc import Mapping

from trueup.core.json import Json
from trueup.core.json_schema import (
    COUNT,
    DIGEST,
    DIGEST_OR_NONE,
    FLAG,
    FORMAT_1,
    PATH,
    TEXT,
    TIME,
    list_of,
    nullable,
    object_of,
    pair,
    published,
    said,
)
from trueup.diff.changes import Impact, Movement
from trueup.plan.schema_behaviour import behaviour_schema

_ENFORCEMENTS = ("deny", "warn", "dryrun")
_ACTIONS = ("create", "update", "delete", "fetch", "build", "evaluate")
_IMPACTS: Json = {"type": "array", "items": {"enum": [i.value for i in Impact]}}
_MOVEMENT: Json = {"enum": [m.value for m in Movement]}


_POLICIES: dict[str, Json] = {
    "source": said({"enum": ["head", "base", "unknown"]}, "the change's own; its base's; its own, no base being here"),
    "revision": said(TEXT, "commit of the base; empty for the change's own"),
    "changed": said(list_of(TEXT), "policy files in which the change differs from them"),
    "candidate": nullable(object_of({"outcome": TEXT, "denies": list_of(TEXT)})),
}


_MONEY: Json = nullable({"type": "integer"})
_COST: dict[str, Json] = {
    "currency": TEXT,
    **dict.fromkeys(("monthly_before", "monthly_after", "monthly_delta", "monthly_budget"), _MONEY),
    **dict.fromkeys(("gpu_hours_before", "gpu_hours_after"), nullable(COUNT)),
    "accelerators": {"type": "object", "additionalProperties": COUNT},
    "unpriced": said(list_of(TEXT), "deployments that nobody can price"),
    "deployments": list_of(
        object_of(
            {
                "address": TEXT,
                **dict.fromkeys(("monthly_before", "monthly_after"), _MONEY),
                **dict.fromkeys(("per_thousand_requests_before", "per_thousand_requests_after"), _MONEY),
                "tokens_from": {"enum": ["workload", "evidence", None]},
            }
        )
    ),
}
_LOOSENED: dict[str, Json] = {"address": TEXT, "kind": TEXT, "before": {}, "after": {}}


def plan_json_schema() -> dict[str, Json]:
    """Return the schema of `trueup plan --output json`, format version 1."""
    change: dict[str, Json] = {
        "id": TEXT,
        "action": {"enum": list(_ACTIONS)},
        "symbol": {"enum": ["+", "~", "-/+", "-", ">", "<"]},
        "word": TEXT,
        "kind": TEXT,
        "address": TEXT,
        "reason": TEXT,
    }
    environment = {"name": TEXT, "tier": TEXT, "upstream": TEXT, "target": TEXT}
    document = {
        "format_version": FORMAT_1,
        "plan_id": said(DIGEST, "what `apply` compares: equal ids are equal plans"),
        "environment": object_of(environment),
        "revision": said(TEXT, "commit; empty for uncommitted changes"),
        "can_be_applied": said(FLAG, "it is of a commit and policy allows it"),
        "inputs": _inputs(),
        "targets": said(list_of(TEXT), "deployments it is narrowed to; empty for all"),
        "created_at": TIME,
        "expires_at": TIME,
        "changes": said(list_of(_with_particulars(change, _view_particulars())), "in the order they are applied"),
        "decision": nullable(object_of(shown_decision())),
        "policies": said(nullable(object_of(_POLICIES)), "whose policies judged; null when read from a plan file"),
        "evidence": list_of(object_of({"evaluation": TEXT, "key": DIGEST, "digest": DIGEST, "passed": FLAG})),
        "holds": list_of(object_of({"deployment": TEXT, "release": DIGEST_OR_NONE, "reason": TEXT, "author": TEXT})),
        "cost": said(nullable(object_of(_COST)), "of a month, in hundredths; null where nothing has a price"),
        "evaluation_loosened": said(list_of(object_of(_LOOSENED)), "what the change makes easier to pass"),
        "behaviour": said(
            nullable(list_of(behaviour_schema())), "with `--behaviour`: deployments that are not served as planned"
        ),
        "summary": object_of(
            {"has_changes": FLAG, **dict.fromkeys((*_ACTIONS, "blocked", "softened", "dry_run"), COUNT), "text": TEXT},
        ),
    }
    return published("trueup plan, JSON output", object_of(document))


def saved_plan_schema() -> dict[str, Json]:
    """Return the schema of the plan file that `trueup plan --out` writes, format version 1."""
    change: dict[str, Json] = {"action": {"enum": list(_ACTIONS)}, "address": _id(), "reason": TEXT}
    plan = {
        "id": DIGEST,
        "environment": TEXT,
        "revision": TEXT,
        "inputs": _inputs(),
        "createdAt": TIME,
        "targets": list_of(_id()),
        "changes": list_of(_with_particulars(change, _file_particulars())),
    }
    names = ("name", "tier", "upstream", "target", "host", "evaluate")
    environment = {**dict.fromkeys(names, TEXT), "port": {"type": "integer"}, "settings": {}}
    evidence = {
        "evaluation": TEXT,
        "key": DIGEST_OR_NONE,
        "subject": list_of(pair()),
        "measurements": list_of({"type": "object"}),
        "gates": list_of({"type": "object"}),
        "tool": TEXT,
        "startedAt": TIME,
        "completedAt": TIME,
        "simulated": FLAG,
    }
    hold = {"environment": TEXT, "deployment": _id(), "release": DIGEST_OR_NONE, "reason": TEXT, "author": TEXT}
    # Fields that were added later are in no older file, so none is required.
    added: dict[str, Json] = {"softenedBy": TEXT, "softenedFrom": {"enum": ["", *_ENFORCEMENTS]}}
    decision = {"formatVersion": {"const": 1}, **_decision(_violation({"exceptedBy": TEXT}), added)}
    document = {
        "digest": DIGEST,
        "formatVersion": {"const": 1},
        "plan": object_of(plan),
        "environment": object_of(environment),
        "decision": nullable(object_of(decision)),
        "evidence": list_of(object_of(evidence)),
        "holds": list_of(object_of({**hold, "since": TIME, "expires": nullable(TIME)})),
        "snapshot": object_of({"desired": {}, "observed": {}}),
        "expiresAt": TIME,
    }
    effects = said({"type": "object"}, "what it does to the cost of a month and to evaluations, as for rules")
    schema = object_of(document)
    return published("trueup plan file", {**schema, "properties": {**document, "effects": effects}})


def _view_particulars() -> dict[str, Mapping[str, Json]]:
    words = list_of(object_of({"kind": {"enum": ["equal", "delete", "insert"]}, "text": TEXT}))
    moved = {**_moved(words), "from_release": nullable(DIGEST), "restart": FLAG, "drift": FLAG}
    use = object_of({"address": TEXT, "mode": TEXT, "key": DIGEST, "cached": FLAG})
    moved = {**moved, "build": said(nullable(use), "what is built for it; null for a model served as it is")}
    room = {"strategy": TEXT, "servers": COUNT, "memory_mib": nullable(COUNT), "total_mib": nullable(COUNT)}
    moved = {**moved, "room": said(nullable(object_of(room)), "what its rollout takes at the peak; null for none")}
    told = object_of({"seconds": COUNT, "memory_bytes": COUNT, "basis": TEXT})
    build = {"mode": TEXT, "parameters": {"type": "object"}, "source": DIGEST, "key": DIGEST}
    sizes = said({"type": "object"}, "the max_... that an engine will have, where its network is known")
    build = {**build, "estimate": said(nullable(told), "what it may take; null when nothing is known"), "sizes": sizes}
    return {**_supplies(), "create": moved, "update": moved, "build": build, "evaluate": _evaluate(TEXT)}


def _file_particulars() -> dict[str, Mapping[str, Json]]:
    moved = _moved(list_of(pair()))
    update = {**moved, "fromRelease": DIGEST_OR_NONE, "restart": FLAG, "drift": FLAG}
    build = {"mode": TEXT, "parameters": list_of(pair()), "source": DIGEST_OR_NONE, "key": DIGEST_OR_NONE}
    return {**_supplies(), "create": moved, "update": update, "build": build, "evaluate": _evaluate(_id())}


def _supplies() -> dict[str, Mapping[str, Json]]:
    return {
        "delete": {"release": DIGEST_OR_NONE, "servers": list_of(DIGEST_OR_NONE)},
        "fetch": {"uri": TEXT, "digest": DIGEST_OR_NONE},
    }


def _evaluate(deployment: Json) -> Mapping[str, Json]:
    return {"deployment": deployment, "key": DIGEST_OR_NONE}


def _moved(words: Json) -> dict[str, Json]:
    field = object_of({"address": TEXT, "path": PATH, "before": {}, "after": {}, "words": words})
    return {"impacts": _IMPACTS, "movement": _MOVEMENT, "release": DIGEST_OR_NONE, "fields": list_of(field)}


def _with_particulars(common: Mapping[str, Json], particulars: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
    """Return a schema of one change: what all have, and what its action has besides."""
    cases: list[Json] = [
        {"if": {"properties": {"action": {"const": action}}}, "then": object_of(keys)}
        for action, keys in sorted(particulars.items())
    ]
    return {**object_of(common), "allOf": cases}


def shown_violation() -> dict[str, Json]:
    """Return the keys of one violation in JSON output."""
    text_or_none: Json = {"type": ["string", "null"]}
    soft: dict[str, Json] = {"softened_by": text_or_none, "softened_from": {"enum": [None, *_ENFORCEMENTS]}}
    return _violation({"excepted_by": text_or_none, **soft})


def shown_decision() -> dict[str, Json]:
    """Return the keys of a decision in JSON output."""
    text_or_none: Json = {"type": ["string", "null"]}
    exception = {
        "address": TEXT,
        "state": {"enum": ["used", "unused", "expired", "invalid"]},
        "problem": text_or_none,
        "expires": text_or_none,
        "expires_in_days": {"type": ["integer", "null"]},
    }
    return {
        **_decision(shown_violation(), {}),
        "exceptions": list_of(object_of(exception)),
        "notices": list_of(object_of({"message": TEXT, "span": _span()})),
    }


def _violation(required: Mapping[str, Json]) -> dict[str, Json]:
    texts = ("rule", "title", "severity", "address", "message", "remediation")
    return {
        **dict.fromkeys(texts, TEXT),
        "enforcement": {"enum": list(_ENFORCEMENTS)},
        "path": PATH,
        "span": _span(),
        **required,
    }


def _decision(always: Mapping[str, Json], optional: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "outcome": {"enum": ["allow", "deny", "error"]},
        "engine": TEXT,
        "bundle": DIGEST_OR_NONE,
        "input": DIGEST_OR_NONE,
        "rules": list_of(TEXT),
        "violations": list_of({**object_of(always), "properties": {**always, **optional}}),
        "errors": list_of(object_of({"message": TEXT, "span": _span()})),
    }


def _span() -> Json:
    return nullable(object_of({"path": TEXT, "line": COUNT, "column": COUNT}))


def _inputs() -> dict[str, Json]:
    required = {"desired": DIGEST_OR_NONE, "observed": DIGEST_OR_NONE, "policy": DIGEST_OR_NONE, "tool": TEXT}
    schema = object_of(required)
    return {**schema, "properties": {**required, "targets": list_of(TEXT)}}


def _id() -> dict[str, Json]:
    return object_of(dict.fromkeys(("kind", "name", "version", "environment"), TEXT))
