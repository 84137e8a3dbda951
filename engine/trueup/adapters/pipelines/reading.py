"""Reads one variable or one field of an event: what has not the expected shape counts as not told.

A branch is named by whoever opens the pull request, so every text is held to what it can be before it is used.
"""

import re
from collections.abc import Mapping
from typing import Any

from trueup.core.digests import Revision

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_REPOSITORY = re.compile(r"[\w.~-]+(/[\w.~-]+)*")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[\w.~/%?=&#!+,:;@-]*)?")
_NO_COMMIT = set("0")
_LARGEST_NUMBER = 10

Variables = Mapping[str, str]


def number(text: Any) -> int:
    """Return a number of a pull request; 0 for what is none."""
    if isinstance(text, int) and not isinstance(text, bool):
        return max(text, 0)
    is_number = isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= _LARGEST_NUMBER
    return int(text) if is_number else 0


def commit(text: Any) -> Revision:
    """Return a whole commit id; empty for what is none, and for the zeros that stand for "there was none"."""
    whole = isinstance(text, str) and _COMMIT.fullmatch(text) and set(text) != _NO_COMMIT
    return Revision(text if whole else "")


def branch(text: Any) -> str:
    """Return a branch without `refs/heads/`; empty for what git would not take as a name."""
    name = text.removeprefix("refs/heads/") if isinstance(text, str) else ""
    is_name = name.isprintable() and not name.startswith(("-", "/", "refs/")) and ".." not in name and " " not in name
    return name if is_name else ""


def repository(text: Any) -> str:
    """Return `owner/name`, with all groups on GitLab."""
    return text if isinstance(text, str) and _REPOSITORY.fullmatch(text) else ""


def address(text: Any) -> str:
    """Return an address without a slash at its end; empty for what is none."""
    found = text.rstrip("/") if isinstance(text, str) else ""
    return found if _ADDRESS.fullmatch(found) else ""


def field(event: Any, *path: str) -> Any:
    """Return what lies at *path* of an event; None where it has no such field."""
    for name in path:
        event = event.get(name) if isinstance(event, Mapping) else None
    return event
