"""The proof that an edit did what was meant, and what has to hold of a file and a place before one is tried."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import cast

from trueup.core.diagnostics import Severity, has_errors
from trueup.core.json import Json, canonical
from trueup.spec.resource import Path
from trueup.spec.yaml import codes
from trueup.spec.yaml.events import decode
from trueup.spec.yaml.load import load_documents
from trueup.spec.yaml.splices import Refusal, Splice
from trueup.spec.yaml.tree import AliasNode, MappingNode, Node, SequenceNode, child, inner, trees, walk

_BOM = b"\xef\xbb\xbf"
Part = str | int
Change = Callable[[Json, Part], Json]
"""From a list or mapping and the last part of a path to the same with that part changed."""


class Source:
    """A sound file, and a place in it that no alias shares."""

    def __init__(self, content: bytes, document: int, path: Path) -> None:
        text = decode(content, "")
        loaded = load_documents(content, "")
        root = trees(content).get(document)
        if not isinstance(text, str) or has_errors(loaded.diagnostics):
            first = next(d for d in loaded.diagnostics if d.severity is Severity.ERROR)
            place = (first.span.line, first.span.column) if first.span else (0, 0)
            detail = f"The file as it is has an error: {first.code.id}, {first.detail}"
            raise Refusal(codes.EDIT_BROKEN_FILE, detail, None, place)
        if root is None or not path or not any(d.index == document for d in loaded.documents):
            raise Refusal(codes.EDIT_NO_PLACE, f"There is no value to edit in document {document} of the file.")
        self.content, self.text, self.root, self.path = content, text, root, path
        self.value = next(d.value for d in loaded.documents if d.index == document)
        self._documents, self._document = loaded.documents, document
        self._bom = _BOM if content.startswith(_BOM) else b""
        _refuse_shared(root, path)

    def node(self) -> Node:
        """Return what the path leads to."""
        node, depth = walk(self.root, self.path)
        if depth < len(self.path):
            raise Refusal(codes.EDIT_NO_PLACE, f"`{dotted(self.path)}` does not exist.", node)
        return node

    def parent(self) -> Node:
        """Return what holds the last part of the path, which itself need not be there."""
        node, depth = walk(self.root, self.path[:-1])
        if depth < len(self.path) - 1:
            raise Refusal(codes.EDIT_NO_PLACE, f"`{dotted(self.path[:-1])}` does not exist.", node)
        return node

    def mapping(self, *, with_key: bool) -> tuple[MappingNode, str]:
        """Return the mapping that the path's last part belongs to, and that part, which it has or has not."""
        node, key = self.parent(), self.path[-1]
        if not isinstance(node, MappingNode) or not isinstance(key, str):
            raise Refusal(codes.EDIT_NO_PLACE, f"`{dotted(self.path[:-1])}` is not a mapping.", node)
        if (node.find(key) is not None) is not with_key:
            state = "does not exist" if with_key else "exists already"
            raise Refusal(codes.EDIT_NO_PLACE, f"`{dotted(self.path)}` {state}.", node)
        return node, key

    def sequence(self, *, past_end: bool) -> tuple[SequenceNode, int]:
        """Return the list that the path's last part belongs to, and that part: an index, or one behind the last."""
        node, index = self.parent(), self.path[-1]
        if not isinstance(node, SequenceNode) or not isinstance(index, int):
            raise Refusal(codes.EDIT_NO_PLACE, f"`{dotted(self.path[:-1])}` is not a list.", node)
        if not 0 <= index < len(node.items) + past_end:
            detail = f"`{dotted(self.path[:-1])}` has {len(node.items)} items and none at index {index}."
            raise Refusal(codes.EDIT_NO_PLACE, detail, node)
        return node, index

    def prove(self, change: Change, splices: Iterable[Splice], new: Json, *, items: int = 0) -> bytes:
        """Return the first splice's result that reads as *change* makes it and leaves the rest as it was.

        Args:
            change: What is meant.
            splices: What may do it.
            new: The value that the path leads to afterwards; None also when it leads nowhere.
            items: 1 when an item goes into a list at the path, -1 when one leaves it.
        """
        from trueup.spec.yaml.second_opinion import agrees, reads_as  # another YAML library, which only edits need

        meant = {d.index: d.value for d in self._documents}
        meant[self._document] = rebuilt(self.value, self.path, change)
        wanted = {index: canonical(value) for index, value in meant.items()}
        for start, end, spelled in splices:
            after = self.text[:start] + spelled + self.text[end:]
            edited = self._bom + after.encode()
            loaded = load_documents(edited, "")
            read = {d.index: canonical(d.value) for d in loaded.documents}
            is_meant = not has_errors(loaded.diagnostics) and read == wanted
            if is_meant and (reads_as(after, meant) or agrees(self.text, after, self.path, new, items=items)):
                return edited
        node, _ = walk(self.root, self.path)
        detail = f"No way to write the change of `{dotted(self.path)}` leaves the rest of the file as it is."
        raise Refusal(codes.EDIT_NOT_EXACT, detail, node)


