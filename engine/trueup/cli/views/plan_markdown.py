"""A plan as one comment on a pull request: the verdict first, what deletes or reaches people outside any fold."""

from collections.abc import Iterator
from itertools import groupby

from trueup.cli.views import behaviour_markdown
from trueup.cli.views.exception_notes import exception_notes
from trueup.cli.views.markup import cell, cell_code, code, fenced, folded, marker, prose, table
from trueup.cli.views.plan_effects import LOOSENED, cost_details, cost_line, deleted_line, loosened_line
from trueup.cli.views.plan_report import PlanReport, facts, heading, left_out, shown_fields
from trueup.cli.views.plan_text import evidence_line, hold_line
from trueup.cli.views.text import visible
from trueup.cli.views.values import field_symbol, path_text, value_pieces
from trueup.core.digests import short
from trueup.diff.changes import Change, Create, Delete, FieldChange, Update
from trueup.policy.decision import Violation

LARGEST_COMMENT_BYTES = 60_000
"""GitHub refuses comments above 65,536 characters; the rest is for what a workflow adds around it."""
_MOST_ROWS = 100
_LONGEST_REASON = 300


class PlanMarkdown:
    """Markdown for a comment, with a size that a forge accepts."""

    def render(self, report: PlanReport) -> str:
        """Return the comment; details that do not fit are left out, and it says how many."""
        head = "\n".join([marker("plan", report.saved.environment.name, "v1"), *_head(report)])
        sections = ["\n".join(s) for s in _details(report)]
        tail = "\n".join(["", *_tail(report)])
        # The note's own length and line ends are below 200 bytes.
        room = LARGEST_COMMENT_BYTES - len(head.encode()) - len(tail.encode()) - 200
        shown: list[str] = []
        for section in sections:
            room -= len(section.encode()) + 1
            if room < 0:
                break
            shown.append(section)
        left_out = len(sections) - len(shown)
        note = [f"\n{left_out} more sections do not fit into a comment; the plan file has them."] if left_out else []
        return "\n".join([head, *shown, *note, tail])


def _head(report: PlanReport) -> Iterator[str]:
    icon = {"allowed": "\u2705", "not judged": "\u2754"}.get(report.verdict, "\u26d4")
    yield f"### {icon} {prose(report.title)}: {prose(report.verdict)}"
    yield from ("", f"**{prose(report.summary)}**", "")
    about = f"Environment {code(report.saved.environment.name)} ({prose(report.saved.environment.tier)})"
    yield f"{about}, revision {code(report.revision)}, plan {code(short(report.saved.plan.id))}."
    yield from _cost(report)
    yield from _blocking(report)
    yield from _softened(report)
    yield from _outside_any_fold(report)
    if report.behaviour is not None:
        yield from behaviour_markdown.head(report.behaviour)
    if report.ordered:
        rows = [_row(c) for c in report.ordered[:_MOST_ROWS]]
        yield from ("", *table(["", "change", "address", "why"], rows))
        if len(report.ordered) > _MOST_ROWS:
            yield f"\n{len(report.ordered) - _MOST_ROWS} more changes are in the plan file."


def _cost(report: PlanReport) -> Iterator[str]:
    cost = report.saved.effects.cost
    if cost is not None:
        said = cost_line(cost)
        yield from ("", f"{prose(said[:1].upper() + said[1:])}.")
        details = [f"- {prose(detail)}" for detail in cost_details(cost)]
        if details:
            yield from ("", *details[:_MOST_ROWS])


def _blocking(report: PlanReport) -> Iterator[str]:
    decision = report.decision
    if decision is None or not report.is_blocked:
        return
    yield from ("", "**Blocked:**", "")
    for error in decision.errors[:_MOST_ROWS]:
        where = f" ({code(str(error.span))})" if error.span else ""
        yield f"- `!` a policy could not be evaluated{where}: {prose(_cut(error.message))}"
    for violation in report.denials[:_MOST_ROWS]:
        yield _violation("!", violation)


def _softened(report: PlanReport) -> Iterator[str]:
    """Yield what a setting or a date softened, and exceptions to look after: both are easily taken for all right."""
    if report.softened:
        yield from ("", "**Softened, would deny:**", "")
        yield from (_violation("warning", v) for v in report.softened[:_MOST_ROWS])
    if report.decision is None:
        return
    notes = [*report.policy_notes, *exception_notes(report.decision), *(n.message for n in report.decision.notices)]
    if notes:
        yield from ("", "**To look after:**", "")
        yield from (f"- {prose(_cut(note))}" for note in notes[:_MOST_ROWS])


