"""Which `git` is started, and where git itself finds the programs it needs: never in the repository that is looked at.

A PATH with an empty or relative entry (`.`, `bin`, `node_modules/.bin`) names a folder of whatever repository a command
runs in, and an absolute one may lie in it as well. Who opens a pull request decides what lies there.
"""

import os
from functools import lru_cache


def trusted_path(path: str, folder: "str | os.PathLike[str]") -> str:
    """Return *path* without what is relative, and without what lies in the repository around *folder*."""
    return _trusted(path, _root(os.fspath(folder)))


@lru_cache(maxsize=64)
def _trusted(path: str, root: str) -> str:
    kept = [entry for entry in path.split(os.pathsep) if os.path.isabs(entry) and not _lies_in(entry, root)]
    return os.pathsep.join(kept)


@lru_cache(maxsize=64)
def git_program(path: str) -> str | None:
    """Return the git that *path* (as `trusted_path` gives it) leads to; None when there is none."""
    # `shutil.which` would load five libraries of compression before anything is printed.
    files = (os.path.join(entry, "git") for entry in path.split(os.pathsep) if entry)
    return next((file for file in files if os.path.isfile(file) and os.access(file, os.X_OK)), None)


@lru_cache(maxsize=64)
def _root(folder: str) -> str:
    """Return the nearest folder from *folder* upwards that has a `.git`, else *folder*."""
    real = at = os.path.realpath(folder)
    while not os.path.lexists(os.path.join(at, ".git")):
        above = os.path.dirname(at)
        if above == at:
            return real
        at = above
    return at


def _lies_in(entry: str, root: str) -> bool:
    real = os.path.realpath(entry)
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)
