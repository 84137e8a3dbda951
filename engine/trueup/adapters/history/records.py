"""Which records of the ledger are about what, so that a question reads the records that answer it and no others.

The index names commits; what they hold is read from git and held to its digest, and the functions that answer from a
whole ledger answer from those few records. `audit verify` never comes here.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice

from trueup.adapters.git import ledger_reading as reading
from trueup.adapters.git.ledger_git import LedgerGit
from trueup.adapters.history.index_file import DamagedIndexError, IndexFile, transaction
from trueup.core.errors import TrueupError
from trueup.core.frozen import dataclass
from trueup.core.ids import parse_address
from trueup.ledger.chain import mistrust
from trueup.ledger.filters import Filter, filter_records, matcher
from trueup.ledger.record import Record, RecordKind

FORMAT = "1"
TABLES = (
    (
        "CREATE TABLE records (sequence INTEGER PRIMARY KEY, revision TEXT NOT NULL, environment TEXT NOT NULL,"
        " kind TEXT NOT NULL, at INTEGER NOT NULL)"
    ),
    (
        "CREATE TABLE addresses (id INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
        " short TEXT NOT NULL)"
    ),
    "CREATE INDEX addresses_by_name ON addresses (name)",
    "CREATE INDEX addresses_by_short ON addresses (short)",
    (
        "CREATE TABLE mentions (address INTEGER NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (address, sequence))"
        " WITHOUT ROWID"
    ),
    (
        "CREATE TABLE served (deployment TEXT NOT NULL, environment TEXT NOT NULL, sequence INTEGER NOT NULL,"
        " at INTEGER NOT NULL, PRIMARY KEY (deployment, environment, sequence)) WITHOUT ROWID"
    ),
)
_ANY = ""
"""In place of a deployment: a run whose body cannot be understood may be about all of them."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RUNS = frozenset({RecordKind.APPLY, RecordKind.ROLLBACK})

_Row = tuple[int, str]
"""Number and commit of a record."""


@dataclass(frozen=True, slots=True)
class _New:
    """What the index keeps of one record."""

    sequence: int
    commit: str
    environment: str
    kind: str
    at: int
    resources: tuple[str, ...]
    deployments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexedRecords:
    """`RecordFinder` by an index; where there can be none, the ledger is walked.

    Attributes:
        git: The repository.
        tip: The ledger's newest commit; empty when there is none.
        file: The index.
        walk: Yields all records, newest first.
    """

    git: LedgerGit
    tip: str
    file: IndexFile
    walk: Callable[[], Iterator[Record]]

    def matching(self, wanted: Filter, most: int = 0) -> Iterator[Record]:
        """Yield the records that *wanted* asks for, newest first, at most *most* (0: all)."""
        found = self._read(lambda connection: _matching(connection, wanted, most))
        if found is None:
            return _first(filter_records(self.walk(), wanted), most)
        if len(list(filter_records(found, wanted))) != len(found):
            return _first(filter_records(self.walk(), wanted), most)  # it names what was not asked for
        return iter(found)

    def deciding(self, time: datetime, environment: str = "") -> Iterator[Record]:
        """Yield, newest first, the records that tell what was serving at *time*, with or without some others."""
        found = self._read(lambda connection: _deciding(connection, _ticks(time), environment))
        return self.walk() if found is None else iter(found)

    def _read(self, ask: Callable[[sqlite3.Connection], list[_Row]]) -> list[Record] | None:
        """Return the records that the index names; None when there is no index that can be believed."""
        if not self.tip:
            return []

        def work(connection: sqlite3.Connection) -> list[Record]:
            rows = self._asked(connection, self.tip, ask)
            return list(self._records(rows))

        try:
            return self.file.use(work)
        except TrueupError:
            return None  # walking comes to the same record, and tells whether it matters

    def _asked(
        self, connection: sqlite3.Connection, tip: str, ask: Callable[[sqlite3.Connection], list[_Row]]
    ) -> list[_Row]:
        connection.execute("BEGIN")
        is_known = _newest(connection) == tip
        rows = ask(connection) if is_known else []
        connection.execute("COMMIT")
        if is_known:
            return rows
        with transaction(connection):
            if _newest(connection) != tip:
                self._extend(connection, tip)
            return ask(connection)

    def _extend(self, connection: sqlite3.Connection, tip: str) -> None:
        """Add what stands after the newest record that is known; what no longer stands there is forgotten."""
        added: list[_New] = []
        kept = 0
        with closing(reading.records(self.git, tip)) as records:
            for record in records:
                known = connection.execute("SELECT revision FROM records WHERE sequence = ?", (record.sequence,))
                if known.fetchone() == (record.commit,):
                    kept = record.sequence
                    break
                added.append(_new(record))
        for table in ("records", "mentions", "served"):
            connection.execute(f"DELETE FROM {table} WHERE sequence > ?", (kept,))  # noqa: S608 - our own names
        connection.executemany(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?)",
            ((n.sequence, n.commit, n.environment, n.kind, n.at) for n in reversed(added)),
        )
        _add_mentions(connection, added)
        connection.executemany(
            "INSERT OR IGNORE INTO served VALUES (?, ?, ?, ?)",
            ((d, n.environment, n.sequence, n.at) for n in added for d in n.deployments),
        )

    def _records(self, rows: Sequence[_Row]) -> Iterator[Record]:
        if not rows:
            return
        with reading.batch(self.git) as objects:
            for sequence, commit in rows:
                record = reading.read_record(objects, commit)
                if record.sequence != sequence or mistrust(record, None) is not None:
                    raise DamagedIndexError
                yield record