def _outside_any_fold(report: PlanReport) -> Iterator[str]:
    deletes = [c for c in report.ordered if isinstance(c, Delete)]
    if deletes:
        yield from ("", "**Deleted:**", "")
        yield from (f"- `-` delete {code(str(c.address))}: {prose(_cut(c.reason))}" for c in deletes[:_MOST_ROWS])
        if len(deletes) > _MOST_ROWS:
            yield f"- and {len(deletes) - _MOST_ROWS} more"
        if report.saved.effects.deleted:
            said = deleted_line(report.saved.effects.deleted)
            yield from ("", f"{prose(said[:1].upper() + said[1:])}.")
    loosened = report.saved.effects.loosened
    if loosened:
        yield from ("", f"**Easier to pass ({LOOSENED}):**", "")
        yield from (f"- `~` {prose(loosened_line(one))}" for one in loosened[:_MOST_ROWS])
        if len(loosened) > _MOST_ROWS:
            yield f"- and {len(loosened) - _MOST_ROWS} more"
    moved = [c for c in report.ordered if isinstance(c, Create | Update)]
    if report.is_production and moved:
        yield from ("", "**Reaches production:**", "")
        for change in moved[:_MOST_ROWS]:
            sign, word = heading(change)
            impact = ", ".join(change.impacts)
            yield f"- `{sign}` {word} {code(str(change.address))}: {prose(_cut(change.reason))} (impact: {impact})"


def _row(change: Change) -> list[str]:
    sign, word = heading(change)
    return [f"`{sign}`", word, cell_code(str(change.address)), cell(_cut(change.reason))]


def _details(report: PlanReport) -> Iterator[list[str]]:
    for change in report.ordered:
        if isinstance(change, Create | Update):
            sign, word = heading(change)
            lines = [*(f"- {prose(f)}" for f in facts(change)), "", *fenced(_fields(shown_fields(change)), "diff")]
            lines += ["", prose(rest)] if (rest := left_out(change)) else []
            yield ["", *folded(f"{sign} {word} {change.address}", lines)]
    yield from behaviour_markdown.details(report.behaviour or ())
    if report.saved.evidence:
        yield ["", *folded("Evidence", [f"- {prose(evidence_line(e))}" for e in report.saved.evidence])]
    if report.saved.holds:
        yield ["", *folded("Holds", [f"- {prose(hold_line(h))}" for h in report.saved.holds])]
    if plain := [v for v in report.warnings if v not in report.softened]:
        yield ["", *folded(f"Warnings ({len(plain)})", [_violation("warning", v) for v in plain])]
    if report.dry_run:
        lines = [_violation("dry run", v) for v in report.dry_run]
        yield ["", *folded(f"Dry run ({len(report.dry_run)})", lines)]
    if report.excepted:
        lines = [f"{_violation('excepted', v)} Lifted by {code(v.excepted_by)}." for v in report.excepted]
        yield ["", *folded(f"Excepted ({len(report.excepted)})", lines)]


def _fields(fields: tuple[FieldChange, ...]) -> Iterator[str]:
    """Yield lines that the `diff` language colours by their first character; `!` marks a change within a line."""
    for address, group in groupby(fields, key=lambda f: f.address):
        yield f"@@ {visible(address)} @@"
        for field in group:
            sign = field_symbol(field).replace("~", "!")
            shown = "".join(text for text, _ in value_pieces(field)).replace("\n", f"\n{sign}   ")
            yield f"{sign} {visible(path_text(field.path))}: {shown}" if field.path else f"{sign} {shown}"


def _tail(report: PlanReport) -> Iterator[str]:
    yield f"**{prose(report.summary)}**"
    for step in report.next_steps():
        yield from ("", prose(step))


def _violation(mark: str, violation: Violation) -> str:
    place = f" {code(str(violation.span))}" if violation.span else ""
    how = f"{prose(violation.severity)}{_soft(violation)}"
    about = f" {code(violation.address)}" if violation.address else ""
    said = f"- `{mark}` **{prose(violation.rule)}** {prose(violation.title)} ({how}){',' if about or place else ''}"
    said += f"{about}{place}: {prose(_cut(violation.message))}"
    return f"{said} To do: {prose(_cut(violation.remediation))}" if violation.remediation else said


def _soft(violation: Violation) -> str:
    return f", softened by {prose(violation.softened_by)}" if violation.softened_by else ""


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else text[:_LONGEST_REASON].rsplit(" ", 1)[0] + " ..."
