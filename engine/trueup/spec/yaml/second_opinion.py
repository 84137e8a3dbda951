"""A second opinion on an edit, from a YAML reader that is not ours.

Our own reader proves that an edited file means what was intended. Were that reader wrong about where a value ends,
it would be wrong before and after. So ruamel.yaml, a round-trip reader of other descent, reads the edited text too.
Mostly it reads what was meant, and that is all. Where the two readers never agreed, as on a tag, it composes both
texts, and the trees must differ at the edited place and nowhere else. Its emitter is not used: it rewrites lines
nobody touched.

ruamel.yaml is imported when the first edit is made, and by nothing that only reads.
"""

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from trueup.core.json import Json, canonical
from trueup.spec.resource import Path
from trueup.spec.yaml.scalars import resolve

LARGEST_CHARACTERS = 200_000
"""It reads about 100,000 characters a second, and files that are edited have a few thousand."""

_Trees = list[Node]
_Place = tuple[int, Path]


def reads_as(text: str, documents: Mapping[int, Json]) -> bool:
    """Tell whether ruamel.yaml reads in *text* what *documents* say, by their index; those not named are empty.

    False says only that this was not shown: the readers may disagree about parts that nobody edits.
    """
    if len(text) > LARGEST_CHARACTERS:
        return False
    try:
        return _Reading(YAML(typ="safe", pure=True).parse(io.StringIO(text))).holds(documents)
    except (YAMLError, ValueError, RecursionError, NotImplementedError):
        return False


def agrees(before: str, after: str, path: Path, new: Json, *, items: int = 0) -> bool:
    """Tell whether ruamel.yaml sees the texts differ at *path* of one document at most, and nowhere else.

    Args:
        before: The file as it was.
        after: The file as edited.
        path: What was set, added or removed.
        new: What *path* leads to now, of which the texts, keys and lengths are compared; None for anything.
        items: 1 when an item went into a list at *path*, -1 when one left it, 0 for everything else.

    Returns:
        True also when it cannot say: *before* is too long, or nothing that it can read.
    """
    if len(before) > LARGEST_CHARACTERS:
        return True
    old = _trees(before)
    if old is None:
        return True
    read = _trees(after)
    if read is None or len(read) != len(old):
        return False
    places = [
        (index, place)
        for index, pair in enumerate(zip(old, read, strict=True))
        for place in _Comparison(path, items).differences(*pair, ())
    ]
    if len({index for index, _ in places}) > 1 or any(place != path for _, place in places):
        return False
    if items and not places:
        return False
    return new is None or any(_leads_to(read[index], path, new) for index in _documents(places, read))


def _documents(places: Sequence[_Place], trees: _Trees) -> Sequence[int]:
    return [index for index, _ in places] or range(len(trees))


@lru_cache(maxsize=2)
def _trees(text: str) -> _Trees | None:
    """Return the trees of *text*. The last are kept: what one edit made, the next one of several starts from."""
    reader = YAML(typ="safe", pure=True)
    with warnings.catch_warnings():  # it warns of anchors that are used again, which is allowed
        warnings.simplefilter("ignore")
        try:
            return list(reader.compose_all(io.StringIO(text)))
        except (YAMLError, ValueError, RecursionError, NotImplementedError):
            return None


class _Reading:
    """The events of a text, held against values; faster than composing trees of them."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._anchors: dict[str, Json] = {}

    def holds(self, documents: Mapping[int, Json]) -> bool:
        """Tell whether each document is what *documents* say, and none is missing."""
        count = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                self._anchors.clear()
                if not self._is(next(self._events), documents.get(count)):
                    return False
                count += 1
        return all(index < count for index in documents)

    def _is(self, event: Event, value: Json) -> bool:
        if isinstance(event, AliasEvent):
            return canonical(self._anchors.get(event.anchor)) == canonical(value)
        if isinstance(event, NodeEvent) and event.anchor:
            self._anchors[event.anchor] = value
        match event, value:
            case ScalarEvent(), str():
                return bool(event.value == value)
            case ScalarEvent(), None | bool() | int() | float():
                read = resolve(event.value)
                return not event.style and type(read) is type(value) and read == value
            case MappingStartEvent(), Mapping():
                return self._are(part for entry in value.items() for part in entry)
            case SequenceStartEvent(), list() | tuple():
                return self._are(iter(value))
            case _:
                return False

    def _are(self, values: Iterator[Json]) -> bool:
        return all(self._is(next(self._events), value) for value in values) and isinstance(
            next(self._events), CollectionEndEvent
        )


class _Comparison:
    """Two trees side by side; a node that aliases share is compared once."""

    def __init__(self, path: Path, items: int) -> None:
        self._path = path
        self._items = items
        self._seen: set[tuple[int, int]] = set()

    def differences(self, old: Node, new: Node, here: Path) -> Iterator[Path]:
        """Yield the paths at which the trees differ, one for the item that went in or out."""
        pair = (id(old), id(new))
        if pair in self._seen:
            return
        self._seen.add(pair)
        match old, new:
            case MappingNode(), MappingNode():
                yield from self._entries(_keyed(old), _keyed(new), here)
            case SequenceNode(), SequenceNode():
                yield from self._sequences(old.value, new.value, here)
            case ScalarNode(), ScalarNode() if (old.value, str(old.tag)) == (new.value, str(new.tag)):
                return
            case _:
                yield here

    def _sequences(self, old: list[Node], new: list[Node], here: Path) -> Iterator[Path]:
        if self._items and here == self._path[:-1] and len(new) - len(old) == self._items:
            yield self._path
            # The others have moved: a difference among them must not pass for the one at the path.
            here = (*here, -1)
            old, new = (old, self._others(new)) if self._items > 0 else (self._others(old), new)
        if len(old) != len(new):
            yield here
            return
        for index, items in enumerate(zip(old, new, strict=True)):
            yield from self.differences(*items, (*here, index))

    def _others(self, items: list[Node]) -> list[Node]:
        return [item for index, item in enumerate(items) if index != self._path[-1]]

    def _entries(self, old: dict[str, Node], new: dict[str, Node], here: Path) -> Iterator[Path]:
        for key in dict.fromkeys((*old, *new)):
            if key in old and key in new:
                yield from self.differences(old[key], new[key], (*here, key))
            else:
                yield (*here, key)
        common = [[key for key in keys if key in old and key in new] for keys in (old, new)]
        if common[0] != common[1]:
            yield here


def _keyed(node: MappingNode) -> dict[str, Node]:
    return {str(key.value): value for key, value in node.value}


def _leads_to(root: Node, path: Path, new: Json) -> bool:
    node: Node | None = root
    for part in path:
        match node:
            case MappingNode():
                node = _keyed(node).get(str(part))
            case SequenceNode() if isinstance(part, int) and part < len(node.value):
                node = node.value[part]
            case _:
                return False
    return node is not None and _reads_as(node, new)


def _reads_as(node: Node, value: Json) -> bool:
    match node, value:
        case ScalarNode(), str():
            return str(node.value) == value
        case MappingNode(), Mapping():
            keyed = _keyed(node)
            return list(keyed) == list(value) and all(_reads_as(keyed[key], item) for key, item in value.items())
        case SequenceNode(), list() | tuple():
            return len(node.value) == len(value) and all(map(_reads_as, node.value, value))
        case _:
            return isinstance(node, ScalarNode) and not isinstance(value, str | Mapping | list | tuple)
