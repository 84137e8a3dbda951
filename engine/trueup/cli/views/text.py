"""Plain text that is safe on a terminal, and lines that fit it without breaking a name."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter

from trueup.cli.output import Style

Piece = tuple[str, tuple[str, ...]]
"""Text and the attributes it is painted with (names of `output.SGR`)."""

_UNSAFE = re.compile(
    # All of C0, DEL and C1 (a value must not move the cursor, nor look like two lines), the line separators, the
    # marks that reorder text (CVE-2021-42574), what is invisible, and halves of characters.
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\ufffe\uffff"
    "\U000e0000-\U000e007f]"
    # Runners obey `##[` (GitHub) and `##vso[` (Azure) wherever they stand in a log; `::` only where a line begins.
    r"|#(?=#[A-Za-z]*\[)"
)
_COMMAND = re.compile(r"^(\s*)::")
_ADDRESS = re.compile(r" ?<[^<>\s]+@[^<>\s]+>")
_BREAKS = re.compile(r"(\n)|([ \t]+)")


def visible(text: str) -> str:
    """Return *text* on one line, with everything that does not print spelled out as escapes."""
    if text.isprintable() and "##" not in text:
        return text
    return _UNSAFE.sub(_spelled, text)


def harmless(line: str) -> str:
    r"""Return *line* so that no CI system takes it for a command, which GitHub does with one that starts with `::`."""
    return _COMMAND.sub(r"\1\\x3a:", line)


def visible_lines(text: str) -> list[str]:
    """Return the lines of *text*, each made visible; a tab reads as four spaces."""
    return [harmless(visible(line)) for line in text.replace("\r\n", "\n").expandtabs(4).split("\n")]


def width_of(text: str) -> int:
    """Return the terminal columns *text* takes: two for a wide character, none for a combining one."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def wrapped(text: str, width: int, indent: str = "", style: Style | None = None, *attributes: str) -> list[str]:
    """Return *text*, one paragraph made visible, in lines of *width* columns that start with *indent*."""
    return wrapped_pieces([(visible(text), attributes)], width, indent, style or Style())


def wrapped_pieces(
    pieces: Iterable[Piece], width: int, indent: str, style: Style, hanging: str | None = None
) -> list[str]:
    """Return *pieces* in lines that break at spaces only, so that a digest or an address can be copied whole.

    A word that is longer than a line gets a line of its own and sticks out. Newlines in a piece are kept; lines
    after the first start with *hanging* (the same as *indent* unless given).
    """
    pieces = tuple(pieces)
    text = "".join([t for t, _ in pieces])
    # Most text is plain and fits: a plan of hundreds of deployments has tens of thousands of such lines.
    if len(text) <= width - len(indent) and _is_plain(text):
        return [indent + _painted(pieces, style)]
    following = indent if hanging is None else hanging
    lines = _lines(_words(pieces), width - width_of(indent), width - width_of(following))
    starts = [indent, *[following] * (len(lines) - 1)]
    return [
        (start + _painted(_no_command(_trimmed(line)), style)).rstrip()
        for start, line in zip(starts, lines, strict=True)
    ]


def _is_plain(text: str) -> bool:
    """Tell whether *text* is one line that is shown as it is."""
    return (
        text.isascii()
        and text.isprintable()
        and not text.endswith(" ")
        and "##" not in text
        and "::" not in text
        and bool(text)
    )


def _lines(words: Iterable[list[Piece]], room: int, room_after: int) -> list[list[Piece]]:
    """Put *words* on lines: *room* columns on the first and after each line end, *room_after* once one was broken."""
    lines: list[list[Piece]] = [[]]
    used, is_blank = 0, True
    for word in words:
        text = word[0][0] if len(word) == 1 else "".join([t for t, _ in word])
        needed = len(text) if text.isascii() else width_of(text)
        if text == "\n":
            lines.append([])
            used, is_blank = 0, True
            continue
        if text.isspace():
            lines[-1] += word
            used += needed
            continue
        if not is_blank and used + needed > room:
            lines.append([])
            used, room = 0, room_after
        lines[-1] += word
        used, is_blank = used + needed, False
    return lines


def _painted(line: Iterable[Piece], style: Style) -> str:
    """Return *line*, neighbours of one colour painted together."""
    if not style.enabled:
        return "".join([t for t, _ in line])
    runs = groupby(line, key=itemgetter(1))
    return "".join([style.paint("".join([t for t, _ in run]), *attributes) for attributes, run in runs])


def _no_command(line: Sequence[Piece]) -> Sequence[Piece]:
    """Apply `harmless` before painting, so that colour changes no character."""
    if harmless(text := "".join(t for t, _ in line)) == text:
        return line
    first = next(i for i, (t, _) in enumerate(line) if not t.isspace())
    shown, attributes = line[first]
    return [*line[:first], (shown.replace(":", "\\x3a", 1), attributes), *line[first + 1 :]]


def _words(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """Cut *pieces* at white space; a word may be made of several pieces."""
    words: list[list[Piece]] = []
    is_open = False
    for text, attributes in pieces:
        for part in filter(None, _BREAKS.split(text.replace("\r\n", "\n"))):
            if part == "\n" or part.isspace():
                words.append([("\n" if part == "\n" else " " * len(part.expandtabs(4)), attributes)])
                is_open = False
            elif is_open:
                words[-1].append((visible(part), attributes))
            else:
                words.append([(visible(part), attributes)])
                is_open = True
    return words


def _trimmed(line: Sequence[Piece]) -> Sequence[Piece]:
    """Drop the space at the end of a line, so that a background colour or a copy has none."""
    end = len(line)
    while end and line[end - 1][0].isspace():
        end -= 1
    return line[:end]


def _spelled(match: re.Match[str]) -> str:
    if match.group() == "#":
        return "\\x23"
    return match.group().encode("unicode_escape").decode("ascii")


def person(actor: str) -> str:
    """Return *actor*, or a line that names one, without the e-mail address: it makes a line two."""
    return _ADDRESS.sub("", actor) or actor


def table(rows: Sequence[Sequence[str]], indent: str = "") -> list[str]:
    """Return *rows* in aligned columns, two spaces apart; the last column is as long as it is."""
    if not rows:
        return []
    shown = [[visible(cell) for cell in row] for row in rows]
    widths = [max(width_of(row[i]) for row in shown) for i in range(len(shown[0]))]
    return [
        (indent + "  ".join(c + " " * (w - width_of(c)) for c, w in zip(row, widths, strict=True))).rstrip()
        for row in shown
    ]
