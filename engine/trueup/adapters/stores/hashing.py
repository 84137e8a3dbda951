"""Digests of files and folders, streamed, each byte read once, several files at a time.

hashlib lets other threads run while it hashes, and with the processor's own SHA instructions it is several times
faster than the command-line tools.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from trueup.core.digests import Digest, digest_of

CHUNK_BYTES = 1 << 20
"""Larger reads gain nothing measurable, and memory stays at a megabyte a thread."""

WORKERS = min(4, os.cpu_count() or 1)
"""Threads for files; storage, not the processor, limits beyond four."""


@dataclass(frozen=True, slots=True)
class FileDigest:
    """One file of an artifact: path inside it, size, digest."""

    path: str
    size_bytes: int
    digest: Digest


def digest_of_file(path: Path, told: Callable[[int], None] = lambda _: None) -> Digest:
    """Return the digest of a file's bytes; *told* learns of each chunk's length."""
    state = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK_BYTES):
            state.update(chunk)
            told(len(chunk))
    return spell(state.hexdigest())


def spell(hexadecimal: str) -> Digest:
    """Spell a SHA-256 in hexadecimal digits as a digest."""
    return Digest(f"sha256:{hexadecimal}")


def digest_of_tree(files: Iterable[FileDigest]) -> Digest:
    """Return the digest of a folder: of the list of [path, size, digest], in the order of the paths."""
    rows = sorted(files, key=lambda f: f.path)
    return digest_of([[f.path, f.size_bytes, f.digest] for f in rows])


def digest_of_artifact(files: Iterable[FileDigest], *, is_folder: bool) -> Digest:
    """Return the digest of a folder, or of the one file of *files*."""
    rows = tuple(files)
    return digest_of_tree(rows) if is_folder else rows[0].digest


def files_below(folder: Path) -> tuple[str, ...]:
    """Return the paths of all entries below *folder* that are no folders, in order."""
    return tuple(
        sorted(
            Path(parent, name).relative_to(folder).as_posix() for parent, _, names in os.walk(folder) for name in names
        )
    )


def hash_files(folder: Path, paths: Iterable[str], digest: Callable[[Path], Digest]) -> tuple[FileDigest, ...]:
    """Hash *paths* below *folder* with *digest*, several at a time, in the order given."""

    def one(path: str) -> FileDigest:
        file = folder / path
        return FileDigest(path, file.lstat().st_size, digest(file))

    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(WORKERS) as pool:
        return tuple(pool.map(one, paths))
