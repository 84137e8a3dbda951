"""Edits of YAML that change the bytes of one value and nothing else.

The new text is spliced in at the marks of the old value (`splices` proposes where and what). Before anything is
returned the whole file is read back and compared with the value that was meant, and a reader that is not ours has
to see the same one difference (`second_opinion`); what cannot be proved this way is refused with the reason. A round
trip through an emitter was rejected: it rewrites dozens of lines nobody touched.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import cast

from trueup.core.diagnostics import Diagnostic, Span, has_errors
from trueup.core.json import Json, canonical
from trueup.spec.resource import Path
from trueup.spec.yaml import codes
from trueup.spec.yaml.events import decode
from trueup.spec.yaml.load import Document, load_documents
from trueup.spec.yaml.scalars import Scalar
from trueup.spec.yaml.splices import Refusal, Splice, additions, removals, replacements
from trueup.spec.yaml.tree import AliasNode, MappingNode, Node, SequenceNode, child, trees, walk

_BOM = b"\xef\xbb\xbf"


def set_scalar(content: bytes, document: int, path: Path, value: Scalar, *, file: str = "") -> bytes | Diagnostic:
    """Return *content* with the single value at *path* replaced by *value*, or why that cannot be done exactly."""
    try:
        source = _Source(content, document, path)
        node = source.node()
        intended = _replaced(source.value, path, _spellable(value))
        return source.prove(intended, replacements(source.text, node, value))
    except Refusal as refusal:
        return _diagnostic(refusal, file)


def add_key(
    content: bytes, document: int, path: Path, value: Scalar | Sequence[Scalar], *, file: str = ""
) -> bytes | Diagnostic:
    """Return *content* with the key that *path* ends in added as the last of its mapping, which must exist."""
    try:
        source = _Source(content, document, path)
        parent, key = source.parent(with_key=False)
        intended = _replaced(source.value, path, _spellable(value))
        return source.prove(intended, additions(source.text, parent, key, value))
    except Refusal as refusal:
        return _diagnostic(refusal, file)


def put_scalar(content: bytes, document: int, path: Path, value: Scalar, *, file: str = "") -> bytes | Diagnostic:
    """Return *content* with *value* at *path*: in place of what is there, even `null`, else as a new key."""
    root = trees(content).get(document)
    is_there = root is not None and walk(root, path)[1] == len(path)
    edit = set_scalar if is_there else add_key
    return edit(content, document, path, value, file=file)


def remove_key(content: bytes, document: int, path: Path, *, file: str = "") -> bytes | Diagnostic:
    """Return *content* without the key that *path* ends in, its value and its lines; not the only key of a mapping."""
    try:
        source = _Source(content, document, path)
        parent, key = source.parent(with_key=True)
        intended = _removed(source.value, path)
        return source.prove(intended, removals(source.text, parent, key))
    except Refusal as refusal:
        return _diagnostic(refusal, file)


def dotted(path: Path) -> str:
    """Write *path* for people: `spec.release.model`, `spec.tasks[0]`."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).removeprefix(".") or "the document"


