"""Words of texts as numbers, to compare texts by. Equal words give equal numbers within one process, not beyond it."""

import re
import unicodedata
from array import array
from collections.abc import Collection, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Scripts that put no space between words (Thai, Lao, Myanmar, Khmer, Kana, Han): each character is one."""
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_ASCII_WORD = re.compile(r"[a-z0-9_]+")

_MASK = (1 << 64) - 1
_FACTOR = 0x9E3779B97F4A7C15
"""An odd number without pattern (Knuth, The Art of Computer Programming, 6.4): powers of it keep places apart."""


def words(text: str) -> list[str]:
    """Return the words of *text*, without case, marks between them, and letters that only look different."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def hashes(of: list[str]) -> Hashes:
    """Return a number of 64 bits for each word."""
    return np.fromiter(map(hash, of), np.int64, len(of)).view(np.uint64)


def ngrams(of: Hashes, n: int) -> Hashes:
    """Return a number for each run of *n*; one for all of it when there are fewer, none when there are none."""
    if not len(of):
        return of
    n = min(n, len(of))
    count = len(of) - n + 1
    total = np.zeros(count, np.uint64)
    factor = np.uint64(_FACTOR)
    with np.errstate(over="ignore"):
        for start in range(n):
            total *= factor
            total += of[start : start + count]
    return mixed(total)


def mixed(values: Hashes) -> Hashes:
    """Return *values* with every bit depending on every bit (the end of SplitMix64: Steele, Lea, Flood, 2014)."""
    out = values.copy()
    with np.errstate(over="ignore"):
        out ^= out >> np.uint64(30)
        out *= np.uint64(0xBF58476D1CE4E5B9)
        out ^= out >> np.uint64(27)
        out *= np.uint64(0x94D049BB133111EB)
        out ^= out >> np.uint64(31)
    return out


def _growing(of: Hashes, most: int) -> Iterator[tuple[int, Hashes]]:
    """Yield each size up to *most* with a number for each run of it, which is made from those of the size before."""
    found = np.zeros(len(of) + 1, np.uint64)
    with np.errstate(over="ignore"):
        for size in range(1, min(most, len(of)) + 1):
            found = found[:-1] * np.uint64(_FACTOR) + of[size - 1 :]
            yield size, found


class Runs:
    """Runs of *n* words of many records, found for thousands of texts at once; each knows its record by its number.

    A text of at least *short* words that is too short for a run is one run itself; and so is a record that is, whole.
    """

    def __init__(self, n: int, short: int) -> None:
        self._n = n
        self._short = min(short, n)
        self._clear()

    def _clear(self) -> None:
        self._words = array("q")
        self._lengths = array("q")
        self._owners = array("q")
        self._wholes = array("q")
        self._owners_of_wholes = array("q")
        self.size = 0
        """How many words there are."""

    def add(self, texts: Iterable[str], owner: int) -> bool:
        """Take the texts of a record; tell whether it had any words."""
        total, small = 0, list[str]()
        together = list[str]()
        for text in texts:
            spelled = words(text)
            total += len(spelled)
            if total < self._n:
                together += spelled
            if len(spelled) >= self._short:
                self._text(spelled, owner)
            else:
                small += spelled
        if total and total == len(small) >= self._n:
            # Nothing but short texts, such as the cells of a table: together they have runs.
            self._text(small, owner)
        elif 0 < total < self._n:
            self._wholes.append(hash(tuple(together)))
            self._owners_of_wholes.append(owner)
            self.size += total
        return total > 0

    def _text(self, of: list[str], owner: int) -> None:
        self._words.extend(map(hash, of))
        self._lengths.append(len(of))
        self._owners.append(owner)
        self.size += len(of)

    @property
    def sizes(self) -> frozenset[int]:
        """How many words the runs have: *n*, and those of texts that are too short for that."""
        return frozenset(min(length, self._n) for length in self._lengths)

    def take(self, sizes: Collection[int] = ()) -> tuple[Hashes, NDArray[np.int64]]:
        """Return the runs and the record of each, and forget them.

        With *sizes*, the runs of all those sizes: whatever texts of another collection could be a part of these.
        """
        runs = [mixed(np.array(self._wholes, np.int64).view(np.uint64))]
        owners = [np.array(self._owners_of_wholes, np.int64)]
        of = np.array(self._words, np.int64).view(np.uint64)
        lengths, owner = np.array(self._lengths, np.int64), np.array(self._owners, np.int64)
        ends = np.repeat(np.cumsum(lengths), lengths)
        wanted = frozenset(sizes) or self.sizes
        for size, found in _growing(of, max(wanted, default=0)):
            if size not in wanted:
                continue
            # A run may not go from one text into the next.
            starts = np.arange(size, len(of) + 1) <= ends[: len(found)]
            if not sizes and size < self._n:
                starts &= np.repeat(lengths == size, lengths)[: len(found)]
            runs.append(mixed(found[starts]))
            owners.append(np.repeat(owner, lengths)[: len(found)][starts])
        self._clear()
        return np.concatenate(runs), np.concatenate(owners)
