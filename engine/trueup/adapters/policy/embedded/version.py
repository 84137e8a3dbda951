"""Which engine answers, as decisions record it, and as what is remembered between runs is keyed."""

import hashlib
from functools import cache
from pathlib import Path


@cache
def engine_name() -> str:
    """Return name and version of the engine; read once, for every evaluation says it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"regorus {version('gordon-to-regorus')}"
    except PackageNotFoundError:
        return "regorus"


def engine_version() -> str:
    """Return what answers depend on besides policies and documents: the engine, and every line of ours around it."""
    code = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        code.update(file.read_bytes())
    return f"{engine_name()}, {code.hexdigest()[:16]}"
