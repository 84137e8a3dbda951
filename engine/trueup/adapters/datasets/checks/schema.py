"""The shape of records: a JSON Schema, or the fields and types that the Dataset declares."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from trueup.adapters.datasets import codes
from trueup.adapters.datasets.checks.check import BadCheckError, Findings, Setting, share_result, shown
from trueup.adapters.datasets.extras import library
from trueup.adapters.datasets.records import Record
from trueup.core.errors import PermanentError
from trueup.core.json import Json, mapping_of
from trueup.evidence.data import CheckResult

_WHOLE = re.compile(r"[+-]?\d{1,4000}")
_NUMBER = re.compile(r"[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,4})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].{1,40})?")
_FLAGS = frozenset({"true", "false", "0", "1", "yes", "no"})


def _is_whole(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_date(value: Any) -> bool:
    return isinstance(value, date | datetime) or (isinstance(value, str) and _DATE.fullmatch(value) is not None)


_TYPES: Mapping[str, tuple[Callable[[Any], bool], Callable[[str], bool]]] = {
    "text": (lambda v: isinstance(v, str), lambda _: True),
    "integer": (_is_whole, lambda t: _WHOLE.fullmatch(t) is not None),
    "number": (_is_number, lambda t: _NUMBER.fullmatch(t) is not None),
    "boolean": (lambda v: isinstance(v, bool), lambda t: t.lower() in _FLAGS),
    "date": (_is_date, _is_date),
    "list": (lambda v: isinstance(v, list | tuple), lambda _: False),
    "object": (lambda v: isinstance(v, Mapping), lambda _: False),
    "any": (lambda _: True, lambda _: True),
}
"""What a value of each type is, and how it reads in a file whose values are all texts."""

_NAMES = {
    "text": "text string str url uri sc:text sc:url sc:name cr:uuid large_string",
    "integer": "integer int int8 int16 int32 int64 uint8 uint16 uint32 uint64 sc:integer cr:int64 cr:int32",
    "number": "number float double float16 float32 float64 sc:float sc:number cr:float32 cr:float64",
    "boolean": "boolean bool sc:boolean",
    "date": "date datetime timestamp sc:date sc:datetime",
    "list": "list array sequence",
    "object": "object struct mapping",
    "any": "any",
}
_ALIASES = {alias: name for name, aliases in _NAMES.items() for alias in aliases.split()}


class Schema:
    """Every record has the declared shape."""

    def __init__(self, setting: Setting) -> None:
        params = setting.params
        self._check = setting.check
        self._most = params.number("max_share", 0.0, 0, 1)
        additional = params.flag("additional", default=True)
        schema = params.value("schema")
        record_set = params.text("record_set")
        params.done()
        self._problem = _by_schema(schema) if schema is not None else _by_fields(setting, record_set, additional)
        self._findings = Findings()
        self._records = 0

    def see(self, record: Record) -> None:
        """Hold it against the shape."""
        self._records += 1
        problem = self._problem(record)
        if problem:
            self._findings.add(record.place, problem)

    def result(self) -> CheckResult:
        """Return the share of records of another shape."""
        return share_result(self._check, self._findings, self._records, self._most)


def _by_schema(schema: Json) -> Callable[[Record], str]:
    jsonschema = library("jsonschema", "`schema`")
    if not isinstance(schema, Mapping | bool):
        raise BadCheckError("`schema` must be a JSON Schema")
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise BadCheckError(f"`schema` is no JSON Schema: {error.message}") from error
    unresolvable = library("referencing.exceptions", "`schema`").Unresolvable
    # With a registry of its own that has nothing in it, a `$ref` to another place is an error and no request.
    validator = kind(schema, registry=library("referencing", "`schema`").Registry())

    def problem(record: Record) -> str:
        try:
            error = next(validator.iter_errors(record.value), None)
        except RecursionError:
            return "is too deep to be looked at"
        except (re.error, unresolvable) as broken:
            # Only now: a pattern and a reference are looked at when a record comes to them.
            detail = f"`schema`: a pattern or reference in it is broken ({type(broken).__name__})."
            raise PermanentError(codes.BAD_CHECK, detail) from broken
        if error is None:
            return ""
        where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.absolute_path).lstrip(".")
        # Not the library's own words: they hold the value.
        return f"`{shown(where) or 'the record'}` breaks `{error.validator}`"

    return problem


def _by_fields(setting: Setting, record_set: str, additional: bool) -> Callable[[Record], str]:
    fields = declared_fields(setting.data.declared, record_set)
    if not fields:
        raise BadCheckError("there is nothing to hold records against", "give `schema`, or declare `recordSet` fields")
    unknown = sorted(kind for _, kind in fields if kind and kind.lower() not in _ALIASES)
    if unknown:
        raise BadCheckError(f"`recordSet` has the unknown type `{unknown[0]}`", f"known: {', '.join(_TYPES)}")
    types = [(name, _ALIASES[kind.lower() or "any"]) for name, kind in fields]
    names = {name for name, _ in types}

    def problem(record: Record) -> str:
        for name, kind in types:
            if name not in record.value:
                return f"`{name}` is not there"
            if not _is_of(record.value[name], kind, is_text=record.is_text):
                return f"`{name}` is no {kind}"
        other = "" if additional else next((n for n in record.value if n not in names), "")
        return f"`{shown(other)}` is not declared" if other else ""

    return problem


def _is_of(value: Json, kind: str, *, is_text: bool) -> bool:
    """Tell whether a value is of a type; whether it may be null is what `not_null` asks."""
    typed, spelled = _TYPES[kind]
    if value is None:
        return True
    return spelled(value) if is_text and isinstance(value, str) else typed(value)


def declared_fields(spec: Mapping[str, Json], record_set: str = "") -> tuple[tuple[str, str], ...]:
    """Return name and type of each field of the declared record sets, or of the one named; types may be empty."""
    sets = spec.get("recordSet")
    chosen = [mapping_of(s) for s in sets] if isinstance(sets, Sequence) and not isinstance(sets, str) else []
    found: dict[str, str] = {}
    for one in chosen:
        fields = one.get("field")
        if record_set in {"", one.get("name")} and isinstance(fields, Sequence) and not isinstance(fields, str):
            found |= {str(f["name"]): str(f.get("dataType") or "") for f in map(mapping_of, fields)}
    return tuple(found.items())
