"""Names the code that reads declared files: what one version found out must not be taken for what another would."""

import hashlib
import sys
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_READING = ("core", "spec")
"""What a file is turned into is decided in these."""
_LOADING = (*_READING, "ports", "adapters/git", "adapters/caches", "workflows")
"""What is found wrong with a revision as a whole is decided in these."""

_LIBRARIES = {"pydantic": "version.py", "yaml": "__init__.py"}
"""Libraries that read and check, each with the file that holds its version."""


@cache
def reader_identity() -> str:
    """Return a digest of the code that reads files; empty when its sources cannot be looked at.

    By content, not by time, so that a fresh installation of the same version has the same one.
    """
    return _identity(_READING)


@cache
def loader_identity() -> str:
    """Return a digest of the code that loads revisions; empty when its sources cannot be looked at."""
    return _identity(_LOADING)


def _identity(packages: Sequence[str]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    try:
        for path in _sources(packages):
            content = path.read_bytes()
            digest.update(b"%s %d\0" % (path.name.encode(), len(content)))
            digest.update(content)
    except (OSError, ImportError, ValueError):
        return ""
    return digest.hexdigest()


def _sources(packages: Sequence[str]) -> list[Path]:
    root = Path(__file__).parents[2]
    own = [path for name in packages for path in sorted((root / name).rglob("*.py"))]
    if not own:
        raise FileNotFoundError(root)
    return [*own, *(_beside(name) / file for name, file in _LIBRARIES.items())]


def _beside(library: str) -> Path:
    found = find_spec(library)
    if found is None or not found.origin:
        raise ImportError(library)
    return Path(found.origin).parent
