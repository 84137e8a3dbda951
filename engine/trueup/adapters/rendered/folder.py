"""Writes rendered files into a folder, and takes away those that it wrote before and that are no longer rendered.

A list beside the files says which ones they are and what they held. It is written before them, with the old and the new
content allowed, and after them with the new one alone: a run that was killed half way is told from a change by hand,
and finished by the next run.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from trueup.adapters.rendered.codes import CHANGED_FILE, FOREIGN_FOLDER, IN_THE_WAY, NOT_WRITABLE
from trueup.adapters.whole_files import replace_file
from trueup.core.digests import digest_of_bytes
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json

LIST = "trueup-rendered.json"
FORMAT_VERSION = "1.0"
_ALLOWED_BESIDE = frozenset({".git", ".gitignore", ".gitattributes"})
"""What a folder may have before anything was rendered to it: it may be a repository of its own."""

_Contents = dict[str, tuple[str, ...]]
"""By path, the digests that a file may have."""


class RenderedFolderError(PermanentError):
    """The folder cannot take what was rendered."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a run did to the folder, as paths in it."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]


def write_rendered(folder: Path, environment: str, files: Mapping[str, bytes]) -> Written:
    """Have *files* of *environment*, and no others that were rendered before, in *folder*.

    Raises:
        RenderedFolderError: It is not ours, a file in it was changed by hand or is in the way, or it cannot be written.
    """
    try:
        return _write(folder, environment, files)
    except OSError as error:
        detail = f"`{error.filename or folder}` cannot be written: {error.strerror}."
        raise RenderedFolderError(NOT_WRITABLE, detail) from error


def _write(folder: Path, environment: str, files: Mapping[str, bytes]) -> Written:
    before = _listed(folder, environment)
    found = {path: _digest(folder, path) for path in {*before, *files}}
    for path, digest in sorted(found.items()):
        if digest and path not in before:
            raise RenderedFolderError(IN_THE_WAY, f"`{folder / path}` was not rendered.")
        if digest and digest not in before[path]:
            raise RenderedFolderError(CHANGED_FILE, f"`{folder / path}` is not what was rendered.")
    new: _Contents = {path: (digest_of_bytes(content),) for path, content in files.items()}
    written = tuple(sorted(path for path, digests in new.items() if found[path] not in digests))
    removed = tuple(sorted(path for path in before if path not in new and found[path]))
    if written or removed or before != new or not (folder / LIST).exists():
        folder.mkdir(parents=True, exist_ok=True)
        both = {path: (*before.get(path, ()), *new.get(path, ())) for path in {*before, *new}}
        _put(folder / LIST, _spelled(environment, both))
        for path in written:
            _put(folder / path, files[path])
        for path in removed:
            _take_away(folder, path)
        _put(folder / LIST, _spelled(environment, new))
    return Written(written, removed, tuple(sorted(set(new) - set(written))))


def _listed(folder: Path, environment: str) -> _Contents:
    """Return what was rendered before; nothing for a folder that is new or empty."""
    file = folder / LIST
    if file.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise RenderedFolderError(FOREIGN_FOLDER, f"`{folder}` is no folder of ours.")
    if not file.exists():
        strange = sorted({p.name for p in folder.iterdir()} - _ALLOWED_BESIDE) if folder.exists() else []
        if strange:
            detail = f"`{folder}` has {len(strange)} entries, such as `{strange[0]}`, and no `{LIST}`."
            raise RenderedFolderError(FOREIGN_FOLDER, detail)
        return {}
    try:
        value: Json = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        value = None
    match value:
        case {"formatVersion": "1.0", "environment": str(name), "files": dict(contents)} if _is_list(contents):
            if name != environment:
                detail = f"`{folder}` holds `{name}`, and `{environment}` is to be rendered."
                raise RenderedFolderError(FOREIGN_FOLDER, detail)
            return {path: tuple(map(str, digests)) for path, digests in contents.items() if isinstance(digests, list)}
        case _:
            raise RenderedFolderError(FOREIGN_FOLDER, f"`{file}` is no list of rendered files.")


def _is_list(contents: Mapping[str, Json]) -> bool:
    """Tell whether *contents* names files below the folder alone: a list may come from anybody."""
    return all(
        isinstance(digests, list)
        and path != LIST
        and all(part not in {"", ".", "..", ".git"} for part in path.split("/"))
        for path, digests in contents.items()
    )


def _digest(folder: Path, path: str) -> str:
    """Return the digest of a file, empty when there is none.

    Raises:
        RenderedFolderError: A link or something else stands in its place.
    """
    place = folder
    for part in path.split("/"):
        place = place / part
        if place.is_symlink():
            raise RenderedFolderError(IN_THE_WAY, f"`{place}` is a link.")
    if place.is_dir() or any(p.is_file() for p in place.parents if p != folder and p.is_relative_to(folder)):
        raise RenderedFolderError(IN_THE_WAY, f"`{place}`, or what it lies in, is not what it has to be.")
    return digest_of_bytes(place.read_bytes()) if place.exists() else ""


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    replace_file(path, content)
    if is_new:
        os.chmod(path, 0o644)


def _take_away(folder: Path, path: str) -> None:
    """Remove a file, and the folders that it leaves empty."""
    place = folder / path
    place.unlink()
    for parent in place.parents:
        if parent == folder or any(parent.iterdir()):
            return
        parent.rmdir()


def _spelled(environment: str, contents: _Contents) -> bytes:
    files = {path: list(dict.fromkeys(digests)) for path, digests in contents.items()}
    value = {"formatVersion": FORMAT_VERSION, "environment": environment, "files": files}
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"
