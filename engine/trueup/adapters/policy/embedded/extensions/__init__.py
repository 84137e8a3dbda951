"""Builtins that the engine lacks or computes differently, as OPA has them.

A function takes and gives JSON-like values (a set is a Python set) and raises `ValueError` where OPA has an error.
A module is imported when a bundle calls one of its functions. Two are given a text by the engine
instead (`formats`). Limits they share: a set that holds arrays or objects
cannot be handed to them, and ends the rule with an error.
"""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

_BY_MODULE: dict[str, str] = {
    "networks": """
        net.cidr_contains/2 net.cidr_contains_matches/2 net.cidr_expand/1 net.cidr_intersects/2
        net.cidr_is_valid/1 net.cidr_merge/1
    """,
    "hashes": """
        crypto.md5/1 crypto.sha1/1 crypto.sha256/1 crypto.hmac.equal/2
        crypto.hmac.md5/2 crypto.hmac.sha1/2 crypto.hmac.sha256/2 crypto.hmac.sha512/2
    """,
    "texts": """
        array.flatten/1 indexof/2 json.marshal/1 lower/1 strings.count/2 strings.replace_n/2 strings.split_n/3
        to_number/1 upper/1
    """,
    "versions": "semver.compare/2 semver.is_valid/1",
    "uris": "uri.is_valid/1 uri.parse/1 urlquery.encode/1 urlquery.encode_object/1",
    "globs": "regex.globs_match/2",
    "templates": "strings.render_template/2",
    "formatting": "sprintf/2",
}


def _table() -> dict[str, tuple[str, int]]:
    table: dict[str, tuple[str, int]] = {}
    for module, entries in _BY_MODULE.items():
        for entry in entries.split():
            name, arity = entry.split("/")
            table[name] = (module, int(arity))
    return table


EXTENSIONS: dict[str, tuple[str, int]] = _table()
"""Name of a builtin to the module that has it and the number of its arguments."""


def load_extensions(called: Iterable[str]) -> list[tuple[str, int, Callable[..., Any]]]:
    """Return name, number of arguments and function of each extension among the builtins *called*."""
    found = []
    for name in sorted(set(called) & EXTENSIONS.keys()):
        module, arity = EXTENSIONS[name]
        functions = import_module(f"{__name__}.{module}").FUNCTIONS
        found.append((name, arity, functions[name]))
    return found
