"""Starts a repository: writes a small, complete declaration that validates and plans at once.

Never overwrites: everything is written, or nothing is. The files come from the folder `scaffold/`.
"""

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from trueup.adapters.git.user_repository import find_repository, start_repository
from trueup.core.diagnostics import Code
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass

DEFAULT_BRANCH = "main"

_IGNORED = ".trueup/"
_OWN_NAMES = {"gitignore": ".gitignore"}
"""Files that git would obey if they had their own name inside this package."""

_OPTIONAL = frozenset({".gitignore", "README.md"})
"""Files that a repository may have already; they are kept."""


IN_THE_WAY = Code(
    "CLI011",
    "Files are in the way",
    "`trueup init` never overwrites. Some of the files it would write exist already, so nothing was written.",
    "Move them, or choose another folder: `trueup init DIR`.",
)
NOT_THE_ROOT = Code(
    "CLI012",
    "Not the root of the repository",
    "The project file `trueup.yaml` lies at the root of its git repository, and the folder is somewhere below one.",
    "Run `trueup init` at the root, or choose a folder outside the repository.",
)
CODES = (IN_THE_WAY, NOT_THE_ROOT)


@dataclass(frozen=True, slots=True)
class Started:
    """What `init` did.

    Attributes:
        folder: Where.
        written: New files, relative to the folder, sorted.
        extended: Files that were there and got a line.
        kept: Files that were there and were left alone.
        repository: Whether a git repository was made.
        knows_author: Whether git can commit: it has a name and an e-mail address.
    """

    folder: Path
    written: tuple[str, ...]
    extended: tuple[str, ...]
    kept: tuple[str, ...]
    repository: bool
    knows_author: bool


def init(folder: Path, schemas: Mapping[str, bytes]) -> Started:
    """Write a first project into *folder*, with *schemas* (by file name) for editors; start git if need be.

    Raises:
        PermanentError: Files are in the way, or the folder is inside another repository. Nothing was written.
        OSError: A file could not be written. What was written is gone again.
    """
    found = find_repository(folder)
    if found is not None and found.root.resolve() != folder.resolve():
        raise PermanentError(
            NOT_THE_ROOT,
            f"{folder} is inside the git repository {found.root}.",
            hint=f"run `trueup init {found.root}`, or choose a folder outside it",
        )
    branch = (found.branch if found else "") or DEFAULT_BRANCH
    files = _files(_project_name(folder), branch)
    kept = sorted(path for path in files if path in _OPTIONAL and (folder / path).exists())
    wanted = {path: content for path, content in files.items() if path not in kept}
    _refuse_conflicts(folder, wanted)
    for name, content in schemas.items():
        wanted[f"{_IGNORED}schemas/{name}"] = content
    _write_all(folder, wanted)
    repository = found or start_repository(folder, branch)
    extended = [".gitignore"] if ".gitignore" in kept and _ignore(folder / ".gitignore") else []
    return Started(
        folder,
        written=tuple(sorted(path for path in wanted if not path.startswith(_IGNORED))),
        extended=tuple(extended),
        kept=tuple(path for path in kept if path not in extended),
        repository=found is None,
        knows_author=repository.knows_author,
    )


def _files(name: str, branch: str) -> dict[str, bytes]:
    """Return the files to write by path, with names filled in."""
    root = resources.files("trueup.workflows").joinpath("scaffold")
    return {
        _OWN_NAMES.get(path, path): content.replace(b"__NAME__", name.encode()).replace(b"__BRANCH__", branch.encode())
        for path, content in _walk(root, "")
    }


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{path}/")
        else:
            yield path, entry.read_bytes()


def _project_name(folder: Path) -> str:
    """Make a name of the folder's: lower-case letters, digits and dashes, at most 63."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")[:63].strip("-")
    return name or "models"


def _refuse_conflicts(folder: Path, wanted: Mapping[str, bytes]) -> None:
    taken = {path for path in wanted if (folder / path).exists() or (folder / path).is_symlink()}
    for path in wanted:
        parents = list(Path(path).parents)[:-1]
        taken.update(str(p) for p in parents if (folder / p).exists() and not (folder / p).is_dir())
    if folder.exists() and not folder.is_dir():
        taken = {str(folder)}
    if taken:
        raise PermanentError(IN_THE_WAY, f"Nothing was written, because these exist: {', '.join(sorted(taken))}.")


def _write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write every file, or take back what was written; schemas of an earlier run are replaced."""
    made: list[Path] = []
    try:
        _make_folder(folder, made)
        for path, content in files.items():
            place = folder / path
            _make_folder(place.parent, made)
            if not path.startswith(_IGNORED):
                made.append(place)
                with place.open("xb") as file:
                    file.write(content)
            else:
                if not place.exists():
                    made.append(place)
                place.write_bytes(content)
    except OSError:
        for place in reversed(made):
            _remove(place)
        raise


def _make_folder(folder: Path, made: list[Path]) -> None:
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for place in reversed(missing):
        place.mkdir()
        made.append(place)


def _remove(place: Path) -> None:
    if place.is_dir():
        place.rmdir()
    else:
        place.unlink(missing_ok=True)


def _ignore(file: Path) -> bool:
    """Have `.gitignore` name the state folder; return whether a line was added."""
    content = file.read_bytes()
    if any(line.strip() in (b".trueup", b".trueup/", b"/.trueup", b"/.trueup/") for line in content.splitlines()):
        return False
    separator = b"" if not content or content.endswith(b"\n") else b"\n"
    with file.open("ab") as end:
        end.write(separator + _IGNORED.encode() + b"\n")
    return True
