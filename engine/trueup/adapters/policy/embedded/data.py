"""Data files of a bundle: where each appears below `data`, and the tree they make together."""

import json
import re
from typing import Any

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.syntax import Parts
from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.json import Json
from trueup.policy.results import LIBRARY

SCHEMA_NAME = "schema.json"
MAX_YAML_CHARACTERS = 200_000
"""YAML is read slowly, some 100 KB a second where its reader is not the one in C; larger tables come as JSON."""
MAX_YAML_DEPTH = 64
"""Brackets open at once; the reader's time grows with their square."""

Mounted = tuple[str, Parts, Json]
"""File, where it appears below `data`, and its value."""


def is_data(path: str) -> bool:
    """Tell whether a file of a bundle is data."""
    return path.endswith((".json", ".yaml", ".yml")) and not is_schema(path)


def is_schema(path: str) -> bool:
    """Tell whether a file of a bundle is the schema of the data file beside it, and nothing that rules see."""
    return path.rsplit("/", 1)[-1] == SCHEMA_NAME


def folders_of(path: str, root: str) -> Parts:
    """Return where below `data` a file appears: at the folder it lies in, below its root."""
    return tuple(path.removeprefix(root).strip("/").split("/")[:-1])


def read_data(path: str, root: str, text: str) -> Mounted | Diagnostic:
    """Parse a data file."""
    try:
        value = json.loads(text) if path.endswith(".json") else _read_yaml(text)
    except RecursionError:
        return Diagnostic(codes.DATA_FILE, "It is nested too deeply.", Span(path))
    except ValueError as error:
        span = Span(path, error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else Span(path)
        return Diagnostic(codes.DATA_FILE, f"{error}.", span)
    if not isinstance(value, dict):
        return Diagnostic(codes.DATA_FILE, "It must be an object with keys.", Span(path, 1, 1))
    return path, folders_of(path, root), value


def _read_yaml(text: str) -> Any:
    import yaml

    if len(text) > MAX_YAML_CHARACTERS:
        raise ValueError(f"it has {len(text):,} characters; YAML data may have {MAX_YAML_CHARACTERS:,}")
    if _depth(text) > MAX_YAML_DEPTH:
        raise ValueError(f"more than {MAX_YAML_DEPTH} brackets are open at once")
    # The one in C where PyYAML has it; both read alike.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # Only a text with a star in it can have one, and to look takes as long as to read.
        if "*" not in text or not any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            # Dates, binary and other YAML types have no place in JSON.
            return json.loads(json.dumps(yaml.load(text, Loader=loader), allow_nan=False))  # noqa: S506 - both are safe
    except (yaml.YAMLError, TypeError) as error:
        raise ValueError(" ".join(str(error).split())) from error
    raise ValueError("it has an alias; policy data may not")


def _depth(text: str) -> int:
    depth = deepest = 0
    for bracket in re.findall(r"[\[{\]}]", text):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


def merge(mounted: list[Mounted]) -> tuple[dict[str, Json], list[Diagnostic]]:
    """Return the one tree below `data`, and the files that claim a place another has."""
    tree: dict[str, Any] = {}
    problems: list[Diagnostic] = []
    for path, mount, value in mounted:
        node = tree
        for part in mount:
            node = node.setdefault(part, {})
        clash = sorted(node.keys() & value.keys()) if isinstance(value, dict) else []
        if clash:
            detail = f"`{'.'.join((*mount, clash[0]))}` is given by another file, too."
            problems.append(Diagnostic(codes.DATA_FILE, detail, Span(path)))
        elif isinstance(value, dict):
            node.update(value)
    return tree, problems


def overrides(mounted: list[Mounted]) -> list[Mounted]:
    """Leave out the library's data files that the repository replaces."""
    own = {mount for path, mount, _ in mounted if not path.startswith(f"{LIBRARY}/")}
    return [m for m in mounted if not (m[0].startswith(f"{LIBRARY}/") and m[1] in own)]
