"""The text of a data file as a value that engines agree on: JSON, or what of YAML is JSON, each key once.

What readers let through in silence is found here with its place: a key that comes twice, of which the last would win,
half of a surrogate pair, which ends the engine, and what JSON has no number for.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.yaml_errors import place_of
from trueup.core.diagnostics import Diagnostic, Span

MAX_YAML_CHARACTERS = 200_000
"""YAML is read slowly, some 100 KB a second where its reader is not the one in C; larger tables come as JSON."""
MAX_YAML_DEPTH = 64
"""Brackets open at once; the reader's time grows with their square."""
_JSON_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "merge")}
_MOST = 20
"""Problems told of one file; nobody reads more."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_AS_JSON = "Write the table as JSON: `data.json` may have 16,000,000 bytes."
_HALF = "Half of a surrogate pair is no character."

Found = tuple[int, int, str]
"""Line and column, from 1, and what is wrong there."""


def read_json(path: str, text: str) -> Any:
    """Return the value of a JSON file; a list of diagnostics when something is wrong with it.

    Raises:
        RecursionError: It is nested too deeply.
    """
    try:
        twice: list[bool] = []

        def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            found = dict(pairs)
            if len(found) < len(pairs):
                twice.append(True)
            return found

        value = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        return [Diagnostic(codes.DATA_FILE, f"{error.msg}.", Span(path, error.lineno, error.colno))]
    except ValueError as error:
        return [Diagnostic(codes.DATA_FILE, f"{error}.", Span(path))]
    if not twice and _is_sound(value):
        return value
    return _told(path, _wrong_in_json(text))


def read_yaml(path: str, text: str) -> Any:
    """Return the value of a YAML file; a list of diagnostics when something is wrong with it.

    Raises:
        RecursionError: It is nested too deeply.
    """
    import yaml

    if len(text) > MAX_YAML_CHARACTERS:
        detail = f"It has {len(text):,} characters; YAML data may have {MAX_YAML_CHARACTERS:,}."
        return [Diagnostic(codes.DATA_FILE, detail, Span(path), _AS_JSON)]
    if _depth(text) > MAX_YAML_DEPTH:
        return [Diagnostic(codes.DATA_FILE, f"More than {MAX_YAML_DEPTH} brackets are open at once.", Span(path))]
    # The one in C where PyYAML has it; both read alike.
    reader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # Only a text with a star in it can have one, and to look takes as long as to read.
        events = yaml.parse(text, Loader=reader) if "*" in text else ()
        aliases = [_place(e) for e in events if isinstance(e, yaml.AliasEvent)]
        if aliases:
            return _told(path, [(*place, "It has an alias; policy data may not.") for place in aliases])
        loader = reader(text)
        root = loader.get_single_node()
        wrong = list(_wrong_in_yaml(yaml, loader, root))
        if wrong or root is None:
            return _told(path, wrong) or None
        return json.loads(json.dumps(loader.construct_document(root)))
    except (yaml.YAMLError, TypeError, ValueError) as error:
        line, column, said = place_of(error, text)
        return [Diagnostic(codes.DATA_FILE, f"{said}.", Span(path, line, column))]


def _told(path: str, found: Iterator[Found] | list[Found]) -> list[Diagnostic]:
    return [Diagnostic(codes.DATA_FILE, said, Span(path, line, column)) for line, column, said in list(found)[:_MOST]]


def _is_sound(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return True


def _wrong_in_json(text: str) -> Iterator[Found]:
    """Yield what readers let through, of a text that is JSON to them."""
    open_: list[set[str] | None] = []  # keys of each object that is open, None for an array
    is_key = False
    for token in _TOKEN.finditer(text):
        match token[0][0]:
            case "{":
                open_.append(set())
                is_key = True
            case "[":
                open_.append(None)
                is_key = False
            case "}" | "]":
                open_.pop()
            case ",":
                is_key = open_[-1] is not None
            case ":":
                is_key = False
            case '"':
                keys = open_[-1] if open_ and is_key else None
                yield from ((*_at(text, token.start()), said) for said in _wrong_in_text(token[0], keys))
            case _:
                if token[0] not in ("true", "false", "null") and not math.isfinite(float(token[0])):
                    yield (*_at(text, token.start()), f"`{token[0]}` is no number of JSON, or too large for one.")


def _wrong_in_text(spelled: str, keys: set[str] | None) -> Iterator[str]:
    text = json.loads(spelled, strict=False)
    if _SURROGATE.search(text):
        yield _HALF
    if keys is not None:
        if text in keys:
            yield f"The key {spelled} comes twice."
        keys.add(text)


def _at(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _wrong_in_yaml(yaml: Any, loader: Any, root: Any) -> Iterator[Found]:
    waiting = [root] if root is not None else []
    while waiting:
        node = waiting.pop()
        place = _place(node)
        if isinstance(node, yaml.MappingNode):
            yield from _wrong_keys(yaml, loader, node)
            waiting += [part for pair in reversed(node.value) for part in reversed(pair)]
        elif isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)
        elif _SURROGATE.search(node.value):
            yield (*place, _HALF)
        elif node.tag == "tag:yaml.org,2002:float" and not math.isfinite(loader.construct_object(node)):
            yield (*place, f"`{node.value}` is no number of JSON, or too large for one.")
        elif node.tag not in _JSON_TAGS:
            kind = node.tag.rsplit(":", 1)[-1]
            yield (*place, f"`{node.value[:40]}` is a {kind} to YAML, which JSON does not have; put it in quotes.")


def _place(part: Any) -> tuple[int, int]:
    return part.start_mark.line + 1, part.start_mark.column + 1


def _wrong_keys(yaml: Any, loader: Any, mapping: Any) -> Iterator[Found]:
    seen: set[str] = set()
    for key, _ in mapping.value:
        place = _place(key)
        if not isinstance(key, yaml.ScalarNode):
            yield (*place, "A key is no text.")
            continue
        value = loader.construct_object(key)
        spelled = value if isinstance(value, str) else json.dumps(value, default=str)
        if spelled in seen:
            yield (*place, f"The key `{spelled}` comes twice.")
        seen.add(spelled)


def _depth(text: str) -> int:
    depth = deepest = 0
    for bracket in re.findall(r"[\[{\]}]", text):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest
