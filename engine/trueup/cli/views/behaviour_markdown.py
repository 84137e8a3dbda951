"""Behaviour diffs in a comment on a pull request: what broke outside any fold, the rest inside."""

from collections.abc import Iterator, Sequence

from trueup.cli.views.behaviour_words import (
    MARKS,
    METRIC_HEAD,
    NO_CHANGE,
    USAGE_HEAD,
    answer_runs,
    change_line,
    change_notes,
    counts_line,
    headline,
    metric_cells,
    more_line,
    part_line,
    regressed,
    usage_cells,
)
from trueup.cli.views.markup import cell, code, folded, prose, table
from trueup.cli.views.text import visible_lines
from trueup.diff.behaviour.answers import Change, Movement
from trueup.diff.behaviour.behaviour import BehaviourDiff, EvaluationDiff

_MOST_BROKEN = 5
"""Examples outside any fold, of all deployments together: a comment has to fit a screen first."""
_SHORT = 300
"""Characters of what is outside any fold."""
_TAGS = {"delete": "del", "insert": "ins"}


def head(diffs: Sequence[BehaviourDiff]) -> Iterator[str]:
    """Yield what nobody may miss."""
    if not diffs:
        yield from ("", prose(NO_CHANGE))
    room = _MOST_BROKEN
    for diff in diffs:
        yield from ("", f"**Behaviour of {code(diff.deployment)}:** {prose(headline(diff))}")
        notes = [*diff.notes, *(f"{e.evaluation}: {n}" for e in diff.evaluations if e.counts is None for n in e.notes)]
        worse = [m for e in diff.evaluations for m in regressed(e)]
        broken = [c for e in diff.evaluations for c in e.changes if c.movement is Movement.BROKE][:room]
        room -= len(broken)
        if notes or worse or broken:
            yield ""
        yield from (f"- {prose(note)}" for note in notes)
        for row in worse:
            name, old, new, delta, verdict = metric_cells(row)
            yield f"- `!` {prose(verdict)}: {prose(name)} {old} -&gt; {new}, {prose(delta)}"
        yield from (_broken(c) for c in broken)
        if (rest := diff.broke - len(broken)) and broken:
            yield f"- and {rest} more from pass to fail"


def details(diffs: Sequence[BehaviourDiff]) -> Iterator[list[str]]:
    """Yield a fold for each evaluation."""
    for diff in diffs:
        parts = [f"- {prose(part_line(p))}" for p in diff.parts]
        if parts:
            yield ["", *folded(f"What differs in {diff.deployment}", parts)]
        for evaluation in diff.evaluations:
            if evaluation.is_measured:
                yield [
                    "",
                    *folded(f"Behaviour by {evaluation.evaluation} ({diff.deployment})", _evaluation(evaluation)),
                ]


def _evaluation(evaluation: EvaluationDiff) -> Iterator[str]:
    for note in evaluation.notes:
        yield f"- {prose(note)}"
    yield ""
    yield from table(METRIC_HEAD, (list(map(cell, metric_cells(m))) for m in evaluation.metrics))
    yield ""
    yield from table(USAGE_HEAD, (list(map(cell, usage_cells(u))) for u in evaluation.usage))
    yield from ("", prose(counts_line(evaluation)))
    for change in evaluation.changes:
        yield from _change(change)
    if more := more_line(evaluation):
        yield from ("", prose(more))


def _change(change: Change) -> Iterator[str]:
    yield from ("", f"`{MARKS[change.movement]}` **{change.movement.value}** {prose(change_line(change))}", "")
    if change.question.text:
        yield from (f"Asked: {_lines(change.question.text)}", "")
    yield from table(("serves now", "planned"), [(_answer(change, "delete"), _answer(change, "insert"))])
    notes = list(change_notes(change))
    if notes:
        yield from ("", *(f"- {prose(n)}" for n in notes))


def _answer(change: Change, kind: str) -> str:
    """Return an answer for a table cell, what differs in `<del>` or `<ins>`."""
    runs, instead = answer_runs(change, kind)
    if instead:
        return f"*{cell(instead)}*"
    return "".join(_run(run_kind, text) for run_kind, text in runs)


def _run(kind: str, text: str) -> str:
    shown = _lines(text)
    tag = _TAGS.get(kind)
    return f"<{tag}>{shown}</{tag}>" if tag else shown


def _lines(text: str) -> str:
    return "<br>".join(cell(line) for line in visible_lines(text))


def _broken(change: Change) -> str:
    asked = f" asked {code(_cut(change.question.text))}:" if change.question.text else ""
    answers = (_plain(change, kind) for kind in ("delete", "insert"))
    return f"- `!` {prose(change_line(change))};{asked} {' -&gt; '.join(answers)}"


def _plain(change: Change, kind: str) -> str:
    runs, instead = answer_runs(change, kind)
    return f"*{cell(instead)}*" if instead else code(_cut("".join(text for _, text in runs)))


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT else text[:_SHORT] + " ..."
