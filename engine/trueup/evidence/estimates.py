"""From scores of examples to measurements with their standard error and their 95 % interval.

What cannot be said is left out: one example gives no interval, the largest score of a sample says nothing of the
largest there is, and a score that is no number makes the whole no measurement.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from trueup.core.frozen import dataclass
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult
from trueup.evidence.metrics import Shape
from trueup.evidence.statistics.distributions import t_quantile
from trueup.evidence.statistics.means import CONFIDENCE, ROUNDING, Estimate, Span, Sums, is_number, mean_of, wilson
from trueup.evidence.statistics.orders import percentile

AGGREGATIONS = ("mean", "median", "min", "max", "sum", "p50", "p90", "p95", "p99")

PERCENTILES: Mapping[str, int] = {"median": 50, "p50": 50, "p90": 90, "p95": 95, "p99": 99}

FEW = 5
"""Fewer examples than this that differ do not tell how much examples differ."""

_SPANS: Mapping[str, Span] = {"ratio": (0.0, 1.0), "percent": (0.0, 100.0)}

_MOST_NATS = 700.0
"""A loss beyond this has a perplexity that JSON cannot spell."""


@dataclass(frozen=True, slots=True)
class Estimand:
    """What is to be estimated.

    Attributes:
        metric: Name of the measurement.
        unit: Its unit.
        shape: What the score of one example is.
        aggregation: One of `AGGREGATIONS`.
        slice: Part of the data; empty for all of it.
        scale: Scores are multiplied by it: 100 for shares given in percent.
    """

    metric: str
    unit: str
    shape: Shape
    aggregation: str = "mean"
    slice: str = ""
    scale: float = 1.0


def measure(results: Iterable[ExampleResult], estimand: Estimand) -> Measurement | None:
    """Return what *results* have of the metric, over the slice; None when no example has a score of it."""
    scores = [
        (result.id, score)
        for result in results
        if estimand.slice in {"", result.slice}
        for name, score in result.scores
        if name == estimand.metric
    ]
    return estimate(scores, estimand)


def estimate(scores: Iterable[tuple[str, float]], estimand: Estimand) -> Measurement | None:
    """Return the measurement that *scores* amount to; None without any, or when one is no finite number.

    Args:
        scores: Id of the example and its score. Scores of one id (epochs) are not independent; samples are ids.
        estimand: What they are scores of.
    """
    by_example: dict[str, list[float]] = {}
    for id_, score in scores:
        by_example.setdefault(id_, []).append(score * estimand.scale)
    groups = list(by_example.values())
    if not groups or not all(is_number(score) for group in groups for score in group):
        return None
    found = _estimate(groups, estimand)
    return Measurement(
        estimand.metric, found.value, estimand.unit, len(groups), found.stderr, found.interval, estimand.slice
    )


def perplexity(sums: Sums, metric: str = "perplexity", slice_name: str = "") -> Measurement | None:
    """Return the perplexity of sequences from the loss of each, in nats, and its number of predictions.

    Sequences are the samples. None without a prediction, or when the result is no finite number.
    """
    counted = [(loss, tokens) for loss, tokens in sums if tokens > 0]
    if not counted or not all(is_number(loss) for loss, _ in counted):
        return None
    loss = mean_of(counted)
    if loss.value > _MOST_NATS:
        return None
    value = math.exp(loss.value)
    # The error of exp(x) is exp(x) times that of x, to first order; the ends of the interval are carried over exactly.
    stderr = None if loss.stderr is None else value * loss.stderr
    interval = None if loss.interval is None or loss.interval[1] > _MOST_NATS else _exp(loss.interval)
    return Measurement(metric, value, "perplexity", len(counted), stderr, interval, slice_name)


def corpus(value: float, without_each: Sequence[float], estimand: Estimand) -> Measurement | None:
    """Return the measurement of a score that only a corpus has: BLEU, a gap between groups, a rate.

    Args:
        value: The score of all examples.
        without_each: For each example, the score of all others.
        estimand: What it is; its scale and aggregation are not used.

    None when a score is no finite number. Not for percentiles, whose jumps it cannot see.

    Source: the jackknife (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, 11), with Student's quantile.
    """
    count = len(without_each)
    if not count or not all(map(is_number, (value, *without_each))):
        return None
    mean = math.fsum(without_each) / count
    error = math.sqrt(math.fsum((w - mean) ** 2 for w in without_each) * (count - 1) / count)
    found = Estimate(value, None, None)
    if error > ROUNDING * max(1.0, abs(value)):
        edge = t_quantile(0.5 + CONFIDENCE / 2, count - 1) * error
        found = Estimate(value, error, (value - edge, value + edge))
    return Measurement(estimand.metric, found.value, estimand.unit, count, found.stderr, found.interval, estimand.slice)


def _exp(interval: Span) -> Span:
    return math.exp(interval[0]), math.exp(interval[1])


def _estimate(groups: Sequence[Sequence[float]], estimand: Estimand) -> Estimate:
    scores = [score for group in groups for score in group]
    match estimand.aggregation:
        case "min" | "max":
            return Estimate(min(scores) if estimand.aggregation == "min" else max(scores), None, None)
        case "sum":
            return _times(_mean(groups, estimand), len(scores))
        case name if name in PERCENTILES:
            found = percentile(scores, PERCENTILES[name], len(groups))
            return replace(found, value=statistics.median(scores)) if name == "median" else found
        case _:
            return _mean(groups, estimand)


def _mean(groups: Sequence[Sequence[float]], estimand: Estimand) -> Estimate:
    sums = [(math.fsum(group), len(group)) for group in groups]
    span = _SPANS.get(estimand.unit)
    if span is not None and not all(span[0] <= score <= span[1] for group in groups for score in group):
        span = None
    if estimand.shape is Shape.PASS_FAIL and span is not None and len(groups) > 1:
        return _times(_share([(total / span[1], count) for total, count in sums]), span[1])
    return mean_of(sums, span)


def _share(sums: Sums) -> Estimate:
    total = sum(count for _, count in sums)
    share = min(1.0, math.fsum(passed for passed, _ in sums) / total)
    number = independent(sums, share)
    stderr = math.sqrt(share * (1 - share) / number) or None
    return Estimate(share, stderr, wilson(share, number))


def independent(sums: Sums, share: float) -> float:
    """Return how many independent trials a *share* is worth, when examples were asked several times.

    Between the number of examples and that of answers, by how much examples differ; where fewer than `FEW` fail, or
    fewer pass, nobody can tell that, and examples are counted.

    Source: effective sample size, the inverse of Kish's design effect (Survey Sampling, 1965).
    """
    examples, answers = len(sums), sum(count for _, count in sums)
    failing = sum(passed < count for passed, count in sums)
    passing = sum(passed > 0 for passed, _ in sums)
    if min(failing, passing) < FEW or answers == examples:
        return float(examples)
    variance = math.fsum((passed - share * count) ** 2 for passed, count in sums) / answers**2
    most = share * (1 - share) / variance if variance > 0 else math.inf
    return max(1.0, min(float(answers), most))


def _times(estimate: Estimate, factor: float) -> Estimate:
    interval = None if estimate.interval is None else (estimate.interval[0] * factor, estimate.interval[1] * factor)
    return Estimate(estimate.value * factor, None if estimate.stderr is None else estimate.stderr * factor, interval)
