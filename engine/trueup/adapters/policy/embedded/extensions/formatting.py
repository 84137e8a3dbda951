"""`sprintf` as Go's `fmt.Sprintf` has it, wrong verbs and wrong counts included.

It is given the values as the engine writes them down, one array. As in OPA, whole numbers and fractions are numbers to
it; everything else is a text: a text itself, or a value as Rego writes it. Not taken: widths from the values (`%*d`),
values by position (`%[1]d`), the flag `#`, `%+q`, and binary forms of fractions.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from trueup.adapters.policy.embedded.extensions.spelling import quote
from trueup.core.frozen import dataclass

_DIRECTIVE = re.compile(
    r"%(?P<flags>[-+ 0]*)(?P<width>[0-9]*)(?P<point>\.(?P<precision>[0-9]*))?(?P<verb>.?)", re.DOTALL
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]|, ')
_DIGITS = "-0123456789"
_SMALLEST, _LARGEST = -(1 << 63), (1 << 63) - 1
_BASES = {"d": "d", "v": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X", "s": "d"}
_MAX_WIDTH = 1_000
"""Characters a value may be padded to; more is a bomb, and Go stops at a million."""


@dataclass(frozen=True, slots=True)
class _Spec:
    """One verb with its flags."""

    flags: str
    width: int
    precision: int | None
    verb: str

    def pad(self, text: str) -> str:
        """Fill *text* up to the width; zeros on the left stand for blanks when asked for."""
        if "-" in self.flags:
            return text.ljust(self.width)
        return text.rjust(self.width, "0" if "0" in self.flags else " ")

    def pad_number(self, sign: str, digits: str) -> str:
        """Fill a number: zeros stand after the sign."""
        if "0" in self.flags and "-" not in self.flags:
            return sign + digits.rjust(self.width - len(sign), "0")
        text = sign + digits
        return text.ljust(self.width) if "-" in self.flags else text.rjust(self.width)

    def sign(self, *, is_negative: bool) -> str:
        """Return what stands before a number."""
        if is_negative:
            return "-"
        return "+" if "+" in self.flags else " " if " " in self.flags else ""


@lru_cache(maxsize=512)
def _read(template: str) -> tuple[str | _Spec, ...]:
    parts: list[str | _Spec] = []
    last = 0
    for found in _DIRECTIVE.finditer(template):
        parts.append(template[last : found.start()])
        last = found.end()
        width, precision = int(found["width"] or 0), int(found["precision"] or 0) if found["point"] else None
        flags = found["flags"].replace("+", "") if found["verb"] == "v" else found["flags"]
        if found["verb"] in ("*", "[", "#") or (found["verb"] == "q" and "+" in flags):
            raise ValueError(f"`{found[0]}` is not taken")
        if width > _MAX_WIDTH or (precision or 0) > _MAX_WIDTH:
            raise ValueError(f"`{found[0]}` is wider than {_MAX_WIDTH:,} characters")
        parts.append("%" if found["verb"] == "%" else _Spec(flags, width, precision, found["verb"]))
    return (*parts, template[last:])


def sprintf(template: object, written: object) -> str:
    """Write values, themselves *written* as `[[value, ...]]`, into the places that *template* has for them."""
    if not isinstance(template, str) or not isinstance(written, str) or not written.startswith("[["):
        raise ValueError("takes a text and an array")
    return "".join(_write(_read(template), list(_values(written[2:-2]))))


def _values(written: str) -> Iterator[int | float | str]:
    """Yield the values between the brackets of an array: texts and numbers as such, others as they are written."""
    depth = start = 0
    for token in _TOKEN.finditer(written):
        match token[0]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case ", " if not depth:
                yield _value(written[start : token.start()])
                start = token.end()
            case _:
                pass
    if written:
        yield _value(written[start:])


def _value(written: str) -> int | float | str:
    if written.startswith('"'):
        text: str = json.loads(written)
        return text
    if written[0] not in _DIGITS:
        return written
    if "." not in written:
        return int(written)
    value = float(written)
    # A number that JSON writes with an exponent travels as its text.
    return repr(value) if "e" in repr(value) else int(value) if value.is_integer() else value


def _write(parts: Sequence[str | _Spec], values: Sequence[int | float | str]) -> Iterator[str]:
    taken = 0
    for part in parts:
        if isinstance(part, str):
            yield part
        elif not part.verb:
            yield "%!(NOVERB)"
        elif taken == len(values):
            yield f"%!{part.verb}(MISSING)"
        else:
            yield _format(part, values[taken])
            taken += 1
    if taken < len(values):
        rest = values[taken:]
        yield f"%!(EXTRA {', '.join(f'{_pointed(v)}={_format(_PLAIN, v)}' for v in rest)})"


def _type(value: float | str) -> str:
    match value:
        case str():
            return "string"
        case int():
            return "int64" if _SMALLEST <= value <= _LARGEST else "big.Int"
        case _:
            return "float64"


def _pointed(value: float | str) -> str:
    """Return the type as Go names it where it does not look behind the pointer."""
    kind = _type(value)
    return f"*{kind}" if kind == "big.Int" else kind


def _format(spec: _Spec, value: float | str) -> str:
    if spec.verb == "T":
        return _string(_Spec(spec.flags, spec.width, spec.precision, "s"), _pointed(value)) or ""
    match value:
        case str():
            text: str | None = _string(spec, value)
        case int():
            text = _integer(spec, value)
        case _:
            text = _fraction(spec, value)
    if text is not None:
        return text
    shown = _format(_Spec(spec.flags, spec.width, spec.precision, "v"), value)
    return f"%!{spec.verb}({_type(value)}={shown})"


def _string(spec: _Spec, value: str) -> str | None:
    match spec.verb:
        case "s" | "v":
            return spec.pad(value[: spec.precision])
        case "q":
            return spec.pad(quote(value[: spec.precision]))
        case "x" | "X":
            taken = value.encode()[: spec.precision]
            digits = taken.hex(" ") if " " in spec.flags else taken.hex()
            return spec.pad(digits.upper() if spec.verb == "X" else digits)
        case _:
            return None


def _integer(spec: _Spec, value: int) -> str | None:
    is_big = not _SMALLEST <= value <= _LARGEST
    if spec.verb in ("c", "q", "U") and not is_big:
        return _letter(spec, value)
    if spec.verb not in _BASES or (spec.verb == "s" and not is_big):
        return None
    digits = format(abs(value), _BASES[spec.verb])
    if spec.precision is not None:
        digits = "" if spec.precision == 0 and value == 0 else digits.rjust(spec.precision, "0")
        # A number of digits that is asked for leaves no room for zeros.
        spec = _Spec(spec.flags.replace("0", ""), spec.width, None, spec.verb)
    prefix = "0o" if spec.verb == "O" else ""
    return spec.pad_number(spec.sign(is_negative=value < 0) + prefix, digits)


def _letter(spec: _Spec, value: int) -> str:
    is_letter = 0 <= value < 0x110000 and not 0xD800 <= value < 0xE000
    letter = chr(value) if is_letter else "�"
    match spec.verb:
        case "c":
            return spec.pad(letter)
        case "q":
            return spec.pad(quote(letter, "'"))
        case _:
            return spec.pad(f"U+{value:04X}")


def _fraction(spec: _Spec, value: float) -> str | None:
    verb = "g" if spec.verb == "v" else "f" if spec.verb == "F" else spec.verb
    if verb in ("b", "x", "X"):
        raise ValueError(f"`%{spec.verb}` of a fraction is not taken")
    if verb not in ("e", "E", "f", "g", "G"):
        return None
    if verb in ("g", "G") and spec.precision is None:
        digits = _shortest(abs(value))
        digits = digits.upper() if verb == "G" else digits
    else:
        digits = f"{abs(value):.{6 if spec.precision is None else spec.precision}{verb}}"
    return spec.pad_number(spec.sign(is_negative=value < 0), digits)


def _shortest(value: float) -> str:
    """Return the fewest digits that mean *value*; with an exponent below -4 and from 6 on."""
    precision = next(p for p in range(18) if float(f"{value:.{p}e}") == value)
    mantissa, _, exponent = f"{value:.{precision}e}".partition("e")
    power = int(exponent)
    if not -4 <= power < _EXPONENT_FROM:
        return f"{mantissa}e{exponent}"
    return f"{value:.{max(precision - power, 0)}f}"


_EXPONENT_FROM = 6
"""Of `%v` and `%g` without a precision, which stand for the fewest digits."""
_PLAIN = _Spec("", 0, None, "v")

FUNCTIONS: dict[str, Callable[..., Any]] = {"sprintf": sprintf}
