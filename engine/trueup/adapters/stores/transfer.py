"""Copying an artifact's files in: each byte read once and hashed on the way, several files at a time, resumable."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from trueup.adapters.sources import codes as source_codes
from trueup.adapters.sources.reading import read_on
from trueup.adapters.sources.retries import PATIENT, Patience
from trueup.adapters.sources.safety import check_paths
from trueup.adapters.sources.source import Listing, SourceFile
from trueup.adapters.stores.hashing import CHUNK_BYTES, WORKERS, FileDigest, spell
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.ports import Progress

REPORT_SECONDS = 0.1
"""How often progress is told: smooth for the eye, nothing for the processor."""

CONNECTIONS = 8
"""Files read at once over a network, where waiting is most of the time."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy gave; `resumed` counts the bytes that an earlier try had left."""

    files: tuple[FileDigest, ...]
    resumed_bytes: int


class _Tally:
    """Bytes done, counted from several threads, and the sign to stop."""

    def __init__(self, patience: Patience) -> None:
        self._lock = threading.Lock()
        self.patience = patience
        self.done_bytes = 0
        self.resumed_bytes = 0
        self.stop = threading.Event()

    def add(self, count: int, *, resumed: bool = False) -> None:
        with self._lock:
            self.done_bytes += count
            self.resumed_bytes += count if resumed else 0


def copy_listing(
    listing: Listing, target: Path, what: str, progress: Progress, *, patience: Patience = PATIENT
) -> Copied:
    """Copy the files of *listing* below *target*, continuing what an earlier try left there.

    The bytes of an earlier try are hashed again but not compared with the source: the caller compares the digest of
    the whole, and starts over without them when it is wrong. A file whose digest the source tells is compared here.
    """
    check_paths([f.path for f in listing.files], what)
    tally = _Tally(patience)
    return Copied(
        _each(listing, lambda f: _copy_one(f, target / f.path, tally), what, progress, tally), tally.resumed_bytes
    )


def hash_listing(
    listing: Listing, what: str, progress: Progress, *, patience: Patience = PATIENT
) -> tuple[FileDigest, ...]:
    """Read the files of *listing* and return their digests; what the source tells of a file is believed unread.

    Whoever fetches the artifact later compares what comes, so that a source that lies is found out there.
    """
    tally = _Tally(patience)
    return _each(listing, lambda f: _hash_one(f, tally), what, progress, tally)


def _each(
    listing: Listing, work: Callable[[SourceFile], FileDigest], what: str, progress: Progress, tally: _Tally
) -> tuple[FileDigest, ...]:
    """Do *work* for every file, several at a time, and tell how far it is; the first failure ends all of it."""
    total = listing.size_bytes
    workers = CONNECTIONS if listing.is_remote else WORKERS
    with ThreadPoolExecutor(max(1, min(workers, len(listing.files)))) as pool:
        futures = [pool.submit(work, f) for f in listing.files]
        try:
            _follow(futures, lambda: progress(what, tally.done_bytes, total))
        except BaseException:
            tally.stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    progress(what, total, total)
    return tuple(f.result() for f in futures)


def _follow(futures: list[Future[FileDigest]], tell: Callable[[], None]) -> None:
    pending = set(futures)
    while pending:
        done, pending = wait(pending, timeout=REPORT_SECONDS, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
        tell()


def _copy_one(file: SourceFile, target: Path, tally: _Tally) -> FileDigest:
    target.parent.mkdir(parents=True, exist_ok=True)
    with _dropped_when_changed(target):
        copied, resumed_bytes = _append(file, target, tally)
        if file.digest in (None, copied.digest) or tally.stop.is_set():
            return copied
        target.unlink()
        tally.add(-copied.size_bytes)
        if resumed_bytes:
            return _copy_one(file, target, tally)
    detail = f"`{file.path}` has {copied.digest}, and its source says {file.digest}."
    raise PermanentError(source_codes.OTHER_BYTES, detail)


def _append(file: SourceFile, target: Path, tally: _Tally) -> tuple[FileDigest, int]:
    """Copy what *target* does not have yet; return what it is then, and how much of it was there."""
    state = hashlib.sha256()
    with target.open("a+b") as output:
        length = resumed_bytes = _take_over(output, file.size_bytes, state.update)
        tally.add(length, resumed=True)
        for chunk in read_on(file, length, tally.patience, tally.stop):
            output.write(chunk)
            state.update(chunk)
            length += len(chunk)
            tally.add(len(chunk))
        output.flush()
        os.fsync(output.fileno())
    return FileDigest(file.path, length, spell(state.hexdigest())), resumed_bytes


def _hash_one(file: SourceFile, tally: _Tally) -> FileDigest:
    if file.digest:
        tally.add(file.size_bytes)
        return FileDigest(file.path, file.size_bytes, file.digest)
    state = hashlib.sha256()
    for chunk in read_on(file, 0, tally.patience, tally.stop):
        state.update(chunk)
        tally.add(len(chunk))
    return FileDigest(file.path, file.size_bytes, spell(state.hexdigest()))


@contextmanager
def _dropped_when_changed(target: Path) -> Iterator[None]:
    """Remove what was copied of a file that is another one now: nothing can be continued from it."""
    try:
        yield
    except PermanentError as error:
        if error.code is source_codes.CHANGED:
            target.unlink(missing_ok=True)
        raise


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
