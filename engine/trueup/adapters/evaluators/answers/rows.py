"""Examples of an evaluation: JSON Lines, one object a line, every row checked before the first question.

A row has `prompt` (text) or `messages` (chat messages), and `expected` (a text or several, of which one must fit)
where a task compares with it. Besides: `forbidden` (texts that must not be in the answer), `schema` (JSON Schema of
the answer), `variables` (for the release's prompt), `id`, `slice`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from trueup.adapters.evaluators import codes
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json

KNOWN = frozenset({"prompt", "messages", "expected", "forbidden", "schema", "variables", "id", "slice"})
OF_OTHERS = frozenset({"choices", "text"})
"""Fields of tasks that ask nothing: they may run on the same file."""
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
    schema: Mapping[str, Json] | None = None

    @property
    def asked(self) -> str:
        """What was asked, in words: the last message."""
        return str(self.messages[-1].get("content", ""))


@dataclass(frozen=True, slots=True)
class Needs:
    """What the rows must have.

    Attributes:
        expected: What every answer is compared with.
        patterns: `expected` holds regular expressions, which then must compile.
        schema: A JSON Schema.
        known: Further fields of the task's own.
    """

    expected: bool = True
    patterns: bool = False
    schema: bool = False
    known: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Reading:
    examples: list[Example] = field(default_factory=list)
    rows: list[Mapping[str, Json]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)

    def add(self, place: str, line: bytes, needs: Needs) -> None:
        row = row_of(line)
        found = row if isinstance(row, str) else _example(row, str(len(self.seen) + 1), needs)
        if isinstance(found, str) or isinstance(row, str):
            self.problems.append(f"{place}: {found}")
            self.seen[place] = place
            return
        first = self.seen.setdefault(found.id, place)
        if first != place:
            # Results are paired by id: two examples of one name cannot be told apart.
            self.problems.append(f"{place}: the id `{found.id}` is used at {first} too")
        self.examples.append(found)
        self.rows.append(row)


def read_examples(path: Path, needs: Needs) -> tuple[Example, ...]:
    """Read a file, or all `.jsonl` files of a folder in the order of their names.

    Raises:
        PermanentError: No examples (EVAL001), or malformed rows, all of them with their lines (EVAL002).
    """
    return tuple(example for example, _ in read_rows(path, needs))


def read_rows(path: Path, needs: Needs) -> tuple[tuple[Example, Mapping[str, Json]], ...]:
    """Read as `read_examples` does, each example with its whole row."""
    reading = _Reading()
    for place, line in _lines(path):
        reading.add(place, line, needs)
    refuse(reading.problems)
    if not reading.examples:
        raise PermanentError(codes.EMPTY_DATASET, f"`{path.name}` has no rows.")
    return tuple(zip(reading.examples, reading.rows, strict=True))


def refuse(problems: Sequence[str]) -> None:
    """Raise when there are *problems* with rows (EVAL002); the first of them are named."""
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise PermanentError(codes.BAD_ROW, "; ".join(problems[:SHOWN]) + more + ".")


def row_of(line: bytes) -> Mapping[str, Json] | str:
    """Return the JSON object in *line*, or what is wrong with it."""
    try:
        row = json.loads(line)
        # JSON can spell half of a character, which no server and no file can take.
        json.dumps(row, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        return f"no JSON ({error})"
    return row if isinstance(row, dict) else "no JSON object"


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    files = sorted(path.glob("**/*.jsonl")) if path.is_dir() else [path]
    for file in files:
        # Not str.splitlines, which also splits at characters that JSON allows inside texts.
        for number, line in enumerate(file.read_bytes().split(b"\n"), start=1):
            if line.strip():
                yield f"{file.name}:{number}", line


def _example(row: Mapping[str, Json], default_id: str, needs: Needs) -> Example | str:
    """Return the example in *row*, or what is wrong with it."""
    unknown = sorted(set(row) - KNOWN - OF_OTHERS - needs.known)
    messages, expected, forbidden = _messages(row), texts(row.get("expected")), texts(row.get("forbidden", []))
    variables, schema = row.get("variables", {}), row.get("schema")
    if unknown:
        return f"unknown field `{unknown[0]}`"
    if isinstance(messages, str):
        return messages
    if (needs.expected or "expected" in row) and not expected:
        return "`expected` must be a text or a list of texts, and not empty"
    if forbidden is None or not isinstance(variables, dict):
        return "`forbidden` must be a list of texts and `variables` an object"
    if (needs.schema and schema is None) or (schema is not None and not isinstance(schema, dict)):
        return "`schema` must be a JSON Schema: an object"
    if needs.patterns and (broken := _broken_pattern(expected or ())):
        return broken
    id_, slice_name = str(row.get("id", default_id)), str(row.get("slice") or "")
    return Example(messages, expected or (), forbidden, variables, id_, slice_name, schema)


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


def texts(value: Json) -> tuple[str, ...] | None:
    """Return a text, or a list of texts, as texts; None when it is something else or one of them is empty."""
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
