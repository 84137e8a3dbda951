"""Words of texts as numbers, to compare texts by. Equal words give equal numbers within one process, not beyond it."""

import re
import unicodedata
from array import array
from collections.abc import Iterable

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


class Runs:
    """Runs of *n* words of many records, found for thousands of texts at once; each knows its record by its number.

    A text of at least *short* words that is too short for a run counts as a whole; so does a record that is.
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
        """How many runs there are."""

    def add(self, texts: Iterable[str], owner: int) -> bool:
        """Take the texts of a record; tell whether it had any words."""
        total, together = 0, []
        for text in texts:
            spelled = words(text)
            total += len(spelled)
            if len(spelled) >= self._n:
                self._words.extend(map(hash, spelled))
                self._lengths.append(len(spelled))
                self._owners.append(owner)
                self.size += len(spelled) - self._n + 1
                continue
            together += spelled
            if len(spelled) >= self._short:
                self._whole(spelled, owner)
        if 0 < total == len(together) < self._n:
            self._whole(together, owner)
        elif 0 < total == len(together):
            # Many short texts, such as the cells of a table: together they have runs.
            self._words.extend(map(hash, together))
            self._lengths.append(len(together))
            self._owners.append(owner)
            self.size += len(together) - self._n + 1
        return total > 0

    def _whole(self, of: list[str], owner: int) -> None:
        self._wholes.append(hash(tuple(of)))
        self._owners_of_wholes.append(owner)
        self.size += 1

    def take(self) -> tuple[Hashes, NDArray[np.int64]]:
        """Return the runs and the record of each, and forget them."""
        wholes, owners = np.array(self._wholes, np.int64), np.array(self._owners_of_wholes, np.int64)
        runs = np.empty(0, np.uint64)
        if len(self._words):
            of = np.frombuffer(self._words, np.int64).view(np.uint64)
            lengths = np.frombuffer(self._lengths, np.int64)
            ends = np.repeat(np.cumsum(lengths), lengths)
            inside = np.arange(len(of)) + self._n <= ends
            runs = ngrams(of, self._n)[inside[: len(of) - self._n + 1]]
            owners = np.concatenate([owners, np.repeat(np.frombuffer(self._owners, np.int64), lengths - self._n + 1)])
        self._clear()
        return np.concatenate([mixed(wholes.view(np.uint64)), runs]), owners
