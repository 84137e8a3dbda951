"""An SQLite file that anybody may delete, damage or use at the same time: whatever happens, the work is done.

What cannot be read as it was written is set aside and made anew under the next number, so that nobody who still has
the old file open meets the new one. A file that cannot be used now (no space, no right to write, another run that
takes too long) is not waited for: the work is done in memory, which costs time and nothing else.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from trueup.core.frozen import dataclass

_T = TypeVar("_T")

_PATIENCE_SECONDS = 30.0
"""How long another run is waited for: as long as it may take to make a large index, which then need not be made."""

_UNUSABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_AUTH,
    }
)
"""Errors of the place and not of the content."""


class DamagedIndexError(Exception):
    """The index says what cannot be; whoever finds that raises it, and the index is made anew."""


@dataclass(frozen=True, slots=True)
class IndexFile:
    """One index.

    Attributes:
        folder: Where it lies; made when needed.
        name: What it is about, for the file's name.
        version: All that its content depends on besides git; another one is another index.
        tables: Statements that make it.
    """

    folder: Path
    name: str
    version: str
    tables: Sequence[str]

    def use(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Return what *work* returns for the index; it may be called again, with a new one, and must bear that."""
        for _ in range(2):
            try:
                with self._opened() as connection:
                    return work(connection)
            except DamagedIndexError:
                self._set_aside()
            except OSError:
                break
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", 0) & 0xFF in _UNUSABLE:
                    break
                self._set_aside()
        with closing(_connected(":memory:")) as connection:
            self._make(connection)
            return work(connection)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        self.folder.mkdir(parents=True, exist_ok=True)
        number = max(self._numbers(), default=1)
        with closing(_connected(str(self._path(number)))) as connection:
            connection.execute("PRAGMA synchronous = NORMAL")
            found = connection.execute("SELECT name FROM sqlite_schema WHERE name = 'made_for'").fetchone()
            if found is None:
                self._make(connection)
            (version,) = connection.execute("SELECT version FROM made_for").fetchone() or ("",)
            (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
            # SQLite takes what lacks at the end of the last page for zeros.
            if version != self.version or self._path(number).stat().st_size % page_bytes:
                raise DamagedIndexError
            yield connection

    def _make(self, connection: sqlite3.Connection) -> None:
        with transaction(connection):
            if connection.execute("SELECT name FROM sqlite_schema").fetchone() is None:
                connection.execute("CREATE TABLE made_for (version TEXT NOT NULL)")
                connection.execute("INSERT INTO made_for VALUES (?)", (self.version,))
                for statement in self.tables:
                    connection.execute(statement)

    def _numbers(self) -> list[int]:
        found = (
            path.name.removesuffix(".sqlite").rpartition("-")[2] for path in self.folder.glob(f"{self.name}-*.sqlite")
        )
        return [int(number) for number in found if number.isdigit()]

    def _path(self, number: int) -> Path:
        return self.folder / f"{self.name}-{number}.sqlite"

    def _set_aside(self) -> None:
        numbers = self._numbers()
        with suppress(OSError):
            self._path(max(numbers, default=1) + 1).touch()
            for number in numbers:
                for ending in ("", "-journal"):
                    self._path(number).with_name(f"{self._path(number).name}{ending}").unlink(missing_ok=True)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all or nothing; other writers wait."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _connected(path: str) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)
