"""Pieces that the published JSON Schemas are made of.

Objects list what is always there and allow more: within a major version keys are only added, and a reader ignores
those it does not know.
"""

from collections.abc import Mapping

from trueup.core.digests import DIGEST_PATTERN
from trueup.core.json import Json

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT: Json = {"type": "string"}
FLAG: Json = {"type": "boolean"}
COUNT: Json = {"type": "integer", "minimum": 0}
NUMBER: Json = {"type": "number"}
TIME: Json = {"type": "string", "format": "date-time"}
DIGEST: Json = {"type": "string", "pattern": DIGEST_PATTERN}
DIGEST_OR_NONE: Json = {"type": "string", "pattern": f"^$|{DIGEST_PATTERN}"}
PATH: Json = {"type": "array", "items": {"type": ["string", "integer"]}}
FORMAT_1: Json = {"type": "string", "pattern": r"^1\.[0-9]+$"}
"""`format_version` of JSON output: another number before the dot is another format."""


def object_of(properties: Mapping[str, Json]) -> dict[str, Json]:
    """Return the schema of an object that has at least *properties*."""
    return {"type": "object", "required": list(properties), "properties": dict(properties)}


def list_of(items: Json) -> dict[str, Json]:
    """Return the schema of a list of *items*."""
    return {"type": "array", "items": items}


def nullable(schema: Json) -> Json:
    """Return *schema*, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def said(schema: Json, meaning: str) -> Json:
    """Return *schema* with what it means."""
    return {**schema, "description": meaning} if isinstance(schema, Mapping) else schema


def pair() -> Json:
    """Return the schema of a list of two, the first a text."""
    return {"type": "array", "prefixItems": [TEXT], "minItems": 2, "maxItems": 2}


def published(title: str, document: Mapping[str, Json]) -> dict[str, Json]:
    """Return *document* as a schema that stands by itself."""
    return {"$schema": DIALECT, "title": title, **document}
