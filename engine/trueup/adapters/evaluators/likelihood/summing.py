"""From log-likelihoods of texts to perplexity, bits per byte and divergence, with what chance alone would do to them.

Tokens of one text are not independent, so texts are what is counted: the error is that of a ratio of two sums over
texts (`evidence.statistics.means.standard_error`), carried through the exponential to first order.
"""

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

from trueup.core.frozen import dataclass
from trueup.evidence.evidence import Measurement
from trueup.evidence.statistics.means import standard_error

MOST_NATS = 700.0
"""A loss beyond this has a perplexity that JSON cannot spell."""

_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Sums:
    """One text.

    Attributes:
        slice: Part of the data it belongs to.
        values: Sums over its tokens, by name.
        tokens: Tokens predicted.
        bytes: Bytes of the text.
    """

    slice: str
    values: dict[str, float]
    tokens: int
    bytes: int


def perplexities(texts: Sequence[Sums]) -> tuple[Measurement, ...]:
    """Return perplexity and bits per byte over all texts and over each slice."""
    return _over_slices(
        texts,
        lambda part, name: (
            exponential("perplexity", [(t.values["nll"], t.tokens) for t in part], "perplexity", name),
            _mean("bits_per_byte", [(t.values["nll"] / math.log(2), t.bytes) for t in part], "bits", name),
        ),
    )


def divergences(texts: Sequence[Sums]) -> tuple[Measurement, ...]:
    """Return divergence over tokens and the ratio of the two perplexities, over all texts and over each slice."""
    return _over_slices(
        texts,
        lambda part, name: (
            _mean("kl_tokens", [(t.values["kl"], t.tokens) for t in part], "nats", name),
            exponential("perplexity_ratio", [(t.values["more"], t.tokens) for t in part], "ratio", name),
        ),
    )


def agreements(texts: Sequence[Sums]) -> tuple[Measurement, ...]:
    """Return the share of tokens whose likeliest one is the same, over all texts and over each slice."""
    return _over_slices(
        texts, lambda part, name: (_mean("top1_tokens", [(t.values["top1"], t.tokens) for t in part], "ratio", name),)
    )


def _over_slices(
    texts: Sequence[Sums], measure: Callable[[Sequence[Sums], str], tuple[Measurement, ...]]
) -> tuple[Measurement, ...]:
    names = ("", *sorted({t.slice for t in texts} - {""}))
    parts = ((name, [t for t in texts if name in {"", t.slice}]) for name in names)
    return tuple(m for name, part in parts for m in measure(part, name) if part)


def _mean(metric: str, sums: Sequence[tuple[float, int]], unit: str, slice_name: str) -> Measurement:
    value, error = _ratio(sums)
    interval = None if error is None else (value - _Z * error, value + _Z * error)
    return Measurement(metric, value, unit, len(sums), error, interval, slice_name)


def exponential(metric: str, sums: Sequence[tuple[float, int]], unit: str, slice_name: str = "") -> Measurement:
    """Return exp of a mean over tokens, which must be below `MOST_NATS`; its interval is that of the mean."""
    mean, error = _ratio(sums)
    value = math.exp(min(mean, MOST_NATS))
    if error is None:
        return Measurement(metric, value, unit, len(sums), slice=slice_name)
    ends = (math.exp(mean - _Z * error), math.exp(min(mean + _Z * error, MOST_NATS)))
    return Measurement(metric, value, unit, len(sums), value * error, ends, slice_name)


def _ratio(sums: Sequence[tuple[float, int]]) -> tuple[float, float | None]:
    """Return the mean over tokens, and its standard error; None for a single text."""
    mean = sum(value for value, _ in sums) / sum(count for _, count in sums)
    return mean, standard_error(sums) if len(sums) > 1 else None
