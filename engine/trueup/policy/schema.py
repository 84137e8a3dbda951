"""JSON Schema of the policy document, for people who write rules and for tools that produce documents."""

from trueup.core.digests import DIGEST_PATTERN
from trueup.core.json import Json

_TEXT: Json = {"type": "string"}
_FLAG: Json = {"type": "boolean"}
_COUNT: Json = {"type": "integer"}
_DIGEST: Json = {"type": "string", "pattern": DIGEST_PATTERN}
_DIGEST_OR_EMPTY: Json = {"anyOf": [_DIGEST, {"const": ""}]}
_PATH: Json = {"type": "array", "items": {"type": ["string", "integer"]}}


def _object(**fields: Json) -> dict[str, Json]:
    """Return the schema of an object that has all *fields*; more may be added by later versions."""
    return {"type": "object", "required": sorted(fields), "properties": fields}


def _list(items: Json) -> dict[str, Json]:
    return {"type": "array", "items": items}


def _by_address(values: Json) -> dict[str, Json]:
    return {"type": "object", "additionalProperties": values}


def _one_of(*words: str) -> dict[str, Json]:
    return {"enum": list(words)}


_PIN = _object(address=_TEXT, digest=_DIGEST)

_RELEASE = _object(
    digest=_DIGEST,
    model=_PIN,
    artifact=_object(uri=_TEXT, digest=_DIGEST_OR_EMPTY, format=_TEXT),
    build=_object(
        address=_TEXT, digest=_DIGEST, mode=_TEXT, parameters={"type": "object"}, key=_DIGEST, implicit=_FLAG
    ),
    prompt={"anyOf": [_PIN, {"type": "null"}]},
    adapters=_list(_PIN),
)

_EVALUATION = _object(
    evaluation=_PIN,
    key=_DIGEST,
    dataset=_object(uri=_TEXT, digest=_DIGEST_OR_EMPTY, format=_TEXT),
    status=_one_of("present", "planned", "failed", "missing"),
    evidence={"type": ["object", "null"]},
)

_DEPLOYMENT = _object(
    address=_TEXT,
    name=_TEXT,
    environment=_TEXT,
    changed=_FLAG,
    movement=_one_of("change", "promotion", "rollback", "none"),
    drift=_FLAG,
    fromRelease=_DIGEST_OR_EMPTY,
    release=_RELEASE,
    server={"type": "object"},
    route={"type": "object"},
    evaluations=_list(_EVALUATION),
    resources=_list(_TEXT),
)

_OPERATION = _object(
    kind=_one_of("create", "update", "delete", "fetch", "build", "evaluate"),
    symbol=_TEXT,
    word=_TEXT,
    address=_TEXT,
    reason=_TEXT,
)

_VERIFIED = _object(
    deployment=_TEXT,
    release=_DIGEST,
    revision=_TEXT,
    record=_TEXT,
    verifiedAt=_TEXT,
    ageDays=_COUNT,
    retained=_FLAG,
)

_OBSERVED = _object(
    gateway=_TEXT,
    servers=_list(_object(key=_DIGEST, replica=_COUNT, health=_TEXT)),
    routes=_list(_object(deployment=_TEXT, release=_DIGEST, server=_DIGEST, revision=_TEXT)),
    verified=_list(_VERIFIED),
    upstream=_list(_VERIFIED),
    holds=_list(_object(deployment=_TEXT, release=_DIGEST, reason=_TEXT, since=_TEXT, active=_FLAG)),
)

_EXPRESSION = _object(expression=_TEXT, alternatives={"anyOf": [_list(_list(_TEXT)), {"type": "null"}]})

_DERIVED = _object(
    secrets=_list(_object(address=_TEXT, path=_PATH)),
    licenses=_by_address(_object(field=_TEXT, expressions=_list(_EXPRESSION))),
    artifacts=_by_address(_object(scheme=_TEXT, suffix=_TEXT, runsCode=_FLAG)),
    evidenceAgeDays=_by_address(_COUNT),
)

SCHEMA: dict[str, Json] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Policy document of trueup, format 1",
    **_object(
        formatVersion={"const": 1},
        gate=_FLAG,
        clock=_object(now=_TEXT, nowNs={"type": "string", "pattern": "^-?[0-9]+$"}),
        plan=_object(id=_DIGEST, environment=_TEXT, targets=_list(_TEXT)),
        change=_object(
            revision=_TEXT,
            base=_TEXT,
            author=_TEXT,
            actor=_TEXT,
            trailers={"type": "object", "additionalProperties": _list(_TEXT)},
            operations=_list(_OPERATION),
        ),
        environment=_object(
            name=_TEXT,
            tier=_one_of("dev", "staging", "production"),
            upstream=_TEXT,
            target=_TEXT,
            evaluate=_one_of("before", "during"),
            settings={"type": "object"},
        ),
        deployments=_list(_DEPLOYMENT),
        resources=_by_address({"type": "object"}),
        observed=_OBSERVED,
        artifacts=_list(_DIGEST_OR_EMPTY),
        exceptions=_list(
            _object(address=_TEXT, rule=_TEXT, resource=_TEXT, path=_TEXT, expires=_TEXT, inForce=_FLAG, problem=_TEXT)
        ),
        derived=_DERIVED,
    ),
}
"""The schema itself, JSON Schema 2020-12. Unknown fields are allowed, because versions add some."""
