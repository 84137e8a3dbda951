"""A second opinion on an edit, from a YAML reader that is not ours.

Our own reader proves that an edited file means what was intended. Were that reader wrong about where a value ends,
it would be wrong before and after. So ruamel.yaml, a round-trip reader of other descent, composes both texts, and
the trees must differ at the edited place and nowhere else. Its emitter is not used: it rewrites lines nobody touched.

ruamel.yaml is imported when the first edit is made, and by nothing that only reads.
"""

import io
import warnings
from collections.abc import Iterator, Sequence

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from trueup.spec.resource import Path

LARGEST_CHARACTERS = 200_000
"""It reads about 100,000 characters a second, and files that are edited have a few thousand."""

_Trees = list[Node]
_Place = tuple[int, Path]


def agrees(before: str, after: str, path: Path, text: str | None) -> bool:
    """Tell whether ruamel.yaml sees the texts differ at *path* of one document at most, and nowhere else.

    Args:
        before: The file as it was.
        after: The file as edited.
        path: What was set, added or removed.
        text: The string that *path* leads to now; None when something else does.

    Returns:
        True also when it cannot say: *before* is too long, or nothing that it can read.
    """
    if len(before) > LARGEST_CHARACTERS:
        return True
    old = _trees(before)
    if old is None:
        return True
    new = _trees(after)
    if new is None or len(new) != len(old):
        return False
    places = [
        (index, place)
        for index, pair in enumerate(zip(old, new, strict=True))
        for place in _differences(*pair, (), set())
    ]
    if len({index for index, _ in places}) > 1 or any(place != path for _, place in places):
        return False
    return text is None or any(_text_at(new[index], path) == text for index in _documents(places, new))


def _documents(places: Sequence[_Place], trees: _Trees) -> Sequence[int]:
    return [index for index, _ in places] or range(len(trees))


def _trees(text: str) -> _Trees | None:
    reader = YAML(typ="rt", pure=True)
    with warnings.catch_warnings():  # it warns of anchors that are used again, which is allowed
        warnings.simplefilter("ignore")
        try:
            return list(reader.compose_all(io.StringIO(text)))
        except (YAMLError, ValueError, RecursionError, NotImplementedError):
            return None


def _differences(old: Node, new: Node, here: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    """Yield the paths at which two trees differ; a node that aliases share is compared once."""
    pair = (id(old), id(new))
    if pair in seen:
        return
    seen.add(pair)
    match old, new:
        case MappingNode(), MappingNode():
            yield from _entries(_keyed(old), _keyed(new), here, seen)
        case SequenceNode(), SequenceNode() if len(old.value) == len(new.value):
            for index, items in enumerate(zip(old.value, new.value, strict=True)):
                yield from _differences(*items, (*here, index), seen)
        case ScalarNode(), ScalarNode() if (old.value, str(old.tag)) == (new.value, str(new.tag)):
            return
        case _:
            yield here


def _entries(old: dict[str, Node], new: dict[str, Node], here: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    for key in dict.fromkeys((*old, *new)):
        if key in old and key in new:
            yield from _differences(old[key], new[key], (*here, key), seen)
        else:
            yield (*here, key)
    common = [[key for key in keys if key in old and key in new] for keys in (old, new)]
    if common[0] != common[1]:
        yield here


def _keyed(node: MappingNode) -> dict[str, Node]:
    return {str(key.value): value for key, value in node.value}


def _text_at(root: Node, path: Path) -> str | None:
    node: Node | None = root
    for part in path:
        match node:
            case MappingNode():
                node = _keyed(node).get(str(part))
            case SequenceNode() if isinstance(part, int) and part < len(node.value):
                node = node.value[part]
            case _:
                return None
    return str(node.value) if isinstance(node, ScalarNode) else None
