"""How field paths, values and word differences read."""

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from trueup.cli.views.text import Piece
from trueup.core.json import Json
from trueup.diff.changes import FieldChange
from trueup.spec.resource import Path

_PLAIN_KEY = re.compile(r"^[A-Za-z_][A-Za-z0-9_-]*$")
_LONGEST_EQUAL = 160
"""Characters of unchanged text shown between two changed words; what is longer is cut in its middle."""
_KEPT_EACH_SIDE = 60
_JSON_STARTS = frozenset('{["-0123456789tfnNI')
_MARK_IN_TEXT = re.compile(r"\[(?=-)|-(?=\])|\{(?=\+)|\+(?=\})")
_MARKS = {"delete": ("[-", "-]", "red"), "insert": ("{+", "+}", "green")}


@lru_cache(maxsize=4096)
def path_text(path: Path) -> str:
    """Spell a field path as one writes it: `spec.variables[name=shop].required`."""
    parts: list[str] = []
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif part.startswith("[") and part.endswith("]"):
            parts.append(part)
        elif _PLAIN_KEY.match(part):
            parts.append(f".{part}" if parts else part)
        else:
            parts.append(f"[{json.dumps(part, ensure_ascii=False)}]")
    return "".join(parts)


def value_text(value: Json) -> str:
    """Spell a value: text as it is when it reads as text, everything else as JSON."""
    if isinstance(value, str) and value and value == value.strip() and not _reads_as_other(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def field_symbol(field: FieldChange) -> str:
    """Return `+`, `-` or `~`."""
    if field.before is None:
        return "+"
    return "-" if field.after is None else "~"


def value_pieces(field: FieldChange) -> Iterator[Piece]:
    """Yield what the field was and is; a changed text word by word, marked `[-old-] {+new+}` besides colour."""
    if not field.path:
        yield ("is used from now on" if field.before is None else "is not used any more"), ()
    elif field.words:
        yield from word_pieces(field.words)
    elif field.before is None:
        yield value_text(field.after), ("green",)
    elif field.after is None:
        yield value_text(field.before), ("red",)
    elif field.before == field.after:
        yield f"{value_text(field.after)} (another value)", ()
    else:
        yield value_text(field.before), ("red",)
        yield " -> ", ()
        yield value_text(field.after), ("green",)


def word_pieces(words: Sequence[tuple[str, str]]) -> Iterator[Piece]:
    """Yield the runs of a word difference; long unchanged runs are cut in their middle."""
    for index, (kind, text) in enumerate(words):
        if kind == "equal":
            yield _unmarked(_shortened(text, index == 0, index == len(words) - 1)), ()
            continue
        opening, closing, colour = _MARKS[kind]
        # A line end alone would read as no change at all.
        shown = _unmarked(text) if text.strip("\n") else text.replace("\n", "\\n")
        yield f"{opening}{shown}{closing}", (colour,)


def _unmarked(text: str) -> str:
    """Put a backslash into what looks like one of our marks, so that a text cannot claim to be changed."""
    return _MARK_IN_TEXT.sub(lambda m: f"{m.group()}\\", text)


def _shortened(text: str, is_first: bool, is_last: bool) -> str:
    if len(text) <= _LONGEST_EQUAL:
        return text
    head = "" if is_first else text[:_KEPT_EACH_SIDE].rsplit(" ", 1)[0] + " "
    tail = "" if is_last else " " + text[-_KEPT_EACH_SIDE:].split(" ", 1)[-1]
    return f"{head}...{tail}"


def _reads_as_other(text: str) -> bool:
    """Tell whether text would be taken for a number, a boolean or nothing."""
    if text[0] not in _JSON_STARTS:
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
