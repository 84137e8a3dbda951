"""Ports of the repository: its files, what it had before, what governs a change, and commits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import BlobId, Digest, Revision
from trueup.core.ids import ResourceId
from trueup.spec.immutability import Sightings
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


@dataclass(frozen=True, slots=True)
class Changed:
    """A path that differs from a commit, and the file that is there now; None where no regular file is."""

    path: str
    file: Listed | None


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

    def changes_since(self, revision: Revision, folders: Sequence[str]) -> tuple[Changed, ...] | None:
        """Return what is at or below *folders* and differs from the commit *revision*.

        None where that cannot be told without looking at everything: the commit is not here, there are links among the
        changes, or git was told not to look at some file. As `files` does, it empties `revision` where something is
        not committed.
        """
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


class KeptIndex(Protocol):
    """Texts by name, kept whole: what is read belongs together, and what is damaged is not there. Never fails."""

    def read(self, names: Collection[str]) -> Mapping[str, str] | None:
        """Return those of *names* that there are; None when nothing is kept, or it is damaged."""
        ...

    def change(self, changes: Mapping[str, str | None]) -> None:
        """Give names other texts, or none, all at once; nothing changes when others changed it since it was read."""
        ...

    def replace(self, texts: Mapping[str, str]) -> None:
        """Keep *texts* and nothing else."""
        ...


@dataclass(frozen=True, slots=True)
class Remembered:
    """What earlier runs found out, for what is only shown: files that they read, and an index of one revision."""

    files: ParsedFiles
    index: KeptIndex


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


@dataclass(frozen=True, slots=True)
class Compared:
    """Versions beside what the default branch first had, and what was looked at for it.

    Attributes:
        diagnostics: A problem for each version whose content differs from when it was merged.
        tip: The last commit of the default branch that was looked at; None when none was.
        folders: Where declared files were, and the files that they took in.
        sightings: First contents that had to be read, of all versions of the kinds that were under review.
        born: Contents that declared files had; a version under review in one of them was merged as it is.
    """

    diagnostics: tuple[Diagnostic, ...]
    tip: Revision | None = None
    folders: tuple[str, ...] = ()
    sightings: Sightings = field(default_factory=dict)
    born: AbstractSet[BlobId] = frozenset()


@dataclass(frozen=True, slots=True)
class News:
    """What the default branch took in since it was looked at, up to *tip*: the first content of each version in it."""

    tip: Revision
    seen: Mapping[ResourceId, Digest] = field(default_factory=dict)


class History(Protocol):
    """What the default branch had before."""

    def compared(self, merged: Merged, resources: Resources, parse: ParseFiles) -> Compared:
        """Compare the versions in *resources* with when they were merged."""
        ...

    def merged_since(self, merged: Merged, earlier: Compared, parse: ParseFiles) -> News | None:
        """Return what was merged since *earlier*, of which tip and folders count; None where all has to be compared."""
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
