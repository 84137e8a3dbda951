"""Fakes of the ports: real behaviour in memory. Each one passes the contract suite of its port."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from trueup.adapters.locks.file_lock import Holder, LockHeldError
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest, Revision
from trueup.core.json import Json, canonical
from trueup.ledger import chain
from trueup.ledger.codec import decode, encode
from trueup.ledger.record import Draft, Record


@dataclass
class FakeClock:
    """A clock that goes on only when somebody sleeps."""

    time: datetime = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


class FakeLedger:
    """A ledger in memory, sealed and verified by the same chain as the real one."""

    def __init__(self) -> None:
        self.stored: list[bytes] = []
        self.attachments: dict[Digest, bytes] = {}

    def append(self, draft: Draft) -> Record:
        record = chain.seal(draft, next(self.records(), None))
        self.stored.append(encode(record))
        self.attachments.update(draft.attachments)
        return next(self.records())

    def records(self) -> Iterator[Record]:
        for number in range(len(self.stored), 0, -1):
            entry = self._entry(number)
            assert isinstance(entry, Record), entry
            yield entry

    def attachment(self, digest: Digest) -> bytes | None:
        return self.attachments.get(digest)

    def verify(self) -> tuple[int, tuple[Diagnostic, ...]]:
        entries = [self._whole(self._entry(n)) for n in range(1, len(self.stored) + 1)]
        return len(entries), chain.verify(entries)

    def _entry(self, number: int) -> chain.Entry:
        return decode(self.stored[number - 1], Revision(f"{number:040x}"))

    def _whole(self, entry: chain.Entry) -> chain.Entry:
        if not isinstance(entry, Record):
            return entry
        whole = tuple((d, self.attachments.get(d, b"")) for d, _ in entry.draft.attachments)
        return replace(entry, draft=replace(entry.draft, attachments=whole))


class FakeLock:
    """Locks in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._holders: dict[str, Holder] = {}

    @contextmanager
    def hold(self, environment: str, command: str, timeout_seconds: float) -> Iterator[None]:
        if environment in self._holders:
            self._clock.sleep(timeout_seconds)
            raise LockHeldError(environment, self._holders[environment])
        self._holders[environment] = Holder(1, "localhost", "someone", command, self._clock.now())
        try:
            yield
        finally:
            del self._holders[environment]


class FakeJournal:
    """A journal in memory."""

    def __init__(self) -> None:
        self._open: dict[str, list[bytes]] = {}
        self.closed_runs: dict[str, list[list[bytes]]] = {}

    def write(self, environment: str, entry: Mapping[str, Json]) -> None:
        self._open.setdefault(environment, []).append(canonical(entry))

    def unfinished(self, environment: str) -> tuple[Mapping[str, Json], ...]:
        return tuple(json.loads(line) for line in self._open.get(environment, []))

    def close(self, environment: str) -> None:
        if environment in self._open:
            self.closed_runs.setdefault(environment, []).append(self._open.pop(environment))
