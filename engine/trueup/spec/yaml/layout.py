"""Where lines, entries and items begin and end in a text, for those who cut it.

A node's end is not enough: for a block list or mapping it is where the next thing starts, comments later.
"""

import re

from trueup.spec.yaml import spelling
from trueup.spec.yaml.tree import MappingNode, Node, ScalarNode, SequenceNode, inner

LINE_BREAK = re.compile(r"\r\n|\r|\n")
# Anchor and tag before a value, with the spaces, comments and line breaks between them and it.
_PROPERTIES = re.compile(r"(?:(?:&[^\s,\[\]{}]+|![^\s]*)(?:(?:[ \t]+#[^\r\n]*)?(?:\r\n|\r|\n)[ \t]*|[ \t]+|$)+)*")
_TO_DASH = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*(?=-)")
_QUESTION = re.compile(r"\?[ \t]+$")


def value_start(text: str, node: Node) -> int:
    """Return where *node* starts behind its anchor and tag."""
    properties = _PROPERTIES.match(text, node.place.start, node.place.end)
    return properties.end() if properties else node.place.start


def lines_end(text: str, node: Node) -> int:
    """Return where the last line with content of *node* ends, behind its line break."""
    match node:
        case MappingNode(is_flow=False, entries=[*_, (_, last)]) | SequenceNode(is_flow=False, items=[*_, last]):
            return lines_end(text, last)
        case ScalarNode(style="|" | ">"):
            start = value_start(text, node)
            return start + spelling.content_end(text[start : node.place.end])
        case _:
            line_break = LINE_BREAK.search(text, node.place.end)
            return line_break.end() if line_break else len(text)


def line_start(text: str, index: int) -> int:
    """Return where the line of the character at *index* starts."""
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def line_end(text: str) -> str:
    """Return how the first line of *text* ends."""
    match = LINE_BREAK.search(text)
    return match.group() if match else "\n"


def before_break(text: str, index: int) -> int:
    """Return where the line break that ends at *index* starts."""
    return len(text[:index].removesuffix("\n").removesuffix("\r"))


def ends_line(text: str, index: int) -> bool:
    """Tell whether *index* is behind a line break."""
    return text[:index].endswith(("\n", "\r"))


def entry_start(text: str, name: Node) -> int:
    """Return where the entry with the key *name* starts: at the key, or at the `?` before it."""
    start = line_start(text, name.place.start)
    question = _QUESTION.search(text[start : name.place.start])
    return start + question.start() if question else name.place.start


def dash(text: str, parent: SequenceNode, index: int) -> int:
    """Return where the `-` of an item of a block list stands."""
    start = parent.items[index - 1].place.end if index else value_start(text, parent)
    match = _TO_DASH.match(text, start)
    return match.end() if match else parent.items[index].place.start


def column(text: str, index: int) -> int:
    """Return how many characters stand before *index* on its line."""
    return index - line_start(text, index)


def has_comment(text: str, node: Node) -> bool:
    """Tell whether a comment stands inside a list or mapping in flow style."""
    between = text[node.place.start : node.place.end]
    for scalar in sorted(inner(node), key=lambda n: n.place.start, reverse=True):
        start, end = scalar.place.start - node.place.start, scalar.place.end - node.place.start
        between = between[:start] + between[end:]
    return "#" in between
