"""Text that a document keeps in a file beside it: read, checked, and put into the document's value."""

from collections.abc import Callable
from typing import Any

from trueup.core.diagnostics import Diagnostic
from trueup.spec import codes
from trueup.spec.fields import dotted
from trueup.spec.problems import Problem
from trueup.spec.resource import Path

LIMIT = 256 * 1024
"""Bytes of an included file: the largest prompt and card seen in practice are far below, and every one of them
becomes part of a resource's digest, its diffs and the plan."""

Included = Callable[[str], bytes | Diagnostic]
"""Gives the bytes of a file of the same revision, by its path from the repository root, or says why it cannot."""


def text_at(path: Path, file: str, included: Included) -> str | Problem:
    """Return the text of *file*, named at *path*, or what is wrong with it."""
    content = included(file)
    place = f"`{dotted(path)}`"
    where = (*path, "file")
    if isinstance(content, Diagnostic):
        hint = content.hint or "paths start at the root of the repository"
        return Problem(codes.INCLUDE_UNREADABLE, where, f"{place} includes `{file}`. {content.detail}", hint)
    if len(content) > LIMIT:
        size = f"{len(content):,} bytes"
        return Problem(codes.INCLUDE_TOO_LARGE, where, f"{place} includes `{file}`, which has {size}.", "")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        detail = f"{place} includes `{file}`, which is not UTF-8 in line {line}."
        return Problem(codes.INCLUDE_NOT_TEXT, where, detail, "")


def filled(value: dict[str, Any], path: Path, text: str) -> dict[str, Any]:
    """Return a document with *text* as `content` beside the `file` at *path*.

    What lies on the way is copied: an alias may share it with another field, which must stay as it was declared.
    """
    result = value.copy()
    above: Any = result
    for key in path[:-1]:
        above[key] = above[key].copy()
        above = above[key]
    above[path[-1]] = {**above[path[-1]], "content": text}
    return result
