"""The work tree as a source tree: what lies on disk, with blob ids for all that git already holds.

A clean file has the bytes of its commit, to the last one: a file that git converts on checkout (line ends, filters)
is read from git. Ignored files are not part of the tree; symbolic links are never followed out of it.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from trueup.adapters.git import codes
from trueup.adapters.git.objects import blob_id, blobs, records
from trueup.adapters.git.paths import is_git_folder, normal_path, problem
from trueup.adapters.git.repository import Repository
from trueup.adapters.git.trees import differences, folder_arguments, may_be_folder, shown
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import BlobId, Revision
from trueup.ports import Changed, Listed
from trueup.spec.resource import SourceFile
from trueup.spec.yaml.events import MAX_BYTES

_REGULAR = (b"100644", b"100755")
_LINK = b"120000"

# Files are read some at a time. To read one and parse it, one and parse it, takes a fifth longer: each call of the
# system costs the parser what the processor had learned of it. Bytes bound what lies in memory meanwhile.
_BATCH_FILES = 256
_BATCH_BYTES = 8_000_000

_FLAGGED = re.compile(rb"\0(?!H |\Z)")
"""A file of the index that is not simply cached: git does not look at it, or it is in conflict."""


@dataclass(frozen=True, slots=True)
class _Tracked:
    """What the index says of a file; `is_watched` is false where git was told not to look at the disk."""

    blob: BlobId
    is_watched: bool


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """Index and status below some folders, at one moment."""

    tracked: dict[bytes, _Tracked]
    changed_on_disk: frozenset[bytes]
    untracked: frozenset[bytes]
    uncommitted: frozenset[bytes]
    links: frozenset[bytes] = frozenset()

    def __contains__(self, path: bytes) -> bool:
        return any(path in some for some in (self.tracked, self.untracked, self.changed_on_disk, self.links))

    def is_clean(self, folders: Sequence[str]) -> bool:
        """Tell whether everything below *folders* (all of it when empty) is committed."""
        names = [os.fsencode(folder) for folder in folders]
        return not any(not names or any(_lies_in(path, name) for name in names) for path in self.uncommitted)


class WorkTree:
    """The files on disk."""

    def __init__(self, repository: Repository, *, limit_bytes: int = MAX_BYTES) -> None:
        self._repository = repository
        self._root = os.fsencode(repository.root)
        self._limit_bytes = limit_bytes
        self._snapshots: dict[tuple[str, ...], _Snapshot] = {}
        self._partial: list[_Snapshot] = []
        self._is_clean = True
        self._is_told = True
        self._head: Revision | None = None
        self._passed_over: set[bytes] = set()

    @property
    def passed_over(self) -> tuple[str, ...]:
        """What is there below the folders that were read so far, and is a link or cannot be read."""
        return tuple(sorted(shown(path) for path in self._passed_over))

    @property
    def revision(self) -> Revision:
        """The commit that all that was read so far belongs to; empty when any of it is not committed."""
        if not self._is_clean:
            return Revision("")
        if self._head is None:
            head = self._repository.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
            self._head = Revision(head or "")
        return self._head

    @property
    def is_watched(self) -> bool:
        """Whether git tells when anything that was asked for so far changes.

        Not so where it does not look at the disk, or ignores what is there, or may ignore what will be.
        """
        return self._is_told and all(
            tracked.is_watched for s in self._snapshots.values() for tracked in s.tracked.values()
        )

    def files(self, folders: Sequence[str], suffixes: Sequence[str]) -> Iterator[SourceFile]:
        """Yield the files below *folders* that end in one of *suffixes*, in path order; ignored ones left out.

        Uncommitted changes below *folders* empty `revision` from this call on.

        Raises:
            GitError: Git failed.
        """
        paths, snapshot = self._below(folders, suffixes)
        return self._files(paths, snapshot)

    def listed(self, folders: Sequence[str], suffixes: Sequence[str]) -> list[Listed]:
        """Return the files below *folders*; a clean one has the bytes of its blob, so that it need not be read.

        Uncommitted changes below *folders* empty `revision` from this call on.

        Raises:
            GitError: Git failed.
        """
        paths, snapshot = self._below(folders, suffixes)
        return [Listed(shown(path), _clean_blob(path, snapshot), path) for path in paths]

    def changes_since(self, revision: Revision, folders: Sequence[str]) -> tuple[Changed, ...] | None:
        """Return what differs from the commit *revision* at or below *folders*: in the index, or on disk.

        Raises:
            GitError: Git failed.
        """
        names = folder_arguments(folders)
        staged = differences(self._repository, "diff-index", "--cached", revision, "--", *names)
        if staged is None or any(d.is_odd for d in staged) or not self._sees_all(names):
            return None
        tracked = {d.path: _Tracked(d.blob, is_watched=True) for d in staged if d.is_regular}
        snapshot = self._with_status(tracked, set(), names)
        paths = sorted({d.path for d in staged} | snapshot.changed_on_disk | snapshot.untracked)
        if any(os.path.islink(os.path.join(self._root, path)) for path in paths):
            return None
        self._is_clean = self._is_clean and not snapshot.uncommitted
        self._partial.append(snapshot)
        return tuple(Changed(shown(path), self._now_at(path, snapshot)) for path in paths)

    def _now_at(self, path: bytes, snapshot: _Snapshot) -> Listed | None:
        """Return the file at *path*, which is in the index or on disk or both; None when it is gone from the disk."""
        if not self._is_there(path) or path.endswith(b"/"):
            return None
        return Listed(shown(path), _clean_blob(path, snapshot), path)

    def _sees_all(self, names: Sequence[str]) -> bool:
        """Tell whether git looks at the disk for every file, and is in the middle of nothing."""
        listing = self._repository.run("ls-files", "-v", "-z", "--", *names)
        return not listing or (listing.startswith(b"H ") and _FLAGGED.search(listing) is None)

    def read_listed(self, listed: Sequence[Listed]) -> Iterator[SourceFile]:
        """Yield *listed* files with their bytes; those that are gone, or lie behind a link, are left out.

        Raises:
            GitError: Git failed.
        """
        taken = [*self._snapshots.values(), *self._partial]
        snapshot = next((s for s in taken if all(f.place in s for f in listed)), None)
        return self._files([f.place for f in listed], snapshot) if snapshot else iter(())

    def _below(self, folders: Sequence[str], suffixes: Sequence[str]) -> tuple[list[bytes], _Snapshot]:
        if not folders:
            return [], _Snapshot({}, frozenset(), frozenset(), frozenset())
        names = [os.fsencode(name) for name in folder_arguments(folders)]
        snapshot = self._snapshot([os.fsdecode(name) for name in names])
        endings = tuple(suffix.encode() for suffix in suffixes)
        # A snapshot may have been taken of more than is asked for now.
        below = tuple(name.rstrip(b"/") + b"/" for name in names) or (b"",)
        found = {*snapshot.tracked, *snapshot.untracked, *snapshot.links}
        self._pass_over(p for p in {*snapshot.links, *snapshot.untracked} if p.startswith(below) or p in names)
        return sorted(p for p in found if p.endswith(endings) and (p.startswith(below) or p in names)), snapshot

    def read(self, path: str) -> bytes | Diagnostic:
        """Return one file's bytes, or why it cannot be had; links are followed inside the repository only."""
        found = self._read(path)
        self._is_told = self._is_told and not isinstance(found, Diagnostic)
        return found

    def _read(self, path: str) -> bytes | Diagnostic:
        normal = normal_path(path)
        if isinstance(normal, Diagnostic):
            return normal
        root = self._root
        real = os.path.realpath(os.path.join(root, normal.encode()))
        inside = os.path.relpath(real, root)
        if inside == b".." or inside.startswith(b"../") or is_git_folder(os.fsdecode(inside)):
            return problem(codes.BAD_PATH, path, f"`{path}` is a symbolic link that leaves the repository.")
        try:
            status = os.lstat(real)
        except (OSError, ValueError):
            return problem(codes.NO_SUCH_FILE, path, f"`{path}` does not exist in the work tree.")
        if not stat.S_ISREG(status.st_mode):
            return problem(codes.NOT_A_FILE, path, f"`{path}` is not a regular file.")
        if status.st_size > self._limit_bytes:
            return problem(codes.FILE_TOO_LARGE, path, f"`{path}` has {status.st_size} bytes.")
        snapshot = self._snapshot([os.fsdecode(inside)])
        for link in _links(root, normal):
            self._snapshot([link])
        if inside not in snapshot.tracked:
            self._is_clean = self._is_told = False  # an ignored file is no part of any commit
        file = self._file(inside, snapshot)
        if file is None:
            return problem(codes.NO_SUCH_FILE, path, f"`{path}` cannot be read.")
        return file.content

    def brought(self, name: str) -> str:
        """Return the first path of the index at or below *name*, whatever it is and however its letters are cased."""
        options = ("--no-literal-pathspecs", "--icase-pathspecs", "ls-files", "-z", "--", name)
        return next((shown(path) for path in list(records(self._repository, *options))), "")

    def _files(self, paths: Sequence[bytes], snapshot: _Snapshot) -> Iterator[SourceFile]:
        batch: list[SourceFile] = []
        size = 0
        for file in self._one_by_one(paths, snapshot):
            batch.append(file)
            size += len(file.content)
            if len(batch) == _BATCH_FILES or size >= _BATCH_BYTES:
                yield from batch
                batch, size = [], 0
        yield from batch

    def _one_by_one(self, paths: Sequence[bytes], snapshot: _Snapshot) -> Iterator[SourceFile]:
        real_folders: dict[bytes, bool] = {}
        for path in paths:
            folder = os.path.dirname(os.path.join(self._root, path))
            if folder not in real_folders:
                real_folders[folder] = os.path.realpath(folder) == folder
            file = self._file(path, snapshot) if real_folders[folder] else None
            if file is not None:
                yield file
            elif self._is_there(path):
                self._passed_over.add(path)

    def _pass_over(self, paths: Iterable[bytes]) -> None:
        """Note links that may stand for a folder with files; those that may stand for a file are noticed as files."""
        for path in paths:
            if may_be_folder(path) and os.path.islink(os.path.join(self._root, path)):
                self._passed_over.add(path)

    def _is_there(self, path: bytes) -> bool:
        """Tell whether something is at *path*, also where nobody may look."""
        try:
            os.lstat(os.path.join(self._root, path))
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True

    def _file(self, path: bytes, snapshot: _Snapshot) -> SourceFile | None:
        """Read one file that is no link; None when it is not there as a regular file."""
        tracked = snapshot.tracked.get(path)
        content = self._on_disk(os.path.join(self._root, path))
        if content is None:
            if tracked is None or tracked.is_watched:
                return None
            return SourceFile(shown(path), tracked.blob, self._from_git(tracked.blob))  # left out of a sparse checkout
        if len(content) > self._limit_bytes:
            return self._withheld(path, snapshot)
        if tracked is None or path in snapshot.changed_on_disk:
            return SourceFile(shown(path), BlobId(""), content)
        if blob_id(content, len(tracked.blob)) == tracked.blob:
            return SourceFile(shown(path), tracked.blob, content)
        if tracked.is_watched:
            return SourceFile(shown(path), tracked.blob, self._from_git(tracked.blob))
        self._is_clean = False
        return SourceFile(shown(path), BlobId(""), content)

    def _on_disk(self, path: bytes) -> bytes | None:
        """Return at most one byte more than the limit; a pipe, device or link is not opened for reading."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return None
            most = self._limit_bytes + 1
            content = os.read(descriptor, min(status.st_size + 1, most))
            while len(content) > status.st_size and len(content) < most:  # it grows as we read
                more = os.read(descriptor, most - len(content))
                if not more:
                    break
                content += more
            return content
        finally:
            os.close(descriptor)

    def _withheld(self, path: bytes, snapshot: _Snapshot) -> SourceFile:
        tracked = snapshot.tracked.get(path)
        if tracked is not None and path not in snapshot.changed_on_disk:
            return SourceFile(shown(path), tracked.blob, b"")
        # Empty content under an empty blob id would be an empty file; the id says that there is more.
        output = self._repository.run("hash-object", "--no-filters", "--", os.fsdecode(path))
        return SourceFile(shown(path), BlobId(output.decode().strip()), b"")

    def _from_git(self, blob: BlobId) -> bytes:
        size = int(self._repository.run("cat-file", "-s", blob))
        return b"" if size > self._limit_bytes else next(blobs(self._repository, [blob]))

    def _snapshot(self, folders: Sequence[str]) -> _Snapshot:
        key = tuple(folders)
        snapshot = next((s for known, s in self._snapshots.items() if _covers(known, key)), None)
        if snapshot is None:
            snapshot = self._snapshots[key] = self._take(key)
        self._is_clean = self._is_clean and snapshot.is_clean(key)
        return snapshot

    def _take(self, folders: Sequence[str]) -> _Snapshot:
        tracked: dict[bytes, _Tracked] = {}
        links: set[bytes] = set()
        for record in records(self._repository, "ls-files", "-s", "-v", "-z", "--", *folders):
            meta, _, path = record.partition(b"\t")
            flag, mode, blob, _ = meta.split(b" ")
            if mode == _LINK:
                links.add(path)
            elif mode in _REGULAR:
                tracked[path] = _Tracked(BlobId(blob.decode()), is_watched=flag != b"S" and flag.isupper())
        return self._with_status(tracked, links, folders)

    def _with_status(self, tracked: dict[bytes, _Tracked], links: set[bytes], folders: Sequence[str]) -> _Snapshot:
        changed, untracked, uncommitted = set(), set(), set()
        status = ("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=all")
        for record in records(self._repository, *filters_off(self._repository), *status, "--", *folders):
            index, disk, path = record[:1], record[1:2], record[3:]
            uncommitted.add(path)
            if index == b"?":
                untracked.add(path)
            elif disk != b" " or index == b"U":
                changed.add(path)
        return _Snapshot(tracked, frozenset(changed), frozenset(untracked), frozenset(uncommitted), frozenset(links))


@lru_cache(maxsize=8)
def filters_off(repository: Repository) -> tuple[str, ...]:
    """Return options that keep git from starting the programs of `filter.*`, which attributes of a commit can name.

    A file that such a program converts, and whose time stamp is new, then counts as changed.
    """
    names = repository.ask("config", "--null", "--name-only", "--get-regexp", r"^filter\.") or ""
    # The value is that of a variable which is always empty; after `-c`, a name with `=` would end too early.
    return tuple(f"--config-env={name}=LANGUAGE" for name in names.split("\0") if name)


def _clean_blob(path: bytes, snapshot: _Snapshot) -> BlobId:
    """Return the blob whose bytes the file has; empty where the disk has to be looked at."""
    tracked = snapshot.tracked.get(path)
    if tracked is None or not tracked.is_watched or path in snapshot.changed_on_disk:
        return BlobId("")
    return tracked.blob


def _links(root: bytes, path: str) -> Iterator[str]:
    parts = path.split("/")
    for count in range(1, len(parts) + 1):
        prefix = "/".join(parts[:count])
        if os.path.islink(os.path.join(root, prefix.encode())):
            yield prefix


def _covers(known: tuple[str, ...], folders: tuple[str, ...]) -> bool:
    if not known or not folders:
        return not known
    within = [os.fsencode(folder) for folder in known]
    return all(any(_lies_in(os.fsencode(folder), k) for k in within) for folder in folders)


def _lies_in(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder + b"/")
