"""SPDX licence expressions as alternatives, because Rego engines cannot parse them and must not guess.

Source: SPDX 2.3, annex D (license expressions). `WITH` binds tighter than `AND`, `AND` tighter than `OR`.
"""

import re

_TOKEN = re.compile(r"\s*(\(|\)|[A-Za-z0-9.+:-]+)")
_MAX_ALTERNATIVES = 64
_MAX_TOKENS = 200
"""Real expressions have a handful; the bounds keep a made-up one from growing without end."""

Alternatives = tuple[tuple[str, ...], ...]
"""Any one alternative will do; all licences inside it apply together."""


def alternatives(expression: str) -> Alternatives | None:
    """Return the alternatives of an SPDX expression, sorted; None when it is none."""
    tokens = _tokens(expression)
    if not tokens or len(tokens) > _MAX_TOKENS:
        return None
    try:
        found, rest = _any_of(tokens)
    except (IndexError, ValueError):
        return None
    return None if rest else tuple(sorted(tuple(sorted(a)) for a in found))


def _tokens(expression: str) -> list[str]:
    tokens, position = [], 0
    text = expression.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return []
        tokens.append(match[1])
        position = match.end()
    return tokens


def _any_of(tokens: list[str]) -> tuple[set[frozenset[str]], list[str]]:
    found, tokens = _all_of(tokens)
    while tokens and tokens[0].upper() == "OR":
        more, tokens = _all_of(tokens[1:])
        found = found | more
    return found, tokens


def _all_of(tokens: list[str]) -> tuple[set[frozenset[str]], list[str]]:
    found, tokens = _one(tokens)
    while tokens and tokens[0].upper() == "AND":
        more, tokens = _one(tokens[1:])
        found = {a | b for a in found for b in more}
        if len(found) > _MAX_ALTERNATIVES:
            raise ValueError("too many alternatives")
    return found, tokens


def _one(tokens: list[str]) -> tuple[set[frozenset[str]], list[str]]:
    head, rest = tokens[0], tokens[1:]
    if head == "(":
        found, rest = _any_of(rest)
        if rest[0] != ")":
            raise ValueError("unbalanced")
        return found, rest[1:]
    if head == ")" or head.upper() in ("AND", "OR", "WITH"):
        raise ValueError("a licence is missing")
    if rest and rest[0].upper() == "WITH":
        head, rest = f"{head} WITH {rest[1]}", rest[2:]
    return {frozenset({head})}, rest
