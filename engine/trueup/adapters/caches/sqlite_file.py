"""A file of SQLite that may be damaged, locked, read-only, or taken away at any time."""

import contextlib
import os
import sqlite3
from pathlib import Path

_PATIENCE_SECONDS = 5.0
_KEPT_VERSIONS = 3
"""Files of other versions of trueup; who switches between branches of a dependency comes back to them."""
FAILURES = (sqlite3.Error, ValueError, OSError)
"""What a damaged file raises: now and then its damage is in the very text that tells of it. And what is raised where
nobody may look, or a name is too long, or somebody takes the file away meanwhile."""

_PASSING = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_READONLY", "SQLITE_FULL", "SQLITE_CANTOPEN")


def connect(path: Path, *tables: str) -> sqlite3.Connection:
    """Open the file at *path* with *tables*, each its name and columns; transactions are begun by whoever needs one.

    Raises:
        sqlite3.OperationalError: It is locked, or there is no room for it.
        sqlite3.DatabaseError: It is damaged.
        ValueError: It is damaged in the text that would tell so.
        OSError: Nobody may look at it.
    """
    can_write = os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))
    # Without a writable folder there is no room for a journal; what is in the file itself can still be read.
    address = path.absolute().as_uri() + ("?mode=rwc" if can_write else "?immutable=1")
    connection = sqlite3.connect(address, uri=True, timeout=_PATIENCE_SECONDS, check_same_thread=False)
    try:
        if can_write:
            # No write-ahead log: its index is memory shared through a file, and who cuts that file short while it is
            # mapped, as whatever cleans caches may, ends every process that looks at it.
            connection.execute("PRAGMA journal_mode=TRUNCATE")
            connection.execute("PRAGMA synchronous=OFF")
            for table in tables:
                connection.execute(f"CREATE TABLE IF NOT EXISTS {table}")
        for table in tables:
            connection.execute(f"SELECT * FROM {table.split(' ')[0]} LIMIT 1").fetchone()  # noqa: S608 - our own names
    except FAILURES:
        connection.close()
        raise
    return connection


def is_whole(connection: sqlite3.Connection) -> bool:
    """Tell whether SQLite finds nothing wrong with its file."""
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.OperationalError:
        return True
    except FAILURES:
        return False


def is_passing(error: Exception) -> bool:
    """Tell whether an error says nothing against the file: it is locked, may not be written, or has no room."""
    return isinstance(error, OSError) or getattr(error, "sqlite_errorname", "").startswith(_PASSING)


def remove(path: Path) -> None:
    """Take the file away, with its journal."""
    for name in (path, path.with_name(path.name + "-journal")):
        with contextlib.suppress(OSError):
            name.unlink()


def prune(path: Path, prefix: str) -> None:
    """Take away the files of all other versions but the newest ones."""
    others = [p for p in path.parent.glob(f"{prefix}*.db") if p != path]
    others.sort(key=lambda p: p.stat().st_mtime, reverse=True)
    for other in others[_KEPT_VERSIONS:]:
        remove(other)
