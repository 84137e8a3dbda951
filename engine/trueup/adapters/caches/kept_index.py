"""`KeptIndex` in one SQLite file: many small parts, each held to a digest in a root that is held to one itself.

What is read is thus what was written together, or it is not there: a part that is damaged, missing, or left from an
earlier state after a failure of power does not fit its root. A name lies in the part that its checksum chooses.
"""

import contextlib
import hashlib
import json
import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from trueup.adapters.caches.sqlite_file import FAILURES, connect, is_passing, prune, remove

FORMAT = 1
LIMIT_BYTES = 512 << 20
_PREFIX = "index-"
_TABLES = (
    "parts (number INTEGER PRIMARY KEY, packed BLOB)",
    "root (number INTEGER PRIMARY KEY, seals BLOB, seal BLOB)",
)
_EACH = 8
"""Texts in a part, about: fewer make the root longer, more make what is read for one text longer."""
_SEAL_BYTES = 16
_ASKED_AT_ONCE = 500


class DamagedError(ValueError):
    """What was read is not what was written."""


class SqliteIndex:
    """Texts by name below *folder*, of readers that have *identity*."""

    def __init__(self, folder: Path, identity: str) -> None:
        self._path = folder / f"{_PREFIX}{FORMAT}-{identity[:24]}.db"
        self._key = identity.encode()[:64]
        self._connection: sqlite3.Connection | None = None
        self._seals: bytearray | None = None

    def read(self, names: Collection[str]) -> dict[str, str] | None:
        """Return those of *names* that there are; until `change`, all that is read belongs together.

        What is damaged is made anew by whoever looks at everything next.
        """
        try:
            connection = self._opened()
            seals = self._root(connection) if connection else None
            if connection is None or seals is None:
                return None
            wanted = _by_part(names, len(seals) // _SEAL_BYTES)
            found: dict[str, str] = {}
            for number, texts in self._parts(connection, seals, wanted):
                found.update((name, texts[name]) for name in wanted[number] if name in texts)
        except FAILURES:
            self._close()
            return None
        return found

    def change(self, changes: Mapping[str, str | None]) -> None:
        """Give names other texts, or none; ends what was read together."""
        connection, seals = self._connection, self._seals
        try:
            if connection is not None and seals is not None and changes:
                wanted = _by_part(changes, len(seals) // _SEAL_BYTES)
                for number, texts in list(self._parts(connection, seals, wanted)):
                    for name in wanted[number]:
                        text = changes[name]
                        if text is None:
                            texts.pop(name, None)
                        else:
                            texts[name] = text
                    self._write(connection, seals, number, texts)
                self._write_root(connection, seals)
                connection.execute("COMMIT")
        except FAILURES:
            self._close()
        else:
            self._close()

    def replace(self, texts: Mapping[str, str]) -> None:
        """Keep *texts* and nothing else."""
        self._close()
        for _ in range(2):
            try:
                self._replace(texts)
            except FAILURES as error:
                self._close()
                if is_passing(error):
                    return
                remove(self._path)  # it is damaged, or was made by something else
            else:
                self._close()
                return

    def _replace(self, texts: Mapping[str, str]) -> None:
        connection = self._opened(to_write=True)
        if connection is None:
            return
        count = 1 << max(0, (len(texts) // _EACH - 1).bit_length())
        seals = bytearray(count * _SEAL_BYTES)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM parts")
        names = _by_part(texts, count)
        for number in range(count):
            self._write(connection, seals, number, {name: texts[name] for name in names.get(number, ())})
        self._write_root(connection, seals)
        connection.execute("COMMIT")

    def _root(self, connection: sqlite3.Connection) -> bytearray | None:
        if self._seals is None:
            connection.execute("BEGIN")
            row = connection.execute("SELECT seals, seal FROM root").fetchone()
            if row is None:
                return None
            seals, seal = row
            if not isinstance(seals, bytes) or seal != self._seal(-1, seals):
                raise DamagedError
            self._seals = bytearray(seals)
        return self._seals

    def _parts(
        self, connection: sqlite3.Connection, seals: bytearray, numbers: Iterable[int]
    ) -> Iterator[tuple[int, dict[str, str]]]:
        asked = sorted(numbers)
        for start in range(0, len(asked), _ASKED_AT_ONCE):
            some = asked[start : start + _ASKED_AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = connection.execute(f"SELECT number, packed FROM parts WHERE number IN ({marks})", some).fetchall()  # noqa: S608 - only marks
            if len(rows) != len(some):
                raise DamagedError
            for number, packed in rows:
                at = number * _SEAL_BYTES
                if not isinstance(packed, bytes) or self._seal(number, packed) != seals[at : at + _SEAL_BYTES]:
                    raise DamagedError
                yield number, json.loads(packed)

    def _write(self, connection: sqlite3.Connection, seals: bytearray, number: int, texts: dict[str, str]) -> None:
        packed = json.dumps(texts, separators=(",", ":"), ensure_ascii=False).encode()
        at = number * _SEAL_BYTES
        seals[at : at + _SEAL_BYTES] = self._seal(number, packed)
        connection.execute("INSERT OR REPLACE INTO parts VALUES (?, ?)", (number, packed))

    def _write_root(self, connection: sqlite3.Connection, seals: bytearray) -> None:
        whole = bytes(seals)
        connection.execute("INSERT OR REPLACE INTO root VALUES (0, ?, ?)", (whole, self._seal(-1, whole)))

    def _seal(self, number: int, content: bytes) -> bytes:
        return hashlib.blake2b(b"%d\0" % number + content, digest_size=_SEAL_BYTES, key=self._key).digest()

    def _opened(self, *, to_write: bool = False) -> sqlite3.Connection | None:
        if self._connection is None:
            if not self._path.exists():
                if not to_write:
                    return None
                try:
                    self._path.parent.mkdir(parents=True, exist_ok=True)
                    prune(self._path, _PREFIX)
                except OSError:
                    return None
            elif self._path.stat().st_size > LIMIT_BYTES:
                remove(self._path)
            self._connection = connect(self._path, *_TABLES)
            self._connection.isolation_level = None
        return self._connection

    def _close(self) -> None:
        connection, self._connection, self._seals = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(*FAILURES):
                connection.close()


def _by_part(names: Iterable[str], count: int) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for name in names:
        found[zlib.crc32(name.encode()) % count].append(name)
    return found
