"""Words and numbers of a behaviour diff that every format shares."""

from collections.abc import Iterator

from trueup.diff.behaviour.answers import Change, Excerpt, Movement
from trueup.diff.behaviour.behaviour import BehaviourDiff, EvaluationDiff
from trueup.diff.behaviour.metrics import MetricRow, Outcome
from trueup.diff.behaviour.parts import Part
from trueup.diff.behaviour.usage import UsageRow
from trueup.diff.words import Run

NO_CHANGE = "Behaviour: every planned deployment serves as planned, so nothing about it changes."
UNKNOWN = "not known"

MARKS = {Movement.BROKE: "!", Movement.FIXED: "+", Movement.CHANGED: "~"}
COLOURS = {Movement.BROKE: "red", Movement.FIXED: "green", Movement.CHANGED: "yellow"}
OUTCOME_COLOURS = {
    Outcome.BETTER: "green",
    Outcome.NO_WORSE: "green",
    Outcome.REGRESSED: "red",
    Outcome.NOT_ENOUGH: "yellow",
}
USAGE_NAMES = {
    "prompt_tokens": "tokens read",
    "completion_tokens": "tokens written",
    "latency_p50": "latency, median",
    "latency_p95": "latency, 95th percentile",
    "cost_per_1000": "cost of 1,000 requests",
}


def headline(diff: BehaviourDiff) -> str:
    """Say in one line what changes, or that it is not known."""
    if not diff.old_release:
        return "nothing serves yet, nothing to compare with"
    counted = [e.counts for e in diff.evaluations if e.counts is not None]
    worse = [f"{e.evaluation.partition('/')[2]} {_metric(m)}" for e in diff.evaluations for m in regressed(e)]
    parts = [f"regressed: {', '.join(worse)}"] if worse else []
    if counted:
        compared = sum(c.same + c.changed for c in counted)
        changed, broke, fixed = (sum(n) for n in zip(*((c.changed, c.broke, c.fixed) for c in counted), strict=True))
        parts += [
            f"{broke} from pass to fail",
            f"{fixed} from fail to pass",
            f"{changed} of {compared} examples changed",
        ]
    missing = sum(e.counts is None for e in diff.evaluations)
    if missing or not diff.evaluations:
        parts.append(f"not known for {_counted(missing, 'evaluation')}" if diff.evaluations else "not measured")
    return ", ".join(parts)


def regressed(evaluation: EvaluationDiff) -> tuple[MetricRow, ...]:
    """Return the metrics that became worse by more than chance."""
    return tuple(m for m in evaluation.metrics if m.outcome is Outcome.REGRESSED)


def metric_cells(row: MetricRow) -> list[str]:
    """Return name, old, new, difference with its interval, and what can be said."""
    return [_metric(row), number(row.old), number(row.new), _delta(row), verdict(row)]


def verdict(row: MetricRow) -> str:
    """Say what can be said of a difference, and how many more examples it takes where they are too few."""
    more = f": {_counted(row.more_samples, 'more example')}" if row.more_samples else ""
    return f"{row.outcome.value}{more}"


METRIC_HEAD = ("metric", "serves now", "planned", "difference (95 % interval)", "verdict")


def usage_cells(row: UsageRow) -> list[str]:
    """Return name with unit, old, new and change in percent."""
    unit = f" ({row.unit})" if row.unit else ""
    change = UNKNOWN if row.ratio is None else f"{row.ratio:+.1%}"
    return [f"{USAGE_NAMES[row.name]}{unit}", number(row.old), number(row.new), change]


USAGE_HEAD = ("use", "serves now", "planned", "change")


def change_line(change: Change) -> str:
    """Return which example it is, and its scores that changed."""
    where = f" in {change.slice}" if change.slice else ""
    time = f", time {change.epoch + 1}" if change.epoch else ""
    scores = [f"{n} {number(was)} -> {number(now)}" for n, was, now in change.scores if was != now]
    return f"{change.id}{where}{time}{': ' if scores else ''}{', '.join(scores)}"


def cut_note(excerpt: Excerpt) -> str:
    """Say how much of a text is not shown; empty for nothing."""
    parts = [(excerpt.before, "before"), (excerpt.after, "after")]
    told = " and ".join(f"{_counted(n, 'character')} {where}" for n, where in parts if n)
    return f"{told} not shown" if told else ""


def change_notes(change: Change) -> Iterator[str]:
    """Yield what a reader of *change* has to know."""
    for name, excerpt in (("old", change.old), ("new", change.new)):
        if note := cut_note(excerpt):
            yield f"{name} answer: {note}"
    if change.is_hidden:
        yield "The answers differ in what is masked, left out or not kept."
    elif change.distance == 0.0:
        yield "The answer is the same; its scores are not."


def more_line(evaluation: EvaluationDiff) -> str:
    """Say how many changed examples are not listed; empty for none."""
    left = evaluation.left_out
    return f"and {left} more changed; `--examples {left + len(evaluation.changes)}` shows all" if left else ""


def counts_line(evaluation: EvaluationDiff) -> str:
    """Say how many examples changed, or that it is not known."""
    counts = evaluation.counts
    if counts is None:
        return "which examples changed is not known"
    moved = f"{counts.broke} from pass to fail, {counts.fixed} from fail to pass"
    compared = _counted(counts.same + counts.changed, "example")
    return f"{compared} compared: {counts.changed} changed ({moved}), {counts.same} the same"


def number(value: float | None) -> str:
    """Spell a number with four significant digits."""
    return UNKNOWN if value is None else f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def _metric(row: MetricRow) -> str:
    name = f"{row.metric}[{row.slice}]" if row.slice else row.metric
    return f"{name} ({row.unit})" if row.unit else name


def _delta(row: MetricRow) -> str:
    if row.delta is None:
        return UNKNOWN
    ends = f" ({_signed(row.interval[0])} to {_signed(row.interval[1])})" if row.interval else ""
    return f"{_signed(row.delta)}{ends}"


def _signed(value: float) -> str:
    return f"{value:+.3g}" if value else "0"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def part_line(part: Part) -> str:
    """Say what of the release differs."""
    return f"{part.name}: {part.old} -> {part.new}"


def answer_runs(change: Change, kind: str) -> tuple[tuple[Run, ...], str]:
    """Return the runs of one answer, or what stands in its place.

    Args:
        change: The example.
        kind: `delete` for the old answer, whose words are equal or deleted; `insert` for the new one.
    """
    runs = tuple(run for run in change.words if run[0] in ("equal", kind))
    if runs:
        return runs, ""
    is_kept = bool(change.old.text or change.new.text)
    return (), "(empty)" if is_kept or change.distance == 0.0 else "(not kept)"
