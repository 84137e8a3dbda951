"""The JSON Schemas that trueup publishes: one a kind, as text to print and as files for editors."""

import json
from pathlib import Path

from trueup.spec.kinds import KINDS
from trueup.spec.schema import combined_schema, json_schema

COMBINED = "Resource"
"""Name of the schema for documents of any kind, for files that hold several."""


def names() -> tuple[str, ...]:
    """Return the names of all schemas: the kinds in the order people meet them, then the one for any of them."""
    return (*KINDS, COMBINED)


def schema_text(name: str) -> str:
    """Return the schema of *name*, one of `names()`, as JSON text that is the same every time."""
    schema = combined_schema() if name == COMBINED else json_schema(name)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def schema_files() -> dict[str, bytes]:
    """Return every schema by file name: `Deployment.json`."""
    return {f"{name}.json": schema_text(name).encode() for name in names()}


def write_schemas(folder: Path) -> tuple[str, ...]:
    """Write every schema into *folder*, made if absent, and return the file names."""
    folder.mkdir(parents=True, exist_ok=True)
    files = schema_files()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return tuple(files)
