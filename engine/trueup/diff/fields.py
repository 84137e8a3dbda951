"""Field differences of two documents: what a reviewer reads instead of two YAML files."""

from collections.abc import Mapping
from functools import lru_cache

from trueup.core.json import Json, canonical
from trueup.diff.changes import FieldChange
from trueup.diff.masks import is_secret_name, masked
from trueup.diff.words import word_difference
from trueup.spec.resource import Path

_ABSENT = object()
_Found = list[tuple[Path, Json, Json]]
"""Differences in document order, added to as a walk goes on: generators inside generators took twice as long."""

_IDENTITY_KEYS = ("name", "id", "metric", "task", "role")
"""Keys that tell the items of a list apart, in the order they are tried."""

_FEWEST_WORDS = 3
"""Below it, a value reads better whole than taken apart."""


def field_changes(address: str, before: Json, after: Json, path: Path = ()) -> tuple[FieldChange, ...]:
    """Return what differs between two versions of the document *address*, in document order, secrets masked.

    Lists of objects are compared item by item: by name where the items have one (`[name=customer]` in the
    path), else by place. Other lists are compared whole. A document that is absent is None.
    """
    found: _Found = []
    _differences(before, after, path, found)
    return tuple(
        [
            _field(address, where, None if old is _ABSENT else old, None if new is _ABSENT else new)
            for where, old, new in found
        ]
    )


def is_same(left: Json, right: Json) -> bool:
    """Tell whether two values are equal as JSON (a list and a tuple are; `1` and `1.0` are not)."""
    return canonical(left) == canonical(right)


def _differences(before: object, after: object, path: Path, found: _Found) -> None:
    match before, after:
        case _ if (included := _included(before, after)) is not None:
            for where, old, new in included:
                _whole(old, new, (*path, *where), found)
        case (dict(), dict()):
            _mapping(before, after, path, found)
        case (list() | tuple(), list() | tuple()) if (keyed := _keyed(before, after)) is not None:
            _mapping(*keyed, path, found)
        case _:
            _whole(before, after, path, found)


def _included(before: object, after: object) -> tuple[tuple[Path, object, object], ...] | None:
    """Return text and file name of a text that either side includes from a file; None when neither does.

    A text that moves into a file, or whose file is edited, is compared as the text it is.
    """
    if not isinstance(before, dict) and not isinstance(after, dict):
        return None
    old, new = _text_and_file(before), _text_and_file(after)
    if old is None or new is None or (old[1] is _ABSENT and new[1] is _ABSENT):
        return None
    return ((), old[0], new[0]), (("file",), old[1], new[1])


def _text_and_file(value: object) -> tuple[object, object] | None:
    match value:
        case {"content": str(text), "file": str(file), **rest} if not rest:
            return text, file
        case str():
            return value, _ABSENT
        case _:
            return (_ABSENT, _ABSENT) if value is _ABSENT else None


def _whole(before: object, after: object, path: Path, found: _Found) -> None:
    """Add a value that appears or goes leaf by leaf, and one that changes as it is."""
    if before is _ABSENT and isinstance(after, dict) and after:
        _mapping({}, after, path, found)
    elif after is _ABSENT and isinstance(before, dict) and before:
        _mapping(before, {}, path, found)
    elif before is _ABSENT or after is _ABSENT or not is_same(before, after):  # type: ignore[arg-type]  # both JSON
        found.append((path, before, after))  # type: ignore[arg-type]  # the caller takes _ABSENT out


def _mapping(before: Mapping[str, Json], after: Mapping[str, Json], path: Path, found: _Found) -> None:
    keys = [*before, *(k for k in after if k not in before)]
    for key in keys:
        _differences(before.get(key, _ABSENT), after.get(key, _ABSENT), (*path, key), found)


def _keyed(
    before: list[Json] | tuple[Json, ...], after: list[Json] | tuple[Json, ...]
) -> tuple[dict[str, Json], dict[str, Json]] | None:
    """Return both lists as mappings by identity, or None when their items are not all objects."""
    items = [*before, *after]
    if not items or not all(isinstance(i, dict) for i in items):
        return None
    for key in _IDENTITY_KEYS:
        pair = _by(key, before), _by(key, after)
        if pair[0] is not None and pair[1] is not None:
            return pair[0], pair[1]
    return _by_place(before), _by_place(after)


def _by(key: str, items: list[Json] | tuple[Json, ...]) -> dict[str, Json] | None:
    names = [i.get(key) for i in items if isinstance(i, dict)]
    if not all(isinstance(n, str) for n in names) or len(set(names)) < len(items):
        return None
    return {f"[{key}={name}]": item for name, item in zip(names, items, strict=True)}


def _by_place(items: list[Json] | tuple[Json, ...]) -> dict[str, Json]:
    return {f"[{index}]": item for index, item in enumerate(items)}


def _field(address: str, path: Path, before: Json, after: Json) -> FieldChange:
    name = _name_of(path)
    old, new = masked(before, name), masked(after, name)
    words: tuple[tuple[str, str], ...] = ()
    if isinstance(old, str) and isinstance(new, str) and max(len(old.split()), len(new.split())) >= _FEWEST_WORDS:
        words = word_difference(old, new)
    return FieldChange(address, path, old, new, words)


@lru_cache(maxsize=4096)
def _name_of(path: Path) -> str:
    """Return the secret name the value stands under: any key on the way to it, the last one first."""
    keys = [k for k in reversed(path) if isinstance(k, str) and k[:1] != "["]
    return next((k for k in keys if is_secret_name(k)), keys[0] if keys else "")
