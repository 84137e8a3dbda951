"""Plain scalars of the YAML 1.2 core schema (section 10.3 of the specification), as far as JSON can hold them.

What YAML 1.1 took for booleans, octals, sexagesimals and dates is a text here: `no`, `0b11`, `12:30:45`,
`2024-01-02`; `0777` is 777 and `1e3` is a float.
"""

import math
import re

from trueup.core.diagnostics import Code
from trueup.core.frozen import dataclass
from trueup.spec.yaml import codes

Scalar = None | bool | int | float | str

_KEYWORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER = re.compile(
    r"""(?P<integer> [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+ )
      | (?P<float> [-+]? (?: \.[0-9]+ | [0-9]+ (?:\.[0-9]*)? ) (?:[eE][-+]?[0-9]+)? )
      | (?P<endless> [-+]? \. (?:inf|Inf|INF) | \. (?:nan|NaN|NAN) )""",
    re.VERBOSE,
)

_FIRST_OF_NUMBERS = frozenset(".+-0123456789")
FIRST_OF_OTHERS = _FIRST_OF_NUMBERS | {"", *"~nNtTfF"}
"""How a plain scalar starts (its first character, or nothing) when it may be something else than a text."""

# 10**4300 has 14285 bits: what fits 14284 prints within Python's limit of 4300 digits, so that digests, which
# print numbers, never meet an integer they cannot print.
_INTEGER_BITS = 14_284
_INTEGER_DIGITS = 4_300


@dataclass(frozen=True, slots=True)
class Refused:
    """A scalar that is valid YAML and cannot be a value here."""

    code: Code
    detail: str


def resolve(text: str) -> Scalar | Refused:
    """Return what the plain scalar *text* stands for."""
    if text in _KEYWORDS:
        return _KEYWORDS[text]
    if text[0] not in _FIRST_OF_NUMBERS:
        return text
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    if match.lastgroup == "integer":
        return _integer(text)
    if match.lastgroup == "float":
        return _finite(text)
    return Refused(codes.NOT_FINITE, f"`{text}` has no spelling in JSON.")


def cast(tag: str, text: str) -> Scalar | Refused:
    """Return *text* as the core schema's *tag* (`str`, `int`, `float`, `bool`, `null`) reads it."""
    if tag == "str":
        return text
    value = resolve(text)
    match tag, value:
        case _, Refused():
            return value
        case ("null", None) | ("bool", bool()) | ("float", float()):
            return value
        case "float", int() if not isinstance(value, bool):
            return _finite(text)
        case "int", int() if not isinstance(value, bool):
            return value
        case _:
            return Refused(codes.TAG_MISMATCH, f"`{_shortened(text)}` is not spelled as `!!{tag}`.")


def _integer(text: str) -> int | Refused:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    if base != 10 or len(text) <= _INTEGER_DIGITS:
        value = int(text.removeprefix("0o") if base == 8 else text, base)
        if value.bit_length() <= _INTEGER_BITS:
            return value
    return Refused(codes.NUMBER_TOO_LARGE, f"The integer that starts with `{text[:20]}` has {len(text)} characters.")


def _finite(text: str) -> float | Refused:
    value = float(text)
    if math.isfinite(value):
        return value
    return Refused(codes.NOT_FINITE, f"`{_shortened(text)}` is beyond the range of a double.")


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
