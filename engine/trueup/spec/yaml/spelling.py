"""How a new value may be written where an old one stands: candidates, best first.

A spelling is only proposed here. `edit` puts each into the text, reads the result back and takes the first that
gives exactly the intended value, so a candidate may be wrong, and the last ones always are the plainest.
"""

import json
import re
from collections.abc import Iterator, Mapping

from trueup.core.json import Json

# Words that YAML 1.1 readers take for booleans or null; quoted, they mean the same to every reader.
_KEYWORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])
_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9_./@+-]| (?=[A-Za-z0-9_./@+-]))*")
# Marks that turn the direction of a line, so that a reviewer would see another text than the one that is read.
_TURNING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_ESCAPED = re.compile(f"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff{_TURNING}]")
_NOT_IN_BLOCK = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff{_TURNING}]")
_BLOCK_HEADER = re.compile(r"(?P<style>[|>])(?P<indicators>[-+0-9]*)")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_INDENTATIONS = "241356789"  # most usual first


def flow(value: Json) -> str:
    """Spell *value* on one line, so that it is safe inside brackets too."""
    match value:
        case str():
            return _plain(value) or double_quoted(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _float(value)
        case Mapping():
            return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
        case _:
            return "[" + ", ".join(flow(item) for item in value) + "]"


def entries(opener: str, value: Json) -> Iterator[list[str]]:
    """Yield spellings of *value* as lines behind *opener*, `key:` or `-`, for a block list or mapping.

    A mapping, and a list that holds more than single values, takes lines of its own; then all on one line.
    """
    lines = _block_entry(opener, value)
    if len(lines) > 1:
        yield lines
    yield [f"{opener} {flow(value)}"]


def double_quoted(text: str) -> str:
    """Spell *text* in double quotes, as JSON does, with what must not stand in a file escaped."""
    return _ESCAPED.sub(lambda m: f"\\u{ord(m.group()):04x}", json.dumps(text, ensure_ascii=False))


def inline(value: Json, old_style: str) -> Iterator[str]:
    """Yield spellings of *value* on one line that keep the quotes of the old value."""
    if not isinstance(value, str):
        yield flow(value)
        return
    if old_style == "'" and value.isprintable():
        yield "'" + value.replace("'", "''") + "'"
    if old_style not in {'"', "'"}:
        plain = _plain(value)
        if plain:
            yield plain
    yield double_quoted(value)


def block(text: str, old: str, old_value: str) -> Iterator[str]:
    """Yield spellings of *text* that replace the block scalar *old* and keep its indent, comment and gaps.

    Args:
        text: The new value.
        old: From the header's `|` or `>` to the end of the last line that belongs to it.
        old_value: The value of *old*.
    """
    header, line_end, body = _split_line(old)
    first = next((line for line in _LINE_BREAK.split(body) if line.strip(" ")), None)
    old_first = next((line for line in old_value.split("\n") if line.strip(" ")), None)
    match = _BLOCK_HEADER.match(header)
    if first is None or old_first is None or match is None or not text.strip("\n") or _NOT_IN_BLOCK.search(text):
        return
    indent = " " * (_leading(first) - _leading(old_first))
    chomping = "+" if text.endswith("\n\n") else "" if text.endswith("\n") else "-"
    style = ">" if match["style"] == ">" and "\n" not in text.rstrip("\n") and not text.startswith(" ") else "|"
    lines = text[:-1].split("\n") if text.endswith("\n") else text.split("\n")
    new_body = line_end.join(indent + line if line else "" for line in lines)
    tail = _tail(body, keeps="+" in match["indicators"] or chomping == "+", line_end=line_end, ends=bool(chomping))
    for digit in _digits(text, match["indicators"]):
        yield f"{style}{digit}{chomping}{header[match.end() :]}{line_end}{new_body}{tail}"


def unblock(spelled: str, old: str) -> str:
    """Put *spelled*, one line, in place of the block scalar *old*; its comment and the gap behind it stay."""
    header, line_end, body = _split_line(old)
    match = _BLOCK_HEADER.match(header)
    rest = header[match.end() :] if match else ""
    keeps = bool(match and "+" in match["indicators"])
    return spelled + rest + (_tail(body, keeps=keeps, line_end=line_end, ends=True) if body else line_end)


def content_end(old: str) -> int:
    """Return where the last line with content of the block scalar *old* ends, behind its line break."""
    header, line_end, body = _split_line(old)
    match = _BLOCK_HEADER.match(header)
    if match and "+" in match["indicators"]:
        return len(old)
    gap = _gap(body, line_end)
    return len(old) - len(gap)


def _block_entry(opener: str, value: Json) -> list[str]:
    match value:
        case Mapping() if value:
            below = [line for key, item in value.items() for line in _block_entry(flow(key) + ":", item)]
        case list() | tuple() if any(isinstance(item, Mapping | list | tuple) for item in value):
            below = [line for item in value for line in _block_entry("-", item)]
        case _:
            return [f"{opener} {flow(value)}"]
    if opener == "-":
        return ["- " + below[0], *("  " + line for line in below[1:])]
    return [opener, *("  " + line for line in below)]


def _plain(text: str) -> str | None:
    if _PLAIN.fullmatch(text) and text.lower() not in _KEYWORDS:
        return text
    return None


def _float(value: float) -> str:
    # YAML 1.1 readers take `1e+16` for a text; with a point it is a number to all.
    mantissa, exponent, power = repr(value).partition("e")
    return (mantissa if "." in mantissa else mantissa + ".0") + exponent + power


def _split_line(old: str) -> tuple[str, str, str]:
    match = _LINE_BREAK.search(old)
    if match is None:
        return old, "", ""
    return old[: match.start()], match.group(), old[match.end() :]


def _leading(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _gap(body: str, line_end: str) -> str:
    """Return the blank lines at the end of *body*, which follow the line break of the last line with content."""
    solid = body.rstrip(" \r\n")
    rest = body[len(solid) :]
    # Spaces at the end of the last line belong to it.
    first_break = _LINE_BREAK.search(rest)
    return rest[first_break.end() :] if first_break and line_end else ""


def _tail(body: str, *, keeps: bool, line_end: str, ends: bool) -> str:
    """Return what follows the new content: its line break and the gap that was there.

    Blank lines under `+` were content of the old value or would become content of the new one, and go. A last
    line without a line break stays without, unless the new text ends with one.
    """
    has_break = body.endswith(("\n", "\r")) or bool(_LINE_BREAK.search(body[len(body.rstrip(" \r\n")) :]))
    if keeps:
        return line_end
    if not has_break:
        return "" if ends else line_end
    return line_end + _gap(body, line_end)


def _digits(text: str, indicators: str) -> Iterator[str]:
    if text.lstrip("\n").startswith(" ") or text.startswith("\n"):
        old = "".join(c for c in indicators if c.isdigit())
        yield from dict.fromkeys(old + _INDENTATIONS)
    else:
        yield ""
