"""Tests of pairs by resampling. numpy draws, from a generator of its own with a fixed seed; see docs/decisions/0012.

Differences are new less old, positive where new is better, one for each example. They are sorted first: their order
must not change a verdict. A p-value counts the sample itself among the resamples, and so is never 0.
"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

FEW = 10
"""Fewer differences than this are not resampled: all signs they could have are counted."""

_CELLS = 2_000_000
"""Numbers in memory at a time."""


def permutation(differences: Sequence[float], margin: float, resamples: int, seed: int) -> float:
    """Return the p-value of a mean loss beyond *margin*: how often so great a loss comes of signs that are tossed.

    Few differences are tossed in all ways there are. With a margin, differences are taken for symmetric about it.

    Source: Fisher, The Design of Experiments, 1935; drawn p-values as in Phipson and Smyth, Stat. Appl. Genet. Mol.
    Biol. 9 (2010).
    """
    kept = sorted(d + margin for d in differences if abs(d + margin) > 1e-12)
    if len(kept) <= FEW:
        return _all_signs(kept)
    import numpy as np

    generator = np.random.default_rng(seed)
    sizes = np.abs(np.array(kept))
    found = float(np.sum(kept))
    as_low = 0
    for rows in _chunks(resamples, len(kept)):
        signs = generator.integers(0, 2, size=(rows, len(kept)), dtype=np.int8) * 2.0 - 1.0
        as_low += int(np.count_nonzero(signs @ sizes <= found + _slack(kept)))
    return (1 + as_low) / (1 + resamples)


def bootstrap(differences: Sequence[float], margin: float, resamples: int, seed: int) -> float:
    """Return the p-value of a mean loss beyond *margin*, by bootstrap of at least 2 *differences*.

    The greater of two: studentised, which is right where differences are skewed, and of the means themselves, which is
    right where they have long tails on both sides. Either alone gives too many false alarms where the other is right.

    Where few differences are not 0, a resample knows next to nothing of their tails; then signs are tossed.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, 12.5 and 16.4; Hall, Ann. Statist. 16 (1988).
    """
    ordered = sorted(differences)
    if sum(abs(d) > 1e-12 for d in ordered) <= FEW:
        return _all_signs([d + margin for d in ordered if abs(d) > 1e-12])
    import numpy as np

    values = np.array(ordered)
    mean, error = float(values.mean()), _errors(values.mean(), (values**2).mean(), len(ordered))
    if error <= 1e-12 * max(1.0, abs(mean)):
        return 1.0 if mean + margin >= 0 else 1 / (1 + resamples)
    found = (mean + margin) / float(error)
    widening = math.sqrt(len(ordered) / (len(ordered) - 1))
    as_low = as_far = 0
    for means, squares in _resampled(values, resamples, np.random.default_rng(seed)):
        errors = _errors(means, squares, len(ordered))
        # A resample without spread is further out than any other on its side.
        far = np.where(means <= mean, -math.inf, math.inf)
        studentised = np.divide(means - mean, errors, out=far, where=errors > 1e-12)
        as_far += int(np.count_nonzero(studentised <= found))
        as_low += int(np.count_nonzero((means - mean) * widening <= mean + margin))
    return (1 + max(as_low, as_far)) / (1 + resamples)


def _resampled(
    values: "Numbers", resamples: int, generator: "np.random.Generator"
) -> "Iterator[tuple[Numbers, Numbers]]":
    """Yield means and means of squares of resamples; where values are of few kinds, numbers of kinds are drawn."""
    import numpy as np

    kinds, numbers = np.unique(values, return_counts=True)
    count = len(values)
    if len(kinds) <= 20:
        drawn = generator.multinomial(count, numbers / count, size=resamples)
        yield drawn @ kinds / count, drawn @ kinds**2 / count
        return
    squares = values**2
    for rows in _chunks(resamples, count):
        picked = generator.integers(0, count, size=(rows, count), dtype=np.int32)
        yield values[picked].mean(axis=1), squares[picked].mean(axis=1)


def _errors(means: "Numbers", squares: "Numbers", count: int) -> "Numbers":
    import numpy as np

    return np.sqrt(np.maximum(squares - means**2, 0.0) / (count - 1))


def _all_signs(differences: Sequence[float]) -> float:
    """Return the share of all signs that *differences* could have whose sum is no more than theirs."""
    sums = [0.0]
    for size in map(abs, differences):
        sums = [total + signed for total in sums for signed in (-size, size)]
    found = math.fsum(differences) + _slack(differences)
    return sum(total <= found for total in sums) / len(sums)


def _slack(differences: Sequence[float]) -> float:
    """Return what sums of the same numbers may differ by for the order they were added in."""
    return 1e-9 * math.fsum(map(abs, differences))


def _chunks(rows: int, columns: int) -> Iterator[int]:
    most = max(1, _CELLS // max(1, columns))
    while rows > 0:
        yield min(rows, most)
        rows -= most
