"""What PyYAML says is wrong, as a place and words of one line."""

from typing import Any


def place_of(error: Any, text: str) -> tuple[int, int, str]:
    """Return line and column, from 1, where *text* could not be read, 0 when nobody knows, and what is wrong there."""
    mark, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    # What is not closed is missed at the end, and began where it is wrong.
    if context is not None and (mark is None or mark.index >= len(text.rstrip())):
        mark = context
    words = [part for part in (getattr(error, "context", None), getattr(error, "problem", None)) if part]
    lines = text.rstrip().splitlines()
    if mark is not None and mark.line >= len(lines) > 0:
        return len(lines), len(lines[-1]) + 1, " ".join(", ".join(words).split()) or "It cannot be read"
    if mark is not None:
        return mark.line + 1, mark.column + 1, " ".join(", ".join(words).split()) or "It cannot be read"
    offset = getattr(error, "position", None)
    if isinstance(offset, int) and 0 <= offset <= len(text):
        reason = getattr(error, "reason", "a character that is not allowed")
        return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset), str(reason)
    return 0, 0, " ".join(str(error).split())
