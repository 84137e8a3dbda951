"""Policies of any folder on this machine, and the pages beside them."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import trueup
from trueup.adapters.policy import codes
from trueup.adapters.policy.bundle import is_policy, load_library, refuse_reserved
from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.errors import PermanentError
from trueup.policy.results import LIBRARY, PolicyFile
from trueup.ports import SourceTree

MAX_FILES = 5_000
"""More than any set of policies has; a folder named by mistake is told before all of it is read."""
_PAGE = "README.md"
_LARGEST_PAGE_BYTES = 200_000


class FolderError(PermanentError):
    """A folder that was named has no policies, or too many files."""


def load_folder(folder: str, *, library: bool) -> tuple[PolicyFile, ...]:
    """Return the policies below *folder* and, if asked for, the library, sorted by path.

    A folder with the library's own rules (`lib/trueup.rego`) stands in its place. Links and pipes are left out.

    Raises:
        FolderError: It is no folder, has no policy, or more files than policies have.
        ReservedPathError: Its name would pass for the library's.
    """
    top = Path(folder)
    if not top.is_dir():
        raise FolderError(codes.FOLDER, f"`{folder}` is not a folder.")
    is_library = _is_library(top)
    shown = LIBRARY if is_library else folder.rstrip("/") or folder
    if not is_library:
        refuse_reserved(folder.removeprefix("./"))
    files = list(load_library()) if library and not is_library else []
    count = 0
    for place, folders, names in os.walk(top):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if not is_policy(name) or path.is_symlink() or not path.is_file():
                continue
            count += 1
            if count > MAX_FILES:
                raise FolderError(codes.FOLDER, f"`{folder}` has more than {MAX_FILES:,} policy files.")
            files.append(PolicyFile(f"{shown}/{path.relative_to(top).as_posix()}", path.read_bytes(), shown))
    if not any(f.path.endswith(".rego") and f.root == shown for f in files):
        raise FolderError(codes.FOLDER, f"There is no policy below `{folder}`.", span=Span(folder))
    return tuple(sorted(files, key=lambda f: f.path))


def page_beside(path: str, tree: Callable[[], SourceTree], *, folder: str = "") -> str:
    """Return the README beside the policy file at *path*; empty without one.

    Args:
        path: As bundles have it.
        tree: Opens the files of the project, for policies of its own.
        folder: The one that `load_folder` read.
    """
    place = path.rpartition("/")[0]
    if folder and _is_library(Path(folder)):
        return _first([Path(folder, place.removeprefix(LIBRARY).strip("/"))])
    if path.startswith(f"{LIBRARY}/"):
        package = Path(trueup.__file__).resolve().parent
        inside = place.removeprefix(LIBRARY).strip("/")
        return _first([package / "library" / inside, package.parents[1] / "policies" / inside])
    if folder:
        return _first([Path(place)])
    content = tree().read(f"{place}/{_PAGE}")
    return "" if isinstance(content, Diagnostic) else _text(content)


def _first(folders: Iterable[Path]) -> str:
    pages = (folder / _PAGE for folder in folders)
    return next((_text(page.read_bytes()) for page in pages if page.is_file()), "")


def _is_library(folder: Path) -> bool:
    return (folder / "lib" / "trueup.rego").is_file()


def _text(content: bytes) -> str:
    return content[:_LARGEST_PAGE_BYTES].decode("utf-8", "replace")
