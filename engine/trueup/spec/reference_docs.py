"""The reference page of all kinds, rendered from their JSON Schemas so that it cannot say anything else."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from trueup.core.frozen import dataclass
from trueup.spec.kinds import API_VERSION, KINDS, Kind
from trueup.spec.kinds.spellings import SPELLINGS
from trueup.spec.schema import editor_header, json_schema

_INTRODUCTION = f"""\
# Kinds and their fields

<!-- Generated from the kinds; edit their descriptions instead. -->

Every document below the folders of `spec.specs` declares one resource of `apiVersion: {API_VERSION}`. Fields that are
not listed here are errors. Types are strict: text is never made of a number, nor a number of text. An absent field
has the default shown; what is said in brackets names the standard a field comes from.

A *versioned* kind is addressed `Kind/name@version`. Once merged, its content never changes: new content needs a new
version. A Deployment is addressed `Deployment/environment/name`.

Editors complete and check a file whose first line names a schema that `trueup schema` printed:

```yaml
{editor_header("Model.json")}
```
"""


@dataclass(frozen=True, slots=True)
class _Row:
    path: str
    type: str
    default: str
    description: str

    def __str__(self) -> str:
        cells = (f"`{self.path}`", self.type, self.default, self.description)
        return f"| {' | '.join(c.replace('|', '&#124;') for c in cells)} |"


@dataclass(frozen=True, slots=True)
class _Variant:
    """One case of a union that a key tells apart: where it stands, and its schema."""

    path: str
    schema: Mapping[str, Any]


def reference_page() -> str:
    """Return the page in Markdown."""
    parts = [_INTRODUCTION, _overview(), _metadata()]
    parts += [_section(kind) for kind in KINDS.values()]
    return "\n".join(parts)


def _overview() -> str:
    rows = [
        f"| [{k.name}](#{k.name.lower()}) | {'yes' if k.versioned else ''} | {_schema(k.name)['description']} |"
        for k in KINDS.values()
    ]
    table = "\n".join(rows)
    return f"| kind | versioned | what it declares |\n| --- | --- | --- |\n{table}\n"


def _metadata() -> str:
    page = _Page(_schema("Model"))
    page.describe(page.definitions["VersionedMetadata"], "metadata")
    return f"## Metadata\n\nThe same for every kind; `version` for versioned kinds only.\n\n{page.table()}"


def _section(kind: Kind) -> str:
    schema = _schema(kind.name)
    page = _Page(schema)
    page.add(schema["properties"]["spec"], "spec")
    lines = [f"## {kind.name}", "", schema["description"], ""]
    if page.rows:
        lines.append(page.table())
    for variant in page.variants:
        lines += _variant(page, variant)
    return "\n".join(lines)


def _variant(page: "_Page", variant: _Variant) -> list[str]:
    body = _Page({"$defs": page.definitions})
    body.describe(variant.schema, variant.path)
    key = next(name for name, field in variant.schema["properties"].items() if "const" in field or "enum" in field)
    value = body.type_of(variant.schema["properties"][key])
    return [f"### `{variant.path}` with `{key}`: {value}", "", variant.schema["description"], "", body.table()]


def _schema(kind: str) -> dict[str, Any]:
    return json_schema(kind)


class _Page:
    """Rows of one table, and the unions that get tables of their own."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.definitions: Mapping[str, Any] = schema.get("$defs", {})
        self.rows: list[_Row] = []
        self.variants: list[_Variant] = []

    def table(self) -> str:
        rows = "\n".join(map(str, self.rows))
        return f"| field | type | default | meaning |\n| --- | --- | --- | --- |\n{rows}\n"

    def describe(self, schema: Mapping[str, Any], path: str) -> None:
        """Add the rows of an object's fields, those inside them included."""
        required = schema.get("required", ())
        for name, field in schema.get("properties", {}).items():
            place = f"{path}.{name}"
            default = "required" if name in required else _default(field.get("default"))
            # A description that only repeats that of the part it refers to is left out of the schema.
            meaning = field.get("description") or self._real(field).get("description", "")
            self.rows.append(_Row(place, self.type_of(field), default, meaning))
            self.add(field, place)

    def add(self, schema: Mapping[str, Any], path: str) -> None:
        """Add the rows below *path*, whatever stands there."""
        schema = self._real(schema)
        if "oneOf" in schema:
            cases = [self._real(case) for case in schema["oneOf"]]
            if all("properties" in case for case in cases):
                self.variants += [_Variant(path, case) for case in cases]
        elif "items" in schema:
            self.add(schema["items"], f"{path}[]")
        elif "properties" in schema:
            self.describe(schema, path)

    def _real(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow a reference, and the one alternative that is not null."""
        if "$ref" in schema:
            return self._real(self.definitions[schema["$ref"].rpartition("/")[2]])
        alternatives = [a for a in schema.get("anyOf", ()) if a.get("type") != "null"]
        return self._real(alternatives[0]) if len(alternatives) == 1 else schema

    def type_of(self, schema: Mapping[str, Any]) -> str:
        """Say a type in words."""
        schema = self._real(schema)
        if "const" in schema or "enum" in schema:
            return ", ".join(f"`{v}`" for v in schema.get("enum", [schema.get("const")]))
        return self._alternatives(schema) if "anyOf" in schema or "oneOf" in schema else self._plain(schema)

    def _plain(self, schema: Mapping[str, Any]) -> str:
        match schema.get("type"):
            case "array":
                return f"list of {self.type_of(schema['items'])}"
            case "object":
                return "mapping" if "properties" in schema else f"mapping of {self.type_of(_values(schema))}"
            case "string":
                return _text(schema)
            case "integer" | "number" as number:
                return ", ".join(["whole number" if number == "integer" else "number", *_range(schema)])
            case "boolean":
                return "`true` or `false`"
            case _:
                return "any value"

    def _alternatives(self, schema: Mapping[str, Any]) -> str:
        cases = [self._real(c) for c in schema.get("anyOf", schema.get("oneOf", ()))]
        if any("pattern" in c for c in cases):
            return next(_text(c) for c in cases if "pattern" in c)
        if any(c.get("type") == "string" for c in cases):
            return "text, or `{file: path}`"
        return "one of the shapes below"


def _values(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    free = schema.get("additionalProperties", {})
    return free if isinstance(free, dict) else next(iter(schema.get("patternProperties", {}).values()), {})


def _text(schema: Mapping[str, Any]) -> str:
    spelling = SPELLINGS.get(schema.get("pattern", ""))
    if names := schema.get("x-names"):
        return f"name of a {names}" if spelling and "@" not in spelling.example else f"{names}, `name@version`"
    return f"{spelling.words}, like `{spelling.example}`" if spelling else "text"


def _range(schema: Mapping[str, Any]) -> Iterator[str]:
    for key, words in (
        ("minimum", "at least"),
        ("exclusiveMinimum", "above"),
        ("maximum", "at most"),
        ("exclusiveMaximum", "below"),
    ):
        if key in schema:
            yield f"{words} {schema[key]:g}"


def _default(value: Any) -> str:
    return "" if value in (None, [], {}) and value is not False else f"`{json.dumps(value)}`"
