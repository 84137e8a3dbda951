"""Data files of a bundle: where each appears below `data`, and the tree they make together."""

from typing import Any

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.data_text import read_json, read_yaml
from trueup.adapters.policy.embedded.syntax import Parts
from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.json import Json
from trueup.policy.results import LIBRARY

SCHEMA_NAME = "schema.json"
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


def read_data(path: str, root: str, text: str) -> Mounted | list[Diagnostic]:
    """Parse a data file; return what is wrong with it instead, if anything."""
    try:
        value = read_json(path, text) if path.endswith(".json") else read_yaml(path, text)
    except RecursionError:
        return [Diagnostic(codes.DATA_FILE, "It is nested too deeply.", Span(path))]
    if isinstance(value, list) and value and isinstance(value[0], Diagnostic):
        return value
    if not isinstance(value, dict):
        return [Diagnostic(codes.DATA_FILE, "It must be an object with keys.", Span(path, 1, 1))]
    return path, folders_of(path, root), value


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
