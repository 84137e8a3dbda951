"""JSON Schema of the policy document, for people who write rules and for tools that produce documents."""

from trueup.core.json import Json
from trueup.core.json_schema import (
    COUNT,
    DIGEST,
    DIGEST_OR_NONE,
    FLAG,
    NUMBER,
    TEXT,
    list_of,
    nullable,
    object_of,
    published,
)
from trueup.policy.schema_derived import DERIVED

_DAYS: Json = {"type": "integer"}
_OBJECT: Json = {"type": "object"}
_PIN = object_of({"address": TEXT, "digest": DIGEST})
_ARTIFACT = object_of({"uri": TEXT, "digest": DIGEST_OR_NONE, "format": TEXT})


def _by_address(values: Json) -> dict[str, Json]:
    return {"type": "object", "additionalProperties": values}


def _one_of(*words: str) -> dict[str, Json]:
    return {"enum": list(words)}


def _optional(schema: dict[str, Json], **more: Json) -> dict[str, Json]:
    """Return *schema* with properties that are absent when they are unknown."""
    properties = schema["properties"]
    return {**schema, "properties": {**(properties if isinstance(properties, dict) else {}), **more}}


_RULE = object_of(
    {
        "id": TEXT,
        "ruleSet": TEXT,
        "lastReviewed": TEXT,
        "reviewAgeDays": nullable(_DAYS),
        "effectiveFrom": TEXT,
        "inForce": FLAG,
        "controls": list_of(TEXT),
    }
)

_POLICIES = _optional(
    object_of({"digest": DIGEST_OR_NONE, "revision": TEXT, "from": _one_of("head", "base", "unknown")}),
    changed=list_of(TEXT),
    rules=list_of(_RULE),
)

_SIGNATURE = _one_of("good", "bad", "unknown", "none")

_OPERATION = object_of(
    {
        "kind": _one_of("create", "update", "delete", "fetch", "build", "evaluate"),
        "symbol": TEXT,
        "word": TEXT,
        "address": TEXT,
        "reason": TEXT,
    }
)

_CHANGE = _optional(
    object_of(
        {
            "revision": TEXT,
            "base": TEXT,
            "author": TEXT,
            "actor": TEXT,
            "trailers": {"type": "object", "additionalProperties": list_of(TEXT)},
            "signature": object_of({"status": _SIGNATURE, "signer": TEXT}),
            "operations": list_of(_OPERATION),
        }
    ),
    commits=list_of(
        object_of({"revision": TEXT, "author": TEXT, "signature": _SIGNATURE, "files": list_of(TEXT)}),
    ),
    truncated=FLAG,
    files=list_of(object_of({"path": TEXT, "status": _one_of("added", "modified", "deleted")})),
)

_APPROVAL = _optional(
    object_of(
        {
            "by": TEXT,
            "email": TEXT,
            "roles": list_of(TEXT),
            "commit": TEXT,
            "source": _one_of("trailer", "tag", "commit", "review"),
            "signed": FLAG,
            "isAuthor": FLAG,
        }
    ),
    plan=DIGEST,
    name=TEXT,
    key=TEXT,
)

_RELEASE = object_of(
    {
        "digest": DIGEST,
        "model": _PIN,
        "artifact": _ARTIFACT,
        "build": object_of(
            {
                "address": TEXT,
                "digest": DIGEST,
                "mode": TEXT,
                "parameters": _OBJECT,
                "key": DIGEST,
                "implicit": FLAG,
            }
        ),
        "prompt": nullable(_PIN),
        "adapters": list_of(_PIN),
    }
)

_RUNNING = object_of(
    {
        "release": object_of({"digest": DIGEST}),
        "server": object_of({"key": DIGEST}),
        "revision": TEXT,
        "appliedAt": nullable(TEXT),
    }
)

_REQUIRED = object_of(
    {
        "evaluation": _PIN,
        "key": DIGEST,
        "dataset": _ARTIFACT,
        "status": _one_of("present", "planned", "failed", "missing", "stale", "undecided", "unsigned"),
        "evidence": {"type": ["object", "null"]},
        "stale": nullable(object_of({"changed": list_of(TEXT), "completedAt": TEXT})),
    }
)
_REQUIRED = _optional(
    _REQUIRED,
    judge=object_of(
        {"model": TEXT, "digest": DIGEST_OR_NONE, "families": list_of(TEXT), "judgedFamilies": list_of(TEXT)}
    ),
)

_PARITY = object_of(
    {
        "build": TEXT,
        "key": DIGEST,
        "status": _one_of("present", "planned", "failed", "missing"),
        "summary": TEXT,
        "refusals": list_of(TEXT),
        "evidence": {"type": ["object", "null"]},
    }
)

_DEPLOYMENT = _optional(
    object_of(
        {
            "address": TEXT,
            "name": TEXT,
            "environment": TEXT,
            "changed": FLAG,
            "movement": _one_of("change", "promotion", "rollback", "none"),
            "drift": FLAG,
            "fromRelease": DIGEST_OR_NONE,
            "release": _RELEASE,
            "running": nullable(_RUNNING),
            "server": object_of(
                {
                    "key": DIGEST,
                    "runtime": TEXT,
                    "artifact": DIGEST,
                    "arguments": _OBJECT,
                    "interpreter": TEXT,
                    "replicas": COUNT,
                }
            ),
            "route": object_of({"modelName": TEXT, "limits": _OBJECT, "keys": list_of(TEXT)}),
            "evaluations": list_of(_REQUIRED),
            "resources": list_of(TEXT),
        }
    ),
    path=TEXT,
    parity=_PARITY,
    promptTests=_REQUIRED,
)

