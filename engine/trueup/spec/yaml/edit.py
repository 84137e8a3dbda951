"""Edits of YAML that change the bytes of one value and nothing else.

    edited = edit(content, [
        Set(("spec", "replicas"), 3),
        Add(("spec", "hold"), {"reason": "slow answers", "until": "2026-12-01"}),
        Append(("spec", "adapters"), "formal@2"),
        Remove(("spec", "tasks", 0)),
    ])
    if isinstance(edited, Diagnostic):
        ...  # nothing was changed, and it says why, where and what to do

The new text is spliced in at the marks of the old value (`splices` proposes where and what). Before anything is
returned the whole file is read back and compared with the value that was meant (`proof`), and a reader that is not
ours has to see the same one difference (`second_opinion`); what cannot be proved this way is refused with the reason.
A round trip through an emitter was rejected: it rewrites dozens of lines nobody touched.
"""

from collections.abc import Sequence
from typing import assert_never

from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.frozen import dataclass
from trueup.core.json import Json, canonical
from trueup.spec.resource import Path
from trueup.spec.yaml import codes
from trueup.spec.yaml.proof import Source, dotted, value_at, with_item, with_value, without
from trueup.spec.yaml.scalars import Scalar
from trueup.spec.yaml.splices import Refusal, additions, insertions, item_removals, removals, replacements
from trueup.spec.yaml.tree import SequenceNode, trees, walk

