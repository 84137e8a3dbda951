"""Reading a model folder's JSON files, with errors that name the file."""

import json
from collections.abc import Mapping
from pathlib import Path

from trueup.adapters.builders import codes
from trueup.builds.network import is_positive
from trueup.core.errors import PermanentError
from trueup.core.json import Json

LIMIT_BYTES = 256 << 20
"""Larger than any tokenizer.json; a guard against a wrong file, not a format's limit."""


def read_document(folder: Path, name: str) -> Mapping[str, Json]:
    """Return the JSON object in *name*.

    Raises:
        PermanentError: It is missing (ART202) or no JSON object (ART203).
    """
    document = read_optional(folder, name)
    if document is None:
        raise PermanentError(codes.MISSING_FILE, f"The model has no `{name}`.")
    return document


def read_optional(folder: Path, name: str) -> Mapping[str, Json] | None:
    """Return the JSON object in *name*, None when there is no such file."""
    path = folder / name
    if not path.is_file():
        return None
    if path.stat().st_size > LIMIT_BYTES:
        raise PermanentError(codes.BAD_FILE, f"`{name}` has more than {LIMIT_BYTES:,} bytes.")
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise PermanentError(codes.BAD_FILE, f"`{name}` is no JSON: {error}.") from error
    if not isinstance(document, dict):
        raise PermanentError(codes.BAD_FILE, f"`{name}` is no JSON object.")
    return document


def positive(document: Mapping[str, Json], name: str, key: str, default: int | None = None) -> int:
    """Return the positive whole number under *key* of the document *name*."""
    value = document.get(key, default)
    if value is None:
        value = default
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise PermanentError(codes.BAD_FILE, f"`{key}` in `{name}` must be a positive whole number, not {value!r}.")
    return value


def positive_number(document: Mapping[str, Json], key: str, default: float) -> float:
    """Return the positive number under *key* of `config.json`, *default* when there is none.

    Raises:
        PermanentError: It is no number, or not finite, which JSON as Python reads it may hold (ART203).
    """
    value = document.get(key)
    if value is None:
        return default
    if is_positive(value):
        return float(value)
    raise PermanentError(codes.BAD_FILE, f"`{key}` in `config.json` must be a positive number, not {value!r}.")
