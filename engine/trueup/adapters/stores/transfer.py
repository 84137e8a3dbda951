"""Copying an artifact's files in: each byte read once and hashed on the way, several files at a time, resumable."""

import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from trueup.adapters.sources import codes as source_codes
from trueup.adapters.sources.source import Listing, SourceFile
from trueup.adapters.stores.hashing import CHUNK_BYTES, WORKERS, FileDigest, spell
from trueup.core.errors import PermanentError
from trueup.ports import Progress

REPORT_SECONDS = 0.1
"""How often progress is told: smooth for the eye, nothing for the processor."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy gave; `resumed` counts the bytes that an earlier try had left."""

    files: tuple[FileDigest, ...]
    resumed_bytes: int


class _Tally:
    """Bytes done, counted from several threads, and the sign to stop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.done_bytes = 0
        self.resumed_bytes = 0
        self.stop = threading.Event()

    def add(self, count: int, *, resumed: bool = False) -> None:
        with self._lock:
            self.done_bytes += count
            self.resumed_bytes += count if resumed else 0


def copy_listing(listing: Listing, target: Path, what: str, progress: Progress) -> Copied:
    """Copy the files of *listing* below *target*, continuing what an earlier try left there.

    The bytes of an earlier try are hashed again but not compared with the source: the caller compares the digest of
    the whole, and starts over without them when it is wrong.
    """
    for file in listing.files:
        _check_path(file.path)
    tally = _Tally()
    total = listing.size_bytes
    with ThreadPoolExecutor(max(1, min(WORKERS, len(listing.files)))) as pool:
        futures = [pool.submit(_copy_one, f, target / f.path, tally) for f in listing.files]
        try:
            _follow(futures, lambda: progress(what, tally.done_bytes, total))
        except BaseException:
            tally.stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    progress(what, total, total)
    return Copied(tuple(f.result() for f in futures), tally.resumed_bytes)


def _follow(futures: list[Future[FileDigest]], tell: Callable[[], None]) -> None:
    pending = set(futures)
    while pending:
        done, pending = wait(pending, timeout=REPORT_SECONDS, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
        tell()


def _check_path(path: str) -> None:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path:
        raise PermanentError(source_codes.OUTSIDE, f"The source lists a file as `{path}`.")


def _copy_one(file: SourceFile, target: Path, tally: _Tally) -> FileDigest:
    target.parent.mkdir(parents=True, exist_ok=True)
    state = hashlib.sha256()
    with target.open("a+b") as output:
        length = _take_over(output, file.size_bytes, state.update)
        tally.add(length, resumed=True)
        with _open(file, length) as content:
            while chunk := _read(file, content):
                if tally.stop.is_set():
                    break
                output.write(chunk)
                state.update(chunk)
                length += len(chunk)
                tally.add(len(chunk))
        output.flush()
        os.fsync(output.fileno())
    if length != file.size_bytes and not tally.stop.is_set():
        target.unlink()
        detail = f"`{file.path}` had {file.size_bytes:,} bytes when it was listed and {length:,} when it was read."
        raise PermanentError(source_codes.CHANGED, detail)
    return FileDigest(file.path, length, spell(state.hexdigest()))


def _take_over(output: BinaryIO, size: int, update: Callable[[bytes], None]) -> int:
    """Hash what an earlier try left and return its length; drop it when it is longer than the whole can be."""
    length = output.seek(0, os.SEEK_END)
    if length > size:
        output.truncate(0)
        return 0
    output.seek(0)
    while chunk := output.read(CHUNK_BYTES):
        update(chunk)
    return length


def _open(file: SourceFile, offset: int) -> BinaryIO:
    try:
        return file.open_at(offset)
    except OSError as error:
        raise PermanentError(source_codes.UNREADABLE, f"`{file.path}`: {error.strerror or error}.") from error


def _read(file: SourceFile, content: BinaryIO) -> bytes:
    try:
        return content.read(CHUNK_BYTES)
    except OSError as error:
        raise PermanentError(source_codes.UNREADABLE, f"`{file.path}`: {error.strerror or error}.") from error
