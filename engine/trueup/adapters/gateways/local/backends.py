"""The servers behind a route: which can answer, which one gets a request, how many requests each works on."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from trueup.adapters.targets.process.layout import Layout
from trueup.adapters.targets.process.status import Status, read_status
from trueup.adapters.targets.process.supervision import Phase
from trueup.adapters.targets.process.wanted import WantedServer
from trueup.core.digests import Digest
from trueup.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Backend:
    """One server process on a loopback port; `model` is the name it knows its model by."""

    key: Digest
    replica: int
    port: int
    model: str
    healthy: bool = True


class Backends:
    """Follows what the supervisor publishes. When it publishes nothing more, the last word stays true."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._stamp = (0, 0)
        self._by_key: Mapping[Digest, tuple[Backend, ...]] = {}
        self._turns: Counter[Digest] = Counter()
        self._in_flight: Counter[tuple[Digest, int]] = Counter()

    def refresh(self) -> None:
        """Take up a new publication, if there is one."""
        try:
            found = self._layout.status.stat()
        except OSError:
            return
        stamp = (found.st_ino, found.st_mtime_ns)
        if stamp == self._stamp:
            return
        status = read_status(self._layout)
        if status is not None:
            self._stamp = stamp
            self._by_key = ready(status)

    def choose(self, key: Digest, sticky: str, tried: Collection[int]) -> Backend | None:
        """Return the server that gets a request, None when none is left.

        Args:
            key: The route's server key.
            sticky: Requests with the same text go to the same replica while it is there; empty takes turns.
            tried: Replicas that already failed it.
        """
        ready_ones = [b for b in self._by_key.get(key, ()) if b.replica not in tried]
        # One that misses health checks may only be busy: better than no answer, worse than any other.
        candidates = [b for b in ready_ones if b.healthy] or ready_ones
        if not candidates:
            return None
        if sticky:
            # Highest score wins: when a replica leaves, only its own keys move.
            return max(candidates, key=lambda b: _score(sticky, b.replica))
        self._turns[key] += 1
        return candidates[self._turns[key] % len(candidates)]

    def is_available(self, key: Digest) -> bool:
        """Tell whether any server can answer."""
        return bool(self._by_key.get(key))

    @contextmanager
    def in_flight(self, backend: Backend) -> Iterator[None]:
        """Count a request as under way."""
        place = (backend.key, backend.replica)
        self._in_flight[place] += 1
        try:
            yield
        finally:
            self._in_flight[place] -= 1
            if not self._in_flight[place]:
                del self._in_flight[place]

    def counts(self) -> dict[tuple[Digest, int], int]:
        """Return the requests under way by server and replica."""
        return dict(self._in_flight)


def ready(status: Status) -> dict[Digest, tuple[Backend, ...]]:
    """Return the servers of *status* that may get requests, by key and in replica order."""
    found: dict[Digest, list[Backend]] = {}
    for child, wanted in status.children:
        if isinstance(wanted, WantedServer) and child.phase is Phase.READY:
            backend = Backend(wanted.key, wanted.replica, child.port, wanted.model, not child.failing_since)
            found.setdefault(wanted.key, []).append(backend)
    return {key: tuple(sorted(backends, key=lambda b: b.replica)) for key, backends in found.items()}


def _score(sticky: str, replica: int) -> bytes:
    # Clients may send text that is no Unicode.
    return hashlib.blake2b(f"{replica}/{sticky}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
