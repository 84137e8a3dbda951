"""Corrections for several tests at once: the more that is looked at, the more looks like a loss by chance."""

from collections.abc import Sequence


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values, in order, of which any is at or below alpha by chance with a chance of alpha at most.

    Source: Holm, Scand. J. Statist. 6 (1979).
    """
    adjusted = [0.0] * len(values)
    least = 0.0
    for rank, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        least = max(least, min(1.0, values[index] * (len(values) - rank)))
        adjusted[index] = least
    return tuple(adjusted)


def bonferroni(values: Sequence[float]) -> tuple[float, ...]:
    """Return each of *values* times their number, 1 at most."""
    return tuple(min(1.0, value * len(values)) for value in values)
