"""Pairs of results: the same example, asked the same time, of the new and of the old release."""

import math
from collections.abc import Iterable, Mapping, Sequence

from trueup.core.frozen import dataclass
from trueup.evidence.examples import ExampleResult
from trueup.evidence.statistics.means import is_number

_Answer = tuple[str, int]
"""Id and epoch."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """What two releases have in common.

    Attributes:
        new: Score by metric, of each answer of the new release.
        old: The same of the old one.
        slices: The slice of each answer that both gave.
        only_new: Answers that the old release has not.
        only_old: Answers that the new release has not.
    """

    new: Mapping[_Answer, Mapping[str, float]]
    old: Mapping[_Answer, Mapping[str, float]]
    slices: Mapping[_Answer, str]
    only_new: int
    only_old: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One metric over one slice: a number for each example, the mean over its epochs.

    Attributes:
        new: Of the new release.
        old: Of the old one, in the same order.
        unpaired: Answers of which only one release has a score that is a number.
        paired: Answers of which both have.
    """

    new: Sequence[float]
    old: Sequence[float]
    unpaired: int
    paired: int


def pair(new: Iterable[ExampleResult], old: Iterable[ExampleResult]) -> Pairs:
    """Pair by id and epoch; of several scores of one answer and metric, the mean counts."""
    new_scores, new_slices = _indexed(new)
    old_scores, old_slices = _indexed(old)
    # A slice is a part of the data: where the data changed, it is the part that the new release was asked in.
    slices = {**old_slices, **new_slices}
    return Pairs(
        new_scores,
        old_scores,
        slices,
        only_new=len(new_scores.keys() - old_scores.keys()),
        only_old=len(old_scores.keys() - new_scores.keys()),
    )


def sample_of(pairs: Pairs, metric: str, slice_name: str = "", scale: float = 1.0) -> Sample:
    """Return the pairs of *metric* in a slice, ordered by example; scores are multiplied by *scale*."""
    by_example: dict[str, tuple[list[float], list[float]]] = {}
    unpaired = paired = 0
    for answer in sorted(pairs.new.keys() | pairs.old.keys()):
        if slice_name not in {"", pairs.slices[answer]}:
            continue
        after, before = pairs.new.get(answer, {}).get(metric), pairs.old.get(answer, {}).get(metric)
        if after is None and before is None:
            continue
        if after is not None and before is not None and is_number(after) and is_number(before):
            news, olds = by_example.setdefault(answer[0], ([], []))
            news.append(after * scale)
            olds.append(before * scale)
            paired += 1
        else:
            unpaired += 1
    return Sample(
        [_mean(news) for news, _ in by_example.values()],
        [_mean(olds) for _, olds in by_example.values()],
        unpaired,
        paired,
    )


def _indexed(
    results: Iterable[ExampleResult],
) -> tuple[Mapping[_Answer, Mapping[str, float]], Mapping[_Answer, str]]:
    scores: dict[_Answer, dict[str, list[float]]] = {}
    slices: dict[_Answer, str] = {}
    for result in results:
        answer = (result.id, result.epoch)
        slices[answer] = result.slice
        own = scores.setdefault(answer, {})
        for name, score in result.scores:
            own.setdefault(name, []).append(score)
    return {answer: {name: _mean(found) for name, found in own.items()} for answer, own in scores.items()}, slices


def _mean(values: Sequence[float]) -> float:
    """Return the mean; no number when one of *values* is none."""
    if len(values) == 1:
        return values[0]
    return math.fsum(values) / len(values) if all(map(is_number, values)) else math.nan
