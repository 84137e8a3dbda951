"""Near duplicates by MinHash (Broder, 1997) and banding (Leskovec and others, Mining of Massive Datasets, 3.4)."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trueup.adapters.datasets.checks.check import Findings, Setting
from trueup.adapters.datasets.records import Record, text_in
from trueup.adapters.datasets.words import hashes, mixed, ngrams, words
from trueup.evidence.data import CheckResult, Outcome
from trueup.evidence.evidence import Measurement

PERMUTATIONS = 128
"""Least values that are kept of a record, 512 bytes: the similarity of two is known to about 0.045."""

MOST_RECORDS = 200_000
"""Records that are compared unless `limit` says otherwise: about 110 MB."""

_BLOCK = 1024
_BANDS = (64, 32, 16, 8)
"""How many bands the values may be cut into; the fewest that miss at most 1 in 100 of what is as alike as asked."""


class NearDuplicates:
    """Records whose texts share most runs of words. Compares the first `limit` records with each other."""

    def __init__(self, setting: Setting) -> None:
        params = setting.params
        self._check = setting.check
        self._column = setting.column()
        self._similarity = params.number("similarity", 0.8, 0.5, 1)
        self._shingle = params.whole("shingle", 3, 1, 20)
        self._most = params.number("max_share", 0.0, 0, 1)
        self._limit = params.whole("limit", MOST_RECORDS, 1, 1_000_000)
        params.done()
        generator = np.random.default_rng(1)
        # Multiply, add and shift (Dietzfelbinger, 1996): runs are mixed already.
        self._factors = generator.integers(0, 1 << 63, PERMUTATIONS, dtype=np.uint64)[:, None] * np.uint64(
            2
        ) + np.uint64(1)
        self._offsets = generator.integers(0, 1 << 63, PERMUTATIONS, dtype=np.uint64)[:, None]
        self._blocks: list[NDArray[np.uint32]] = []
        self._places: list[tuple[int, int]] = []
        self._files: dict[str, int] = {}
        self._records = 0

    def see(self, record: Record) -> None:
        """Keep what the runs of its words come to."""
        self._records += 1
        if len(self._places) >= self._limit:
            return
        runs = ngrams(hashes(words(text_in(record, self._column) or "")), self._shingle)
        if not len(runs):
            return
        row = len(self._places) % _BLOCK
        if not row:
            self._blocks.append(np.empty((_BLOCK, PERMUTATIONS), np.uint32))
        self._blocks[-1][row] = self._least(runs)
        self._places.append((self._files.setdefault(record.file, len(self._files)), record.line))

    def _least(self, runs: NDArray[np.uint64]) -> NDArray[np.uint32]:
        least = np.full(PERMUTATIONS, 0xFFFFFFFF, np.uint32)
        for start in range(0, len(runs), 4096):  # a long text must not become a table of gigabytes
            part = (runs[start : start + 4096] * self._factors + self._offsets) >> np.uint64(32)
            least = np.minimum(least, part.min(axis=1).astype(np.uint32))
        return least

    def result(self) -> CheckResult:
        """Return the share of records that are nearly the same as one before; undecided when not all were compared."""
        findings, compared = Findings(), len(self._places)
        original: dict[int, int] = {}
        for one, other, similarity in self._pairs():
            if other not in original:
                original[other] = one
                findings.add(self._place(other), f"like {self._place(one)} ({similarity:.2f})")
        share = findings.count / self._records if self._records else None
        is_whole = self._records <= self._limit
        outcome = Outcome.UNDECIDED
        if share is not None and (share > self._most or is_whole):
            outcome = Outcome.PASSED if share <= self._most else Outcome.FAILED
        note = "" if is_whole else f"only the first {compared} of {self._records} records were compared"
        return CheckResult(
            self._check,
            outcome,
            share,
            "<=",
            self._most,
            compared,
            findings.count,
            (Measurement(self._check.type, share, "ratio", compared),) if share is not None else (),
            tuple(findings.kept),
            note or ("" if self._records else "there is no record"),
        )

    def _pairs(self) -> Iterator[tuple[int, int, float]]:
        """Yield pairs that are as alike as asked: each record with the first of its bands that it is like."""
        bands = bands_for(self._similarity)
        rows = PERMUTATIONS // bands
        count = len(self._places)
        for band in range(bands):
            columns = np.concatenate([b[:, band * rows : (band + 1) * rows] for b in self._blocks] or [_NOTHING])[
                :count
            ]
            order, groups = _equal_rows(columns)
            for start, end in groups:
                members = np.sort(order[start:end])
                yield from self._alike(members)

    def _alike(self, members: NDArray[np.intp]) -> Iterator[tuple[int, int, float]]:
        first = self._row(int(members[0]))
        for other in members[1:]:
            similarity = float(np.mean(first == self._row(int(other))))
            if similarity >= self._similarity:
                yield int(members[0]), int(other), similarity

    def _row(self, index: int) -> NDArray[np.uint32]:
        row: NDArray[np.uint32] = self._blocks[index // _BLOCK][index % _BLOCK]
        return row

    def _place(self, index: int) -> str:
        file, line = self._places[index]
        return f"{list(self._files)[file]}:{line}"


_NOTHING: NDArray[np.uint32] = np.empty((0, 1), np.uint32)


def bands_for(similarity: float) -> int:
    """Return how many bands find at least 99 of 100 pairs of that *similarity*."""
    good = [b for b in _BANDS if (1 - similarity ** (PERMUTATIONS // b)) ** b <= 0.01]
    return good[-1] if good else _BANDS[0]


def _equal_rows(columns: NDArray[np.uint32]) -> tuple[NDArray[np.intp], list[tuple[int, int]]]:
    """Return an order in which equal rows stand together, and start and end of each run of two or more."""
    key = np.zeros(len(columns), np.uint64)
    for column in columns.T:
        key = mixed(key ^ column.astype(np.uint64))
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    cuts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1], [True]])) if len(key) else np.array([0])
    return order, [(int(a), int(b)) for a, b in pairwise(cuts) if b - a > 1]
