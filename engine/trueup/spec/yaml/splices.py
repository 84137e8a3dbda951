"""Where a text has to be cut, and what goes in, to replace a value or to add and remove keys and items.

Proposals only, most fitting first: `edit` proves each before it counts. Every proposal touches the characters of
the value, or whole lines of the entry, and no others; none goes over a comment on a line that stays.
"""

import re
from collections.abc import Iterator, Sequence

from trueup.core.diagnostics import Code
from trueup.core.json import Json
from trueup.spec.yaml import codes, spelling
from trueup.spec.yaml.layout import (
    LINE_BREAK,
    before_break,
    column,
    dash,
    ends_line,
    entry_start,
    has_comment,
    line_end,
    line_start,
    lines_end,
    value_start,
)
from trueup.spec.yaml.tree import AliasNode, MappingNode, Node, ScalarNode, SequenceNode, key_text

Splice = tuple[int, int, str]
"""Put the text in place of the characters from the first to the second index."""

_COMMA = re.compile(r"\s*,")
_FLOW_LINE_END = re.compile(r",?[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n)")


class Refusal(Exception):  # noqa: N818 - carries what becomes a diagnostic at the edge of `edit`
    """The edit cannot be made, for a reason known before trying."""

    def __init__(self, code: Code, detail: str, node: Node | None = None, place: tuple[int, int] = (0, 0)) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.place = (node.place.line, node.place.column) if node else place


def replacements(text: str, node: Node, value: Json) -> Iterator[Splice]:
    """Yield the ways to write *value* in place of *node*."""
    start, end = node.place.start, node.place.end
    match node:
        case AliasNode():
            for new in spelling.inline(value, ""):
                yield start, end, new
        case ScalarNode(style="|" | ">"):
            yield from _block_replacements(text, node, value)
        case ScalarNode():
            start = value_start(text, node)
            # Behind a bare `key:` a space is needed, in `{key}` a colon too.
            gap = ("", " ") if start < end else ("", " ", ": ")
            for new in spelling.inline(value, node.style):
                for before in gap:
                    yield start, end, before + new
        case MappingNode(is_flow=True) | SequenceNode(is_flow=True):
            if has_comment(text, node):
                raise Refusal(codes.EDIT_NOT_EXACT, "The value in brackets has comments inside, which would go.", node)
            yield value_start(text, node), end, spelling.flow(value)
        case _:
            what = "a mapping" if isinstance(node, MappingNode) else "a list"
            detail = f"The place holds {what} over several lines, not a single value."
            raise Refusal(codes.EDIT_NOT_SCALAR, detail, node)


def additions(text: str, parent: MappingNode, key: str, value: Json) -> Iterator[Splice]:
    """Yield the ways to add *key* as the last of *parent*."""
    if parent.is_flow:
        entry = f"{spelling.flow(key)}: {spelling.flow(value)}"
        values = [last for _, last in parent.entries]
        yield from _flow_insertions(text, parent, values, len(values), entry)
        return
    at = lines_end(text, parent)
    indent = column(text, entry_start(text, parent.entries[0][0]))
    for lines in spelling.entries(spelling.flow(key) + ":", value):
        yield _whole_lines(text, at, indent, lines)


def insertions(text: str, parent: SequenceNode, index: int, value: Json) -> Iterator[Splice]:
    """Yield the ways to put *value* before the item at *index* of *parent*, or behind the last."""
    if parent.is_flow:
        yield from _flow_insertions(text, parent, parent.items, index, spelling.flow(value))
        return
    first = dash(text, parent, 0)
    indent = column(text, first)
    for lines in spelling.entries("-", value):
        if index:
            # Comments between two items stay with the second.
            yield _whole_lines(text, lines_end(text, parent.items[index - 1]), indent, lines)
        else:
            yield first, first, "".join(line + line_end(text) + " " * indent for line in lines)


