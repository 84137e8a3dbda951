"""The look at a policy's text before any parser sees it.

The parser needs time exponential in the depth of nested literals: 24 brackets take 15 seconds, 14 take half of
one. So depth, size and line length are measured on the bytes, in one linear pass.
"""

import re
from collections.abc import Iterable, Sequence

from trueup.adapters.policy import codes
from trueup.core.diagnostics import Diagnostic, Span
from trueup.policy.results import PolicyFile

MAX_DEPTH = 14
"""Brackets inside one another; ordinary rules stay below 8, and each level doubles the parser's time."""
MAX_BYTES = 1_000_000
MAX_JSON_BYTES = 16_000_000
"""Of a data file in JSON: a table that the engine reads in a second, and that a worker has memory for ten times."""
MAX_LINES = 20_000
MAX_COLUMNS = 1_000
"""Just below what the parser refuses itself (1,024), so that the message is ours and has a column."""

# What can hide a bracket (strings, raw strings, comments) comes first; an unclosed one is the parser's to report.
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|`[^`]*`|#[^\n]*|[\[{(]|[\]})]|\n')


def decode(path: str, content: bytes) -> str | Diagnostic:
    """Return the text of a policy file, or why it is none."""
    most = MAX_JSON_BYTES if path.endswith(".json") else MAX_BYTES
    if len(content) > most:
        detail = f"It has {len(content):,} bytes; {most:,} are allowed."
        return Diagnostic(codes.UNREADABLE, detail, Span(path), _hint(path))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        detail = f"Byte 0x{content[error.start]:02x} is not UTF-8."
        return Diagnostic(codes.UNREADABLE, detail, Span(path, line, column))


def decode_all(bundle: Sequence[PolicyFile]) -> tuple[list[tuple[str, str, str]], list[Diagnostic]]:
    """Return path, root and text of each file, and why some have none."""
    files, problems = [], []
    for file in bundle:
        text = decode(file.path, file.content)
        problems.append(text) if isinstance(text, Diagnostic) else files.append((file.path, file.root, text))
    return files, problems


def still_told(found: Iterable[Diagnostic], unread: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Leave out what is only missing because the file that gives it could not be read."""
    missing = (codes.UNKNOWN_REFERENCE, codes.UNKNOWN_FUNCTION) if unread else ()
    return [d for d in found if d.code not in missing]


def _hint(path: str) -> str:
    if path.endswith(".rego"):
        return f"Split it, and move tables to a `data.json`, which may have {MAX_JSON_BYTES:,} bytes."
    if path.endswith(".json"):
        return "Keep what rules look up and leave the rest out; facts that need all of it are computed before."
    return f"Write the table as JSON: `data.json` may have {MAX_JSON_BYTES:,} bytes."


def scan(path: str, text: str) -> list[Diagnostic]:
    """Return what forbids giving *text* to the parser."""
    found = []
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        detail = f"It has {len(lines):,} lines; {MAX_LINES:,} are allowed."
        found.append(Diagnostic(codes.UNREADABLE, detail, Span(path, MAX_LINES + 1, 1)))
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            detail = f"The line has {len(line):,} characters; {MAX_COLUMNS:,} are allowed."
            found.append(Diagnostic(codes.UNREADABLE, detail, Span(path, number, MAX_COLUMNS + 1)))
            break
    deep = _too_deep(text)
    if deep is not None:
        line_number, column = deep
        detail = f"More than {MAX_DEPTH} brackets are open here."
        found.append(Diagnostic(codes.TOO_DEEP, detail, Span(path, line_number, column)))
    return found


def _too_deep(text: str) -> tuple[int, int] | None:
    """Return line and column of the first bracket that is too deep."""
    depth = 0
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "[" | "{" | "(":
                depth += 1
                if depth > MAX_DEPTH:
                    start = token.start()
                    return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
            case "]" | "}" | ")":
                depth = max(depth - 1, 0)
            case _:
                pass
    return None
