"""The parts of a plan as markdown, each of which may be cut between its lines: for one plan, or for several at once."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from trueup.cli.views import behaviour_markdown
from trueup.cli.views.exception_notes import exception_notes
from trueup.cli.views.fitting import Block, block
from trueup.cli.views.markup import cell, cell_code, code, fenced, folded, prose, table
from trueup.cli.views.plan_effects import LOOSENED, cost_details, cost_line, deleted_line, loosened_line
from trueup.cli.views.plan_report import PlanReport, facts, heading, left_out, shown_fields
from trueup.cli.views.plan_text import evidence_line, hold_line
from trueup.cli.views.text import visible
from trueup.cli.views.values import field_symbol, path_text, value_pieces
from trueup.diff.changes import Change, Create, Delete, FieldChange, Update
from trueup.policy.decision import Violation

MOST_ROWS = 100
_LONGEST_REASON = 300
_LONGEST_LINE = 2_000
"""Characters of one line of a difference; a value without line ends could fill the comment alone."""


def critical(reports: Sequence[PlanReport], most: int = MOST_ROWS, *, named: bool = False) -> Iterator[Block]:
    """Yield what nobody may miss: what blocks, what is easily taken for all right, what deletes and reaches people.

    Args:
        reports: The plans.
        most: Lines of each list.
        named: Each line begins with the environment.
    """

    def listed(title: str, found: Iterable[tuple[PlanReport, str]]) -> Iterator[Block]:
        items = [_item(report, line, named=named) for report, line in found]
        if items:
            yield block(["", f"**{title}:**", ""], items, most)

    yield from listed("Blocked", ((r, line) for r in reports for line in _blocking(r)))
    yield from listed("Softened, would deny", ((r, violation("warning", v)) for r in reports for v in r.softened))
    yield from listed("To look after", ((r, prose(_cut(n))) for r in reports for n in _notes(r)))
    yield from listed("Deleted", ((r, line) for r in reports for line in _deleted(r)))
    easier = ((r, f"`~` {prose(loosened_line(one))}") for r in reports for one in r.saved.effects.loosened)
    yield from listed(f"Easier to pass ({LOOSENED})", easier)
    yield from listed("Reaches production", ((r, line) for r in reports for line in _in_production(r)))
    for report in reports:
        if report.behaviour is not None:
            yield Block(tuple(behaviour_markdown.head(report.behaviour)))


def costs(report: PlanReport, most: int = MOST_ROWS) -> Iterator[Block]:
    """Yield what a month costs, where that is known."""
    cost = report.saved.effects.cost
    if cost is not None:
        said = cost_line(cost)
        details = [f"- {prose(detail)}" for detail in cost_details(cost)]
        yield block(["", f"{prose(said[:1].upper() + said[1:])}.", *([""] if details else [])], details, most)


def changes(report: PlanReport, most: int = MOST_ROWS, title: Iterable[str] = ()) -> Iterator[Block]:
    """Yield the table of changes."""
    if report.ordered:
        head, line, *rows = table(["", "change", "address", "why"], (_row(c) for c in report.ordered))
        more = "\n{} more changes are in the plan file."
        yield block([*title, "", head, line], rows, most, more=more)


def details(report: PlanReport, prefix: str = "", most: int = MOST_ROWS) -> Iterator[Block]:
    """Yield a fold for each change and for what it was judged by; *prefix* begins the line of each."""
    for change in report.ordered:
        if isinstance(change, Create | Update):
            yield _difference(change, prefix)
    for lines in behaviour_markdown.details(report.behaviour or ()):
        yield Block(tuple(lines))
    yield from _fold(f"{prefix}Evidence", [prose(evidence_line(e)) for e in report.saved.evidence], most)
    yield from _fold(f"{prefix}Holds", [prose(hold_line(h)) for h in report.saved.holds], most)
    plain = [v for v in report.warnings if v not in report.softened]
    yield from _fold(f"{prefix}Warnings ({len(plain)})", [violation("warning", v) for v in plain], most)
    dry = report.dry_run
    yield from _fold(f"{prefix}Dry run ({len(dry)})", [violation("dry run", v) for v in dry], most)
    lifted = [f"{violation('excepted', v)} Lifted by {code(v.excepted_by)}." for v in report.excepted]
    yield from _fold(f"{prefix}Excepted ({len(lifted)})", lifted, most)


def violation(mark: str, found: Violation) -> str:
    """Return what a rule found as one line."""
    place = f" {code(str(found.span))}" if found.span else ""
    how = f"{prose(found.severity)}{_soft(found)}"
    about = f" {code(found.address)}" if found.address else ""
    said = f"`{mark}` **{prose(found.rule)}** {prose(found.title)} ({how}){',' if about or place else ''}"
    said += f"{about}{place}: {prose(_cut(found.message))}"
    return f"{said} To do: {prose(_cut(found.remediation))}" if found.remediation else said


def _item(report: PlanReport, line: str, *, named: bool) -> str:
    return f"- {code(report.saved.environment.name)} {line}" if named else f"- {line}"


def _blocking(report: PlanReport) -> Iterator[str]:
    decision = report.decision
    if decision is None or not report.is_blocked:
        return
    for error in decision.errors:
        where = f" ({code(str(error.span))})" if error.span else ""
        yield f"`!` a policy could not be evaluated{where}: {prose(_cut(error.message))}"
    for found in report.denials:
        yield violation("!", found)


def _notes(report: PlanReport) -> Iterator[str]:
    if report.decision is not None:
        yield from report.policy_notes
        yield from exception_notes(report.decision)
        yield from (n.message for n in report.decision.notices)


def _deleted(report: PlanReport) -> Iterator[str]:
    for change in report.ordered:
        if isinstance(change, Delete):
            yield f"`-` delete {code(str(change.address))}: {prose(_cut(change.reason))}"
    if report.saved.effects.deleted:
        said = deleted_line(report.saved.effects.deleted)
        yield prose(f"{said[:1].upper()}{said[1:]}.")


def _in_production(report: PlanReport) -> Iterator[str]:
    for change in report.ordered if report.is_production else ():
        if isinstance(change, Create | Update):
            sign, word = heading(change)
            impact = ", ".join(change.impacts)
            yield f"`{sign}` {word} {code(str(change.address))}: {prose(_cut(change.reason))} (impact: {impact})"


def _row(change: Change) -> list[str]:
    sign, word = heading(change)
    return [f"`{sign}`", word, cell_code(str(change.address)), cell(_cut(change.reason))]


def _difference(change: Create | Update, prefix: str) -> Block:
    sign, word = heading(change)
    opening, *shown, closing = fenced(_fields(shown_fields(change)), "diff")
    rest = left_out(change)
    before = [*(f"- {prose(f)}" for f in facts(change)), "", opening]
    after = [closing, *(["", prose(rest)] if rest else [])]
    first, second, *_, last = folded(f"{prefix}{sign} {word} {change.address}", ())
    items = tuple(line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]} ..." for line in shown)
    return Block(("", first, second, "", *before), items, (*after, "", last), "@@ and {} more lines @@")


def _fold(title: str, items: list[str], most: int) -> Iterator[Block]:
    if items:
        first, second, *_, last = folded(title, ())
        yield block(["", first, second, ""], [f"- {item}" for item in items], most, ["", last])


def _fields(fields: tuple[FieldChange, ...]) -> Iterator[str]:
    """Yield lines that the `diff` language colours by their first character; `!` marks a change within a line."""
    for address, group in groupby(fields, key=lambda f: f.address):
        yield f"@@ {visible(address)} @@"
        for field in group:
            sign = field_symbol(field).replace("~", "!")
            shown = "".join(text for text, _ in value_pieces(field)).replace("\n", f"\n{sign}   ")
            yield f"{sign} {visible(path_text(field.path))}: {shown}" if field.path else f"{sign} {shown}"


def _soft(found: Violation) -> str:
    return f", softened by {prose(found.softened_by)}" if found.softened_by else ""


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else text[:_LONGEST_REASON].rsplit(" ", 1)[0] + " ..."
