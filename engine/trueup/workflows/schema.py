"""The JSON Schemas that trueup publishes: one a kind, as text to print and as files for editors."""

import json
from pathlib import Path

from trueup.spec.kinds import KINDS
from trueup.spec.schema import json_schema


def kinds() -> tuple[str, ...]:
    """Return the names of all kinds, in the order people meet them."""
    return tuple(KINDS)


def schema_text(kind: str) -> str:
    """Return the schema of *kind*, a name from `kinds()`, as JSON text that is the same every time."""
    return json.dumps(json_schema(kind), indent=2, ensure_ascii=False) + "\n"


def schema_files() -> dict[str, bytes]:
    """Return every schema by file name: `Deployment.json`."""
    return {f"{kind}.json": schema_text(kind).encode() for kind in kinds()}


def write_schemas(folder: Path) -> tuple[str, ...]:
    """Write every schema into *folder*, made if absent, and return the file names."""
    folder.mkdir(parents=True, exist_ok=True)
    files = schema_files()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return tuple(files)
