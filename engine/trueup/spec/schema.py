"""JSON Schema (draft 2020-12) of every kind, for editors, for other tools, and for the reference page."""

from typing import Any, cast

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core.core_schema import DictSchema

from trueup.core.json import Json
from trueup.spec.kinds import API_VERSION, KINDS, model_class

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_GROUP_VERSION = API_VERSION.replace("/", ":")


class _Closed(GenerateJsonSchema):
    """As strict as the models are, and without a title for every field.

    Editors would show `Param Size` above the description of `paramSize`; and pydantic leaves a mapping open to keys
    that its pattern refuses.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # the signature is pydantic's
        return False

    def dict_schema(self, schema: DictSchema) -> JsonSchemaValue:
        found = super().dict_schema(schema)
        return {**found, "additionalProperties": False} if "patternProperties" in found else found


def json_schema(kind: str) -> dict[str, Json]:
    """Return the schema of one kind, a name of `KINDS`."""
    body = model_class(kind).model_json_schema(by_alias=True, schema_generator=_Closed)
    return {"$schema": DIALECT, "$id": schema_id(kind), **cast("dict[str, Json]", body)}


def combined_schema() -> dict[str, Json]:
    """Return one schema for documents of every kind; `kind` decides which part holds.

    Conditions, and not `oneOf`, lead to the part: an editor then completes and explains the one kind that is
    written, and does not complain about all the others.
    """
    models = [(model_class(kind), "validation") for kind in KINDS]
    keys, definitions = models_json_schema(models, by_alias=True, schema_generator=_Closed)  # type: ignore[arg-type]
    parts: list[Json] = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": cast("dict[str, Json]", keys[model, "validation"]),
        }
        for kind, (model, _) in zip(KINDS, models, strict=True)
    ]
    return {
        "$schema": DIALECT,
        "$id": schema_id("Resource"),
        "title": "trueup resource",
        "description": "A document below the folders of `spec.specs`, or `trueup.yaml`.",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {
            "apiVersion": {"const": API_VERSION, "description": "Version of this format."},
            "kind": {"enum": list(KINDS), "description": "The kind."},
        },
        "allOf": parts,
        **cast("dict[str, Json]", definitions),
    }


def schema_id(name: str) -> str:
    """Return the `$id` of a schema; a name and not an address, so that no validator goes to the network for it."""
    return f"urn:{_GROUP_VERSION}:{name}"


def editor_header(location: str) -> str:
    """Return the first line of a YAML file that makes editors complete and check it.

    Args:
        location: Path (from the YAML file) or address of a schema.
    """
    return f"# yaml-language-server: $schema={location}"
