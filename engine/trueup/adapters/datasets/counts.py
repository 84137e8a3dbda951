"""How often each number came, in bounded memory whatever comes."""

import math
from collections.abc import Iterator

MOST_KEYS = 65_536
"""Different numbers that are counted apart: some megabytes."""

_FINEST = 40


class Counts:
    """Numbers with how often they came: exact for up to `MOST_KEYS` different ones, then in ever coarser steps.

    A step keeps the first `bits` binary digits of a number; the result does not depend on the order they came in.
    """

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._counts: dict[float, int] = {}
        self.bits: int | None = None
        """Binary digits that are kept; None while every number is kept as it is."""
        self.total = 0
        self.least = math.inf
        self.greatest = -math.inf

    def add(self, value: float) -> None:
        """Count one number."""
        self.total += 1
        self.least = min(self.least, value)
        self.greatest = max(self.greatest, value)
        key = value if self.bits is None else _coarse(value, self.bits)
        self._counts[key] = self._counts.get(key, 0) + 1
        if len(self._counts) > self._most:
            self._coarsen()

    def items(self) -> Iterator[tuple[float, int]]:
        """Yield each number with its count, least first."""
        yield from sorted(self._counts.items())

    def quantile(self, share: float) -> float:
        """Return the least number that at least *share* of all are no greater than (nearest rank)."""
        rank, seen = max(1, math.ceil(share * self.total)), 0
        for value, count in self.items():
            seen += count
            if seen >= rank:
                return min(max(value, self.least), self.greatest)
        return self.greatest

    def _coarsen(self) -> None:
        # With one digit left there are some 4,000 numbers at most.
        while len(self._counts) > self._most and self.bits != 1:
            self.bits = _FINEST if self.bits is None else self.bits - 1
            coarser: dict[float, int] = {}
            for value, count in self._counts.items():
                key = _coarse(value, self.bits)
                coarser[key] = coarser.get(key, 0) + count
            self._counts = coarser


def _coarse(value: float, bits: int) -> float:
    mantissa, exponent = math.frexp(value)
    return math.ldexp(math.trunc(mantissa * (1 << bits)), exponent - bits)
