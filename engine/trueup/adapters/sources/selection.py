"""Globs of `source.files`: which files of a source are taken.

A glob is held against the whole path: `*` and `?` stay inside a folder, `**` crosses folders, `[ab]` is one of several
characters. `*.safetensors` is every such file at the top, `**/*.safetensors` every one at all.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from trueup.adapters.sources import codes
from trueup.core.errors import PermanentError

_SHOWN = 5


def select(paths: Collection[str], globs: Sequence[str], uri: str) -> frozenset[str]:
    """Return those of *paths* that a glob fits; all of them without globs.

    Raises:
        PermanentError: A glob fits nothing (ART115): what it was meant for would be missing without a word.
    """
    if not globs:
        return frozenset(paths)
    found: set[str] = set()
    for glob in globs:
        pattern = _pattern(glob)
        fitting = [path for path in paths if pattern.fullmatch(path)]
        if not fitting:
            there = ", ".join(f"`{p}`" for p in sorted(paths)[:_SHOWN])
            more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
            raise PermanentError(codes.NO_MATCH, f"`{glob}` fits no file of `{uri}`, which has {there}{more}.")
        found.update(fitting)
    return frozenset(found)


@lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile("".join(_pieces(glob)), re.DOTALL)


def _pieces(glob: str) -> Iterator[str]:
    # Several stars in a row mean no more than two, and would cost much more.
    for piece in re.split(r"(\*\*+/|\*\*+|\*|\?|\[[!^]?(?:\][^\]/]*|[^\]/]+)\])", glob):
        if piece.startswith("**"):
            yield "(?:[^/]+/)*" if piece.endswith("/") else ".*"
        elif piece in ("*", "?"):
            yield "[^/]*" if piece == "*" else "[^/]"
        elif piece.startswith("[") and len(piece) > 2:
            yield _characters(piece[1:-1])
        else:
            yield re.escape(piece)


def _characters(inside: str) -> str:
    negated = inside[0] in "!^"
    escaped = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside[1:] if negated else inside)
    return f"[^/{escaped}]" if negated else f"(?!/)[{escaped}]"
