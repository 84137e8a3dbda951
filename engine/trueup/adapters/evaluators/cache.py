"""What came of single examples before, by the digest of everything that decides it: a re-run costs what changed."""

import atexit
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from trueup.adapters.evaluators.work import ResultCache
from trueup.core.digests import Digest
from trueup.core.json import Json, canonical

LIMIT_BYTES = 256 << 20
"""Half a million examples with answers; those that were used longest ago go first."""

FILE = "results-1.sqlite"
"""Named by the form of its table: another form is another file, and the old one is only so many bytes."""

_PATIENCE_SECONDS = 10.0
"""How long a writer waits for another process; a write takes milliseconds."""

_NOTED_SECONDS = 3600.0
"""What was used within the hour is not noted again: a re-run writes nothing."""

_MOST_ON_DISK = 2
"""Times the limit that the file may have, with keys and empty pages, before a run cleans up first."""

_SHARE_KEPT = 0.75
"""Of the limit, so that not every run has to clean up."""

_TABLE = (
    "CREATE TABLE IF NOT EXISTS results"
    " (key BLOB PRIMARY KEY, value BLOB NOT NULL, sum INTEGER NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID"
)


class _NoCache:
    def find(self, key: Digest) -> Mapping[str, Json] | None:  # noqa: ARG002 - nothing is ever there
        return None

    def keep(self, key: Digest, value: Mapping[str, Json]) -> None:
        """Forget it."""


NO_CACHE: ResultCache = _NoCache()


class FolderCache:
    """`ResultCache` in a folder that anybody may delete; used by several threads and processes at once.

    What is kept is there after a kill: SQLite's write-ahead log holds whole rows or none. A row that does not fit its
    own checksum is not there, a file that is none is begun anew, and a disk that cannot be written costs only time.

    Args:
        folder: Where it is; made when something is kept.
        now: Seconds, for what was used when.
    """

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._folder, self._now = folder, now
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None
        self._used: set[bytes] = set()

    def find(self, key: Digest) -> Mapping[str, Json] | None:
        """Return what was kept under *key*; None without it, or when it is damaged."""
        name = _name(key)
        with self._lock:
            row = self._row(name)
            if row is not None and row[2] < self._now() - _NOTED_SECONDS:
                self._used.add(name)
        if row is None or crc32(name + row[0]) != row[1]:
            return None
        try:
            value = json.loads(row[0])
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def keep(self, key: Digest, value: Mapping[str, Json]) -> None:
        """Keep *value* under *key*, whole or not at all."""
        name, content = _name(key), canonical(dict(value))
        row = (name, content, crc32(name + content), int(self._now()))
        with self._lock, suppress(sqlite3.Error, OSError):
            self._connection(make=True).execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", row)

    def close(self) -> None:
        """Note what was used, for `collect`; the cache may be used again."""
        with self._lock:
            connection, self._opened = self._opened, None
            if connection is None:
                return
            atexit.unregister(self.close)
            with suppress(sqlite3.Error):
                connection.execute("BEGIN")
                now = int(self._now())
                connection.executemany("UPDATE results SET used = ? WHERE key = ?", [(now, k) for k in self._used])
                connection.execute("COMMIT")
            self._used.clear()
            connection.close()

    def tidy(self, limit_bytes: int = LIMIT_BYTES) -> int:
        """Do as `collect` where the file is so large that it is worth the time; else only look at its size."""
        try:
            size = (self._folder / FILE).stat().st_size
        except OSError:
            return 0
        return self.collect(limit_bytes) if size > _MOST_ON_DISK * limit_bytes else 0

    def collect(self, limit_bytes: int = LIMIT_BYTES, max_age_seconds: float | None = None) -> int:
        """Remove what was not used for so long, then the oldest until three quarters of the limit are left.

        Returns:
            Bytes of values that were removed.
        """
        self.close()
        if not (self._folder / FILE).exists():
            return 0
        with self._lock, suppress(sqlite3.Error):
            connection = self._connection(make=False)
            before = _held(connection)
            if max_age_seconds is not None:
                connection.execute("DELETE FROM results WHERE used < ?", (int(self._now() - max_age_seconds),))
            held = _held(connection)
            if held > limit_bytes:
                too_much = held - int(limit_bytes * _SHARE_KEPT)
                connection.execute(
                    "DELETE FROM results WHERE key IN (SELECT key FROM (SELECT key, sum(length(value)) OVER"
                    " (ORDER BY used, key) - length(value) AS before FROM results) WHERE before < ?)",
                    (too_much,),
                )
            removed = before - _held(connection)
            if removed:
                connection.execute("VACUUM")
            return removed
        return 0

    def _row(self, name: bytes) -> tuple[bytes, int, int] | None:
        if self._opened is None and not (self._folder / FILE).exists():
            return None
        try:
            asked = "SELECT value, sum, used FROM results WHERE key = ?"
            row = self._connection(make=False).execute(asked, (name,)).fetchone()
        except (sqlite3.OperationalError, OSError):
            return None
        except sqlite3.DatabaseError:
            self._set_aside()
            return None
        is_whole = row is not None and isinstance(row[0], bytes) and all(isinstance(n, int) for n in row[1:])
        return (row[0], row[1], row[2]) if is_whole else None

    def _connection(self, *, make: bool) -> sqlite3.Connection:
        if self._opened is None:
            path = self._folder / FILE
            if make:
                path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._opened = _connect(path)
            except sqlite3.OperationalError:
                # Another process is at work, or the disk cannot be written.
                raise
            except sqlite3.DatabaseError:
                self._set_aside()
                self._opened = _connect(path)
            atexit.register(self.close)
        return self._opened

    def _set_aside(self) -> None:
        """Begin anew in place of a file that is no database, or a damaged one; nothing is lost that cannot be made."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        with suppress(OSError):
            # Its log would be taken for the new file's.
            for ending in ("-wal", "-shm", ""):
                (self._folder / f"{FILE}{ending}").unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # A power cut may take the last rows, never the file; they are computed again.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_TABLE)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _held(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(sum(length(value)), 0) FROM results").fetchone()[0])


def _name(key: Digest) -> bytes:
    return bytes.fromhex(key.removeprefix("sha256:"))
