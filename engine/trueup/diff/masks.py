"""Masks: no secret value enters a change. Values under secret names, and text that looks like a known key, are masked.

A reference to a secret (`env:NAME`, `file:PATH`) is not a secret and stays readable.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from trueup.core.json import Json

MASK = "(masked)"

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_REFERENCE = re.compile(r"^(env|file):\S+$")
_SECRET_ENDINGS = frozenset(
    {
        ("password",),
        ("passwords",),
        ("passwd",),
        ("passphrase",),
        ("secret",),
        ("secrets",),
        ("token",),
        ("apikey",),
        ("apikeys",),
        ("keys",),
        ("api", "key"),
        ("access", "key"),
        ("private", "key"),
        ("secret", "key"),
        ("account", "key"),
        ("signing", "key"),
        ("encryption", "key"),
        ("credential",),
        ("credentials",),
        ("authorization",),
        ("bearer",),
        ("connection", "string"),
    }
)
"""The last word, or the last two, of a name that stands for a secret."""
_MODEL_TOKENS = frozenset({"eos", "bos", "pad", "unk", "sep", "cls", "mask", "stop", "special", "image", "max", "min"})
"""What stands before `token` when a token of a model's vocabulary is meant."""

# Prefixes that issuers gave their keys so that scanners find them.
_KEY_IN_TEXT = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\b(?:sk-(?!ecdsa-sha2-)[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
    r"|glpat-[A-Za-z0-9_-]{16,}|xox[abprs]-[A-Za-z0-9-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}"
    r"|pypi-[A-Za-z0-9_-]{32,}|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})",
    re.DOTALL,
)
_SHORTEST_KEY = 15
"""Characters of the shortest text that `_KEY_IN_TEXT` can match: `xoxb-` and ten more."""

_USER_IN_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]{0,20}://)[^/\s@]{1,512}@", re.IGNORECASE)
_KEY_IN_QUERY = re.compile(
    r"(?P<name>[?&](?:[a-z0-9_-]{0,40}(?:token|signature|password|secret|credential)|api_?key|sig|key)=)[^&\s#]+",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"""(?P<head>(?P<name>[A-Za-z][\w.-]{0,80})["']?[ \t]*:[ \t]+)"""
    r"""(?P<value>\[[^\]]*\]|"[^"]*"|'[^']*'|[^\s,{}\]][^,}\]]*)"""
)
"""A key and its value on one line."""


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Tell whether a value under *name* (camelCase, snake_case or with hyphens) is a secret."""
    words = tuple(w.lower() for w in _WORD.findall(name))
    if words[-1:] == ("token",) and words[-2:-1] and words[-2] in _MODEL_TOKENS:
        return False
    return words[-1:] in _SECRET_ENDINGS or words[-2:] in _SECRET_ENDINGS


def keys_in(text: str) -> Iterator[str]:
    """Yield what in *text* has the form that an issuer gives its keys."""
    yield from (m.group() for m in _KEY_IN_TEXT.finditer(text))


def masked_text(text: str) -> str:
    """Return *text* without what looks like a key: issuers' prefixes, users in addresses, signatures in queries."""
    # Most texts are short and plain: what a pattern needs to match at all is looked for first, ten times as fast.
    if len(text) >= _SHORTEST_KEY:
        text = _KEY_IN_TEXT.sub(MASK, text)
    if "@" in text:
        text = _USER_IN_ADDRESS.sub(rf"\g<scheme>{MASK}@", text)
    if "=" in text:
        text = _KEY_IN_QUERY.sub(rf"\g<name>{MASK}", text)
    return text


def masked_line(line: str) -> str:
    """Return a *line* of YAML or JSON as `masked_text` does, and without the values under names of secrets."""
    return _FIELD.sub(_without_value, masked_text(line))


def _without_value(match: re.Match[str]) -> str:
    value = match["value"].strip("\"' ")
    if is_secret_name(match["name"]):
        return match.group() if _REFERENCE.match(value) else match["head"] + MASK
    return match["head"] + (masked_line(match["value"]) if value.startswith("[") else match["value"])


def masked(value: Json, name: str = "") -> Json:
    """Return *value*, found under *name*, with every secret in it masked; its shape and its numbers stay."""
    return _masked(value, bool(name) and is_secret_name(name))


def _masked(value: Json, is_secret: bool) -> Json:
    # No `match`: every text of every document of a plan comes through here.
    if isinstance(value, str):
        if is_secret and value and not _REFERENCE.match(value):
            return MASK
        return masked_text(value)
    if isinstance(value, dict):
        return {_masked_key(k): _masked(v, is_secret or is_secret_name(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(v, is_secret) for v in value]
    return value


_masked_key = lru_cache(maxsize=4096)(masked_text)
"""Keys repeat from document to document."""
