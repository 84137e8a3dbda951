"""How OPA spells a value inside a text: terms of Rego, quoted and ordered as Go does it."""

from collections.abc import Mapping
from typing import Any

_SHORT = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\"}
_BYTE, _PLANE, _DELETE = 0x80, 0x10000, "\x7f"


def quote(text: str, mark: str = '"') -> str:
    """Return *text* between quotes, as Go's `strconv.Quote` does."""
    return mark + "".join(_letter(letter, mark) for letter in text) + mark


def _letter(letter: str, mark: str) -> str:
    if letter in _SHORT:
        return _SHORT[letter]
    if letter == mark:
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    if letter < " " or letter == _DELETE:
        return f"\\x{ord(letter):02x}"
    return f"\\u{ord(letter):04x}" if ord(letter) < _PLANE else f"\\U{ord(letter):08x}"


def number(value: float) -> str:
    """Return a number as JSON has it."""
    return str(value) if isinstance(value, int) or not value.is_integer() else _whole(value)


def _whole(value: float) -> str:
    text = repr(value)
    return text if "e" in text else str(int(value))


def term(value: Any) -> str:
    """Return a value as Rego writes it; sets and objects are sorted."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number(value)
        case str():
            return quote(value)
        case list() | tuple():
            return f"[{', '.join(map(term, value))}]"
        case set() | frozenset():
            return f"{{{', '.join(map(term, sorted(value, key=rank)))}}}" if value else "set()"
        case Mapping():
            return f"{{{', '.join(f'{term(k)}: {term(value[k])}' for k in sorted(value, key=rank))}}}"
        case _:
            raise ValueError(f"no value of Rego: {type(value).__name__}")


def rank(value: Any) -> tuple[int, Any]:
    """Return what values are ordered by: null, booleans, numbers, texts, arrays, objects, sets."""
    match value:
        case None:
            return 0, 0
        case bool():
            return 1, value
        case int() | float():
            return 2, value
        case str():
            return 3, value
        case list() | tuple():
            return 4, [rank(item) for item in value]
        case Mapping():
            return 5, sorted((rank(k), rank(v)) for k, v in value.items())
        case _:
            return 6, sorted(map(rank, value))
