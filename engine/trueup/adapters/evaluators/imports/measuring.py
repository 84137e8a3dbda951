"""Numbers from scores of single examples, where a tool gives none or they are to be checked."""

import math
import statistics
from collections.abc import Iterable, Sequence

from trueup.adapters.evaluators.imports import codes
from trueup.adapters.evaluators.imports.documents import Node
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult

TOLERANCE = 1e-6
"""Largest relative difference between a tool's mean and ours: sums in another order differ by far less."""


def standard_error(scores: Sequence[float]) -> float | None:
    """Return the standard error of the mean; None with fewer than two scores."""
    return statistics.stdev(scores) / math.sqrt(len(scores)) if len(scores) > 1 else None


def share_error(share: float, samples: int) -> float | None:
    """Return the standard error of a share of pass/fail examples; None with fewer than two, or when it is no share."""
    if samples < 2 or not 0 <= share <= 1:
        return None
    return math.sqrt(share * (1 - share) / (samples - 1))


def mean(metric: str, unit: str, scores: Sequence[float], part: str = "") -> Measurement:
    """Return the mean of *scores* over the part of the data that is called *part*."""
    return Measurement(metric, statistics.fmean(scores), unit, len(scores), standard_error(scores), slice=part)


def by_slice(metric: str, unit: str, examples: Iterable[ExampleResult]) -> tuple[Measurement, ...]:
    """Return the mean of a metric in each slice that the examples name.

    An example that was asked several times counts once, with its mean: asking again adds no independent example.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for example in examples:
        for name, score in example.scores:
            if name == metric and example.slice:
                found.setdefault(example.slice, {}).setdefault(example.id, []).append(score)
    return tuple(
        mean(metric, unit, [statistics.fmean(scores) for scores in asked.values()], part)
        for part, asked in sorted(found.items())
    )


def agrees(stated: Node, value: float, scores: Sequence[float], what: str) -> None:
    """Note a problem when the mean that a tool states is not the mean of its own examples."""
    computed = statistics.fmean(scores)
    if not math.isclose(value, computed, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
        detail = f"`{stated.where}` is {value:g}, but the mean of {what} of {len(scores)} examples is {computed:g}."
        stated.problems.add(codes.CONTRADICTION, detail)


def spelled(node: Node, leave_out: Sequence[str] = ()) -> str:
    """Return an object as `a=1 b.c=2`, without what is empty: for settings that have no field of their own."""
    parts: list[str] = []
    for key, value in node.fields().items():
        if isinstance(value, dict):
            inner = spelled(node.at(key))
            parts += [f"{key}.{part}" for part in inner.split(" ") if part]
        elif key not in leave_out and value not in (None, [], "", False):
            parts.append(f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}")
    return " ".join(parts)
