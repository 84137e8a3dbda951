"""Data of likelihoods: texts, and questions with choices. Every row is checked before anything is computed.

A text is a row of JSON Lines with `text`, or a part of a .txt file between separators. A question has `prompt` (text)
or `messages`, `choices` (two texts or more) and `answer` (the right one, as text or by number from 0). Both may have
`id` and `slice`; fields that other built-in tasks read may be there, any other is refused.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from trueup.adapters.evaluators import codes
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json

KNOWN = frozenset(
    {"text", "prompt", "messages", "choices", "answer", "expected", "forbidden", "variables", "id", "slice"}
)
PARAGRAPHS = "\n\n"
"""What stands between the documents of a .txt file unless another separator is declared."""
SHOWN = 20
"""Bad lines that are named; a file in the wrong format has them all."""


@dataclass(frozen=True, slots=True)
class Text:
    """One document."""

    id: str
    slice: str
    text: str

    def to_json(self) -> Json:
        """Return what decides its likelihood."""
        return self.text


@dataclass(frozen=True, slots=True)
class Question:
    """One question, its choices, and the number of the right one."""

    id: str
    slice: str
    messages: tuple[Mapping[str, Json], ...]
    choices: tuple[str, ...]
    answer: int
    variables: Mapping[str, Json]

    def to_json(self) -> Json:
        """Return what decides the likelihoods of its choices."""
        return [[dict(m) for m in self.messages], list(self.choices), dict(self.variables)]


_Example = TypeVar("_Example", Text, Question)
_Row = Mapping[str, Json]


def read_texts(path: Path, separator: str = PARAGRAPHS) -> tuple[Text, ...]:
    """Read the documents of a file, or of all .jsonl and .txt files of a folder in the order of their paths.

    Args:
        path: File or folder.
        separator: What stands between the documents of a .txt file; empty when each file is one.

    Raises:
        PermanentError: No documents (EVAL001), or malformed rows, all of them with their lines (EVAL002).
    """
    return _read(path, _text, lambda file: _plain(file, separator))


def read_questions(path: Path) -> tuple[Question, ...]:
    """Read the questions of a .jsonl file, or of all of them in a folder in the order of their paths.

    Raises:
        PermanentError: No questions (EVAL001), or malformed rows, all of them with their lines (EVAL002).
    """
    return _read(path, _question, None)


def _read(
    path: Path, parse: Callable[[_Row, str], _Example | str], plain: Callable[[Path], Iterator[_Row | str]] | None
) -> tuple[_Example, ...]:
    suffixes = (".jsonl", ".txt") if plain else (".jsonl",)
    files = sorted(p for p in path.rglob("*") if p.suffix in suffixes) if path.is_dir() else [path]
    examples: dict[str, _Example] = {}
    problems: list[str] = []
    for file in files:
        rows = plain(file) if plain and file.suffix == ".txt" else _objects(file)
        for number, row in enumerate(rows, start=1):
            if row == "":
                continue
            found = row if isinstance(row, str) else _strict(row) or parse(row, f"{len(examples) + 1}")
            if isinstance(found, str):
                problems.append(f"{file.name}:{number}: {found}")
            elif found.id in examples:
                problems.append(f"{file.name}:{number}: the id `{found.id}` is there already")
            else:
                examples[found.id] = found
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise PermanentError(codes.BAD_ROW, "; ".join(problems[:SHOWN]) + more + ".")
    if not examples:
        raise PermanentError(codes.EMPTY_DATASET, f"`{path.name}` has no rows.")
    return tuple(examples.values())


def _objects(file: Path) -> Iterator[_Row | str]:
    """Yield the object of each line, or what is wrong with it; nothing wrong and no object for an empty line."""
    # Not str.splitlines, which also splits at characters that JSON allows inside texts.
    for line in file.read_bytes().split(b"\n"):
        if not line.strip():
            yield ""
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield f"no JSON ({error})"
            continue
        yield row if isinstance(row, dict) else "no JSON object"


def _plain(file: Path, separator: str) -> Iterator[_Row | str]:
    try:
        content = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        yield f"no UTF-8 ({error.reason})"
        return
    for part in content.split(separator) if separator else [content]:
        yield {"text": part.strip("\n")} if part.strip() else ""


def _strict(row: _Row) -> str:
    unknown = sorted(set(row) - KNOWN)
    if unknown:
        return f"unknown field `{unknown[0]}`"
    if not isinstance(row.get("id", ""), str | int) or not isinstance(row.get("slice") or "", str):
        return "`id` and `slice` must be texts"
    return ""


def _text(row: _Row, default_id: str) -> Text | str:
    text = row.get("text")
    if not isinstance(text, str) or not text:
        return "`text` must be a text, and not empty"
    return Text(str(row.get("id", default_id)), str(row.get("slice") or ""), text)


def _question(row: _Row, default_id: str) -> Question | str:
    messages, choices, variables = _messages(row), row.get("choices"), row.get("variables", {})
    if isinstance(messages, str):
        return messages
    if not isinstance(choices, list) or len(choices) < 2 or not all(isinstance(c, str) and c for c in choices):
        return "`choices` must be a list of two texts or more, none of them empty"
    if len(set(map(str, choices))) < len(choices):
        return "two of the `choices` are the same"
    answer = _answer(row.get("answer"), choices)
    if answer is None:
        return "`answer` must be one of the choices, as text or by its number from 0"
    if not isinstance(variables, dict):
        return "`variables` must be an object"
    of = (str(row.get("id", default_id)), str(row.get("slice") or ""))
    return Question(*of, messages, tuple(map(str, choices)), answer, variables)


def _answer(value: Json, choices: Sequence[Json]) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value < len(choices) else None
    return choices.index(value) if isinstance(value, str) and value in choices else None


def _messages(row: _Row) -> tuple[Mapping[str, Json], ...] | str:
    prompt, messages = row.get("prompt"), row.get("messages")
    if (prompt is None) == (messages is None):
        return "one of `prompt` and `messages` must be there"
    if prompt is not None:
        # An empty prompt is allowed: choices are then compared as beginnings of a text.
        return ({"role": "user", "content": prompt},) if isinstance(prompt, str) else "`prompt` must be a text"
    found = tuple(m for m in messages if isinstance(m, Mapping)) if isinstance(messages, list) else ()
    good = bool(found) and len(found) == len(messages if isinstance(messages, list) else ())
    if not good or not all(isinstance(m.get("role"), str) and isinstance(m.get("content"), str) for m in found):
        return "`messages` must be a list of objects with `role` and `content`"
    return found
