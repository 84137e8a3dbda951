"""JSON Schema of the derived facts, which are a part of the policy document."""

from trueup.core.json import Json
from trueup.core.json_schema import COUNT, FLAG, PATH, TEXT, list_of, nullable, object_of

_DAYS: Json = {"type": "integer"}
_MONEY: Json = {"type": "integer"}


def _by(values: Json) -> dict[str, Json]:
    return {"type": "object", "additionalProperties": values}


_EXPRESSION = object_of({"expression": TEXT, "alternatives": nullable(list_of(list_of(TEXT)))})

_LINEAGE = object_of(
    {
        "parents": list_of(
            object_of(
                {
                    "address": TEXT,
                    "relation": {
                        "enum": [
                            "base",
                            "finetune",
                            "adapter",
                            "quantized",
                            "merge",
                            "distilled",
                            "data",
                            "generated-by",
                        ]
                    },
                }
            )
        ),
        "ancestors": list_of(TEXT),
        "unknown": list_of(TEXT),
    }
)

_FINDING = object_of(
    {
        "address": TEXT,
        "path": PATH,
        "kind": {"enum": ["secret", "email", "phone", "card", "iban", "hostname", "address"]},
    }
)

_BUILD = object_of(
    {
        "mode": TEXT,
        "window": nullable(object_of({"from": TEXT, "until": TEXT})),
        "toolVersion": nullable(TEXT),
        "inWindow": nullable(FLAG),
        "runtime": TEXT,
        "runtimeVersion": nullable(TEXT),
        "runtimeLoads": nullable(FLAG),
        "simulated": nullable(FLAG),
        "accelerator": nullable(TEXT),
        "capability": nullable(TEXT),
        "acceleratorMatches": nullable(FLAG),
        "capabilityMatches": nullable(FLAG),
        "errors": list_of(object_of({**dict.fromkeys(("code", "address", "message", "hint"), TEXT), "path": PATH})),
        "unknown": list_of(TEXT),
        "fitUnknown": nullable(TEXT),
    }
)

_AMOUNTS = ("accelerators", "replicas", "cpuMillis", "memoryMiB", "storageMiB")
_CAPACITY = object_of(
    {
        "demand": object_of(dict.fromkeys(_AMOUNTS, COUNT)),
        "quota": object_of(dict.fromkeys(_AMOUNTS, nullable(COUNT))),
        "unbounded": list_of(TEXT),
        "bySku": _by(object_of({"demand": COUNT, "available": COUNT})),
    }
)

_COST_PART = object_of(
    {
        "monthly": nullable(_MONEY),
        "gpuHours": nullable(COUNT),
        "tokens": nullable(object_of({"input": COUNT, "output": COUNT})),
        "tokensPerRequest": nullable(
            object_of({"input": COUNT, "output": COUNT, "from": {"enum": ["workload", "evidence"]}})
        ),
        "perThousandRequests": nullable(_MONEY),
    }
)
_COST = object_of(
    {
        "currency": TEXT,
        **dict.fromkeys(("monthlyBefore", "monthlyAfter", "monthlyDelta", "monthlyBudget"), nullable(_MONEY)),
        "unpriced": list_of(TEXT),
        **dict.fromkeys(("gpuHoursBefore", "gpuHoursAfter"), nullable(COUNT)),
        "accelerators": _by(COUNT),
        "byDeployment": _by(object_of(dict.fromkeys(("before", "after"), nullable(_COST_PART)))),
    }
)

_SOAK = object_of(
    {"requiredSeconds": COUNT, "servedSeconds": nullable(COUNT), "upstream": TEXT, "retired": nullable(FLAG)}
)

_FREEZE = object_of(
    {
        "active": list_of(object_of({"name": TEXT, "until": TEXT, "allowRollback": FLAG, "reason": TEXT})),
        "unreadable": list_of(object_of({"index": COUNT, "problem": TEXT})),
    }
)

_LOOSENED = object_of(
    {
        "address": TEXT,
        "kind": {
            "enum": [
                "requirement-removed",
                "threshold-loosened",
                "threshold-removed",
                "metric-dropped",
                "regression-loosened",
                "suite-shrunk",
                "measured-otherwise",
                "age-loosened",
                "judge-changed",
                "signature-dropped",
                "prompt-test-dropped",
            ]
        },
        "before": {},
        "after": {},
    }
)

_PARTS: Json = {"enum": ["model", "adapters", "prompt", "build", "runtime", "arguments"]}

_KNOWN = object_of(
    {
        "secrets": list_of(object_of({"address": TEXT, "path": PATH})),
        "prompts": list_of(_FINDING),
        "licenses": _by(object_of({"field": TEXT, "expressions": list_of(_EXPRESSION)})),
        "lineage": _by(_LINEAGE),
        "artifacts": _by(object_of({"scheme": TEXT, "suffix": TEXT, "runsCode": FLAG})),
        "images": list_of(object_of({"address": TEXT, "path": PATH, "image": TEXT, "registry": TEXT, "digest": TEXT})),
        "components": list_of(object_of({"address": TEXT, "path": PATH, "name": TEXT, "version": TEXT})),
        "builds": _by(_BUILD),
        "capacity": _CAPACITY,
        "cost": _COST,
        "soak": _by(_SOAK),
        "freeze": _FREEZE,
        "lifecycle": _by(
            object_of(
                {
                    "phase": TEXT,
                    "deprecatedForDays": nullable(_DAYS),
                    "retiresInDays": nullable(_DAYS),
                    "retiresAt": nullable(TEXT),
                    "replacement": nullable(TEXT),
                }
            )
        ),
        "releaseChanges": _by(list_of(_PARTS)),
        "evidenceAgeDays": _by(_DAYS),
        "purposes": list_of(object_of({"address": TEXT, "categories": list_of(TEXT)})),
    }
)

_RETIRING = object_of(
    {
        "address": TEXT,
        "phase": TEXT,
        "before": nullable(TEXT),
        "declaredBy": list_of(TEXT),
        "neededBy": list_of(object_of({"deployment": TEXT, "release": TEXT, "why": TEXT})),
    }
)

DERIVED: dict[str, Json] = {
    **_KNOWN,
    "properties": {
        **(_KNOWN["properties"] if isinstance(_KNOWN["properties"], dict) else {}),
        "evaluationChanges": list_of(_LOOSENED),
        "retirement": list_of(_RETIRING),
        "deletions": object_of(
            {
                "deleted": COUNT,
                "running": COUNT,
                "confirmed": list_of(TEXT),
                "isAll": FLAG,
                "budget": {"type": "object"},
            }
        ),
        "reviews": object_of({"oldestDays": nullable(_DAYS), "unreviewed": list_of(TEXT)}),
    },
}
"""The schema of `derived`; what needs an unknown base or unknown rules is absent while they are,
as are `deletions` of a plan that deletes none, and `retirement` where nothing is on its way out."""
