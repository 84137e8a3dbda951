"""Markdown in which no value can become markup: no table cell, fold, link, mention or comment of its own."""

import re
from collections.abc import Iterable, Sequence

from trueup.cli.views.text import visible, visible_lines

_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#+!|~&$^\"']|(?<=\w)-(?=-)|^[-=]")
_MENTION = re.compile(r"(?<=[#!~])(?=\w)|(?<![A-Za-z0-9])@(?=\w)|://|(?<![A-Za-z0-9])www\.|\bGH-(?=\d)", re.IGNORECASE)
_BREAK = "&#8203;"
"""A zero-width space: forges look for mentions, references and bare links in the text after markdown is done."""
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_TICKS = re.compile(r"`+")


def prose(text: str) -> str:
    """Return *text* as markdown that shows it in a paragraph or a list item; what it has in backticks is code."""
    pieces = _SPAN.split(visible(text))
    return "".join(code(piece) if index % 2 else _plain(piece) for index, piece in enumerate(pieces))


def cell(text: str) -> str:
    """Return *text* as markdown that shows exactly it in a table cell."""
    return _plain(visible(text))


def _plain(text: str) -> str:
    pieces: list[str] = []
    end = 0
    for match in _MENTION.finditer(text):
        pieces += [
            _escaped(text[end : match.start()]),
            _escaped(match.group()[:1]),
            _BREAK,
            _escaped(match.group()[1:]),
        ]
        end = match.end()
    return "".join([*pieces, _escaped(text[end:])])


def code(text: str) -> str:
    """Return *text* as a code span for a paragraph or a list item; nothing inside is read as markup."""
    shown = visible(text)
    fence = "`" * (_longest(shown) + 1)
    pad = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) or not shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def cell_code(text: str) -> str:
    """Return *text* as a code span for a table cell, where a bar would end the cell even inside a span."""
    return code(text).replace("|", "\\|")


def fenced(lines: Iterable[str], language: str = "") -> list[str]:
    """Return *lines* as a code block whose fence none of them can close."""
    shown = [part for line in lines for part in visible_lines(line)]
    fence = "`" * max(3, max(map(_longest, shown), default=0) + 1)
    return [f"{fence}{language}", *shown, fence]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table of cells that are markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def folded(summary: str, lines: Iterable[str]) -> list[str]:
    """Return a fold with *summary* (plain text) on it; *lines* are markdown already."""
    return ["<details>", f"<summary>{cell(summary)}</summary>", "", *lines, "", "</details>"]


def marker(*parts: str) -> str:
    """Return the hidden first line by which a comment is found again."""
    name = ":".join(re.sub(r"[^A-Za-z0-9._]+", "-", p).strip("-") for p in parts)
    return f"<!-- trueup:{name} -->"


def _longest(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)


def _escaped(text: str) -> str:
    """Spell markup characters as numbers, which neither markdown nor HTML reads as markup."""
    return _MARKUP.sub(lambda m: f"&#{ord(m.group())};", text)