def _new(record: Record) -> _New:
    draft = record.draft
    deployments = _deployments(record) if draft.kind in _RUNS else ()
    return _New(
        record.sequence,
        record.commit,
        draft.environment,
        draft.kind.value,
        _ticks(draft.at),
        tuple(dict.fromkeys(draft.resources)),
        deployments,
    )


def _deployments(record: Record) -> tuple[str, ...]:
    from trueup.ledger.bodies import MalformedBodyError, removed_of, serving_of

    try:
        return tuple(str(d) for d in (*(s.deployment for s in serving_of(record)), *removed_of(record)))
    except MalformedBodyError:
        return (_ANY,)


def _add_mentions(connection: sqlite3.Connection, added: Sequence[_New]) -> None:
    addresses = dict.fromkeys(address for new in added for address in new.resources)
    named = ((address, parse_address(address)) for address in addresses)
    connection.executemany(
        "INSERT OR IGNORE INTO addresses (address, name, short) VALUES (?, ?, ?)",
        ((address, id_.name if id_ else "", id_.short if id_ else "") for address, id_ in named),
    )
    asked = "SELECT id FROM addresses WHERE address = ?"
    ids = {address: connection.execute(asked, (address,)).fetchone()[0] for address in addresses}
    connection.executemany(
        "INSERT OR IGNORE INTO mentions VALUES (?, ?)",
        sorted((ids[address], new.sequence) for new in added for address in new.resources),
    )


def _newest(connection: sqlite3.Connection) -> str:
    """Return the commit of the newest record that is known, empty when there is none."""
    row = connection.execute("SELECT revision FROM records ORDER BY sequence DESC LIMIT 1").fetchone()
    return row[0] if row else ""


def _matching(connection: sqlite3.Connection, wanted: Filter, most: int) -> list[_Row]:
    conditions: list[tuple[str, list[str | int]]] = []
    if wanted.environment:
        conditions.append(("environment = ?", [wanted.environment]))
    if wanted.kinds:
        kinds = [kind.value for kind in wanted.kinds]
        conditions.append((f"kind IN ({_places(kinds)})", list(kinds)))
    if wanted.since is not None:
        conditions.append(("at >= ?", [_ticks(wanted.since)]))
    if wanted.until is not None:
        conditions.append(("at < ?", [_ticks(wanted.until)]))
    if wanted.resource:
        ids = _meant(connection, wanted.resource)
        mentioned = f"SELECT sequence FROM mentions WHERE address IN ({_places(ids)})"  # noqa: S608 - question marks
        conditions.append((f"sequence IN ({mentioned})", list(ids)))
    where = f" WHERE {' AND '.join(text for text, _ in conditions)}" if conditions else ""
    values = [value for _, some in conditions for value in some]
    # The text has our own words alone; what the user wrote is bound.
    asked = f"SELECT sequence, revision FROM records{where} ORDER BY sequence DESC LIMIT ?"  # noqa: S608
    return connection.execute(asked, [*values, most or -1]).fetchall()


def _meant(connection: sqlite3.Connection, wanted: str) -> list[int]:
    """Return the addresses that *wanted* means."""
    id_ = parse_address(wanted)
    asked = "SELECT id, address FROM addresses WHERE address = ? OR name = ? OR short = ?"
    rows = connection.execute(asked, (wanted, id_.name if id_ else wanted, wanted))
    is_meant = matcher(wanted)
    return [number for number, address in rows if is_meant(address)]


def _deciding(connection: sqlite3.Connection, at: int, environment: str) -> list[_Row]:
    # One step for each deployment: the next one is looked for in the index, and not in all that was served.
    found: set[int] = set()
    following = (
        "SELECT deployment, environment FROM served WHERE (deployment, environment) > (?, ?)"
        " ORDER BY deployment, environment LIMIT 1"
    )
    newest = "SELECT sequence FROM served WHERE deployment = ? AND environment = ? AND at <= ? ORDER BY sequence DESC"
    place = connection.execute("SELECT deployment, environment FROM served LIMIT 1").fetchone()
    while place is not None:
        if environment in {"", place[1]}:
            most = "" if place[0] == _ANY else " LIMIT 1"
            found.update(sequence for (sequence,) in connection.execute(newest + most, (*place, at)))
        place = connection.execute(following, place).fetchone()
    commit = "SELECT revision FROM records WHERE sequence = ?"
    rows = ((sequence, connection.execute(commit, (sequence,)).fetchone()) for sequence in sorted(found, reverse=True))
    return [(sequence, revision[0]) for sequence, revision in rows if revision]


def _ticks(time: datetime) -> int:
    """Return *time* in whole microseconds, which is all that a time of a record has."""
    return (time - _EPOCH) // timedelta(microseconds=1)


def _first(records: Iterator[Record], most: int) -> Iterator[Record]:
    return islice(records, most or None)


def _places(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
