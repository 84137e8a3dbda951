"""Says what a comment must not have: what would close too little, name somebody, load something, or lead elsewhere.

It knows the few shapes that trueup writes and nothing else of markdown, so that what it does not know is refused: a
comment that comes out of an artifact was perhaps written by whoever opened the pull request. Shapes that would make
two readers disagree on what is code (an indented line, another fence, a table without bars) are refused as well.
"""

import re
from collections.abc import Iterator
from html import unescape

_FENCE = re.compile(r"(`{3,})(?:diff)?")
_MARKER = re.compile(r"<!-- trueup:[A-Za-z0-9._:-]+ -->")
_TAGS = re.compile(r"</?(?:del|ins)>|<br>")
_SUMMARY = re.compile(r"<summary>([^<>`]*)</summary>")
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_ENTITY = re.compile(r"&(?:#\d{1,7}|gt|lt|amp|quot);")
_LINK = re.compile(r"\[[\w ]+\]\((https?://[^\s()<>]+)\)")
_HEADING = re.compile(r"^#{3,4} ")
_BAR = re.compile(r"(?<!\\)\|")
_RULER = re.compile(r"[-:| \t]+")
_BLOCK = re.compile(r"[ \t]|>|~~~|\[[^\]]*\]:")
_ORDER = re.compile(r"\s*(?:::|/\w)")
_SHAPES = (
    (re.compile(r"[<>]"), "has HTML of its own"),
    (re.compile(r"\]\s*[(\[:]|!\["), "has a link or an image of its own"),
    (re.compile(r"\\"), "has an escape of its own"),
    (re.compile(r"`"), "has a code span that does not end"),
    (re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"), "has control characters"),
)
"""As it is written."""
_NAMES = (
    (re.compile(r"(?<![A-Za-z0-9])@\w"), "mentions somebody"),
    (re.compile(r"[#!~](?=\w)|\bGH-\d", re.IGNORECASE), "refers to an issue"),
    (re.compile(r"://|(?<![A-Za-z0-9])www\.", re.IGNORECASE), "has an address of its own"),
    (re.compile(r"##\w*\["), "has a command for a CI system"),
)
"""As it is read: forges look for names after markdown is done, when `&#64;` is a sign again."""


def unsafe(body: str, pages: tuple[str, ...] = ()) -> list[str]:
    """Return what is wrong with *body*; nothing for a comment as trueup writes it.

    Args:
        body: The comment.
        pages: What the address of a link may begin with.
    """
    return list(dict.fromkeys(_problems(body.split("\n"), pages)))


def _problems(lines: list[str], pages: tuple[str, ...]) -> Iterator[str]:
    fence, folds, before = "", 0, ""
    for number, line in enumerate(lines, start=1):
        opened = _FENCE.fullmatch(line)
        if fence:
            if line == fence:
                fence = ""
            elif len(line.strip()) - len(line.strip().lstrip("`")) >= len(fence):
                yield f"line {number} may close a fence early"
        elif opened:
            fence = opened[1]
            if before:
                yield f"line {number} opens a fence within something else"
        else:
            folds += (line == "<details>") - (line == "</details>")
            if folds < 0:
                yield f"line {number} closes a fold that is not open"
            found = (*_of_neighbours(before, line, is_second=number == 2), *_of_line(line, number, pages))
            yield from (f"line {number} {what}" for what in found)
        before = line
    if fence:
        yield "a fence is not closed"
    if folds > 0:
        yield "a fold is not closed"


def _of_neighbours(before: str, line: str, *, is_second: bool) -> Iterator[str]:
    """Yield what is wrong with a line behind another: HTML and tables end at an empty line and nowhere else."""
    is_item = line.startswith("- ") and (not before or before.startswith("- "))
    if _RULER.fullmatch(line) and not line.startswith("|") and not is_item and (before or line != "---"):
        yield "makes a table or a heading of the line before it"
    if not before or not line:
        return
    if before.startswith("<") and not line.startswith("<") and not is_second:
        yield "is read as HTML"
    if before.startswith("|") != line.startswith("|") and (before + line).count("|"):
        yield "is a table or ends one without an empty line"


def _of_line(line: str, number: int, pages: tuple[str, ...]) -> Iterator[str]:
    if line.startswith("<"):
        yield from _of_html(line, number)
        return
    if _BLOCK.match(line):
        yield "has a quote, a code block or a reference of its own"
    if _ORDER.match(unescape(line)):
        yield "begins with a command for a CI system or a forge"
    parts = _BAR.split(line) if line.startswith("|") else [line]
    for part in parts:
        plain = _SPAN.sub(" ", part)
        for address in _LINK.findall(plain):
            if not address.startswith(pages or ("\n",)):
                yield f"leads to {address}"
        plain = _HEADING.sub("", _TAGS.sub(" ", _LINK.sub(" ", plain)))
        yield from _refused(plain)


def _of_html(line: str, number: int) -> Iterator[str]:
    """Yield what is wrong with a line that opens HTML, in which markdown's own code spans mean nothing."""
    if number == 1 and _MARKER.fullmatch(line):
        return
    if line in ("<details>", "</details>"):
        return
    summary = _SUMMARY.fullmatch(line)
    if summary is None:
        yield "has HTML of its own"
        return
    yield from _refused(summary[1])


def _refused(plain: str) -> Iterator[str]:
    written, read = _ENTITY.sub(" ", plain), unescape(plain)
    yield from (what for pattern, what in _SHAPES if pattern.search(written))
    yield from (what for pattern, what in _NAMES if pattern.search(read))
