"""JSON in answers: whether an answer is a JSON document, and whether that is valid against a schema."""

import json
import re
from collections.abc import Mapping
from typing import Any

from trueup.adapters.evaluators.answers.libraries import library
from trueup.core.json import Json

_FENCE = re.compile(r"\A\s*```[A-Za-z]*\n(?P<inside>.*)\n```\s*\Z", re.DOTALL)

MOST_STARTS = 200
"""Places of a text that are tried for the beginning of a document: an answer of brackets alone has thousands."""


NOT_APPLIED = "the schema cannot be applied"
"""What a reason begins with that is about the schema and not about the document."""


class NotJsonError(ValueError):
    """The answer is no JSON document."""


def document_of(answer: str, *, fenced: bool = False) -> Json:
    """Return the document that the whole of *answer* is; with *fenced*, a Markdown fence may be around it.

    Raises:
        NotJsonError: It is none, or spells a number that JSON does not have.
    """
    match = _FENCE.match(answer) if fenced else None
    try:
        found: Json = json.loads(match["inside"] if match else answer, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotJsonError(str(error)) from error
    return found


def documents_in(answer: str) -> tuple[Json, ...]:
    """Return the objects and lists that stand in *answer*, the outermost ones, from left to right."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    found: list[Json] = []
    place = 0
    for _ in range(MOST_STARTS):
        begin = re.compile(r"[{\[]").search(answer, place)
        if begin is None:
            break
        try:
            value, place = decoder.raw_decode(answer, begin.start())
            found.append(value)
        except (ValueError, RecursionError):
            place = begin.start() + 1
    return tuple(found)


def validator(schema: Mapping[str, Json], task: str) -> Any:
    """Return what validates documents against *schema*, by the draft that it names; the newest when it names none.

    What a schema refers to elsewhere is never fetched.

    Raises:
        ValueError: It is no JSON Schema.
        PermanentError: The library is not installed (EVAL008).
    """
    jsonschema = library("jsonschema", task)
    registry = library("referencing", task).Registry()
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise ValueError(f"it is no JSON Schema: {error.message}") from error
    return kind(schema, registry=registry)


def invalid_because(checked_by: Any, document: Json) -> str:
    """Say why *document* is not valid; empty when it is. A reference that leads nowhere makes nothing valid."""
    try:
        error = next(checked_by.iter_errors(document), None)
    except Exception as trouble:  # noqa: BLE001 - references, patterns and depth fail with errors of three libraries
        return f"{NOT_APPLIED} ({trouble})"
    return "" if error is None else str(error.message)


def _refuse(name: str) -> Json:
    raise ValueError(f"{name} is no number of JSON")
