"""How many pairs a test needs to find a loss of the smallest size that matters in eight of ten tries.

Only the spread is taken from the examples, never the loss that was found: a power reckoned from that says nothing
that the p-value does not say (Hoenig and Heisey, The American Statistician 55, 2001).
"""

import math

from trueup.evidence.statistics.distributions import normal_quantile

POWER = 0.8
"""The usual one: four in five losses of the smallest size that matters are seen."""

RANKS = 3 / math.pi
"""Efficiency of signed ranks against Student's t (Hollander and Wolfe, 1999, 3.11)."""


def pairs_for_share(discordant: float, margin: float, effect: float, alpha: float) -> float:
    """Return how many pairs show that a share of passes lost *margin* and *effect*, and so more than *margin*.

    Args:
        discordant: Share of pairs that differ; no less than the whole loss is reckoned with.
        margin: Accepted loss, a share.
        effect: Smallest loss beyond it that matters, a share above 0.
        alpha: Accepted chance of a false alarm.

    Source: Connor, Biometrics 43 (1987), with the correction of Fleiss for exact tails.
    """
    loss = min(1.0, margin + effect)
    differing = max(discordant, loss)
    accepted = math.sqrt(max(0.0, max(discordant, margin) - margin**2)) if margin else math.sqrt(differing)
    real = math.sqrt(max(0.0, differing - loss**2))
    rough = ((normal_quantile(1 - alpha) * accepted + normal_quantile(POWER) * real) / effect) ** 2
    return rough + 1 / effect


def pairs_for_mean(variance: float, effect: float, alpha: float) -> float:
    """Return how many pairs show a mean loss that is *effect* beyond the margin, by Student's t.

    Args:
        variance: Of the differences.
        effect: In their unit, above 0.
        alpha: Accepted chance of a false alarm.

    Source: Guenther, The American Statistician 35 (1981).
    """
    edge = normal_quantile(1 - alpha)
    return (edge + normal_quantile(POWER)) ** 2 * variance / effect**2 + edge**2 / 2
