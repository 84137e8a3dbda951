"""Which release answers a request, and which ones get a copy: by weight, evenly, and for users without moving them.

Without a name of a user, shares are dealt out in turns and not by chance: of 100 requests, 10 % are 10, and a canary
with one percent has its first request among the first hundred. Source of the turns: smooth weighted round-robin, as
nginx deals out requests. With a name, each release draws a number from it that grows with its weight, and the highest
wins (weighted rendezvous hashing), so that a user leaves a release only when its weight falls against another's.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence

from trueup.adapters.gateways.local.table import WHOLE, Serving

_SPAN = float(2**64)


class Turns:
    """Deals out requests by shares; what each share is owed stays when the table is replaced."""

    def __init__(self) -> None:
        self._owed: dict[str, dict[str, float]] = {}
        self._copies: dict[tuple[str, str], float] = {}

    def choose(self, serving: Serving, user: str) -> Serving:
        """Return the release that answers a request for *serving*; *user* is empty where nobody has a name."""
        if not serving.candidates:
            return serving
        if user and serving.is_sticky:
            return by_user(serving, user)
        owed = self._owed.get(serving.address)
        names = {s.name for s in serving.all()}
        if owed is None or owed.keys() != names:
            owed = self._owed[serving.address] = {n: (owed or {}).get(n, 0.0) for n in names}
        return _next(tuple(serving.all()), owed)

    def copied_to(self, serving: Serving, answering: Serving) -> tuple[Serving, ...]:
        """Return the releases that get a copy of a request which *answering* answers."""
        due = []
        for candidate in serving.candidates:
            if not candidate.mirror or candidate is answering:
                continue
            place = (serving.address, candidate.name)
            owed = self._copies.get(place, 0.0) + candidate.mirror
            if owed >= WHOLE:
                owed -= WHOLE
                due.append(candidate)
            self._copies[place] = owed
        return tuple(due)

    def forget(self, addresses: Mapping[str, object]) -> None:
        """Drop what is owed to deployments that are not among *addresses*."""
        self._owed = {a: owed for a, owed in self._owed.items() if a in addresses}
        self._copies = {place: owed for place, owed in self._copies.items() if place[0] in addresses}


def by_user(serving: Serving, user: str) -> Serving:
    """Return the release that *user* gets, always the same while the weights are."""
    return max(serving.all(), key=lambda s: _drawn(f"{serving.address}/{s.route.release}/{s.name}/{user}", s.weight))


def _next(shares: Sequence[Serving], owed: dict[str, float]) -> Serving:
    best = shares[0]
    for share in shares:
        owed[share.name] += share.weight
        # A share of nothing gets nothing, whatever it was owed when it had more.
        if share.weight and (not best.weight or owed[share.name] > owed[best.name]):
            best = share
    owed[best.name] -= WHOLE
    return best


def _drawn(text: str, weight: float) -> float:
    if not weight:
        return -math.inf
    # Clients may send text that is no Unicode.
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return math.log((int.from_bytes(digest, "big") + 0.5) / _SPAN) / weight
