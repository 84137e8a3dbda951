"""JSON Lines: an object a line."""

import json
from collections.abc import Iterator
from pathlib import Path

from trueup.adapters.datasets.readers.lines import NOT_UTF8, TOO_LONG, lines, open_bytes
from trueup.adapters.datasets.records import Malformed, Record, Row
from trueup.core.json import Json


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


DECODER = json.JSONDecoder(parse_constant=_no_number)
"""Made once: a decoder a line would cost as much as what it decodes."""


def read_jsonl(path: Path, name: str) -> Iterator[Row]:
    """Yield the rows of a file; empty lines are none."""
    with open_bytes(path) as file:
        for number, line in lines(file):
            if line is None:
                yield Malformed(name, number, TOO_LONG)
            elif line.strip():
                yield _row(line, name, number)


def _row(line: bytes, name: str, number: int) -> Row:
    try:
        value = DECODER.decode(line.decode())
    except UnicodeDecodeError:
        return Malformed(name, number, NOT_UTF8)
    except (ValueError, RecursionError) as error:
        return Malformed(name, number, f"no JSON ({why(error)})")
    return row_of(value, name, number)


def row_of(value: Json, name: str, number: int) -> Row:
    """Return the record of a JSON value, which has to be an object of well-formed text."""
    if not isinstance(value, dict):
        return Malformed(name, number, "no JSON object")
    return Record(value, name, number)


def why(error: Exception) -> str:
    """Say what is wrong with JSON, without what stands there."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, column {error.colno}"
    return "too deep" if isinstance(error, RecursionError) else str(error)
