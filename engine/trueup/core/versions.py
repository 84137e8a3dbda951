"""Versions of tools and runtimes, compared by number: `1.10` comes after `1.9`, `1.0rc1` before `1.0`."""

import re

_VERSION = re.compile(
    r"^[vV]?(?P<release>\d{1,9}(?:\.\d{1,9}){0,5})"
    r"(?:[._-]?(?P<stage>a|alpha|b|beta|rc|dev|post)[._-]?(?P<number>\d{0,9}))?(?:\+[\w.]{1,63})?$"
)
_STAGES = {"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "rc": -1, "post": 1}

Key = tuple[tuple[int, ...], int, int]


def version_key(text: str) -> Key | None:
    """Return what sorts versions, None when *text* is none (a branch, an image tag, nothing).

    Source: the order of PEP 440, without epochs.
    """
    match = _VERSION.match(text)
    if match is None:
        return None
    numbers = [int(part) for part in match["release"].split(".")]
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()  # 1.0 is 1.0.0
    return tuple(numbers), _STAGES.get(match["stage"] or "", 0), int(match["number"] or 0)
