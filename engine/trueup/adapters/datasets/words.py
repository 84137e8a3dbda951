"""Words of texts as numbers, to compare texts by. Equal words give equal numbers within one process, not beyond it."""

import re
import unicodedata

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
