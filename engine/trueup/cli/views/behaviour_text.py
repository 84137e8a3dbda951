"""Behaviour diffs for the terminal."""

from collections.abc import Iterator, Sequence

from trueup.cli.output import Style
from trueup.cli.views.behaviour_words import (
    COLOURS,
    MARKS,
    METRIC_HEAD,
    NO_CHANGE,
    OUTCOME_COLOURS,
    USAGE_HEAD,
    answer_runs,
    change_line,
    change_notes,
    counts_line,
    headline,
    metric_cells,
    more_line,
    part_line,
    usage_cells,
)
from trueup.cli.views.text import Piece, table, visible, wrapped, wrapped_pieces
from trueup.cli.views.values import word_pieces
from trueup.diff.behaviour.answers import Change
from trueup.diff.behaviour.behaviour import BehaviourDiff, EvaluationDiff


class BehaviourText:
    """Plain lines; colour only repeats what a mark and a word say."""

    def __init__(self, style: Style, width: int) -> None:
        self._style = style
        self._width = width

    def lines(self, diffs: Sequence[BehaviourDiff]) -> Iterator[str]:
        """Yield everything, deployment by deployment."""
        if not diffs:
            yield from self._wrap(NO_CHANGE, "")
        for index, diff in enumerate(diffs):
            if index:
                yield ""
            yield from self._wrap(f"Behaviour of {diff.deployment}: {headline(diff)}", "", "bold")
            for part in diff.parts:
                yield from self._wrap(part_line(part), "  ", "dim")
            for note in diff.notes:
                yield from self._wrap(note, "  ", "yellow")
            for evaluation in diff.evaluations:
                yield from self._evaluation(evaluation)

    def _evaluation(self, evaluation: EvaluationDiff) -> Iterator[str]:
        yield ""
        yield from self._wrap(evaluation.evaluation, "  ", "bold")
        for note in evaluation.notes:
            yield from self._wrap(note, "    ", "yellow")
        if not evaluation.is_measured:
            return
        yield from self._table(
            [METRIC_HEAD, *map(metric_cells, evaluation.metrics)],
            ["dim", *(OUTCOME_COLOURS.get(m.outcome, "") for m in evaluation.metrics)],
        )
        yield ""
        yield from self._table([USAGE_HEAD, *map(usage_cells, evaluation.usage)], ["dim"])
        yield ""
        yield from self._wrap(counts_line(evaluation), "    ")
        for change in evaluation.changes:
            yield from self._change(change)
        if more := more_line(evaluation):
            yield from self._wrap(more, "    ", "dim")

    def _table(self, rows: Sequence[Sequence[str]], colours: Sequence[str]) -> Iterator[str]:
        painted = [*colours, *[""] * (len(rows) - len(colours))]
        for line, colour in zip(table(rows, "    "), painted, strict=True):
            yield self._style.paint(line, colour) if colour else line

    def _change(self, change: Change) -> Iterator[str]:
        yield ""
        head: list[Piece] = [
            (f"{MARKS[change.movement]} {change.movement.value}", ("bold", COLOURS[change.movement])),
            (f"  {visible(change_line(change))}", ()),
        ]
        yield from wrapped_pieces(head, self._width, "    ", self._style, "      ")
        if change.question.text:
            yield from self._labelled("asked", [(change.question.text, ("dim",))])
        yield from self._labelled("old", self._answer(change, "delete"))
        yield from self._labelled("new", self._answer(change, "insert"))
        for note in change_notes(change):
            yield from self._wrap(note, "      ", "yellow")

    def _answer(self, change: Change, kind: str) -> list[Piece]:
        runs, instead = answer_runs(change, kind)
        return [(instead, ("dim",))] if instead else list(word_pieces(runs))

    def _labelled(self, label: str, pieces: Sequence[Piece]) -> list[str]:
        indent = " " * 13
        return wrapped_pieces([(f"{label:<7}", ("dim",)), *pieces], self._width, indent[:6], self._style, indent)

    def _wrap(self, text: str, indent: str, *attributes: str) -> list[str]:
        return wrapped(text, self._width, indent, self._style, *attributes)
