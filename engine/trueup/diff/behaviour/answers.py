"""Answers of two releases to the same questions: which changed, which went from pass to fail, and how much differs.

Whole runs are compared; only what is shown is masked, cut and compared word by word, which costs more.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise

from trueup.core.frozen import dataclass
from trueup.diff.masks import masked_text
from trueup.diff.words import Run, word_difference
from trueup.evidence.examples import ExampleResult, kept_output

SHOWN_CHARACTERS = 1_200
"""Of one answer: about a screen, and still two beside each other."""
_LEAD = 160
"""Characters shown before the first difference, for people to find their way."""
_NEXT_SPACE = 40
"""A cut moves to a space that is no farther."""
SHOWN_QUESTION = 400

_WORD = re.compile(r"\w+|[^\w\s]")


class Movement(StrEnum):
    """What happened to one example."""

    BROKE = "pass to fail"
    FIXED = "fail to pass"
    CHANGED = "answer changed"


_ORDER = {Movement.BROKE: 0, Movement.FIXED: 1, Movement.CHANGED: 2}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many examples did what.

    Attributes:
        same: The same answer and the same scores.
        changed: Another answer, or another score.
        broke: Of the changed ones, those that went from pass to fail.
        fixed: Of the changed ones, those that went from fail to pass.
        only_old: Only the release that serves was asked.
        only_new: Only the new one was asked.
    """

    same: int
    changed: int
    broke: int
    fixed: int
    only_old: int
    only_new: int


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The shown part of a text, and the characters left out before and after it."""

    text: str
    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One example that changed.

    Attributes:
        id: The example's id in its data.
        epoch: Which time it was asked, from 0.
        slice: Part of the data; empty when it has none.
        movement: What happened.
        question: What was asked, masked and cut.
        old: The old answer, masked, around the first difference.
        new: The new one.
        words: What turns the shown part of `old` into that of `new`, word by word.
        distance: Share of neighbouring words that only one answer has, 0 to 1.
        scores: Metric, old and new score; None where it has none.
    """

    id: str
    epoch: int
    slice: str
    movement: Movement
    question: Excerpt
    old: Excerpt
    new: Excerpt
    words: tuple[Run, ...]
    distance: float
    scores: tuple[tuple[str, float | None, float | None], ...]

    @property
    def is_hidden(self) -> bool:
        """Whether the answers differ and what is shown of them does not: in what is masked, or left out."""
        return self.old.text == self.new.text and self.distance > 0.0


_Key = tuple[str, int, int]
"""Id, epoch, and which one of that id and epoch it is: data may give an id twice."""
_Pair = tuple[ExampleResult, ExampleResult]


def compare_answers(
    old: Sequence[ExampleResult],
    new: Sequence[ExampleResult],
    higher_is_better: Mapping[str, bool],
    limit: int | None = None,
) -> tuple[Counts, tuple[Change, ...]]:
    """Return how many examples changed, and the *limit* that matter most (None: all).

    First those that went from pass to fail, then those that went from fail to pass, then the others; among these,
    those whose answers differ most.

    Args:
        old: Results of the release that serves.
        new: Results of the new one.
        higher_is_better: Direction of metrics, by name; higher is better where nothing is said.
        limit: Changes wanted.
    """
    before, after = _numbered(old), _numbered(new)
    pairs = {key: (before[key], after[key]) for key in before if key in after}
    graded = _graded(pairs.values(), higher_is_better)
    moved = {key: _movement(pair, graded) for key, pair in pairs.items() if _differs(pair)}
    ranked = sorted(moved, key=lambda key: (_ORDER[moved[key]], -_distance(pairs[key]), key))
    kinds = Counter(moved.values())
    counts = Counts(
        same=len(pairs) - len(moved),
        changed=len(moved),
        broke=kinds[Movement.BROKE],
        fixed=kinds[Movement.FIXED],
        only_old=len(before) - len(pairs),
        only_new=len(after) - len(pairs),
    )
    return counts, tuple(_change(pairs[key], moved[key]) for key in ranked[:limit])


def _numbered(results: Iterable[ExampleResult]) -> dict[_Key, ExampleResult]:
    seen: Counter[tuple[str, int]] = Counter()
    found = {}
    for result in results:
        place = (result.id, result.epoch)
        found[*place, seen[place]] = result
        seen[place] += 1
    return found


def _graded(pairs: Iterable[_Pair], higher_is_better: Mapping[str, bool]) -> dict[str, float]:
    """Return the metrics whose every score is 0 or 1, each with the score that passes."""
    is_grade: dict[str, bool] = {}
    for pair in pairs:
        for name, score in (*pair[0].scores, *pair[1].scores):
            is_grade[name] = is_grade.get(name, True) and score in (0.0, 1.0)
    return {name: float(higher_is_better.get(name, True)) for name, yes in is_grade.items() if yes}


def _differs(pair: _Pair) -> bool:
    old, new = pair
    return kept_output(old) != kept_output(new) or any(was != now for _, was, now in _both(pair))


def _movement(pair: _Pair, graded: Mapping[str, float]) -> Movement:
    moves = {
        Movement.BROKE if was == graded[name] else Movement.FIXED
        for name, was, now in _both(pair)
        if name in graded and was != now
    }
    return min(moves, key=_ORDER.__getitem__, default=Movement.CHANGED)


def _scores(pair: _Pair) -> tuple[tuple[str, float | None, float | None], ...]:
    old, new = dict(pair[0].scores), dict(pair[1].scores)
    return tuple((name, old.get(name), new.get(name)) for name in sorted({*old, *new}))


def _both(pair: _Pair) -> tuple[tuple[str, float, float], ...]:
    found = _scores(pair)
    return tuple((name, was, now) for name, was, now in found if was is not None and now is not None)


def _distance(pair: _Pair) -> float:
    """Return the share of neighbouring words that only one answer has; linear in their length, unlike an edit."""
    old, new = kept_output(pair[0]), kept_output(pair[1])
    if old == new:
        return 0.0
    before, after = _neighbours(old), _neighbours(new)
    shared = sum((before & after).values())
    # Never 0 for answers that differ, if only in white space.
    return max(1.0 - 2.0 * shared / (before.total() + after.total()), 1e-9)


def _neighbours(text: str) -> Counter[tuple[str, str]]:
    words = ["", *_WORD.findall(text), ""]
    return Counter(pairwise(words))


def _change(pair: _Pair, movement: Movement) -> Change:
    result, later = pair
    old, new = excerpts(masked_text(result.output), masked_text(later.output))
    question = masked_text(later.input)
    return Change(
        id=masked_text(result.id),
        epoch=result.epoch,
        slice=masked_text(later.slice),
        movement=movement,
        question=Excerpt(question[:SHOWN_QUESTION], after=max(len(question) - SHOWN_QUESTION, 0)),
        old=old,
        new=new,
        words=word_difference(old.text, new.text),
        distance=_distance(pair),
        scores=_scores(pair),
    )


def excerpts(old: str, new: str, most: int = SHOWN_CHARACTERS) -> tuple[Excerpt, Excerpt]:
    """Return the parts of *old* and *new* around their first difference, *most* characters each."""
    if max(len(old), len(new)) <= most:
        return Excerpt(old), Excerpt(new)
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    start = max(same - _LEAD, 0)
    space = old.rfind(" ", max(start - _NEXT_SPACE, 0), start) if start else -1
    start = space + 1 if space >= 0 else start
    return _part(old, start, most), _part(new, start, most)


def _part(text: str, start: int, most: int) -> Excerpt:
    shown = text[start : start + most]
    return Excerpt(shown, start, len(text) - start - len(shown))
