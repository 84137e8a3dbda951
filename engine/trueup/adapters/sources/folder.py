"""Listing a file or folder on this machine, held below a root that it must not leave."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from trueup.adapters.sources import codes
from trueup.adapters.sources.source import Listing, SourceFile
from trueup.core.errors import PermanentError
from trueup.desired.state import Access


def refuse_remote_access(uri: str, access: Access) -> None:
    """Refuse what a source on this machine has no use for (ART117); a revision is a note for people."""
    for name, value in (("endpoint", access.endpoint), ("credentials", access.credentials)):
        if value:
            raise PermanentError(codes.NOT_APPLICABLE, f"`{uri}` is read on this machine and has no use for `{name}`.")


def list_below(root: Path, relative: str, uri: str) -> Listing:
    """List what lies at *relative* below *root*; links are followed to files that stay below it.

    Raises:
        PermanentError: It leaves *root* (ART103), is missing (ART102), is no file (ART104) or unreadable (ART107).
    """
    parts = relative.split("/")
    if relative.startswith("/") or ".." in parts or "\\" in relative or "\0" in relative:
        raise PermanentError(codes.OUTSIDE, f"`{uri}` must be a path below its folder, without `..`.")
    path = root.joinpath(*(p for p in parts if p not in {"", "."}))
    try:
        if path.is_dir():
            _inside(root, path, uri)
            files = tuple(sorted(_walk(root, path, path, uri), key=lambda f: f.path))
            if not files:
                raise PermanentError(codes.NOT_A_FILE, f"`{uri}` is a folder without files.")
            return Listing(path.name, True, files)
        return Listing(path.name, False, (_file(root, path, path.name, uri),))
    except OSError as error:
        raise PermanentError(codes.UNREADABLE, f"`{uri}`: {error.strerror} ({error.filename}).") from error


def _walk(root: Path, top: Path, folder: Path, uri: str) -> Iterator[SourceFile]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = Path(entry.path)
            name = path.relative_to(top).as_posix()
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(root, top, path, uri)
            elif entry.is_symlink() and entry.is_dir():
                _inside(root, path, uri)
                raise PermanentError(codes.NOT_A_FILE, f"`{name}` in `{uri}` is a link to a folder.")
            else:
                yield _file(root, path, name, uri)


def _file(root: Path, path: Path, name: str, uri: str) -> SourceFile:
    _inside(root, path, uri)
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise PermanentError(codes.MISSING, f"`{uri}`: there is no `{name}` at that place.") from error
    if not stat.S_ISREG(status.st_mode):
        raise PermanentError(codes.NOT_A_FILE, f"`{name}` in `{uri}` is not a regular file.")
    return SourceFile(name, status.st_size, lambda offset: _open(path, offset))


def _inside(root: Path, path: Path, uri: str) -> None:
    real = os.path.realpath(path)
    base = os.path.realpath(root)
    if real != base and not real.startswith(base + os.sep):
        raise PermanentError(codes.OUTSIDE, f"`{path.relative_to(root)}` in `{uri}` is a link that leads to {real}.")


def _open(path: Path, offset: int) -> BinaryIO:
    file = path.open("rb", buffering=0)
    file.seek(offset)
    return file
