"""A plan's behaviour diffs as one page of HTML: to read, to print, to send on."""

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
    cut_note,
    headline,
    metric_cells,
    more_line,
    usage_cells,
)
from trueup.cli.views.page import page, shown, table
from trueup.cli.views.plan_report import PlanReport
from trueup.core.digests import short
from trueup.diff.behaviour.answers import Change, Movement
from trueup.diff.behaviour.behaviour import BehaviourDiff, EvaluationDiff
from trueup.diff.behaviour.metrics import MetricRow, Outcome

NOT_ASKED = "Behaviour was not asked for: `trueup plan --behaviour` compares it."
_CLASSES = {
    Movement.BROKE: "bad",
    Movement.FIXED: "good",
    Movement.CHANGED: "care",
}
_OUTCOMES = {
    Outcome.BETTER: "good",
    Outcome.NO_WORSE: "good",
    Outcome.REGRESSED: "bad",
    Outcome.NOT_ENOUGH: "care",
}
_TAGS = {"delete": ("del", "removed"), "insert": ("ins", "added")}
_BLANKS = str.maketrans({" ": "\u2423", "\n": "\\n", "\t": "\\t"})
"""How white space is shown where it is all that changed."""


class PlanHtml:
    """The page."""

    def render(self, report: PlanReport) -> str:
        """Return it, whole."""
        plan = report.saved.plan
        diffs = report.behaviour
        name = ", ".join(d.deployment.rpartition("/")[2] for d in diffs or ()) or "no release"
        title = f"Behaviour of {name} in {plan.environment}"
        about = f"Revision <code>{shown(report.revision)}</code>, plan <code>{shown(short(plan.id))}</code>"
        about += f" of {plan.created_at:%Y-%m-%d %H:%M} UTC."
        body = [
            "<header>",
            f"<h1>{shown(title)}</h1>",
            f'<p class="quiet">{shown(report.summary)}. Policy: {shown(report.verdict)}.</p>',
            f'<p class="quiet">{about}</p>',
            "</header>",
            "<main>",
            *(f'<p class="said">{shown(NO_CHANGE if diffs is not None else NOT_ASKED)}</p>' for _ in range(not diffs)),
            *(line for diff in diffs or () for line in _deployment(diff)),
            "</main>",
            f'<footer class="quiet"><p>{_LEGEND}</p></footer>',
        ]
        return page(title, body)


_LEGEND = (
    "<del>Struck through</del> stands only in the answer of what serves now, <ins>underlined</ins> only in the "
    "answer of what is planned. Answers are what models said; secrets that look like keys are masked."
)


def _deployment(diff: BehaviourDiff) -> Iterator[str]:
    yield "<section>"
    yield f"<h2>{shown(diff.deployment)}</h2>"
    yield f'<p class="said">{shown(_sentence(headline(diff)))}</p>'
    yield from _notes(diff.notes)
    if diff.parts:
        rows = ([shown(p.name), _cell(p.old), _cell(p.new)] for p in diff.parts)
        yield from table(f"What differs in {diff.deployment}", ("part", "serves now", "planned"), rows)
    for evaluation in diff.evaluations:
        yield from _evaluation(evaluation, diff.deployment)
    yield "</section>"


def _evaluation(evaluation: EvaluationDiff, deployment: str) -> Iterator[str]:
    yield f"<h3>{shown(evaluation.evaluation)}</h3>"
    yield from _notes(evaluation.notes)
    if not evaluation.is_measured:
        return
    by = f"by {evaluation.evaluation}, {deployment}"
    yield from table(f"Metrics {by}", METRIC_HEAD, map(_metric, evaluation.metrics))
    usage = ([shown(first), *map(_number, others)] for first, *others in map(usage_cells, evaluation.usage))
    yield from table(f"Use {by}", USAGE_HEAD, usage)
    yield f"<p>{shown(_sentence(counts_line(evaluation)))}</p>"
    for change in evaluation.changes:
        yield from _change(change)
    if more := more_line(evaluation):
        yield f'<p class="quiet">{shown(_sentence(more))}</p>'


def _metric(row: MetricRow) -> list[str]:
    name, old, new, delta, verdict = metric_cells(row)
    kind = _OUTCOMES.get(row.outcome, "")
    return [shown(name), _number(old), _number(new), _number(delta), f'<td class="{kind}">{shown(verdict)}</td>']


def _change(change: Change) -> Iterator[str]:
    kind = f"{MARKS[change.movement]} {change.movement.value}"
    yield "<article>"
    yield f'<details open><summary><span class="{_CLASSES[change.movement]}">{shown(kind)}</span>'
    yield f"<h4>{shown(change_line(change))}</h4></summary>"
    yield '<div class="body">'
    if change.question.text:
        cut = f' <span class="quiet">({shown(note)})</span>' if (note := cut_note(change.question)) else ""
        yield f'<p class="quiet">Asked{cut}:</p>'
        yield f'<p class="asked" dir="auto">{shown(change.question.text)}</p>'
    yield '<div class="sides">'
    for name, side in (("Serves now", "delete"), ("Planned", "insert")):
        yield f'<div><h5>{name}</h5><div class="answer" dir="auto">{_answer(change, side)}</div></div>'
    yield "</div>"
    yield from _notes(tuple(change_notes(change)))
    yield "</div></details>"
    yield "</article>"


def _answer(change: Change, side: str) -> str:
    runs, instead = answer_runs(change, side)
    if instead:
        return f'<span class="quiet">{shown(instead)}</span>'
    without = str.maketrans("", "", "\u200c\u200d")
    has_joiners = change.old.text.translate(without) != change.new.text.translate(without)
    return "".join(_run(kind, text, has_joiners=has_joiners) for kind, text in runs)


def _run(kind: str, text: str, *, has_joiners: bool) -> str:
    if kind not in _TAGS:
        return shown(text, has_joiners=has_joiners)
    tag, word = _TAGS[kind]
    seen = shown(text, has_joiners=has_joiners) if text.strip() else shown(text.translate(_BLANKS))
    return f'<{tag}><span class="unseen">{word}: </span>{seen}<span class="unseen"> (end)</span></{tag}>'


def _notes(notes: Sequence[str]) -> Iterator[str]:
    for note in notes:
        pieces = note.split("`")
        marked = (f"<code>{shown(p)}</code>" if i % 2 else shown(p) for i, p in enumerate(pieces))
        yield f'<p class="note"><strong>Note:</strong> {"".join(marked)}</p>'


def _cell(text: str) -> str:
    return f"<td>{shown(text)}</td>"


def _number(text: str) -> str:
    return f'<td class="n">{shown(text)}</td>'


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
