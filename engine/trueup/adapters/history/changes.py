"""Which commits changed which resource: by what the resource is called, so that it may move from file to file.

What a commit did to a resource never changes, so it is found once, whatever branch it is on. What a branch has is a set
of commits, one bit each; a branch that grew adds bits, and one that was moved elsewhere gets a set of its own.

A commit changed a resource when the documents that declare it differ from those of its parent. A merge changed it when
that holds against each parent, in files that differ from each of them: what it only took over is told where it was
made. The order is by date, never with a commit after its parents.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from zlib import crc32

from trueup.adapters.git.repository import Repository
from trueup.adapters.history.index_file import DamagedIndexError, IndexFile, transaction
from trueup.core.frozen import dataclass
from trueup.core.ids import parse_address
from trueup.ledger.filters import matcher

if TYPE_CHECKING:
    from trueup.adapters.history.commits import Committed

FORMAT = "1"
TABLES = (
    (
        "CREATE TABLE commits (id INTEGER PRIMARY KEY, revision TEXT NOT NULL UNIQUE, tree TEXT NOT NULL,"
        " rank INTEGER NOT NULL, date INTEGER NOT NULL)"
    ),
    (
        "CREATE TABLE branches (head TEXT PRIMARY KEY, members BLOB NOT NULL, sum INTEGER NOT NULL,"
        " used INTEGER NOT NULL) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE addresses (id INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
        " short TEXT NOT NULL)"
    ),
    "CREATE INDEX addresses_by_name ON addresses (name)",
    "CREATE INDEX addresses_by_short ON addresses (short)",
    (
        "CREATE TABLE changes (address INTEGER NOT NULL, revision INTEGER NOT NULL, did TEXT NOT NULL,"
        " path TEXT NOT NULL, former TEXT NOT NULL, fields TEXT NOT NULL, sum INTEGER NOT NULL,"
        " PRIMARY KEY (address, revision)) WITHOUT ROWID"
    ),
)
_MOST_BRANCHES = 16
"""Heads that are known at a time; each takes a bit for each commit."""
_AT_ONCE = 512
"""Commits whose files are read together."""


@dataclass(frozen=True, slots=True)
class Found:
    """One commit and what it did to one resource.

    Attributes:
        revision: The commit.
        address: The resource.
        did: `create`, `update`, `move` (to another file) or `delete`.
        path: Its file; the one it was in when it was deleted.
        former: The file it was in before, where that is another.
        fields: Names of what differs, shortened.
    """

    revision: str
    address: str
    did: str
    path: str
    former: str
    fields: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: a resource as `Filter.resource` has it, dates in seconds, and how many (0: all)."""

    resource: str
    since: int | None = None
    until: int | None = None
    most: int = 0


@dataclass(frozen=True, slots=True)
class ChangeIndex:
    """The index of one repository.

    Attributes:
        repository: The repository.
        file: Where the index is.
        folders: Folders with declared resources.
    """

    repository: Repository
    file: IndexFile
    folders: tuple[str, ...]

    def find(self, head: str, asked: Asked) -> list[Found]:
        """Return what commits up to *head* did, newest first.

        Raises:
            GitError: *head* is unknown or objects are missing.
        """
        return self.file.use(lambda connection: self._find(connection, head, asked))

    def _find(self, connection: sqlite3.Connection, head: str, asked: Asked) -> list[Found]:
        connection.execute("BEGIN")
        members = _members(connection, head)
        found = [] if members is None else _select(connection, members, asked)
        connection.execute("COMMIT")
        if members is not None:
            return found
        with transaction(connection):
            members = _members(connection, head)
            if members is None:
                members = self._extend(connection, head)
            return _select(connection, members, asked)

    def _extend(self, connection: sqlite3.Connection, head: str) -> bytes:
        """Add what is new up to *head* and return which commits it has."""
        from trueup.adapters.history.commits import commits_between  # a look into the index needs none of it

        rows = connection.execute("SELECT head, members, sum FROM branches ORDER BY used DESC").fetchall()
        _add(
            connection, self.repository, self.folders, commits_between(self.repository, head, [row[0] for row in rows])
        )
        base, members = "", b""
        if rows and self.repository.ask("merge-base", "--is-ancestor", rows[0][0], head) is not None:
            base, members = rows[0][0], _whole(*rows[0][1:])
            connection.execute("DELETE FROM branches WHERE head = ?", (base,))
        listed = self.repository.run("rev-list", head, *([f"^{base}"] if base else [])).decode().split()
        members = _with_bits(members, _ids(connection, listed))
        used = connection.execute("SELECT coalesce(max(used), 0) + 1 FROM branches").fetchone()[0]
        connection.execute("INSERT OR REPLACE INTO branches VALUES (?, ?, ?, ?)", (head, members, crc32(members), used))
        connection.execute("DELETE FROM branches WHERE used <= ?", (used - _MOST_BRANCHES,))
        return members