def dotted(path: Path) -> str:
    """Write *path* for people: `spec.release.model`, `spec.tasks[0]`."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).removeprefix(".") or "the document"


def rebuilt(value: Json, path: Path, change: Change) -> Json:
    """Return *value* with *change* made at *path*; the nodes of the tree have shown that it leads there."""
    part, rest = path[0], path[1:]
    if not rest:
        return change(value, part)
    if isinstance(value, Mapping):
        return {**value, str(part): rebuilt(value[str(part)], rest, change)}
    items = cast("Sequence[Json]", value)
    return [rebuilt(item, rest, change) if index == part else item for index, item in enumerate(items)]


def value_at(value: Json, path: Path) -> Json:
    """Return what *path* leads to; the nodes of the tree have shown that it does."""
    for part in path:
        value = value[str(part)] if isinstance(value, Mapping) else cast("Sequence[Json]", value)[int(part)]
    return value


def with_value(new: Json) -> Change:
    """Return the change that puts *new* in place of a part, or adds a key."""

    def change(holder: Json, part: Part) -> Json:
        if isinstance(holder, Mapping):
            return {**holder, str(part): new}
        return [new if index == part else item for index, item in enumerate(cast("Sequence[Json]", holder))]

    return change


def with_item(new: Json) -> Change:
    """Return the change that puts *new* before an item."""

    def change(holder: Json, part: Part) -> Json:
        items = cast("Sequence[Json]", holder)
        return [*items[: int(part)], new, *items[int(part) :]]

    return change


def without(holder: Json, part: Part) -> Json:
    """Take a key or an item away."""
    if isinstance(holder, Mapping):
        return {key: value for key, value in holder.items() if key != part}
    return [item for index, item in enumerate(cast("Sequence[Json]", holder)) if index != part]


def _refuse_shared(root: Node, path: Path) -> None:
    """Refuse a place whose change would show through an alias elsewhere, naming every one."""
    node: Node | None = root
    for part in path:
        if node is None:
            return
        if isinstance(node, AliasNode):
            detail = f"The path leads through `*{node.name}`, and changing what it stands for changes other places."
            raise Refusal(codes.EDIT_NOT_EXACT, detail, node)
        _refuse_aliased(root, node)
        node = child(node, part)
    if node is not None:
        _refuse_aliased(root, node)


def _refuse_aliased(root: Node, node: Node) -> None:
    if isinstance(node, AliasNode) or node.anchor is None:
        return
    uses = [f"{a.place.line}:{a.place.column}" for a in _aliases(root) if a.target is node]
    if uses:
        detail = f"The value marked `&{node.anchor}` also stands, by alias, at {', '.join(uses)}."
        raise Refusal(codes.EDIT_NOT_EXACT, detail, node)


def _aliases(root: Node) -> Iterator[AliasNode]:
    return (node for node in inner(root) if isinstance(node, AliasNode))
