"""Ports of a run: progress, time, the ledger, the lock and the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest
from trueup.core.json import Json

if TYPE_CHECKING:
    from trueup.ledger.audit import ResourceChange
    from trueup.ledger.filters import Filter
    from trueup.ledger.record import Draft, Record


Progress = Callable[[str, int, int], None]
"""Told (what, done, total) in bytes or examples while work goes on; total 0 when unknown, `NOTICE` to say *what* once.

Work whose total is unknown ends with (what, 1, 1).
"""

NOTICE = -1
"""In place of a total: nothing goes on, it is only worth knowing."""


class Clock(Protocol):
    """The only way to the time."""

    def now(self) -> datetime:
        """Return the time, UTC and aware."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class LedgerDocuments(Protocol):
    """What records keep beside them, for reading many."""

    def beside(self, wanted: Iterable[tuple[Record, Digest]]) -> Iterator[tuple[Record, bytes | None]]:
        """Yield each record with its document of that digest; an empty digest asks for none.

        None stands for a document that is not there, or is not what the digest says, which `verify` reports.
        """
        ...


class LedgerReader(LedgerDocuments, Protocol):
    """The records."""

    def records(self) -> Iterator[Record]:
        """Yield all records, newest first; raise at one that was changed or does not stand where it was written."""
        ...

    def attachment(self, digest: Digest, beside: Record | None = None) -> bytes | None:
        """Return a document kept beside a record; it is found at once when that record is known."""
        ...

    def verify(self) -> tuple[int, tuple[Diagnostic, ...]]:
        """Return how many records there are and every break of the chain, offline."""
        ...


class RecordFinder(Protocol):
    """Finds records without reading those that a question is not about."""

    def matching(self, wanted: Filter, most: int = 0) -> Iterator[Record]:
        """Yield the records that *wanted* asks for, newest first, at most *most* (0: all)."""
        ...

    def deciding(self, time: datetime, environment: str = "") -> Iterator[Record]:
        """Yield, newest first, the records that tell what *environment* (empty: every one) was serving at *time*.

        Others may be among them.
        """
        ...


class ChangeFinder(Protocol):
    """Finds the commits that changed a resource."""

    def changes(self, wanted: Filter, most: int = 0) -> tuple[ResourceChange, ...]:
        """Return what commits did to `wanted.resource`, newest first, at most *most* (0: all).

        Those that the commit checked out builds on. Of *wanted*, times and the environment of deployments count, too.
        """
        ...


class Ledger(LedgerReader, Protocol):
    """The records, with the right to add one."""

    def append(self, draft: Draft) -> Record:
        """Add a record at the end; when another run got there first, take the next place."""
        ...


STORE_LOCK, LEDGER_LOCK = "@store", "@ledger"
"""Locks that are no environment's: the store, shared by what reads artifacts that no environment declares and held by
what removes some; and the ledger, held to see whether a record is there before it is written."""


class Lock(Protocol):
    """One apply at a time in an environment."""

    def hold(self, environment: str, command: str, timeout_seconds: float) -> AbstractContextManager[None]:
        """Hold the lock while the context lasts; raise `LockHeldError` that names the holder."""
        ...

    def share(self, environment: str, command: str, timeout_seconds: float) -> AbstractContextManager[None]:
        """Hold the lock with others that share it, so that nobody can hold it alone; raise as `hold` does."""
        ...


class Journal(Protocol):
    """What an apply is about to do, written and synced before it does it."""

    def write(self, environment: str, entry: Mapping[str, Json]) -> None:
        """Append *entry* durably."""
        ...

    def unfinished(self, environment: str) -> tuple[Mapping[str, Json], ...]:
        """Return the entries of a run that did not end; a torn last line is left out."""
        ...

    def close(self, environment: str) -> None:
        """Mark the run as ended."""
        ...

    def runs(self, prefix: str) -> tuple[str, ...]:
        """Return the names that begin with *prefix* and have a run that did not end, sorted."""
        ...


class Orders(Protocol):
    """What people say to a rollout that goes on in another process: `continue` or `abort`."""

    def give(self, environment: str, deployment: str, order: str) -> None:
        """Leave *order* for the rollout of *deployment*, in place of one that was not taken yet."""
        ...

    def take(self, environment: str, deployment: str) -> str:
        """Return the order that was left and forget it; empty when there is none."""
        ...
