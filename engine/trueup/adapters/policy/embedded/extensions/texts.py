"""Texts and arrays: what the engine lacks, ends at, or does to letters outside ASCII."""

import re
from collections.abc import Callable, Mapping
from typing import Any

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_DOTTED_I = "\u0130"
"""The one letter whose small form is two characters where case is not mapped one to one."""
_ESCAPED_BY_GO = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})
"""What Go's `encoding/json` writes as escapes, so that JSON may stand in HTML and JavaScript."""


def _text(value: object, what: str = "operand") -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} must be a text")  # noqa: TRY004 one kind of error for all that OPA refuses
    return value


def flatten(array: object) -> list[Any]:
    """Put the members of inner arrays in their place, one level deep."""
    if not isinstance(array, list):
        raise ValueError("operand must be an array")  # noqa: TRY004
    return [item for member in array for item in (member if isinstance(member, list) else [member])]


def count_of(text: object, part: object) -> int:
    """Count *part* in *text* without overlaps; an empty part is between all characters."""
    return _text(text).count(_text(part))


def replace_n(patterns: object, text: object) -> str:
    """Replace by the first pattern in key order that fits, from left to right, each character once."""
    if not isinstance(patterns, Mapping):
        raise ValueError("patterns must be an object")  # noqa: TRY004
    pairs = {_text(old): _text(patterns[old]) for old in sorted(patterns)}
    if "" in pairs:
        raise ValueError("an empty pattern is everywhere")
    if not pairs:
        return _text(text)
    either = re.compile("|".join(re.escape(old) for old in pairs))
    return either.sub(lambda found: pairs[found[0]], _text(text))


def split_n(text: object, separator: object, count: object) -> list[str]:
    """Split, and keep the first *count* parts; the last ones when it is negative."""
    whole, by = _text(text), _text(separator)
    if not isinstance(count, int) and not (isinstance(count, float) and count.is_integer()):
        raise ValueError("operand 3 must be integer number")
    parts = whole.split(by) if by else list(whole)
    return parts[: int(count)] if count >= 0 else parts[int(count) :]


def indexof(text: object, part: object) -> int:
    """Return where *part* begins, -1 when it is not there."""
    if not _text(part):
        raise ValueError("empty search character")
    return _text(text).find(_text(part))


def to_number(value: object) -> int | float:
    """Read a number from a text; null and false are 0, true is 1."""
    if value is None or isinstance(value, bool | int | float):
        return float(value) if isinstance(value, float) else int(value or 0)
    text = _text(value)
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is no number")
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def marshal(spelled: object) -> str:
    """Write JSON that the engine has spelled as Go does: such characters stand in texts alone."""
    return _text(spelled).translate(_ESCAPED_BY_GO)


def lower(text: object) -> str:
    """Map each letter to one small letter."""
    whole = _text(text)
    if whole.isascii():
        return whole.lower()
    return "".join("i" if c == _DOTTED_I else c.lower() for c in whole)


def upper(text: object) -> str:
    """Map each letter to one capital letter; what has none of its own stays."""
    whole = _text(text)
    return whole.upper() if whole.isascii() else "".join(map(_capital, whole))


def _capital(letter: str) -> str:
    return next((form for form in (letter.upper(), letter.title()) if len(form) == 1), letter)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "array.flatten": flatten,
    "indexof": indexof,
    "json.marshal": marshal,
    "lower": lower,
    "strings.count": count_of,
    "strings.replace_n": replace_n,
    "strings.split_n": split_n,
    "to_number": to_number,
    "upper": upper,
}
