"""Edits of files as people read them: a unified diff, coloured."""

import difflib

from trueup.cli.output import Style

_COLORS = {"-": ("red",), "+": ("green",), "@": ("dim",)}


def edit_lines(path: str, before: bytes, after: bytes, style: Style) -> list[str]:
    """Return the lines of the diff between two contents of *path*."""
    old, new = before.decode().splitlines(), after.decode().splitlines()
    lines = difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="", n=1)
    return [style.paint(line, *_COLORS.get(line[:1], ())) for line in lines]
