"""The documents of one file as nodes with their place in the text, for messages and edits.

Values come from `load`; this tree is built a second time only for a file that has a place to be named or changed.
It takes broken files as far as they go: what was read before the break has its place.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from trueup.spec.resource import Path
from trueup.spec.yaml.events import NextEvent, decode, parse_events
from trueup.spec.yaml.load import MAX_DEPTH


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: characters from *start* to *end*, and line and column of the start, from 1.

    An anchor and a tag before the node belong to it. The end of a block list or mapping is where the next thing
    starts, which may be many lines further on.
    """

    start: int
    end: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A single value; `style` is empty for a plain one, else its first character: `'`, `"`, `|` or `>`."""

    place: Place
    text: str
    style: str
    anchor: str | None


@dataclass(frozen=True, slots=True)
class AliasNode:
    """A `*name`, and the node it stands for, None when there is none."""

    place: Place
    name: str
    target: "Node | None"


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list."""

    place: Place
    items: list["Node"]
    is_flow: bool
    anchor: str | None


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A mapping; entries in the order of the text."""

    place: Place
    entries: list[tuple["Node", "Node"]]
    is_flow: bool
    anchor: str | None

    def find(self, key: str | int) -> tuple["Node", "Node"] | None:
        """Return the first entry with *key*, as `load` takes the first."""
        return next((entry for entry in self.entries if key_text(entry[0]) == key), None)


Node = ScalarNode | AliasNode | SequenceNode | MappingNode


def key_text(node: Node) -> str | None:
    """Return the text of a key, None for one that is no single value."""
    match node:
        case ScalarNode(text=text) | AliasNode(target=ScalarNode(text=text)):
            return text
        case _:
            return None


def child(node: Node, part: str | int) -> Node | None:
    """Return what *part* of a path leads to below *node*, looking through an alias."""
    match node:
        case MappingNode():
            entry = node.find(part)
            return entry[1] if entry else None
        case SequenceNode(items=items):
            return items[part] if isinstance(part, int) and 0 <= part < len(items) else None
        case AliasNode(target=target):
            return child(target, part) if target else None
        case ScalarNode():
            return None


def walk(node: Node, path: Path) -> tuple[Node, int]:
    """Follow *path* from *node* as far as it goes; return the last node and how many parts led to it."""
    for depth, part in enumerate(path):
        below = child(node, part)
        if below is None:
            return node, depth
        node = below
    return node, len(path)


def trees(content: bytes) -> dict[int, Node]:
    """Return the root of every document, by its index in the file.

    The last files are kept, because the problems of one file are printed one after the other; of small ones a thousand,
    because what one rule finds in each file comes before what the next one finds.
    """
    return (_small_trees if len(content) <= _SMALL_BYTES else _large_trees)(content)


def _trees(content: bytes) -> dict[int, Node]:
    text = decode(content, "")
    if not isinstance(text, str):
        return {}
    builder = _TreeBuilder(parse_events(text))
    # load() has reported what stops the reading; the nodes before it have their places.
    with suppress(_TooDeep, yaml.YAMLError, ValueError, OverflowError):
        builder.stream()
    return builder.roots


_SMALL_BYTES = 4_096
_small_trees = lru_cache(maxsize=1_024)(_trees)
_large_trees = lru_cache(maxsize=2)(_trees)


class _TooDeep(Exception):  # noqa: N818 - ends the reading, and is no error of its own
    pass


class _TreeBuilder:
    def __init__(self, next_event: NextEvent) -> None:
        self.roots: dict[int, Node] = {}
        self._next = next_event
        self._anchors: dict[str, Node] = {}
        self._index = -1

    def stream(self) -> None:
        while (event := self._next()).__class__ is not StreamEndEvent:
            if event.__class__ is DocumentStartEvent:
                self._index += 1
                self._anchors.clear()
                self.roots[self._index] = self._node(self._next(), 1)

    def _node(self, event: Any, depth: int) -> Node:
        start, end = event.start_mark, event.end_mark
        place = Place(start.index, end.index, start.line + 1, start.column + 1)
        node: Node
        if event.__class__ is AliasEvent:
            name = str(event.anchor)
            return AliasNode(place, name, self._anchors.get(name))
        if event.__class__ is ScalarEvent:
            style = "" if event.implicit[0] and not event.style else event.style or ""
            node = ScalarNode(place, event.value, style, event.anchor)
        elif depth > MAX_DEPTH:
            raise _TooDeep
        elif event.__class__ is MappingStartEvent:
            return self._mapping(event, place, depth)
        else:
            return self._sequence(event, place, depth)
        self._remember(node, event.anchor)
        return node

    def _mapping(self, event: Any, place: Place, depth: int) -> Node:
        entries: list[tuple[Node, Node]] = []
        node = MappingNode(place, entries, bool(event.flow_style), event.anchor)
        if depth == 1:
            self.roots[self._index] = node
        while (below := self._next()).__class__ is not MappingEndEvent:
            key = self._node(below, depth + 1)
            entries.append((key, self._node(self._next(), depth + 1)))
        whole = MappingNode(_until(place, below), entries, node.is_flow, node.anchor)
        self._remember(whole, event.anchor)
        return whole

    def _sequence(self, event: Any, place: Place, depth: int) -> Node:
        items: list[Node] = []
        node = SequenceNode(place, items, bool(event.flow_style), event.anchor)
        if depth == 1:
            self.roots[self._index] = node
        while (below := self._next()).__class__ is not SequenceEndEvent:
            items.append(self._node(below, depth + 1))
        whole = SequenceNode(_until(place, below), items, node.is_flow, node.anchor)
        self._remember(whole, event.anchor)
        return whole

    def _remember(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node


def _until(place: Place, end_event: Any) -> Place:
    return Place(place.start, end_event.end_mark.index, place.line, place.column)


def inner(node: Node) -> Iterator[ScalarNode | AliasNode]:
    """Yield the scalars and aliases that *node* is made of, keys too, in the order of the text."""
    match node:
        case ScalarNode() | AliasNode():
            yield node
        case SequenceNode(items=items):
            for item in items:
                yield from inner(item)
        case MappingNode(entries=entries):
            for key, value in entries:
                yield from inner(key)
                yield from inner(value)
