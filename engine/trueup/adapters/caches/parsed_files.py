"""`ParsedFiles` in one SQLite file: a row for each blob, sealed, so that damage reads as if nothing were kept.

Every run may write at once, and any failure costs time and nothing else: a file that is damaged, or was made by
something else, is made anew; a folder that cannot be written is read; a disk that is full stops the keeping.
"""

import contextlib
import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from trueup.adapters.caches.sqlite_file import FAILURES, connect, is_whole, prune, remove
from trueup.core.digests import BlobId

FORMAT = 2
LIMIT_BYTES = 512 << 20
"""A hundred thousand resources take about 130 MB. A larger file is made anew, which costs one cold run."""
_ASKED_AT_ONCE = 500
_PREFIX = "files-"
_TABLE = "files (blob TEXT PRIMARY KEY, seal BLOB, packed BLOB)"


class SqliteParsedFiles:
    """Rows below *folder*, of readers that have *identity*."""

    def __init__(self, folder: Path, identity: str, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self._path = folder / f"{_PREFIX}{FORMAT}-{identity[:24]}.db"
        self._identity = identity.encode()
        self._limit_bytes = limit_bytes
        self._connection: sqlite3.Connection | None = None
        self._is_closed = False

    def recall(self, blobs: Sequence[BlobId]) -> dict[BlobId, bytes]:
        """Return what is kept of *blobs*; what is damaged is as if it were not."""
        found: dict[BlobId, bytes] = {}
        try:
            connection = self._opened()
            if connection is None:
                return {}
            for start in range(0, len(blobs), _ASKED_AT_ONCE):
                some = blobs[start : start + _ASKED_AT_ONCE]
                marks = ",".join("?" * len(some))
                rows = connection.execute(f"SELECT blob, seal, packed FROM files WHERE blob IN ({marks})", some)  # noqa: S608 - only marks
                for blob, seal, packed in rows:
                    if isinstance(packed, bytes) and seal == self._seal(blob, packed):
                        found[BlobId(blob)] = packed
        except FAILURES:
            self._give_up()
        return found

    def keep(self, packed: Mapping[BlobId, bytes]) -> None:
        """Keep *packed*; what is kept already and whole is written again, which mends what is damaged."""
        try:
            connection = self._opened(to_write=True)
            if connection is None:
                return
            rows = [(blob, self._seal(blob, content), content) for blob, content in packed.items()]
            with connection:
                connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", rows)
        except FAILURES:
            self._give_up()

    def close(self) -> None:
        """Let the file go."""
        if self._connection is not None:
            with contextlib.suppress(*FAILURES):
                self._connection.close()
        self._connection = None

    def _seal(self, blob: str, packed: bytes) -> bytes:
        return hashlib.blake2b(blob.encode() + b"\0" + packed, digest_size=16, key=self._identity[:64]).digest()

    def _opened(self, *, to_write: bool = False) -> sqlite3.Connection | None:
        if self._connection is None and not self._is_closed:
            if not self._path.exists():
                if not to_write:
                    return None
                self._make_folder()
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        with contextlib.suppress(OSError):
            if self._path.stat().st_size > self._limit_bytes:
                remove(self._path)
        try:
            return connect(self._path, _TABLE)
        except sqlite3.OperationalError:
            raise  # locked, read-only or no disk: the file itself may be good
        except (sqlite3.DatabaseError, ValueError):
            remove(self._path)
            return connect(self._path, _TABLE)

    def _make_folder(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            prune(self._path, _PREFIX)
        except OSError:
            self._is_closed = True

    def _give_up(self) -> None:
        """Leave the file alone for the rest of this run; one that is damaged is taken away for the next."""
        connection, self._connection, self._is_closed = self._connection, None, True
        if connection is None:
            return
        is_good = is_whole(connection)
        with contextlib.suppress(*FAILURES):
            connection.close()
        if not is_good:
            remove(self._path)
