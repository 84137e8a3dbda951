"""Bytes to the events of a YAML parser, under guard: the size, the encoding and the characters are checked first.

Only the event stream of PyYAML is used. Its `load` and `compose` recurse in C, so that 60 KB of brackets end the
process; the stream costs nothing before a reader asks for the next event.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import yaml
from yaml.events import Event, ScalarEvent
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner, ScannerError

from trueup.core.diagnostics import Diagnostic, Span
from trueup.spec.yaml import codes

try:
    from yaml._yaml import CParser
except ImportError:  # pragma: no cover - PyYAML built without libyaml
    CParser = None  # type: ignore[assignment, misc]

MAX_BYTES = 1_000_000
"""Limit of a declared file: twenty times the largest of a corpus of 100,000 resources."""

MAX_PROBLEMS = 100
"""Problems reported of one file; a file made to have thousands must not bury those of the others."""

_BOM = b"\xef\xbb\xbf"
_PRINTABLE_ASCII = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F)])
# What YAML calls not printable, the byte order mark, and the three characters that are line breaks in YAML 1.1
# and in libyaml but not in 1.2 (U+0085, U+2028, U+2029).
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_SURROGATE = re.compile("[\ud800-\udfff]")

NextEvent = Callable[[], Any]
"""Gives the next event; raises `yaml.YAMLError` or `ValueError` where the text breaks the grammar."""


class PureParser(Reader, Scanner, Parser):
    """PyYAML's own parser, for platforms without libyaml: the same events, twenty times slower."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)

    def get_event(self) -> Event | None:
        """Return the next event, refusing the lone surrogates that libyaml refuses."""
        event: Event | None = super().get_event()  # type: ignore[no-untyped-call]
        if isinstance(event, ScalarEvent) and not event.value.isascii() and _SURROGATE.search(event.value):
            problem = "found invalid Unicode character escape code"
            raise ScannerError(None, None, problem, event.start_mark)  # type: ignore[arg-type]
        return event


def parse_events(text: str) -> NextEvent:
    """Return the source of the events of *text*, which `decode` has checked."""
    parser = PureParser(text) if CParser is None else CParser(text)
    return parser.get_event


def decode(content: bytes, path: str) -> str | tuple[Diagnostic, ...]:
    """Return *content* as text without its byte order mark, or everything that forbids to parse it."""
    if len(content) > MAX_BYTES:
        return (too_large(path, len(content)),)
    content = content.removeprefix(_BOM)
    if not content.translate(None, _PRINTABLE_ASCII):
        return content.decode("ascii")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return (_not_utf8(content, error, path),)
    problems = _first(_forbidden_characters(text, path), MAX_PROBLEMS)
    return problems or text


def too_large(path: str, size_bytes: int | None = None) -> Diagnostic:
    """Return the diagnostic for a file beyond `MAX_BYTES`, whose bytes need not be read."""
    size = "The file" if size_bytes is None else f"The file has {size_bytes} bytes and"
    return Diagnostic(
        codes.TOO_LARGE, f"{size} exceeds the limit of {MAX_BYTES} bytes.", Span(path), codes.TOO_LARGE.remedy
    )


def place(text: str, index: int) -> tuple[int, int]:
    """Return line and column, from 1, of the character at *index*."""
    line, start = 1, 0
    for line_break in _LINE_BREAK.finditer(text, 0, index):
        line, start = line + 1, line_break.end()
    return line, index - start + 1


_T = TypeVar("_T")


def _first(values: Iterator[_T], limit: int) -> tuple[_T, ...]:
    return tuple(value for value, _ in zip(values, range(limit), strict=False))


def _not_utf8(content: bytes, error: UnicodeDecodeError, path: str) -> Diagnostic:
    before = content[: error.start].decode("utf-8")
    line, column = place(before, len(before))
    detail = f"Byte 0x{content[error.start]:02x} does not belong to any UTF-8 character ({error.reason})."
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        detail = "The file starts with the byte order mark of UTF-16."
    return Diagnostic(codes.NOT_UTF8, detail, Span(path, line, column), codes.NOT_UTF8.remedy)


def _forbidden_characters(text: str, path: str) -> Iterator[Diagnostic]:
    for match in _FORBIDDEN.finditer(text):
        line, column = place(text, match.start())
        character = ord(match.group())
        detail = f"Character U+{character:04X} must not stand in a YAML file as it is."
        if character in {0x85, 0x2028, 0x2029}:
            detail = f"Character U+{character:04X} ends a line in YAML 1.1 and does not in YAML 1.2."
        elif character == 0xFEFF:
            detail = "A byte order mark (U+FEFF) stands inside the file, where nobody sees it."
        hint = f'remove it, or write it as "\\u{character:04x}" inside double quotes'
        yield Diagnostic(codes.CONTROL_CHARACTER, detail, Span(path, line, column), hint)


def syntax_problem(error: Exception, path: str) -> Diagnostic:
    """Return the diagnostic for what the parser raised."""
    match error:
        case yaml.MarkedYAMLError(problem=problem, problem_mark=mark, context=context):
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            words = ", ".join(part for part in (context, problem) if part)
        case _:
            line, column, words = 0, 0, str(error)
    detail = f"The parser stopped {words}." if words.startswith("while") else f"The parser stopped: {words}."
    if _TOO_DEEP in words:
        # Newer libyaml counts for itself, and looks ahead far enough to come to its limit before events come to ours.
        return Diagnostic(codes.TOO_DEEP, detail, Span(path, line, column), codes.TOO_DEEP.remedy)
    hint = next((hint for part, hint in _SYNTAX_HINTS if part in words), codes.SYNTAX.remedy)
    return Diagnostic(codes.SYNTAX, detail, Span(path, line, column), hint)


_TOO_DEEP = "exceeded maximum nesting depth"
_SYNTAX_HINTS = (
    ("mapping values are not allowed", "a text that contains `: ` needs quotes; or the line is indented wrongly"),
    (
        "cannot start any token",
        "indent with spaces, not tabs; a text that starts with `@`, `` ` `` or `%` needs quotes",
    ),
    ("expected ':'", "each line of a mapping is `key: value`; a text over several lines needs `|` or quotes"),
    ("expected <block end>", "lines of one list or mapping start at the same column"),
    ("unexpected end of stream", "a quote is not closed"),
    ("did not find expected ',' or", "a bracket or brace is not closed, or a comma is missing"),
    ("alphabetic or numeric character", "a text that starts with `*` or `&` needs quotes"),
    ("escape", "inside double quotes a backslash starts an escape: double it, or use single quotes"),
    ("incompatible YAML document", "remove the `%YAML` line"),
)
