"""SPDX licence expressions as alternatives, because Rego engines cannot parse them and must not guess.

Source: SPDX 2.3 and 3.0, annex "SPDX license expressions". The list of licences is that of `license-expression`.
"""

import re
from functools import cache, lru_cache
from typing import Any

Alternatives = tuple[tuple[str, ...], ...]
"""Any one alternative will do; all licences inside it apply together."""

_COMMON = frozenset(
    {
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC-BY-4.0",
        "CC-BY-SA-4.0",
        "CC0-1.0",
        "GPL-3.0-only",
        "ISC",
        "MIT",
        "MPL-2.0",
    }
)
"""Known without the list, whose import takes as long as the start of trueup."""

_TOKEN = re.compile(r"[()]|[^\s()]+")
_OWN_LICENSE = re.compile(r"^(DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+$")
_OWN_EXCEPTION = re.compile(r"^(DocumentRef-[A-Za-z0-9.-]+:)?AdditionRef-[A-Za-z0-9.-]+$")
_MAX_ALTERNATIVES = 64
_MAX_TOKENS = 200
"""Real expressions have a handful; the bounds keep a made-up one from growing without end."""


class _NoExpressionError(Exception):
    """The text is no SPDX expression, or too large a one."""


@lru_cache(maxsize=1024)
def alternatives(expression: str) -> Alternatives | None:
    """Return the alternatives of an SPDX expression, sorted; None when it is none.

    Ids come in the list's own spelling (`mit` is `MIT`, `GPL-2.0` is `GPL-2.0-only`). A `LicenseRef-` stands for
    itself; any other id that the list does not have makes the whole text no SPDX expression.
    """
    text = expression.strip()
    if text in _COMMON:
        return ((text,),)
    if not 0 < len(_TOKEN.findall(text)) <= _MAX_TOKENS:
        return None
    import license_expression

    try:
        parsed = _licensing().parse(text)
        found = _any_of(parsed) if parsed is not None else set()
    except (license_expression.ExpressionError, license_expression.ParseError, IndexError, _NoExpressionError):
        return None  # IndexError is how the library says that there is nothing between two parentheses
    return tuple(sorted(tuple(sorted(a)) for a in found)) or None


@cache
def _licensing() -> Any:
    """Return a parser that knows the SPDX list and nothing besides.

    The library's own takes some `LicenseRef-` names for licences of the list, and in SPDX they mean whatever the
    document that uses them says.
    """
    import license_expression

    symbols = [
        license_expression.LicenseSymbol(
            key,
            aliases=[a for a in entry["other_spdx_license_keys"] if " " not in a and "LicenseRef-" not in a],
            is_exception=entry["is_exception"],
        )
        for entry in license_expression.get_license_index()
        if (key := entry.get("spdx_license_key")) and "LicenseRef-" not in key
    ]
    return license_expression.Licensing(symbols)


def _any_of(parsed: Any) -> set[frozenset[str]]:
    """Return the alternatives of a parsed expression.

    Raises:
        _NoExpressionError: A name is unknown, or there are too many alternatives.
    """
    import license_expression

    match parsed:
        case license_expression.OR():
            found = set().union(*map(_any_of, parsed.args))
        case license_expression.AND():
            found = {frozenset[str]()}
            for part in parsed.args:
                found = _bounded({a | b for a in found for b in _any_of(part)})
        case license_expression.LicenseWithExceptionSymbol():
            name = f"{_license(parsed.license_symbol)} WITH {_exception(parsed.exception_symbol)}"
            found = {frozenset({name})}
        case _:
            found = {frozenset({_license(parsed)})}
    return _bounded(found)


def _bounded(found: set[frozenset[str]]) -> set[frozenset[str]]:
    if len(found) > _MAX_ALTERNATIVES:
        raise _NoExpressionError
    return found


def _license(symbol: Any) -> str:
    """Return the name of a licence of the list, of one with `+` (or later), or of a user's own."""
    key = str(symbol.key)
    known = _licensing().known_symbols
    plain = known.get(key.removesuffix("+"))
    if not _OWN_LICENSE.match(key) and (plain is None or plain.is_exception):
        raise _NoExpressionError
    return key


def _exception(symbol: Any) -> str:
    key = str(symbol.key)
    known = _licensing().known_symbols.get(key)
    if not _OWN_EXCEPTION.match(key) and (known is None or not known.is_exception):
        raise _NoExpressionError
    return key
