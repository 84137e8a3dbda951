"""JSON Schemas of what programs read: the plan as JSON output, and the plan file. Both are part of the contract.

Within a major version keys are only added; readers ignore keys that they do not know, so unknown keys are allowed.
"""

from collections.abc import Mapping

from trueup.core.digests import DIGEST_PATTERN
from trueup.core.json import Json
from trueup.diff.changes import Impact, Movement

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Json = {"type": "string"}
_FLAG: Json = {"type": "boolean"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_TIME: Json = {"type": "string", "format": "date-time"}
_DIGEST: Json = {"type": "string", "pattern": DIGEST_PATTERN}
_DIGEST_OR_NONE: Json = {"type": "string", "pattern": f"^$|{DIGEST_PATTERN}"}
_PATH: Json = {"type": "array", "items": {"type": ["string", "integer"]}}
_ACTIONS = ("create", "update", "delete", "fetch", "build", "evaluate")
_IMPACTS: Json = {"type": "array", "items": {"enum": [i.value for i in Impact]}}
_MOVEMENT: Json = {"enum": [m.value for m in Movement]}


def plan_json_schema() -> dict[str, Json]:
    """Return the schema of `trueup plan --output json`, format version 1."""
    change: dict[str, Json] = {
        "id": _TEXT,
        "action": {"enum": list(_ACTIONS)},
        "symbol": {"enum": ["+", "~", "-/+", "-", ">", "<"]},
        "word": _TEXT,
        "kind": _TEXT,
        "address": _TEXT,
        "reason": _TEXT,
    }
    environment = {"name": _TEXT, "tier": _TEXT, "upstream": _TEXT, "target": _TEXT}
    document = {
        "format_version": {"type": "string", "pattern": r"^1\.[0-9]+$"},
        "plan_id": _DIGEST,
        "environment": _object(environment),
        "revision": _TEXT,
        "can_be_applied": _FLAG,
        "inputs": _inputs(),
        "targets": _list(_TEXT),
        "created_at": _TIME,
        "expires_at": _TIME,
        "changes": _list(_with_particulars(change, _view_particulars())),
        "decision": _nullable(_object(_decision("excepted_by", {"type": ["string", "null"]}))),
        "evidence": _list(_object({"evaluation": _TEXT, "key": _DIGEST, "digest": _DIGEST, "passed": _FLAG})),
        "holds": _list(_object({"deployment": _TEXT, "release": _DIGEST_OR_NONE, "reason": _TEXT, "author": _TEXT})),
        "summary": _object(
            {"has_changes": _FLAG, **dict.fromkeys((*_ACTIONS, "blocked"), _COUNT), "text": _TEXT},
        ),
    }
    return {"$schema": _DIALECT, "title": "trueup plan, JSON output", **_object(document)}


def saved_plan_schema() -> dict[str, Json]:
    """Return the schema of the plan file that `trueup plan --out` writes, format version 1."""
    change: dict[str, Json] = {"action": {"enum": list(_ACTIONS)}, "address": _id(), "reason": _TEXT}
    plan = {
        "id": _DIGEST,
        "environment": _TEXT,
        "revision": _TEXT,
        "inputs": _inputs(),
        "createdAt": _TIME,
        "targets": _list(_id()),
        "changes": _list(_with_particulars(change, _file_particulars())),
    }
    names = ("name", "tier", "upstream", "target", "host", "evaluate")
    environment = {**dict.fromkeys(names, _TEXT), "port": {"type": "integer"}, "settings": {}}
    evidence = {
        "evaluation": _TEXT,
        "key": _DIGEST_OR_NONE,
        "subject": _list(_pair()),
        "measurements": _list({"type": "object"}),
        "gates": _list({"type": "object"}),
        "tool": _TEXT,
        "startedAt": _TIME,
        "completedAt": _TIME,
        "simulated": _FLAG,
    }
    hold = {"environment": _TEXT, "deployment": _id(), "release": _DIGEST_OR_NONE, "reason": _TEXT, "author": _TEXT}
    decision = {"formatVersion": {"const": 1}, **_decision("exceptedBy", _TEXT)}
    document = {
        "digest": _DIGEST,
        "formatVersion": {"const": 1},
        "plan": _object(plan),
        "environment": _object(environment),
        "decision": _nullable(_object(decision)),
        "evidence": _list(_object(evidence)),
        "holds": _list(_object({**hold, "since": _TIME, "expires": _nullable(_TIME)})),
        "snapshot": _object({"desired": {}, "observed": {}}),
        "expiresAt": _TIME,
    }
    return {"$schema": _DIALECT, "title": "trueup plan file", **_object(document)}


def _view_particulars() -> dict[str, Mapping[str, Json]]:
    words = _list(_object({"kind": {"enum": ["equal", "delete", "insert"]}, "text": _TEXT}))
    moved = {**_moved(words), "from_release": _nullable(_DIGEST), "restart": _FLAG, "drift": _FLAG}
    build = {"mode": _TEXT, "parameters": {"type": "object"}, "source": _DIGEST, "key": _DIGEST}
    return {**_supplies(), "create": moved, "update": moved, "build": build, "evaluate": _evaluate(_TEXT)}


def _file_particulars() -> dict[str, Mapping[str, Json]]:
    moved = _moved(_list(_pair()))
    update = {**moved, "fromRelease": _DIGEST_OR_NONE, "restart": _FLAG, "drift": _FLAG}
    build = {"mode": _TEXT, "parameters": _list(_pair()), "source": _DIGEST_OR_NONE, "key": _DIGEST_OR_NONE}
    return {**_supplies(), "create": moved, "update": update, "build": build, "evaluate": _evaluate(_id())}


def _supplies() -> dict[str, Mapping[str, Json]]:
    return {
        "delete": {"release": _DIGEST_OR_NONE, "servers": _list(_DIGEST_OR_NONE)},
        "fetch": {"uri": _TEXT, "digest": _DIGEST_OR_NONE},
    }


def _evaluate(deployment: Json) -> Mapping[str, Json]:
    return {"deployment": deployment, "key": _DIGEST_OR_NONE}


def _moved(words: Json) -> dict[str, Json]:
    field = _object({"address": _TEXT, "path": _PATH, "before": {}, "after": {}, "words": words})
    return {"impacts": _IMPACTS, "movement": _MOVEMENT, "release": _DIGEST_OR_NONE, "fields": _list(field)}


def _with_particulars(common: Mapping[str, Json], particulars: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
    """Return a schema of one change: what all have, and what its action has besides."""
    cases: list[Json] = [
        {"if": {"properties": {"action": {"const": action}}}, "then": _object(keys)}
        for action, keys in sorted(particulars.items())
    ]
    return {**_object(common), "allOf": cases}


def _decision(excepted: str, excepted_type: Json) -> dict[str, Json]:
    span = _nullable(_object({"path": _TEXT, "line": _COUNT, "column": _COUNT}))
    texts = ("rule", "title", "severity", "address", "message", "remediation")
    violation = {
        **dict.fromkeys(texts, _TEXT),
        "enforcement": {"enum": ["deny", "warn"]},
        "path": _PATH,
        "span": span,
        excepted: excepted_type,
    }
    return {
        "outcome": {"enum": ["allow", "deny", "error"]},
        "engine": _TEXT,
        "bundle": _DIGEST_OR_NONE,
        "input": _DIGEST_OR_NONE,
        "rules": _list(_TEXT),
        "violations": _list(_object(violation)),
        "errors": _list(_object({"message": _TEXT, "span": span})),
    }


def _inputs() -> dict[str, Json]:
    required = {"desired": _DIGEST_OR_NONE, "observed": _DIGEST_OR_NONE, "policy": _DIGEST_OR_NONE, "tool": _TEXT}
    schema = _object(required)
    return {**schema, "properties": {**required, "targets": _list(_TEXT)}}


def _id() -> dict[str, Json]:
    return _object(dict.fromkeys(("kind", "name", "version", "environment"), _TEXT))


def _pair() -> Json:
    return {"type": "array", "prefixItems": [_TEXT], "minItems": 2, "maxItems": 2}


def _object(properties: Mapping[str, Json]) -> dict[str, Json]:
    return {"type": "object", "required": list(properties), "properties": dict(properties)}


def _list(items: Json) -> dict[str, Json]:
    return {"type": "array", "items": items}


def _nullable(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}
