"""`regex.globs_match`: whether two patterns of `.`, `[a-z]`, `*` and `+` fit a common text.

OPA follows one greedy walk over both patterns, not every text they stand for: `""` and `a*` have no match there.
Patterns are judged the same way here, or a decision would depend on the engine.
"""

from collections.abc import Callable
from typing import Any

from trueup.core.frozen import dataclass

_SPECIAL = frozenset("\\+*[")
"""What OPA reads in other ways inside brackets than anybody would expect; refused there."""


@dataclass(frozen=True, slots=True)
class _Token:
    """One place of a pattern: the characters it takes (None: any), and how often (empty, `*` or `+`)."""

    letters: frozenset[str] | None
    flag: str = ""

    def meets(self, other: "_Token") -> bool:
        """Tell whether one character fits both."""
        return self.letters is None or other.letters is None or bool(self.letters & other.letters)


_Glob = tuple[_Token, ...]


def _read(pattern: object) -> _Glob:
    if not isinstance(pattern, str):
        raise ValueError("a pattern must be a text")  # noqa: TRY004 one kind of error for all that OPA refuses
    tokens: list[_Token] = []
    place, flagged = 0, True
    while place < len(pattern):
        letter = pattern[place]
        if letter in "*+":
            if flagged:
                raise ValueError(f"input:{pattern}, flag '{letter}' must be preceded by a non-flag")
            _repeat_last(tokens, letter)
            place, flagged = place + 1, True
            continue
        token, place = _token(pattern, place)
        tokens.append(token)
        flagged = False
    return tuple(tokens)


def _repeat_last(tokens: list[_Token], flag: str) -> None:
    """Let the last token repeat, as one with the token before it when that repeats the same: `a*a+` is `a+`."""
    last = tokens.pop()
    if tokens and tokens[-1].flag and tokens[-1].letters == last.letters:
        flag = max(flag, tokens.pop().flag, key="*+".index)
    tokens.append(_Token(last.letters, flag))


def _token(pattern: str, place: int) -> tuple[_Token, int]:
    match pattern[place]:
        case ".":
            return _Token(None), place + 1
        case "\\":
            if place + 1 == len(pattern):
                raise ValueError(f"input:{pattern}, input ends with a \\ (escape) character")
            return _Token(frozenset(pattern[place + 1])), place + 2
        case "]":
            raise ValueError(f"input:{pattern}, set-close ']' with no preceding '['")
        case "[":
            end = pattern.find("]", place)
            if end < 0:
                raise ValueError(f"input:{pattern}, found [ without matching ]")
            return _Token(_letters(pattern[place + 1 : end])), end + 1
        case letter:
            return _Token(frozenset(letter)), place + 1


def _letters(inside: str) -> frozenset[str]:
    if found := _SPECIAL & set(inside):
        raise ValueError(f"`{min(found)}` is not taken inside brackets")
    letters: set[str] = set()
    place = 0
    while place < len(inside):
        first = inside[place]
        if first == "-":
            raise ValueError("range character '-' must be preceded by a character")
        if inside[place + 1 : place + 2] != "-":
            letters.add(first)
            place += 1
            continue
        last = inside[place + 2 : place + 3]
        if not last or last < first:
            raise ValueError("range character '-' must be followed by a later character")
        letters.update(map(chr, range(ord(first), ord(last) + 1)))
        place += 3
    return frozenset(letters)


def globs_match(one: object, other: object) -> bool:
    """Tell whether two patterns fit a common text."""
    return _walk(_read(one), _read(other))


def _walk(one: _Glob, other: _Glob) -> bool:
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a.flag or b.flag:
            left, right = one[place:], other[place:]
            if a.flag and (not b.flag or not a.meets(b) or _repeat(left, right)):
                return _repeat(left, right)
            return _repeat(right, left)
        if not a.meets(b):
            return False
    return len(one) == len(other)


def _repeat(flagged: _Glob, other: _Glob) -> bool:
    """Walk on where *flagged* begins with a token that repeats."""
    token, rest = flagged[0], flagged[1:]
    if token.flag == "+":
        if not token.meets(other[0]):
            return False
        other = other[1:]
    for place, taken in enumerate(other):
        if rest and rest[0].meets(taken) and _walk(rest, other[place:]):
            return True
        if not token.meets(taken):
            return False
    return not rest


FUNCTIONS: dict[str, Callable[..., Any]] = {"regex.globs_match": globs_match}
