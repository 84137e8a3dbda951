"""How far two samples are apart. Samples are counts: of numbers (least first), or of categories in one order."""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence

FLOOR = 1e-4
"""Least share of a bin in `psi`: an empty one would make it infinite."""

_TINY = 1e-300


def kolmogorov_smirnov(one: Sequence[tuple[float, int]], other: Sequence[tuple[float, int]]) -> float:
    """Return the greatest distance between the two cumulative shares, 0 to 1."""
    first, second = dict(one), dict(other)
    totals = sum(first.values()), sum(second.values())
    below_one = below_other = 0
    greatest = 0.0
    for value in sorted(first.keys() | second.keys()):
        below_one += first.get(value, 0)
        below_other += second.get(value, 0)
        greatest = max(greatest, abs(below_one / totals[0] - below_other / totals[1]))
    return greatest


def kolmogorov_p(distance: float, one: int, other: int) -> float:
    """Return the chance of at least that *distance* between samples of one source, by Kolmogorov's limit.

    Source: Kolmogorov, 1933; Smirnov, 1948. For samples of fewer than some tens it is a little too high.
    """
    scaled = distance * math.sqrt(one * other / (one + other))
    if scaled < 0.04:  # nothing that a float could tell from 1
        return 1.0
    if scaled < 1.18:
        # The other form of the series: this one converges where that does not.
        terms = (math.exp(-((2 * k - 1) ** 2) * math.pi**2 / (8 * scaled**2)) for k in range(1, 20))
        return 1.0 - math.sqrt(2 * math.pi) / scaled * math.fsum(terms)
    total = 2 * math.fsum((-1) ** (k - 1) * math.exp(-2 * k * k * scaled * scaled) for k in range(1, 20))
    return min(1.0, max(0.0, total))


def chi_square(one: Sequence[int], other: Sequence[int]) -> tuple[float, int]:
    """Return Pearson's statistic of two rows of counts, and its degrees of freedom; categories in neither are none."""
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a + b]
    totals = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    everything = totals[0] + totals[1]
    statistic = 0.0
    for a, b in pairs:
        for count, total in ((a, totals[0]), (b, totals[1])):
            expected = (a + b) * total / everything
            statistic += (count - expected) ** 2 / expected
    return statistic, len(pairs) - 1


def chi_square_p(statistic: float, degrees: int) -> float:
    """Return the chance of at least that *statistic*: the regularised incomplete gamma function Q(degrees/2, x/2).

    Source: series and continued fraction as in Abramowitz and Stegun, 6.5.29 and 6.5.31.
    """
    a, x = degrees / 2, statistic / 2
    if degrees < 1 or x <= 0:
        return 1.0
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = a
        while term > total * 1e-16:
            n += 1
            term *= x / n
            total += term
        return max(0.0, 1 - total * scale)
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / b
    h = d
    for i in range(1, 100_000):
        an = -i * (i - a)
        b += 2
        d = 1 / (an * d + b or _TINY)
        c = b + an / c or _TINY
        h *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return min(1.0, scale * h)


def psi(one: Sequence[int], other: Sequence[int]) -> float:
    """Return the population stability index of two rows of counts (bins of one division): 0 when shares are equal."""
    shares = [[max(c / sum(row), FLOOR) for c in row] for row in (one, other)]
    return math.fsum((a - b) * math.log(a / b) for a, b in zip(*shares, strict=True))


def jensen_shannon(one: Sequence[int], other: Sequence[int]) -> float:
    """Return the Jensen-Shannon distance to base 2 (the root of the divergence): 0 when equal, 1 when disjoint."""
    divergence = 0.0
    for a, b in zip(([c / sum(one) for c in one]), [c / sum(other) for c in other], strict=True):
        middle = (a + b) / 2
        divergence += sum(p * math.log2(p / middle) for p in (a, b) if p) / 2
    return math.sqrt(max(0.0, divergence))


def edges(counts: Sequence[tuple[float, int]], bins: int) -> tuple[float, ...]:
    """Return the upper edges of bins that hold about a part in *bins* each, with one below and one above them all.

    The outer ones are empty here: what comes where nothing was is drift, even of a column that was constant.
    """
    total, seen, target = sum(n for _, n in counts), 0, 1
    found: list[float] = [math.nextafter(counts[0][0], -math.inf)]
    for value, count in counts:
        seen += count
        while target <= bins and seen * bins >= total * target:
            found.append(value)
            target += 1
    return tuple(dict.fromkeys(found))


def binned(counts: Sequence[tuple[float, int]], upper: Sequence[float]) -> list[int]:
    """Return how much of *counts* is in each bin; a bin ends with its upper edge, the last has none."""
    found = [0] * (len(upper) + 1)
    for value, count in counts:
        found[bisect_left(upper, value)] += count
    return found


def aligned(one: Mapping[str, int], other: Mapping[str, int]) -> tuple[list[int], list[int]]:
    """Return the counts of both in one order of categories."""
    names = sorted(one.keys() | other.keys())
    return [one.get(n, 0) for n in names], [other.get(n, 0) for n in names]