def _members(connection: sqlite3.Connection, head: str) -> bytes | None:
    """Return which commits *head* has; None when that is not known yet."""
    row = connection.execute("SELECT members, sum FROM branches WHERE head = ?", (head,)).fetchone()
    return _whole(*row) if row else None


def _whole(members: bytes, told: int) -> bytes:
    if crc32(members) != told:
        raise DamagedIndexError
    return members


def _with_bits(members: bytes, ids: Sequence[int]) -> bytes:
    bits = bytearray(members)
    bits.extend(bytes(max(0, max(ids, default=0) // 8 + 1 - len(bits))))
    for id_ in ids:
        bits[id_ >> 3] |= 1 << (id_ & 7)
    return bytes(bits)


def _ids(connection: sqlite3.Connection, revisions: Sequence[str]) -> list[int]:
    found = []
    for revision in revisions:
        row = connection.execute("SELECT id FROM commits WHERE revision = ?", (revision,)).fetchone()
        if row is None:
            raise DamagedIndexError
        found.append(row[0])
    return found


def _select(connection: sqlite3.Connection, members: bytes, asked: Asked) -> list[Found]:
    id_ = parse_address(asked.resource)
    is_meant = matcher(asked.resource)
    named = connection.execute(
        "SELECT id, address FROM addresses WHERE address = ? OR name = ? OR short = ?",
        (asked.resource, id_.name if id_ else asked.resource, asked.resource),
    )
    rows: list[tuple[int, Found]] = []
    for number, address in [row for row in named if is_meant(row[1])]:
        listed = connection.execute(
            "SELECT changes.*, commits.revision, commits.rank, commits.date FROM changes JOIN commits"
            " ON commits.id = changes.revision WHERE address = ?",
            (number,),
        )
        for _, commit, did, path, former, fields, told, revision, rank, date in listed:
            if told != _sum(number, commit, did, path, former, fields):
                raise DamagedIndexError
            is_member = commit >> 3 < len(members) and members[commit >> 3] >> (commit & 7) & 1
            is_in_time = (asked.since is None or date >= asked.since) and (asked.until is None or date < asked.until)
            if is_member and is_in_time:
                rows.append((rank, Found(revision, address, did, path, former, fields)))
    rows.sort(key=lambda row: (-row[0], row[1].revision, row[1].address))
    return [found for _, found in rows[: asked.most or None]]


def _sum(*parts: object) -> int:
    return crc32("\0".join(map(str, parts)).encode("utf-8", "surrogatepass"))


def _add(
    connection: sqlite3.Connection, repository: Repository, folders: Sequence[str], commits: Sequence[Committed]
) -> None:
    """Keep what each of *commits*, parents first, did to the resources below *folders*."""
    if not commits:
        return
    from trueup.adapters.history.adding import Adding  # reads YAML, which a look into the index need not

    ranks: dict[str, tuple[int, str]] = {}
    unknown = []
    for commit in commits:
        parents = [_ranked(connection, ranks, parent) for parent in commit.parents]
        rank = max([commit.date, *(rank + 1 for rank, _ in parents)])
        ranks[commit.id] = (rank, commit.tree)
        row = (commit.id, commit.tree, rank, commit.date)
        asked = "INSERT OR IGNORE INTO commits (revision, tree, rank, date) VALUES (?, ?, ?, ?)"
        if connection.execute(asked, row).rowcount:
            unknown.append((commit, tuple(tree for _, tree in parents)))
    adding = Adding(repository, folders)
    for start in range(0, len(unknown), _AT_ONCE):
        for revision, address, did, path, former, fields in adding.changes(unknown[start : start + _AT_ONCE]):
            (commit_id,) = _ids(connection, [revision])
            number = _address(connection, address)
            change = (number, commit_id, did, path, former, fields)
            connection.execute("INSERT OR REPLACE INTO changes VALUES (?, ?, ?, ?, ?, ?, ?)", (*change, _sum(*change)))


def _ranked(connection: sqlite3.Connection, ranks: Mapping[str, tuple[int, str]], parent: str) -> tuple[int, str]:
    """Return rank and tree of a parent, which is known by now."""
    if parent in ranks:
        return ranks[parent]
    row = connection.execute("SELECT rank, tree FROM commits WHERE revision = ?", (parent,)).fetchone()
    if row is None:
        raise DamagedIndexError
    return row[0], row[1]


def _address(connection: sqlite3.Connection, address: str) -> int:
    asked = "SELECT id FROM addresses WHERE address = ?"
    row = connection.execute(asked, (address,)).fetchone()
    if row is None:
        id_ = parse_address(address)
        named = (address, id_.name if id_ else "", id_.short if id_ else "")
        connection.execute("INSERT INTO addresses (address, name, short) VALUES (?, ?, ?)", named)
        row = connection.execute(asked, (address,)).fetchone()
    return int(row[0])