_ENVIRONMENT = _optional(
    object_of(
        {
            "name": TEXT,
            "tier": _one_of("dev", "staging", "production"),
            "upstream": TEXT,
            "target": TEXT,
            "evaluate": _one_of("before", "during"),
            "settings": _OBJECT,
        }
    ),
    path=TEXT,
    confirmedDeletions=list_of(TEXT),
)

_EXCEPTION = object_of(
    {
        **dict.fromkeys(("address", "rule", "resource", "path", "owner", "reason", "compensatingControl"), TEXT),
        **dict.fromkeys(("approvedBy", "expires", "problem"), TEXT),
        "expiresInDays": nullable(_DAYS),
        "approverIsAuthor": FLAG,
        "inForce": FLAG,
    }
)

_VERIFIED = object_of(
    {
        "deployment": TEXT,
        "release": DIGEST,
        "revision": TEXT,
        "record": TEXT,
        "verifiedAt": TEXT,
        "ageDays": _DAYS,
        "servedSeconds": nullable(COUNT),
        "retained": FLAG,
    }
)

_OBSERVED = object_of(
    {
        "gateway": TEXT,
        "servers": list_of(object_of({"key": DIGEST, "replica": COUNT, "health": TEXT})),
        "routes": list_of(object_of({"deployment": TEXT, "release": DIGEST, "server": DIGEST, "revision": TEXT})),
        "verified": list_of(_VERIFIED),
        "upstream": list_of(_VERIFIED),
        "holds": list_of(
            object_of(
                {
                    "environment": TEXT,
                    "deployment": TEXT,
                    "release": DIGEST,
                    "reason": TEXT,
                    "author": TEXT,
                    "since": TEXT,
                    "expires": nullable(TEXT),
                    "active": FLAG,
                }
            )
        ),
        "drift": list_of(object_of({"address": TEXT, "reason": TEXT})),
        "drills": list_of(
            object_of({"deployment": TEXT, "environment": TEXT, "at": TEXT, "ageDays": _DAYS, "record": TEXT})
        ),
    }
)

_MEASUREMENT = _optional(
    object_of({"metric": TEXT, "value": NUMBER, "unit": TEXT, "samples": COUNT, "slice": TEXT}),
    stderr=NUMBER,
    interval=list_of(NUMBER),
)
_GATE = _optional(
    object_of(
        {
            "metric": TEXT,
            "operator": TEXT,
            "threshold": NUMBER,
            "value": nullable(NUMBER),
            "slice": TEXT,
            "passed": FLAG,
        }
    ),
    undecided=FLAG,
    moreSamples=COUNT,
    tolerated=FLAG,
)
_SETTINGS = object_of(
    {
        "tool": TEXT,
        "version": TEXT,
        "task": TEXT,
        "fewshot": nullable(COUNT),
        "chatTemplate": nullable(FLAG),
        "seed": nullable(COUNT),
        "backend": TEXT,
        "decoding": _OBJECT,
    }
)
_COMPARISON = object_of(
    {
        "baseline": DIGEST,
        "baselineSettings": nullable(_SETTINGS),
        "test": TEXT,
        "alpha": NUMBER,
        "margin": NUMBER,
        "samples": COUNT,
        "correction": TEXT,
        "regressed": nullable(FLAG),
        "outcome": _one_of("no-worse", "regressed", "not-enough"),
        "moreSamples": nullable(COUNT),
        "metrics": list_of(_OBJECT),
    }
)

_MEASURED = object_of(
    {
        "type": TEXT,
        "subject": {"type": "object", "additionalProperties": DIGEST_OR_NONE},
        "address": TEXT,
        "passed": FLAG,
        "simulated": FLAG,
        "signed": nullable(FLAG),
        "completedAt": TEXT,
        "ageDays": _DAYS,
        "tool": TEXT,
        "measurements": list_of(_MEASUREMENT),
        "gates": list_of(_GATE),
    }
)

_OF_EVALUATIONS: Json = {
    "if": {"properties": {"type": {"const": "evaluation"}}},
    "then": object_of(
        {
            "key": DIGEST,
            "evaluation": TEXT,
            "category": nullable(TEXT),
            "settings": nullable(_SETTINGS),
            "comparison": nullable(_COMPARISON),
            "attacks": list_of(TEXT),
        }
    ),
}

SCHEMA: dict[str, Json] = published(
    "Policy document of trueup, format 2",
    _optional(
        object_of(
            {
                "formatVersion": {"const": 2},
                "gate": FLAG,
                "clock": object_of(
                    {
                        "now": TEXT,
                        "nowNs": {"type": "string", "pattern": "^-?[0-9]+$"},
                        "today": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
                    }
                ),
                "plan": object_of({"id": DIGEST, "environment": TEXT, "targets": list_of(TEXT)}),
                "policies": _POLICIES,
                "change": _CHANGE,
                "environment": _ENVIRONMENT,
                "deployments": list_of(_DEPLOYMENT),
                "resources": _by_address(_OBJECT),
                "observed": _OBSERVED,
                "evidence": list_of({"allOf": [_MEASURED, _OF_EVALUATIONS]}),
                "artifacts": list_of(DIGEST_OR_NONE),
                "exceptions": list_of(_EXCEPTION),
                "derived": DERIVED,
            }
        ),
        approvals=list_of(_APPROVAL),
        approvalsNotCounted=list_of(object_of({"by": TEXT, "source": TEXT, "name": TEXT, "why": TEXT})),
        base=object_of({"resources": _by_address({"type": ["object", "null"]})}),
    ),
)
"""The schema itself, JSON Schema 2020-12. Unknown fields are allowed, because versions add some."""
