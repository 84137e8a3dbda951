"""Where a text has to be cut, and what goes in, to replace a value, add a key or remove one.

Proposals only, most fitting first: `edit` proves each before it counts. Every proposal touches the characters of
the value, or whole lines of the entry, and no others.
"""

import re
from collections.abc import Iterator, Sequence

from trueup.core.diagnostics import Code
from trueup.spec.yaml import codes, spelling
from trueup.spec.yaml.scalars import Scalar
from trueup.spec.yaml.tree import AliasNode, MappingNode, Node, ScalarNode, SequenceNode

Splice = tuple[int, int, str]
"""Put the text in place of the characters from the first to the second index."""

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
# Anchor and tag before a value, with the spaces, comments and line breaks between them and it.
_PROPERTIES = re.compile(r"(?:(?:&[^\s,\[\]{}]+|![^\s]*)(?:(?:[ \t]+#[^\r\n]*)?(?:\r\n|\r|\n)[ \t]*|[ \t]+|$)+)*")


class Refusal(Exception):  # noqa: N818 - carries what becomes a diagnostic at the edge of `edit`
    """The edit cannot be made, for a reason known before trying."""

    def __init__(self, code: Code, detail: str, node: Node | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.node = node


def replacements(text: str, node: Node, value: Scalar) -> Iterator[Splice]:
    """Yield the ways to write *value* in place of *node*."""
    start, end = node.place.start, node.place.end
    match node:
        case AliasNode():
            for new in spelling.inline(value, ""):
                yield start, end, new
        case ScalarNode(style="|" | ">"):
            yield from _block_replacements(text, node, value)
        case ScalarNode():
            start = _value_start(text, node)
            # Behind a bare `key:` a space is needed, in `{key}` a colon too.
            gap = ("", " ") if start < end else ("", " ", ": ")
            for new in spelling.inline(value, node.style):
                for before in gap:
                    yield start, end, before + new
        case _:
            what = "a mapping" if isinstance(node, MappingNode) else "a list"
            raise Refusal(codes.EDIT_NOT_SCALAR, f"The place holds {what}, not a single value.", node)


def additions(text: str, parent: MappingNode, key: str, value: Scalar | Sequence[Scalar]) -> Iterator[Splice]:
    """Yield the ways to add *key* as the last of *parent*."""
    entry = f"{spelling.flow(key)}: {spelling.flow(value)}"
    if parent.is_flow:
        if parent.entries:
            at = parent.entries[-1][1].place.end
            yield at, at, f", {entry}"
        else:
            yield parent.place.end - 1, parent.place.end - 1, entry
        return
    at = _lines_end(text, parent)
    line_end = _line_end(text)
    indent = " " * (parent.entries[0][0].place.column - 1)
    if text[:at].endswith(("\n", "\r")):
        yield at, at, indent + entry + line_end
    else:
        yield at, at, line_end + indent + entry


def removals(text: str, parent: MappingNode, key: str) -> Iterator[Splice]:
    """Yield the ways to take the entry with *key* out of *parent*."""
    index = next(i for i, (name, _) in enumerate(parent.entries) if isinstance(name, ScalarNode) and name.text == key)
    name, value = parent.entries[index]
    if len(parent.entries) == 1 and not parent.is_flow:
        raise Refusal(codes.EDIT_NOT_EXACT, f"`{key}` is the only key of its mapping, which would become null.", name)
    if parent.is_flow:
        yield from _flow_removals(text, parent, index)
        return
    start = name.place.start - (name.place.column - 1)
    if text[start : name.place.start].strip(" "):
        raise Refusal(codes.EDIT_NOT_EXACT, f"`{key}` does not start its line.", name)
    end = _lines_end(text, value)
    if not text[:end].endswith(("\n", "\r")):
        before = _last_break_before(text, start)
        yield before, end, ""
    yield start, end, ""


def _flow_removals(text: str, parent: MappingNode, index: int) -> Iterator[Splice]:
    name, value = parent.entries[index]
    if index > 0:
        start, end = parent.entries[index - 1][1].place.end, value.place.end
        between = text[start : name.place.start]
    elif len(parent.entries) > 1:
        start, end = name.place.start, parent.entries[1][0].place.start
        between = text[value.place.end : end]
    else:
        start, end, between = name.place.start, value.place.end, ""
    # A comment between two entries may belong to either; that is not ours to guess.
    if "#" not in between and not _LINE_BREAK.search(between):
        yield start, end, ""


def _block_replacements(text: str, node: ScalarNode, value: Scalar) -> Iterator[Splice]:
    start, end = _value_start(text, node), node.place.end
    old = text[start:end]
    if isinstance(value, str):
        for new in spelling.block(value, old, node.text):
            yield start, end, new
    for spelled in spelling.inline(value, '"' if isinstance(value, str) else ""):
        yield start, end, spelling.unblock(spelled, old)


def _lines_end(text: str, node: Node) -> int:
    """Return where the last line with content of *node* ends, behind its line break."""
    match node:
        case MappingNode(is_flow=False, entries=[*_, (_, last)]) | SequenceNode(is_flow=False, items=[*_, last]):
            return _lines_end(text, last)
        case ScalarNode(style="|" | ">"):
            start = _value_start(text, node)
            return start + spelling.content_end(text[start : node.place.end])
        case _:
            line_break = _LINE_BREAK.search(text, node.place.end)
            return line_break.end() if line_break else len(text)


def _value_start(text: str, node: Node) -> int:
    properties = _PROPERTIES.match(text, node.place.start, node.place.end)
    return properties.end() if properties else node.place.start


def _line_end(text: str) -> str:
    match = _LINE_BREAK.search(text)
    return match.group() if match else "\n"


def _last_break_before(text: str, index: int) -> int:
    return len(text[:index].removesuffix("\n").removesuffix("\r"))
