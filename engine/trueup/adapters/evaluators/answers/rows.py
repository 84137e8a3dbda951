"""Examples of an evaluation: JSON Lines, one object a line, every row checked before the first question.

A row has `prompt` (text) or `messages` (chat messages), and `expected` (a text or several, of which one must fit).
Besides: `forbidden` (texts that must not be in the answer), `variables` (for the release's prompt), `id`, `slice`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trueup.adapters.evaluators import codes
from trueup.core.errors import PermanentError
from trueup.core.json import Json

KNOWN = frozenset({"prompt", "messages", "expected", "forbidden", "variables", "id", "slice"})
SHOWN = 20
"""Bad lines that are named; a file in the wrong format has them all."""


@dataclass(frozen=True, slots=True)
class Example:
    """One question and what its answer is held against."""

    messages: tuple[Mapping[str, Json], ...]
    expected: tuple[str, ...]
    forbidden: tuple[str, ...]
    variables: Mapping[str, Json]
    id: str
    slice: str


def read_examples(path: Path, *, has_patterns: bool) -> tuple[Example, ...]:
    """Read a file, or all `.jsonl` files of a folder in the order of their names.

    Args:
        path: File or folder.
        has_patterns: Whether `expected` holds regular expressions, which then must compile.

    Raises:
        PermanentError: No examples (EVAL001), or malformed rows, all of them with their lines (EVAL002).
    """
    files = sorted(path.glob("**/*.jsonl")) if path.is_dir() else [path]
    examples: list[Example] = []
    problems: list[str] = []
    for file in files:
        # Not str.splitlines, which also splits at characters that JSON allows inside texts.
        for number, line in enumerate(file.read_bytes().split(b"\n"), start=1):
            if not line.strip():
                continue
            row = _row(line, f"{len(examples) + 1}", has_patterns=has_patterns)
            if isinstance(row, Example):
                examples.append(row)
            else:
                problems.append(f"{file.name}:{number}: {row}")
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise PermanentError(codes.BAD_ROW, "; ".join(problems[:SHOWN]) + more + ".")
    if not examples:
        raise PermanentError(codes.EMPTY_DATASET, f"`{path.name}` has no rows.")
    return tuple(examples)


def _row(line: bytes, default_id: str, *, has_patterns: bool) -> Example | str:
    """Return the example in *line*, or what is wrong with it."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"no JSON ({error})"
    if not isinstance(row, dict):
        return "no JSON object"
    unknown = sorted(set(row) - KNOWN)
    messages, expected, forbidden = _messages(row), _texts(row.get("expected")), _texts(row.get("forbidden", []))
    variables = row.get("variables", {})
    if unknown:
        return f"unknown field `{unknown[0]}`"
    if isinstance(messages, str):
        return messages
    if not expected:
        return "`expected` must be a text or a list of texts, and not empty"
    if forbidden is None or not isinstance(variables, dict):
        return "`forbidden` must be a list of texts and `variables` an object"
    broken = _broken_pattern(expected) if has_patterns else ""
    if broken:
        return broken
    return Example(
        messages, expected, forbidden, variables, str(row.get("id", default_id)), str(row.get("slice") or "")
    )


def _messages(row: Mapping[str, Json]) -> tuple[Mapping[str, Json], ...] | str:
    prompt, messages = row.get("prompt"), row.get("messages")
    if (prompt is None) == (messages is None):
        return "one of `prompt` and `messages` must be there"
    if isinstance(prompt, str) and prompt:
        return ({"role": "user", "content": prompt},)
    if prompt is not None:
        return "`prompt` must be a text, and not empty"
    good = isinstance(messages, Sequence) and all(
        isinstance(m, Mapping) and isinstance(m.get("role"), str) and isinstance(m.get("content"), str)
        for m in messages
    )
    if not good or not messages or not isinstance(messages, Sequence):
        return "`messages` must be a list of objects with `role` and `content`"
    return tuple(m for m in messages if isinstance(m, Mapping))


def _texts(value: Json) -> tuple[str, ...] | None:
    if isinstance(value, str):
        return (value,) if value else None
    if isinstance(value, Sequence) and all(isinstance(v, str) and v for v in value):
        return tuple(str(v) for v in value)
    return None


def _broken_pattern(patterns: Sequence[str]) -> str:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            return f"`{pattern}` is no regular expression ({error})"
    return ""
