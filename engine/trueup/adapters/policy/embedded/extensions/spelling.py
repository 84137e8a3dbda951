"""How Go spells texts and numbers inside a text."""

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