__all__ = [
    "Add", "Append", "Edit", "Insert", "Put", "Remove", "Set",
    "add_key", "dotted", "edit", "put_scalar", "remove_key", "set_scalar",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Set:
    """Replace what *path* leads to: a single value, an alias, or a list or mapping in brackets.

    A value that is there already keeps its spelling. The new one keeps the quotes or the block style of the old one
    where it can; a list or mapping is written in brackets.
    """

    path: Path
    value: Json
    document: int = 0


@dataclass(frozen=True, slots=True)
class Add:
    """Add the key that *path* ends in as the last of its mapping, which exists and has no such key.

    In a mapping over several lines, a mapping or a list of lists or mappings is written over several lines too.
    """

    path: Path
    value: Json
    document: int = 0


@dataclass(frozen=True, slots=True)
class Put:
    """Set what *path* leads to, even `null`, or add its last key when there is none."""

    path: Path
    value: Json
    document: int = 0


@dataclass(frozen=True, slots=True)
class Insert:
    """Put an item into a list before the one that *path* leads to; the length of the list as index appends.

    Comments above an item stay with it; those above the first item stay at the head of the list.
    """

    path: Path
    value: Json
    document: int = 0


@dataclass(frozen=True, slots=True)
class Append:
    """Put an item behind the last of the list that *path* leads to."""

    path: Path
    value: Json
    document: int = 0


@dataclass(frozen=True, slots=True)
class Remove:
    """Take the key or the item that *path* ends in away, with its value and the lines it stands on.

    The comments on these lines go too: behind the value, and between its first and its last line. All others stay.
    Where it was the only one, `{}` or `[]` is left.
    """

    path: Path
    document: int = 0


Edit = Set | Add | Put | Insert | Append | Remove
"""One change. Paths are keys and list indexes from the top; a file's documents count from 0, empty ones too."""


def edit(content: bytes, edits: Sequence[Edit], *, file: str = "") -> bytes | Diagnostic:
    """Make all *edits*, one after the other, or none.

    Args:
        content: The file; UTF-8, with or without a byte order mark, of any line ends, 1 MB at most.
        edits: What to change. Each path is one of the file as the edits before it left it.
        file: Its name, for the diagnostic.

    Returns:
        The file as edited, in which every byte outside the edited places is as it was; or why an edit cannot be
        made exactly: SPEC131 (the path leads nowhere, or the key is there already), SPEC132 (what is there is a
        list or mapping over several lines, or the new value cannot be written), SPEC133 (shared by an alias, or the
        layout allows no exact change) or SPEC134 (the file has errors before any edit). Its line and column are
        those of the file as the edits before the refused one left it.
    """
    edited = content
    for number, one in enumerate(edits, start=1):
        try:
            edited = _made(edited, one)
        except Refusal as refusal:
            which = f"Edit {number} of {len(edits)}: " if len(edits) > 1 else ""
            span = Span(file, *refusal.place)
            return Diagnostic(refusal.code, which + refusal.detail, span, refusal.code.remedy)
    return edited


def set_scalar(content: bytes, document: int, path: Path, value: Scalar, *, file: str = "") -> bytes | Diagnostic:
    """Return *content* with the single value at *path* replaced by *value*, or why that cannot be done exactly."""
    root = trees(content).get(document)
    node, depth = walk(root, path) if root is not None else (None, 0)
    if node is not None and depth == len(path) and getattr(node, "is_flow", False):
        what = "a list" if isinstance(node, SequenceNode) else "a mapping"
        span = Span(file, node.place.line, node.place.column)
        detail = f"The place holds {what}, not a single value."
        return Diagnostic(codes.EDIT_NOT_SCALAR, detail, span, codes.EDIT_NOT_SCALAR.remedy)
    return edit(content, [Set(path, value, document)], file=file)


def add_key(content: bytes, document: int, path: Path, value: Json, *, file: str = "") -> bytes | Diagnostic:
    """Return *content* with the key that *path* ends in added as the last of its mapping, which must exist."""
    return edit(content, [Add(path, value, document)], file=file)


def put_scalar(content: bytes, document: int, path: Path, value: Scalar, *, file: str = "") -> bytes | Diagnostic:
    """Return *content* with *value* at *path*: in place of what is there, even `null`, else as a new key."""
    return edit(content, [Put(path, value, document)], file=file)


def remove_key(content: bytes, document: int, path: Path, *, file: str = "") -> bytes | Diagnostic:
    """Return *content* without the key that *path* ends in, its value and its lines."""
    return edit(content, [Remove(path, document)], file=file)


def _made(content: bytes, one: Edit) -> bytes:
    match one:
        case Set():
            return _set(content, one)
        case Put(path=path):
            root = trees(content).get(one.document)
            is_there = root is not None and walk(root, path)[1] == len(path)
            return _made(content, (Set if is_there else Add)(path, one.value, one.document))
        case Add():
            return _added(content, one)
        case Append(path=path):
            root = trees(content).get(one.document)
            node, depth = walk(root, path) if root is not None else (None, 0)
            length = len(node.items) if isinstance(node, SequenceNode) and depth == len(path) else 0
            return _inserted(content, Insert((*path, length), one.value, one.document))
        case Insert():
            return _inserted(content, one)
        case Remove():
            return _removed(content, one)
        case _:  # pragma: no cover
            assert_never(one)


def _set(content: bytes, one: Set) -> bytes:
    source = Source(content, one.document, one.path)
    node, new = source.node(), _spellable(one.value)
    if canonical(value_at(source.value, one.path)) == canonical(new):
        return content
    return source.prove(with_value(new), replacements(source.text, node, new), new)


def _added(content: bytes, one: Add) -> bytes:
    source = Source(content, one.document, one.path)
    parent, key = source.mapping(with_key=False)
    new = _spellable(one.value)
    return source.prove(with_value(new), additions(source.text, parent, key, new), new)


def _inserted(content: bytes, one: Insert) -> bytes:
    source = Source(content, one.document, one.path)
    parent, index = source.sequence(past_end=True)
    new = _spellable(one.value)
    return source.prove(with_item(new), insertions(source.text, parent, index, new), new, items=1)


def _removed(content: bytes, one: Remove) -> bytes:
    source = Source(content, one.document, one.path)
    if one.path and isinstance(one.path[-1], int) and isinstance(source.parent(), SequenceNode):
        items, index = source.sequence(past_end=False)
        return source.prove(without, item_removals(source.text, items, index), None, items=-1)
    parent, key = source.mapping(with_key=True)
    return source.prove(without, removals(source.text, parent, key), None)


def _spellable(value: Json) -> Json:
    try:
        canonical(value)
    except (TypeError, ValueError) as error:  # not JSON, not finite, too many digits, or a lone surrogate
        raise Refusal(codes.EDIT_NOT_SCALAR, f"The new value cannot be written: {error}.") from error
    return value
