"""Which `git` is started, and where git itself finds the programs it needs: never in the repository that is looked at.

A PATH with an empty or relative entry (`.`, `bin`, `node_modules/.bin`) names a folder of whatever repository a command
runs in, and an absolute one may lie in it as well. Who opens a pull request decides what lies there.
"""

import os
import shutil
from functools import lru_cache
from pathlib import Path


def trusted_path(path: str, folder: Path) -> str:
    """Return *path* without what is relative, and without what lies in the repository around *folder*."""
    root = _root(folder)
    kept = [entry for entry in path.split(os.pathsep) if os.path.isabs(entry) and not _lies_in(entry, root)]
    return os.pathsep.join(kept)


@lru_cache(maxsize=64)
def git_program(path: str) -> str | None:
    """Return the git that *path* (as `trusted_path` gives it) leads to; None when there is none."""
    return shutil.which("git", path=path) if path else None


@lru_cache(maxsize=64)
def _root(folder: Path) -> str:
    """Return the nearest folder from *folder* upwards that has a `.git`, else *folder*."""
    real = Path(os.path.realpath(folder))
    return str(next((f for f in (real, *real.parents) if os.path.lexists(f / ".git")), real))


def _lies_in(entry: str, root: str) -> bool:
    return os.path.realpath(entry) == root or os.path.realpath(entry).startswith(root.rstrip(os.sep) + os.sep)
