"""What was found out before about where things are, under all that it depends on.

Where the ledger is takes a dozen runs of git and a reader of YAML. It depends on the project file, on what is checked
out and on where all refs are; while those are the same, it need not be found again. For showing alone: what is written,
and whose records count in a decision, is found out each time.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from zlib import crc32

from trueup.adapters.git.repository import Repository
from trueup.adapters.history.index_file import IndexFile, transaction
from trueup.core.digests import digest_of_bytes
from trueup.core.frozen import dataclass
from trueup.core.json import Json, canonical

TABLES = ("CREATE TABLE places (key TEXT PRIMARY KEY, value BLOB NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID",)
_MOST = 64
"""Places that are kept; beyond, all are forgotten, and found again as they are needed."""


@dataclass(frozen=True, slots=True)
class Refs:
    """Where all refs of a repository are, at one moment; `head` is empty where nothing is committed."""

    head: str
    spelled: bytes

    def commit_of(self, ref: str) -> str:
        """Return what *ref* names, empty when it is not there."""
        ending = f" {ref}".encode()
        return next((line.split(b" ")[0].decode() for line in self.spelled.splitlines() if line.endswith(ending)), "")


def read_refs(repository: Repository) -> Refs:
    """Ask git once for what is checked out and where all refs are."""
    listed = (repository.ask("show-ref", "--head") or "").encode("utf-8", "surrogateescape")
    first = listed.partition(b"\n")[0]
    return Refs(first.split(b" ")[0].decode() if first.endswith(b" HEAD") else "", listed)


def place_key(repository: Repository, refs: Refs, project_file: str, said: Sequence[str]) -> str:
    """Name all that a place depends on; *said* is what the user and this version of the tool add."""
    parts = ["\0".join(said).encode(), refs.spelled]
    for file in (repository.root / project_file, repository.common_dir / "shallow"):
        with suppress(OSError):
            parts.append(file.read_bytes())
        parts.append(b"")
    with suppress(OSError):
        # What git holds to be the content of the project file may be another than what lies on the disk.
        index = (repository.git_dir / "index").stat()
        parts.append(f"{index.st_mtime_ns} {index.st_size}".encode())
    return digest_of_bytes(b"\0".join(digest_of_bytes(part).encode() for part in parts))


def remembered(file: IndexFile, key: str) -> Mapping[str, Json] | None:
    """Return what was kept under *key*; None without it, or when it is damaged."""

    def work(connection: sqlite3.Connection) -> tuple[bytes, int] | None:
        row: tuple[bytes, int] | None
        row = connection.execute("SELECT value, sum FROM places WHERE key = ?", (key,)).fetchone()
        return row

    row = file.use(work)
    if row is None or crc32(key.encode() + row[0]) != row[1]:
        return None
    found = json.loads(row[0])
    return found if isinstance(found, dict) else None


def remember(file: IndexFile, key: str, value: Mapping[str, Json]) -> None:
    """Keep *value* under *key*."""
    content = canonical(dict(value))

    def work(connection: sqlite3.Connection) -> None:
        with transaction(connection):
            if connection.execute("SELECT count(*) FROM places").fetchone()[0] >= _MOST:
                connection.execute("DELETE FROM places")
            row = (key, content, crc32(key.encode() + content))
            connection.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", row)

    file.use(work)