class _Source:
    """A sound file, and a place in it that no alias shares."""

    def __init__(self, content: bytes, document: int, path: Path) -> None:
        text = decode(content, "")
        loaded = load_documents(content, "")
        root = trees(content).get(document)
        if not isinstance(text, str) or has_errors(loaded.diagnostics):
            raise Refusal(codes.EDIT_BROKEN_FILE, "The file as it is cannot be read without errors.")
        if root is None or not path or not any(d.index == document for d in loaded.documents):
            raise Refusal(codes.EDIT_NO_PLACE, f"There is no value to edit in document {document} of the file.")
        self.text, self.root, self.path = text, root, path
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

    def parent(self, *, with_key: bool) -> tuple[MappingNode, str]:
        """Return the mapping that the path's last part belongs to, and that part, which it has or has not."""
        node, depth = walk(self.root, self.path[:-1])
        key = self.path[-1]
        if depth < len(self.path) - 1 or not isinstance(node, MappingNode) or not isinstance(key, str):
            raise Refusal(codes.EDIT_NO_PLACE, f"`{dotted(self.path[:-1])}` is not a mapping.", node)
        if (node.find(key) is not None) is not with_key:
            state = "does not exist" if with_key else "exists already"
            raise Refusal(codes.EDIT_NO_PLACE, f"`{dotted(self.path)}` {state}.", node)
        return node, key

    def prove(self, intended: Json, splices: Iterable[Splice]) -> bytes:
        """Return the first splice's result that reads as *intended* and leaves every other document as it was."""
        from trueup.spec.yaml.second_opinion import agrees  # another YAML library, which only edits need

        text = _text_of(intended, self.path)
        wanted = [(d.index, canonical(intended if d.index == self._document else d.value)) for d in self._documents]
        for start, end, new in splices:
            after = self.text[:start] + new + self.text[end:]
            edited = self._bom + after.encode()
            loaded = load_documents(edited, "")
            is_meant = not has_errors(loaded.diagnostics) and _meaning(loaded.documents) == wanted
            if is_meant and agrees(self.text, after, self.path, text):
                return edited
        node, _ = walk(self.root, self.path)
        detail = f"No way to write the new value of `{dotted(self.path)}` leaves the rest of the file as it is."
        raise Refusal(codes.EDIT_NOT_EXACT, detail, node)


def _meaning(documents: Sequence[Document]) -> list[tuple[int, bytes]]:
    return [(d.index, canonical(d.value)) for d in documents]


def _text_of(value: Json, path: Path) -> str | None:
    """Return the text that *path* leads to, None when that is no text or was removed."""
    for part in path:
        value = value.get(str(part)) if isinstance(value, Mapping) else cast("Sequence[Json]", value)[int(part)]
    return value if isinstance(value, str) else None


def _diagnostic(refusal: Refusal, file: str) -> Diagnostic:
    place = refusal.node.place if refusal.node else None
    span = Span(file, place.line, place.column) if place else Span(file)
    return Diagnostic(refusal.code, refusal.detail, span, refusal.code.remedy)


def _spellable(value: Scalar | Sequence[Scalar]) -> Json:
    try:
        canonical(value)
    except ValueError as error:  # not finite, too many digits, or a lone surrogate
        raise Refusal(codes.EDIT_NOT_SCALAR, f"The new value cannot be written: {error}.") from error
    return value


def _rebuilt(value: Json, path: Path, change: Callable[[Mapping[str, Json], str], Json], new: Json) -> Json:
    """Return *value* with what *path* leads to changed; the nodes of the tree have shown that it leads there."""
    part, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        if rest:
            return {**value, str(part): _rebuilt(value[str(part)], rest, change, new)}
        return change(value, str(part))
    items = cast("Sequence[Json]", value)
    below = _rebuilt(items[int(part)], rest, change, new) if rest else new
    return [below if index == part else item for index, item in enumerate(items)]


def _replaced(value: Json, path: Path, new: Json) -> Json:
    return _rebuilt(value, path, lambda mapping, key: {**mapping, key: new}, new)


def _removed(value: Json, path: Path) -> Json:
    return _rebuilt(value, path, lambda mapping, key: {k: v for k, v in mapping.items() if k != key}, None)


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
    if node is not None and not isinstance(node, AliasNode):
        _refuse_aliased(root, node)


def _refuse_aliased(root: Node, node: Node) -> None:
    if isinstance(node, AliasNode) or node.anchor is None:
        return
    uses = [f"{a.place.line}:{a.place.column}" for a in _aliases(root) if a.target is node]
    if uses:
        detail = f"The value marked `&{node.anchor}` also stands, by alias, at {', '.join(uses)}."
        raise Refusal(codes.EDIT_NOT_EXACT, detail, node)


def _aliases(node: Node) -> Iterator[AliasNode]:
    match node:
        case AliasNode():
            yield node
        case SequenceNode(items=items):
            for item in items:
                yield from _aliases(item)
        case MappingNode(entries=entries):
            for key, value in entries:
                yield from _aliases(key)
                yield from _aliases(value)
        case _:
            return
