"""Ports of the repository: its files, what it had before, what governs a change, and commits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import BlobId, Revision
from trueup.core.frozen import dataclass
from trueup.spec.resource import Parsed, Resources, SourceFile


@dataclass(frozen=True, slots=True)
class Listed:
    """A declared file that was not read.

    Attributes:
        path: From the repository root, with `/`.
        blob: Names its bytes; empty where only they can say what they are.
        place: What the tree that listed it calls it.
    """

    path: str
    blob: BlobId
    place: bytes


class SourceTree(Protocol):
    """Files of one revision, or of the work tree."""

    @property
    def revision(self) -> Revision:
        """The commit; empty when the work tree has uncommitted changes below the paths read."""
        ...

    def files(self, folders: Sequence[str], suffixes: Sequence[str]) -> Iterator[SourceFile]:
        """Yield the files below *folders* (from the repository root), in path order.

        Symbolic links are not followed. Larger files than the limit come with empty content and a blob id.
        """
        ...

    @property
    def passed_over(self) -> tuple[str, ...]:
        """What `files` met so far that it would have given as a file, or looked below, and could not: sorted paths.

        Symbolic links, and files that cannot be read: whoever takes them for absent may delete what they declare.
        """
        ...

    def listed(self, folders: Sequence[str], suffixes: Sequence[str]) -> Sequence[Listed]:
        """Return what `files` yields, in its order, without reading it; one that cannot be read may be among them."""
        ...

    def read_listed(self, listed: Sequence[Listed]) -> Iterator[SourceFile]:
        """Yield some of the files that this tree listed, in the order given; what cannot be read is left out."""
        ...

    def read(self, path: str) -> bytes | Diagnostic:
        """Return one file's bytes, or why it cannot be had (absent, leaves the repository, too large)."""
        ...

    def brought(self, name: str) -> str:
        """Return the first path that a commit has at or below *name*, a name in the root; empty for none.

        Whatever it is, a link and a submodule too, and however its letters are cased.
        """
        ...


class ParsedFiles(Protocol):
    """What was read of files before, by blob. For what is only shown: nothing proves that it was not made up."""

    def recall(self, blobs: Sequence[BlobId]) -> Mapping[BlobId, bytes]:
        """Return what is kept, whole, of those of *blobs* that something is kept of; never fails."""
        ...

    def keep(self, packed: Mapping[BlobId, bytes]) -> None:
        """Keep what was read; never fails."""
        ...


@dataclass(frozen=True, slots=True)
class Merged:
    """Where merged versions are to be looked for.

    Attributes:
        branch: Name of the default branch, as the project file under review has it; believed last.
        folders: Folders with declared resources.
        suffixes: Endings of declared files.
        revision: The commit under review; empty for a work tree with changes.
        project: The file that says where the folders are, and may have said something else before.
    """

    branch: str
    folders: tuple[str, ...]
    suffixes: tuple[str, ...]
    revision: Revision
    project: str = ""


@dataclass(frozen=True, slots=True)
class Base:
    """What governs a change.

    Attributes:
        revision: Tip of the branch it is to be merged into; None when it is merged, or nothing is committed yet.
        is_known: False when that branch is not in this clone, so that nobody can say whether it is merged.
    """

    revision: Revision | None = None
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class MergedCommit:
    """A commit that the default branch took in, and when; its first parent is empty for the first one of all."""

    revision: Revision
    parent: Revision
    at: datetime


class History(Protocol):
    """What the default branch had before."""

    def changed_versions(self, merged: Merged, resources: Resources, parse: ParseFiles) -> tuple[Diagnostic, ...]:
        """Return a problem for each version in *resources* whose content differs from when it was merged."""
        ...


ParseFiles = Callable[[Iterable[SourceFile], Callable[[str], bytes | Diagnostic]], Parsed]
"""Reads the files of one commit; the second argument gives the text that they include."""


class Committer(Protocol):
    """Writes commits to the user's branch."""

    def commit(self, path: str, content: bytes, message: str) -> Revision:
        """Commit *content* as *path* on the current branch, and nothing else; the work tree follows if clean."""
        ...

    def push(self) -> str:
        """Bring the current branch to where it is tracked; return why that failed, empty when it did not.

        A branch that tracks nothing needs no push.
        """
        ...
