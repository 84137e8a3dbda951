"""Where in a file a value stands: found by parsing the one file again when a message is printed."""

from trueup.core.diagnostics import Span
from trueup.spec.resource import Path
from trueup.spec.yaml.tree import MappingNode, Node, trees, walk


def locate(content: bytes, document: int, path: Path, *, key: bool = False) -> tuple[int, int]:
    """Return line and column, from 1, of what *path* leads to in the document with that index.

    Args:
        content: The file's bytes.
        document: Index of the document in the file.
        path: Keys and list indexes from the top. When it leads nowhere, its closest existing ancestor is meant:
            the key that lacks the child.
        key: Point at the key instead of the value; for a list item they are the same.
    """
    root = trees(content).get(document)
    if root is None:
        return 1, 1
    found, depth = walk(root, path)
    wants_key = key if depth == len(path) else depth > 0
    node = _key_of(root, path[:depth]) if wants_key else found
    return node.place.line, node.place.column


def span(content: bytes, file: str, document: int, path: Path, *, key: bool = False) -> Span:
    """Return the place of *path* as `locate` finds it, in the file with that name."""
    return Span(file, *locate(content, document, path, key=key))


def _key_of(root: Node, path: Path) -> Node:
    if not path:
        return root
    parent, _ = walk(root, path[:-1])
    while not isinstance(parent, MappingNode):
        target = getattr(parent, "target", None)
        if target is None:
            return walk(root, path)[0]
        parent = target
    entry = parent.find(path[-1])
    return entry[0] if entry else parent
