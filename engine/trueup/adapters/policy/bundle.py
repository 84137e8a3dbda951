"""Bundles: the policies and their data that decide together, and the digest that names them.

The library is read from where trueup is installed. A repository's own policies are read through its source tree,
so that they come from the same commit as the specs, byte for byte.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import trueup
from trueup.adapters.policy import codes
from trueup.core.digests import Digest, digest_of
from trueup.core.errors import PermanentError
from trueup.policy.results import LIBRARY, PolicyFile
from trueup.ports import SourceTree

SUFFIXES = (".rego", "data.json", "data.yaml", "data.yml")
"""What takes part in a bundle, by the end of a file's name."""


class LibraryMissingError(PermanentError):
    """The rules that ship with trueup cannot be found."""


def load_bundle(tree: SourceTree, *, library: bool, paths: Sequence[str] = ()) -> tuple[PolicyFile, ...]:
    """Return the library, if asked for, and the policies below *paths* of *tree*, sorted by path.

    Raises:
        LibraryMissingError: The library is asked for and not installed.
    """
    files = list(load_library()) if library else []
    for folder in paths:
        root = folder.strip("/")
        for file in tree.files([root], SUFFIXES):
            if is_policy(file.path):
                files.append(PolicyFile(file.path, file.content, root))
    return tuple(sorted(files, key=lambda f: f.path))


def load_library() -> tuple[PolicyFile, ...]:
    """Return the rules that ship with trueup: from the installed package, or from `policies/` of a checkout."""
    package = Path(trueup.__file__).resolve().parent
    installed, checkout = package / "library", package.parents[1] / "policies"
    for folder in (installed, checkout):
        files = tuple(sorted(_read_folder(folder), key=lambda f: f.path))
        if files:
            return files
    raise LibraryMissingError(codes.LIBRARY_MISSING, f"Neither {installed} nor {checkout} has rules.")


def _read_folder(folder: Path) -> Iterable[PolicyFile]:
    for file in folder.rglob("*"):
        if is_policy(file.name) and file.is_file():
            yield PolicyFile(f"{LIBRARY}/{file.relative_to(folder).as_posix()}", file.read_bytes(), LIBRARY)


def is_policy(path: str) -> bool:
    """Tell whether the file at *path* takes part in a bundle: Rego, or a data file by its whole name."""
    return path.endswith(".rego") or path.rsplit("/", 1)[-1] in SUFFIXES


def bundle_digest(bundle: Iterable[PolicyFile]) -> Digest:
    """Return the identity of what decides: tests are left out, because they change no decision."""
    return digest_of_files(file for file in bundle if not file.path.endswith("_test.rego"))


def digest_of_files(files: Iterable[PolicyFile]) -> Digest:
    """Return the digest over sorted (path, content digest) pairs."""
    return digest_of(sorted([f.path, f.root, hashlib.sha256(f.content).hexdigest()] for f in files))
