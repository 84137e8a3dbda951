"""Data files held to the `schema.json` beside them: JSON Schema, draft 2020-12, checked by the Rego engine itself.

The engine's validator is complete, reaches neither network nor files, and knows no pattern that takes for ever; it
costs microseconds and no start-up. It names one problem and no place, so what it refuses is searched part by part.
A file that replaces one of the library is held to the library's schema as well as to its own.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.data import Mounted, folders_of
from trueup.adapters.policy.embedded.syntax import Parts
from trueup.core.diagnostics import Diagnostic, Span
from trueup.spec.resource import Path

_MOST = 20
"""Problems told of one file; nobody reads more."""
_MOST_REFERENCES = 20
"""`$ref` followed in a row; a circle of them is the engine's to refuse."""
_SAYING_NOTHING = {"$schema", "$defs", "$comment", "title", "description", "default", "examples"}
"""Keywords that ask nothing of a value."""
_BELOW = ("properties", "items", "additionalProperties")
"""Keywords whose schemas are looked at one by one."""


def check_schemas(
    engine_class: Any, schemas: list[tuple[str, str, str]], mounted: list[Mounted], texts: Mapping[str, str]
) -> Iterator[Diagnostic]:
    """Yield what is wrong with schemas, and with the data files beside them.

    Args:
        engine_class: The Rego engine.
        schemas: Path, root and text of each schema.
        mounted: The data files that count.
        texts: Their texts, for the place of a problem.
    """
    by_mount: dict[Parts, list[tuple[str, Any]]] = {mount: [] for _, mount, _ in mounted}
    for path, root, text in schemas:
        if folders_of(path, root) not in by_mount:
            continue  # beside no data: a file of that name may be anything
        schema = _read(path, text)
        problem = schema if isinstance(schema, Diagnostic) else _wrong(engine_class, path, schema)
        if problem:
            yield problem
        else:
            by_mount[folders_of(path, root)].append((path, schema))
    for path, mount, value in mounted:
        for schema_path, schema in by_mount[mount]:
            for place, why in _first(_Validator(engine_class, schema).problems(value)):
                where = f"`{'.'.join(str(step) for step in place)}`: " if place else ""
                detail = f"{where}{why} ({schema_path} says what it must be)."
                yield Diagnostic(codes.DATA_SCHEMA, detail, _span(path, texts.get(path, ""), place))


def _read(path: str, text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        return Diagnostic(codes.SCHEMA, "It is nested too deeply.", Span(path))
    except ValueError as error:
        span = Span(path, error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else Span(path)
        return Diagnostic(codes.SCHEMA, f"{error}.", span)


def _wrong(engine_class: Any, path: str, schema: Any) -> Diagnostic | None:
    try:
        _Validator(engine_class, schema).says(None)
    except _SchemaError as error:
        return Diagnostic(codes.SCHEMA, f"{error}.", Span(path, 1, 1))
    return None


class _SchemaError(Exception):
    """A schema is none; the message says why."""


class _Validator:
    """One schema, asked about values."""

    def __init__(self, engine_class: Any, schema: Any) -> None:
        self._engine = engine_class()
        self._schema = schema
        self._shared = (
            {k: v for k, v in schema.items() if k in ("$schema", "$defs")} if isinstance(schema, dict) else {}
        )

    def says(self, value: Any, schema: Any = None) -> str:
        """Return what is wrong with *value*; empty when it fits."""
        asked = self._schema if schema is None else schema
        if isinstance(asked, dict):
            asked = {**self._shared, **asked}
        # The whole schema is the base of `#/...`, so it is asked about as it is, or with what it shares.
        self._engine.set_input_json(json.dumps({"value": value, "schema": asked}))
        try:
            answer = json.loads(self._engine.eval_query_as_json("json.match_schema(input.value, input.schema)"))
        except RuntimeError as error:
            raise _SchemaError(_reason(error)) from error
        fits, why = answer["result"][0]["expressions"][0]["value"]
        return "" if fits else str(why)

    def problems(self, value: Any) -> list[tuple[Path, str]]:
        """Return place and words of what is wrong with *value*."""
        try:
            return [*islice(self._search((), value, self._schema), _MOST + 1)]
        except _SchemaError:
            return [((), self.says(value))]  # a part refers to another part, which alone it does not have

    def _search(self, path: Path, value: Any, schema: Any) -> Iterator[tuple[Path, str]]:
        whole = self.says(value, schema)
        if not whole:
            return
        schema = self._followed(schema)
        parts = [*_parts(value, schema)] if isinstance(schema, dict) else []
        own = self.says(value, _without(schema)) if parts else whole
        if own:
            yield path, own
        found = bool(own)
        for step, below, part in parts:
            for problem in self._search((*path, step), below, part):
                found = True
                yield problem
        if not found:
            yield path, whole

    def _followed(self, schema: Any) -> Any:
        for _ in range(_MOST_REFERENCES):
            if not (isinstance(schema, dict) and schema.keys() - _SAYING_NOTHING == {"$ref"}):
                return schema
            name = str(schema["$ref"]).removeprefix("#/$defs/")
            schema = self._shared.get("$defs", {}).get(name)
        return schema


def _parts(value: Any, schema: dict[str, Any]) -> Iterator[tuple[str | int, Any, Any]]:
    """Yield the parts of *value* with the schemas that `_BELOW` has for them."""
    known = schema.get("properties", {})
    others = schema.get("additionalProperties")
    is_plain = isinstance(others, dict) and "patternProperties" not in schema
    if isinstance(value, dict):
        for key, below in value.items():
            if key in known:
                yield key, below, known[key]
            elif is_plain:
                yield key, below, others
    elif isinstance(value, list) and isinstance(schema.get("items"), dict) and "prefixItems" not in schema:
        yield from ((index, below, schema["items"]) for index, below in enumerate(value))


def _without(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what *schema* asks of a value besides its parts."""
    kept = {k: v for k, v in schema.items() if k not in _BELOW}
    if "properties" in schema:
        kept["properties"] = dict.fromkeys(schema["properties"], True)
    if not isinstance(schema.get("additionalProperties"), dict):
        kept |= {k: v for k, v in schema.items() if k == "additionalProperties"}
    return kept


def _first(found: list[tuple[Path, str]]) -> list[tuple[Path, str]]:
    return found if len(found) <= _MOST else [*found[:_MOST], ((), "there are more problems")]


def _span(path: str, text: str, place: Path) -> Span:
    from trueup.spec.yaml.positions import locate  # only for a file that is wrong

    return Span(path, *locate(text.encode("utf-8", "replace"), 0, place))


def _reason(error: Exception) -> str:
    said = str(error).split("error: ", 1)[-1].split("\n", 1)[0]
    return said.removeprefix("invalid schema: ").strip().rstrip(".") or "it is no JSON Schema"
