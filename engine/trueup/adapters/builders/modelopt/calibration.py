"""Texts to measure scales on, drawn from a dataset of JSON Lines: the same ones for the same file, size and seed."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from trueup.adapters.builders.modelopt import codes
from trueup.adapters.builders.modelopt.settings import Calibration
from trueup.core.errors import PermanentError
from trueup.core.json import Json

_SHOWN = 5


def draw_texts(path: Path, calibration: Calibration) -> tuple[str, ...]:
    """Return as many texts as are asked for, in the order of the rows.

    Args:
        path: A file, or a folder whose `.jsonl` files are read in the order of their names.
        calibration: How many, and the seed. Rows are ranked by the digest of seed and number, because no library
            promises that its random numbers stay the same.

    Raises:
        PermanentError: Too few rows, rows without a text, or no JSON (ART304).
    """
    rows = _rows(path)
    if len(rows) < calibration.size:
        detail = f"`{path.name}` has {len(rows)} rows, `calibration.size` is {calibration.size}."
        raise PermanentError(codes.BAD_CALIBRATION, detail)
    ranked = sorted(range(len(rows)), key=lambda n: hashlib.sha256(f"{calibration.seed}:{n}".encode()).digest())
    return tuple(rows[n] for n in sorted(ranked[: calibration.size]))


def _rows(path: Path) -> list[str]:
    files = sorted(path.glob("**/*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise PermanentError(codes.BAD_CALIBRATION, f"`{path.name}` has no file that ends in .jsonl.")
    texts: list[str] = []
    problems: list[str] = []
    for file in files:
        # Not str.splitlines, which also splits at characters that JSON allows inside texts.
        for number, line in enumerate(file.read_bytes().split(b"\n"), start=1):
            if not line.strip():
                continue
            text, problem = _text(line)
            if problem:
                problems.append(f"{file.name}:{number}: {problem}")
            texts.append(text)
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise PermanentError(codes.BAD_CALIBRATION, f"{'; '.join(problems[:_SHOWN])}{more}.")
    return texts


def _text(line: bytes) -> tuple[str, str]:
    """Return a row's text and what is wrong with it."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return "", f"no JSON ({error})"
    if not isinstance(row, dict):
        return "", "no JSON object"
    parts = _parts(row)
    if parts is None:
        columns = ", ".join(f"`{c}`" for c in list(row)[:_SHOWN]) or "none"
        return "", f"none of `text`, `prompt`, `messages` is a text; its columns are {columns}"
    text = "\n".join(parts)
    return text, "" if text.strip() else "its text is empty"


def _parts(row: Mapping[str, Json]) -> list[str] | None:
    match row:
        case {"text": str(text)}:
            return [text]
        case {"prompt": str(prompt)}:
            return [prompt, *_expected(row.get("expected"))]
        case {"messages": [*messages]}:
            contents = [m.get("content") if isinstance(m, Mapping) else None for m in messages]
            texts = [c for c in contents if isinstance(c, str)]
            return texts if texts and len(texts) == len(contents) else None
        case _:
            return None


def _expected(value: Json) -> list[str]:
    """Return the answer, the first of several."""
    first = value[0] if isinstance(value, list | tuple) and value else value
    return [first] if isinstance(first, str) else []
