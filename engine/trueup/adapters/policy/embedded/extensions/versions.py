"""`semver.*`: versions as OPA reads them: a leading `v` and leading zeros are taken, other forms are not."""

import re
from collections.abc import Callable
from typing import Any

_VERSION = re.compile(
    r"v?(?P<numbers>[0-9]+\.[0-9]+\.[0-9]+)(?:-(?P<early>(?:[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?))?"
    r"(?:\+(?:[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)?"
)
_LARGEST = (1 << 63) - 1
Parsed = tuple[list[int], list[str]]


def _parse(text: object) -> Parsed | None:
    found = _VERSION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    numbers = [int(part) for part in found["numbers"].split(".")]
    if max(numbers) > _LARGEST:
        return None
    return numbers, found["early"].split(".") if found["early"] else []


def is_valid(text: object) -> bool:
    """Tell whether a value is a version."""
    return _parse(text) is not None


def compare(one: object, other: object) -> int:
    """Return -1, 0 or 1: whether one version is before, at or after the other; build metadata does not count."""
    left, right = _required(one, 1), _required(other, 2)
    if left[0] != right[0]:
        return -1 if left[0] < right[0] else 1
    # Without a pre-release part a version is after all that have one.
    if not left[1] or not right[1]:
        return bool(right[1]) - bool(left[1])
    for a, b in zip(left[1], right[1], strict=False):
        if a != b:
            return -1 if _rank(a) < _rank(b) else 1
    return (len(left[1]) > len(right[1])) - (len(left[1]) < len(right[1]))


def _rank(part: str) -> tuple[int, int, str]:
    return (0, int(part), "") if part.isdecimal() else (1, 0, part)


def _required(text: object, position: int) -> Parsed:
    parsed = _parse(text)
    if parsed is None:
        raise ValueError(f"operand {position}: {text!r} is not a valid SemVer")
    for part in parsed[1]:
        # OPA 1.20 does not come back from comparing such a part with the same number.
        if part.isdecimal() and part != "0" and part.startswith("0"):
            raise ValueError(f"operand {position}: `{part}` in {text!r} has leading zeros")
    return parsed


FUNCTIONS: dict[str, Callable[..., Any]] = {"semver.compare": compare, "semver.is_valid": is_valid}
