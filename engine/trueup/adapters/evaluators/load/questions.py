"""What is asked under load: rows of the data by turns, or made-up text of a declared length."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from trueup.adapters.evaluators import codes
from trueup.adapters.networks.vocabulary import vocabulary_of
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: messages and values for the release's prompt."""

    id: str
    slice: str
    messages: tuple[Mapping[str, Json], ...]
    variables: Mapping[str, Json]


def read_asked(path: Path) -> tuple[Asked, ...]:
    """Read the questions of a .jsonl file, or of all of them in a folder; what is expected of answers is left out.

    Raises:
        PermanentError: No questions (EVAL001), or malformed rows, with their lines (EVAL002).
    """
    files = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
    found: list[Asked] = []
    problems: list[str] = []
    for file in files:
        for number, line in enumerate(file.read_bytes().split(b"\n"), start=1):
            if not line.strip():
                continue
            row = _row(line, str(len(found) + 1))
            if isinstance(row, Asked):
                found.append(row)
            else:
                problems.append(f"{file.name}:{number}: {row}")
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise PermanentError(codes.BAD_ROW, "; ".join(problems[:SHOWN]) + more + ".")
    if not found:
        raise PermanentError(codes.EMPTY_DATASET, f"`{path.name}` has no rows.")
    return tuple(found)


def _row(line: bytes, default_id: str) -> Asked | str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"no JSON ({error})"
    if not isinstance(row, dict):
        return "no JSON object"
    prompt, messages, variables = row.get("prompt"), row.get("messages"), row.get("variables", {})
    if isinstance(prompt, str) and prompt and messages is None:
        messages = [{"role": "user", "content": prompt}]
    turns = [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    has_text = all(isinstance(m.get(key), str) for m in turns for key in ("role", "content"))
    if not turns or not isinstance(messages, list) or len(turns) < len(messages) or not has_text:
        return "one of `prompt` and `messages` must be there, and hold text"
    if not isinstance(variables, dict):
        return "`variables` must be an object"
    return Asked(str(row.get("id", default_id)), str(row.get("slice") or ""), tuple(turns), variables)


def made_up(artifact: Path | None, source: Path | None, tokens: int, many: int) -> tuple[Asked, ...]:
    """Return *many* questions of about *tokens* tokens, none of which begins as another does.

    Raises:
        PermanentError: The artifact whose tokenizer counts is not at hand (EVAL006).
    """
    from trueup.adapters.parity.texts import NEUTRAL

    if artifact is None:
        raise PermanentError(codes.UNSUPPORTED, "`inputTokens` needs the artifact, whose tokenizer counts them.")
    encode = vocabulary_of(artifact, source=source).encode
    pool = NEUTRAL.read_text(encoding="utf-8").split()
    length = _fitting(lambda n: len(encode(_words(pool, 0, n))), tokens)
    return tuple(
        Asked(f"made-{n + 1}", "", ({"role": "user", "content": _words(pool, n * 7, length)},), {}) for n in range(many)
    )


def _words(pool: Sequence[str], begin: int, count: int) -> str:
    return " ".join(pool[(begin + i) % len(pool)] for i in range(count))


def _fitting(count: Callable[[int], int], tokens: int) -> int:
    """Return the most words that have no more than *tokens* tokens, at least 1."""
    low, high = 1, tokens + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= tokens else (low, middle)
    return low
