"""Bundles: the policies and their data that decide together, and the digest that names them.

The library is read from where trueup is installed. A repository's own policies are read through its source tree,
so that they come from the same commit as the specs, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import trueup
from trueup.adapters.policy import codes
from trueup.core.diagnostics import Span
from trueup.core.errors import PermanentError
from trueup.policy.bundle_files import bundle_digest as bundle_digest  # noqa: PLC0414 - its callers know it here
from trueup.policy.bundle_files import digest_of_files as digest_of_files  # noqa: PLC0414

if TYPE_CHECKING:
    from trueup.adapters.policy.bundles.archive import Files
    from trueup.adapters.policy.bundles.fetched import FetchedBundles
    from trueup.policy.results import PolicyFile
    from trueup.ports import SourceTree
    from trueup.spec.bundles import BundlePin

SUFFIXES = (".rego", "data.json", "data.yaml", "data.yml", "schema.json")
"""What takes part in a bundle, by the end of a file's name."""


class LibraryMissingError(PermanentError):
    """The rules that ship with trueup cannot be found."""


class ReservedPathError(PermanentError):
    """A policy of the repository has a path that names the library or a bundle."""


def refuse_reserved(path: str) -> None:
    """Refuse a policy of the repository whose *path* names the library or a bundle.

    Raises:
        ReservedPathError: It does.
    """
    if path.startswith("@"):
        raise ReservedPathError(codes.RESERVED_PATH, f"`{path}` begins with `@`.", span=Span(path))


def load_bundle(
    tree: SourceTree,
    *,
    library: bool,
    paths: Sequence[str] = (),
    bundles: Sequence[BundlePin] = (),
    fetched: FetchedBundles | None = None,
) -> tuple[PolicyFile, ...]:
    """Return the library, if asked for, the policies below *paths* of *tree*, and *bundles*, sorted by path.

    Args:
        tree: Files of one revision.
        library: Whether the rules that ship with trueup take part.
        paths: Folders with policies.
        bundles: Bundles besides.
        fetched: What was fetched of bundles from elsewhere.

    Raises:
        LibraryMissingError: The library is asked for and not installed.
        ReservedPathError: A path of the repository would pass for the library's.
        BundleError: A bundle was not fetched, is damaged or empty, or two own one path.
    """
    files = list(load_library()) if library else []
    for folder in paths:
        root = folder.strip("/")
        for file in tree.files([root], SUFFIXES):
            if is_policy(file.path):
                refuse_reserved(file.path)
                from trueup.policy.results import PolicyFile

                files.append(PolicyFile(file.path, file.content, root))
    if bundles:
        from trueup.adapters.policy.bundles.loading import load_bundles

        files += load_bundles(tree, bundles, _not_at_hand if fetched is None else fetched.read, is_policy)
    return tuple(sorted(files, key=lambda f: f.path))


def _not_at_hand(pin: BundlePin) -> Files:
    from trueup.adapters.policy.bundles import codes as bundle_codes
    from trueup.adapters.policy.bundles.archive import BundleError

    raise BundleError(bundle_codes.NOT_FETCHED, f"`{pin.name}` ({pin.source}) is not on this machine.")


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
    from trueup.policy.results import LIBRARY, PolicyFile

    for file in folder.rglob("*"):
        if is_policy(file.name) and file.is_file():
            yield PolicyFile(f"{LIBRARY}/{file.relative_to(folder).as_posix()}", file.read_bytes(), LIBRARY)


def is_policy(path: str) -> bool:
    """Tell whether the file at *path* takes part in a bundle: Rego, or a data file by its whole name."""
    return path.endswith(".rego") or path.rsplit("/", 1)[-1] in SUFFIXES
