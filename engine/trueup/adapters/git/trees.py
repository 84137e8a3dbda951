"""A commit as a source tree: read from git's objects, without a checkout."""

import contextlib
import posixpath
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trueup.adapters.git import codes
from trueup.adapters.git.objects import blobs, limited, records
from trueup.adapters.git.paths import normal_path, problem
from trueup.adapters.git.repository import GitError, Repository, start
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import BlobId, Revision
from trueup.ports import Changed, Listed
from trueup.spec.resource import SourceFile
from trueup.spec.yaml.events import MAX_BYTES

_REGULAR = (b"100644", b"100755", b"100664")
_LINK = b"120000"
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A regular file of a commit."""

    path: str
    blob: BlobId
    size_bytes: int


def shown(path: bytes) -> str:
    """Return *path* as text; bytes that are not UTF-8 and line ends show as escapes, so that a line stays one."""
    return path.decode("utf-8", "backslashreplace").replace("\n", "\\n").replace("\r", "\\r")


def folder_arguments(folders: Sequence[str]) -> list[str]:
    """Return *folders* as git takes them; the root, however it is written, is no restriction."""
    names = [posixpath.normpath(folder.strip("/") or ".") for folder in folders]
    return [] if "." in names else names


def may_be_folder(path: bytes) -> bool:
    """Tell whether a link of that name may stand for a folder: what has an ending is meant as a file."""
    return b"." not in path.rsplit(b"/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Difference:
    """A path that two commits, or a commit and the index, have otherwise; `mode` is zeros where the second has none."""

    path: bytes
    mode: bytes
    blob: BlobId

    @property
    def is_regular(self) -> bool:
        """Whether the second has a regular file there."""
        return self.mode in _REGULAR

    @property
    def is_odd(self) -> bool:
        """Whether the second has a link or a submodule there."""
        return not self.is_regular and self.mode.strip(b"0") != b""


def differences(repository: Repository, *command: str) -> tuple[Difference, ...] | None:
    """Return what a command of git that compares finds different; None when it cannot be told."""
    options = ("--raw", "-r", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--ignore-submodules=none")
    verb, *rest = command
    try:
        fields = list(records(repository, "-c", "diff.relative=false", verb, *options, *rest))
    except GitError:
        return None
    found = []
    for head, path in zip(fields[::2], fields[1::2], strict=True):
        _, mode, _, blob, _ = head.split(b" ")
        found.append(Difference(path, mode, BlobId(blob.decode())))
    return tuple(found)


class CommitTree:
    """The files of one commit."""

    def __init__(self, repository: Repository, revision: Revision, *, limit_bytes: int = MAX_BYTES) -> None:
        self._repository = repository
        self._revision = revision
        self._limit_bytes = limit_bytes
        self._links: set[bytes] = set()

    @property
    def passed_over(self) -> tuple[str, ...]:
        """The symbolic links that were met so far and may stand for a file or folder that was asked for."""
        return tuple(sorted(shown(path) for path in self._links))

    @property
    def revision(self) -> Revision:
        """The commit."""
        return self._revision

    def entries(self, folders: Sequence[str], suffixes: Sequence[str]) -> Iterator[Entry]:
        """Yield the regular files below *folders*, in path order, without their content.

        Raises:
            GitError: A tree is missing.
        """
        for meta, path in self._below(folders, suffixes, "-l"):
            mode, kind, blob, size = meta.split()
            if kind == b"blob" and mode in _REGULAR:
                # git prints BAD for an object that is missing; reading it tells so by name
                yield Entry(shown(path), BlobId(blob.decode()), int(size) if size.isdigit() else 0)

    def _below(self, folders: Sequence[str], suffixes: Sequence[str], *options: str) -> Iterator[tuple[bytes, bytes]]:
        """Yield what git says of each path that ends in one of *suffixes*, and the path; note links on the way."""
        if not folders:
            return
        endings = tuple(suffix.encode() for suffix in suffixes)
        command = ("ls-tree", "-r", "-z", *options, "--full-tree", self._revision, "--", *folder_arguments(folders))
        for record in records(self._repository, *command):
            meta, _, path = record.partition(b"\t")
            if meta.startswith(_LINK) and (path.endswith(endings) or may_be_folder(path)):
                self._links.add(path)
            if path.endswith(endings):
                yield meta, path

    def files(self, folders: Sequence[str], suffixes: Sequence[str]) -> Iterator[SourceFile]:
        """Yield the files below *folders* that end in one of *suffixes*, in path order.

        Raises:
            GitError: An object is missing.
        """
        found = list(self.entries(folders, suffixes))
        contents = blobs(self._repository, [e.blob for e in found if e.size_bytes <= self._limit_bytes])
        for entry in found:
            content = next(contents) if entry.size_bytes <= self._limit_bytes else b""
            yield SourceFile(entry.path, entry.blob, content)
        contents.close()

    def listed(self, folders: Sequence[str], suffixes: Sequence[str]) -> list[Listed]:
        """Return the files below *folders* without their sizes, which git would open every object for.

        Raises:
            GitError: A tree is missing.
        """
        found = []
        for meta, path in self._below(folders, suffixes):
            mode, kind, blob = meta.split()
            if kind == b"blob" and mode in _REGULAR:
                found.append(Listed(shown(path), BlobId(blob.decode()), path))
        return found

    def changes_since(self, revision: Revision, folders: Sequence[str]) -> tuple[Changed, ...] | None:
        """Return what differs from the commit *revision* at or below *folders*."""
        if revision == self._revision:
            return ()
        found = differences(self._repository, "diff-tree", revision, self._revision, "--", *folder_arguments(folders))
        if found is None or any(d.is_odd for d in found):
            return None
        return tuple(
            Changed(shown(d.path), Listed(shown(d.path), d.blob, d.path) if d.is_regular else None) for d in found
        )

    def read_listed(self, listed: Sequence[Listed]) -> Iterator[SourceFile]:
        """Yield *listed* files with their bytes.

        Raises:
            GitError: An object is missing.
        """
        for file, content in zip(
            listed, limited(self._repository, [f.blob for f in listed], self._limit_bytes), strict=True
        ):
            yield SourceFile(file.path, file.blob, content)

    def brought(self, name: str) -> str:
        """Return the path in the root that is called *name*, whatever it is and however its letters are cased."""
        paths = records(self._repository, "ls-tree", "-z", "--name-only", "--full-tree", self._revision)
        return next((shown(path) for path in list(paths) if shown(path).casefold() == name.casefold()), "")

    def read(self, path: str) -> bytes | Diagnostic:
        """Return one file's bytes, or why it cannot be had; links are followed inside the repository only."""
        normal = normal_path(path)
        if isinstance(normal, Diagnostic):
            return normal
        answer, content = self._answer(f"{self._revision}:{'' if normal == '.' else normal}\n".encode())
        if not answer or answer.endswith((b" missing", b" ambiguous")) or answer.startswith((b"dangling ", b"loop ")):
            return problem(codes.NO_SUCH_FILE, path, f"`{path}` is not in commit {self._revision[:12]}.")
        if answer.startswith(b"notdir "):
            return problem(codes.NO_SUCH_FILE, path, f"A part of `{path}` is a file and not a folder.")
        if answer.startswith(b"symlink "):
            return problem(codes.BAD_PATH, path, f"`{path}` is a symbolic link that leaves the repository.")
        _, kind, size = answer.decode().split(" ")
        if kind != "blob":
            return problem(codes.NOT_A_FILE, path, f"`{path}` is a folder.")
        if content is None:
            return problem(codes.FILE_TOO_LARGE, path, f"`{path}` has {size} bytes.")
        return content

    def _answer(self, question: bytes) -> tuple[bytes, bytes | None]:
        """Return what git says of an object, and its bytes if it is a blob within the limit, by one start of git."""
        pipe = subprocess.PIPE
        command = ("cat-file", "--batch", "--follow-symlinks")
        process = start(self._repository.root, command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
        with process:
            assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - pipes were asked for
            try:
                with contextlib.suppress(BrokenPipeError):  # then it has no answer
                    process.stdin.write(question)
                    process.stdin.close()
                answer = process.stdout.readline().rstrip(b"\n")
                _, kind, size, *_ = [*answer.split(b" "), b"", b""]
                is_read = kind == b"blob" and size.isdigit() and int(size) <= self._limit_bytes
                content = process.stdout.read(int(size)) if is_read else None
            finally:
                process.kill()
        if content is not None and len(content) != int(size):
            raise GitError(codes.OBJECT_MISSING, f"{answer.decode(errors='replace')} ends after {len(content)} bytes.")
        return answer, content