def removals(text: str, parent: MappingNode, key: str) -> Iterator[Splice]:
    """Yield the ways to take the entry with *key* out of *parent*."""
    index = next(i for i, (name, _) in enumerate(parent.entries) if key_text(name) == key)
    if parent.is_flow:
        spans = [(name.place.start, value.place.end) for name, value in parent.entries]
        yield from _flow_removals(text, spans, index)
        return
    starts = [entry_start(text, name) for name, _ in parent.entries]
    yield from _block_removals(text, starts, [value for _, value in parent.entries], index, "{}")


def item_removals(text: str, parent: SequenceNode, index: int) -> Iterator[Splice]:
    """Yield the ways to take the item at *index* out of *parent*."""
    if parent.is_flow:
        spans = [(item.place.start, item.place.end) for item in parent.items]
        yield from _flow_removals(text, spans, index)
        return
    starts = [dash(text, parent, i) for i in range(len(parent.items))]
    yield from _block_removals(text, starts, parent.items, index, "[]")


def _whole_lines(text: str, at: int, indent: int, lines: Sequence[str]) -> Splice:
    new = line_end(text).join(" " * indent + line for line in lines)
    return (at, at, new + line_end(text)) if ends_line(text, at) else (at, at, line_end(text) + new)


def _block_removals(
    text: str, starts: Sequence[int], values: Sequence[Node], index: int, empty: str
) -> Iterator[Splice]:
    start, end = starts[index], lines_end(text, values[index])
    before = line_start(text, start)
    if len(starts) == 1:
        stop = before_break(text, end) if ends_line(text, end) else end
        yield from _emptied(text, start, stop, empty)
    elif not text[before:start].strip(" "):
        if not ends_line(text, end):
            yield before_break(text, before), end, ""
        yield before, end, ""
    else:
        # The first of a mapping inside a list: the second takes its place behind the dash, or stays below it.
        if not text[end : starts[1]].strip():
            yield start, starts[1], ""
        yield before + len(text[before:start].rstrip(" ")), before_break(text, end), ""


def _emptied(text: str, start: int, stop: int, empty: str) -> Iterator[Splice]:
    """Yield the ways to leave an empty list or mapping where the only entry was: behind its key, else in its place."""
    above = text[:start].rstrip()
    between = text[len(above) : start]
    if above.endswith(":") and len(LINE_BREAK.findall(between)) == 1:
        yield len(above), stop, " " + empty
    yield start, stop, empty
    yield start, stop, " " + empty


def _flow_insertions(text: str, parent: Node, items: Sequence[Node], index: int, entry: str) -> Iterator[Splice]:
    if not items:
        at = parent.place.end - 1
        if not has_comment(text, parent):
            yield at, at, entry
    elif index == len(items):
        at = items[-1].place.end
        yield at, at, f", {entry}"
        yield at, at, f" , {entry}"
    else:
        at = items[index].place.start
        yield at, at, f"{entry}, "


def _flow_removals(text: str, spans: Sequence[tuple[int, int]], index: int) -> Iterator[Splice]:
    start, end = spans[index]
    line_before = line_start(text, start)
    ending = _FLOW_LINE_END.match(text, end)
    if not text[line_before:start].strip(" \t") and ending:
        yield line_before, ending.end(), ""
    last = len(spans) - 1
    cuts = [(start, spans[index + 1][0], end, spans[index + 1][0])] if index < last else []
    cuts += [(spans[index - 1][1], end, spans[index - 1][1], start)] if index else []
    if not cuts:
        yield start, end, ""
        comma = _COMMA.match(text, end)
        cuts = [(start, comma.end(), end, comma.end())] if comma else []
    for cut_start, cut_end, between_start, between_end in cuts:
        # A comment between two entries may belong to either; that is not ours to guess.
        if "#" not in text[between_start:between_end]:
            yield cut_start, cut_end, ""


def _block_replacements(text: str, node: ScalarNode, value: Json) -> Iterator[Splice]:
    start, end = value_start(text, node), node.place.end
    old = text[start:end]
    if isinstance(value, str):
        for new in spelling.block(value, old, node.text):
            yield start, end, new
    for spelled in spelling.inline(value, '"' if isinstance(value, str) else ""):
        yield start, end, spelling.unblock(spelled, old)
