"""The one comment on a pull request: the verdict, what blocks, what is destroyed and what reaches people come first.

The same lines, with more room, are the job summary. Everything that a change can choose is spelled so that it is text.
"""

from collections.abc import Iterable, Iterator

from trueup.cli.views.ci_report import CiReport, EnvironmentReport, Verdict
from trueup.cli.views.fitting import Block, Group, block, fit
from trueup.cli.views.markup import cell, cell_code, code, marker, prose, table
from trueup.cli.views.plan_effects import cost_details, cost_line
from trueup.cli.views.plan_parts import changes, critical, details
from trueup.cli.views.plan_report import PlanReport
from trueup.core.diagnostics import Diagnostic, Severity
from trueup.core.digests import short
from trueup.core.money import spelled
from trueup.diff.masks import masked_text
from trueup.plan.risk import Risk
from trueup.ports import Provider

LIMITS = {
    Provider.GITHUB: 60_000,
    Provider.GITLAB: 1_000_000,
    Provider.BITBUCKET: 32_768,
    Provider.AZURE: 150_000,
}
"""Bytes of a comment. GitHub refuses more than 65,536 characters; Bitbucket Server takes 32,768, Azure DevOps 150,000
and GitLab 1,000,000."""
SMALLEST_LIMIT = 32_768
SUMMARY_BYTES = 1_000_000
"""Of a job summary: GitHub drops one of more than 1 MiB whole."""
PURPOSE, VERSION = "ci", "v1"
MADE = "Made "
"""Begins the line with the time: a comment in which nothing else differs is not written again."""

_ICONS = {
    Verdict.FAILED: "\u26a0\ufe0f",
    Verdict.INVALID: "\u26d4",
    Verdict.BLOCKED: "\u26d4",
    Verdict.ALLOWED: "\u2705",
    Verdict.UNCHANGED: "\u2705",
}
_RISKS = {Risk.NONE: "", Risk.LOW: "\U0001f7e2 ", Risk.MEDIUM: "\U0001f7e1 ", Risk.HIGH: "\U0001f534 "}
_COLUMNS = ("environment", "verdict", "changes", "risk", "plan", "evidence", "exceptions used", "cost a month")
_ALWAYS = 5
_MOST_CRITICAL = 30
"""Lines of each list outside any fold; who has to read more reads the summary."""
_MOST_IN_SUMMARY = 2_000
_LONGEST_NAME = 100
_LONGEST_DETAIL = 600
_MOST_NAMES = 20


def first_line(project: str) -> str:
    """Return the line by which the comment of a project is found again."""
    return marker(PURPOSE, project or "project", VERSION)


def comment(report: CiReport, limit: int | None = None) -> str:
    """Return the comment, within the bytes that the forge of the run takes."""
    room = limit or LIMITS.get(report.where.provider, LIMITS[Provider.GITHUB])
    return _render(report, room, _MOST_CRITICAL, f"{first_line(report.project)}\n")


def summary(report: CiReport, limit: int = SUMMARY_BYTES) -> str:
    """Return the same with all details that a job summary has room for."""
    return _render(report, limit, _MOST_IN_SUMMARY, "")


def _render(report: CiReport, limit: int, most: int, before: str) -> str:
    head = before + "\n".join(_head(report))
    tail = "\n".join(_tail(report))
    # Line ends between the parts, and the note of what is left out, are below 300 bytes.
    room = limit - len(head.encode()) - len(tail.encode()) - 300
    fitted = fit(_groups(report, most), room)
    note = ""
    if fitted.cut:
        where = "the job summary and the saved plans have them" if before else "the saved plans have them"
        parts = "part is" if fitted.cut == 1 else "parts are"
        note = f"\n{fitted.cut} {parts} not shown whole; {where}.\n"
    return "\n".join([head, *fitted.lines, note, tail]) + "\n"


def _groups(report: CiReport, most: int) -> Iterator[Group]:
    urgent = [*_problems(report, most), *critical(report.plans, most, named=True), *_measured(report, most)]
    yield Group(urgent, fair=True)
    yield Group([*_overview(report, most), *_costs(report, most)], fair=True)
    planned = [e for e in report.environments if e.plan is not None and e.plan.ordered]
    yield Group([b for e in planned for b in _changes(e, most)], fair=len(planned) <= _MOST_NAMES)
    yield Group([b for e in planned if e.plan for b in details(e.plan, f"{e.name}: ", most)])
    rest = [e.plan for e in report.environments if e.plan is not None and not e.plan.ordered]
    yield Group([b for p in rest for b in details(p, f"{p.saved.environment.name}: ", most)])


def _head(report: CiReport) -> Iterator[str]:
    project = f" {prose(_cut(report.project, _LONGEST_NAME))}" if report.project else ""
    yield f"### {_ICONS[report.verdict]} trueup{project}: {report.verdict}"
    yield from ("", f"**{prose(report.summary[:1].upper() + report.summary[1:])}**")


def _problems(report: CiReport, most: int) -> Iterator[Block]:
    for title, wanted in (("Wrong", Severity.ERROR), ("To look at", Severity.WARNING)):
        items = [_problem(name, d) for name, d in report.problems if d.severity is wanted]
        if items:
            yield block(["", f"**{title}:**", ""], items, most)


def _problem(environment: str, found: Diagnostic) -> str:
    mark = "!" if found.severity is Severity.ERROR else "warning"
    where = f" {code(str(found.span))}:" if found.span else ""
    about = f" {code(environment)}" if environment else ""
    detail = prose(_sentence(_cut(masked_text(found.detail), _LONGEST_DETAIL)))
    advice = f" To do: {prose(_cut(masked_text(found.advice), _LONGEST_DETAIL))}" if found.advice else ""
    return f"- `{mark}`{about}{where} **{found.code.id}** {prose(found.code.summary)}. {detail}{advice}"


def _measured(report: CiReport, most: int) -> Iterator[Block]:
    if report.measured:
        names = [masked_text(name) for name, passed in report.measured.items() if not passed]
        failed = [f"- `!` {prose(_cut(name, _LONGEST_DETAIL))}: did not pass" for name in names]
        passed = len(report.measured) - len(failed)
        title = f"**Measured now:** {passed} passed, {len(failed)} did not."
        yield block(["", title, *([""] if failed else [])], failed, most)


def _overview(report: CiReport, most: int) -> Iterator[Block]:
    if report.environments:
        rows = [_row(e) for e in report.environments]
        # A column that says nothing of any environment only makes the others narrow.
        kept = [i for i, name in enumerate(_COLUMNS) if i < _ALWAYS or any(row[i] for row in rows)]
        head, line, *listed = table([_COLUMNS[i] for i in kept], ([row[i] for i in kept] for row in rows))
        yield block(["", head, line], listed, most, more="\n{} more environments are in the summary.")
    said = []
    if report.untouched:
        said.append(f"Not reached by this change: {_names(report.untouched)}.")
    if report.gone:
        said.append(f"Not declared any more, and not planned; what runs there stays: {_names(report.gone)}.")
    for line in said:
        yield Block(("", line))
    if report.notes:
        # A list, because nothing that a value begins may begin a line: `/close` would be a command to GitLab.
        yield block([""], [f"- {prose(_cut(masked_text(note), _LONGEST_DETAIL))}" for note in report.notes], most)


def _row(environment: EnvironmentReport) -> list[str]:
    verdict = f"{_ICONS[environment.verdict]} {environment.verdict}"
    plan = environment.plan
    name = cell_code(_cut(environment.name, _LONGEST_NAME))
    if plan is None:
        return [name, verdict, *[""] * 6]
    saved = plan.saved
    risk = environment.assessment.risk
    return [
        f"{name} ({cell(saved.environment.tier)})",
        f"{verdict}{f' by {plan.blocked}' if plan.is_blocked else ''}",
        _counted(plan),
        f"{_RISKS[risk]}{risk}",
        cell_code(short(saved.plan.id)),
        _evidence(plan),
        str(len(plan.excepted) or ""),
        _cost(plan),
    ]


def _counted(plan: PlanReport) -> str:
    from trueup.plan.plan import count

    counts = count(plan.saved.plan.changes)
    signs = [(counts.create, "+", "create"), (counts.update, "~", "update"), (counts.delete, "-", "delete")]
    signs += [(counts.fetch, "+", "fetch"), (counts.build, "+", "build"), (counts.evaluate, "+", "evaluate")]
    return ", ".join(f"`{sign}` {n} {word}" for n, sign, word in signs if n) or "none"


def _evidence(plan: PlanReport) -> str:
    evidence = plan.saved.evidence
    passed = sum(e.passed for e in evidence)
    parts = [f"{passed} passed"] if passed else []
    parts += [f"{len(evidence) - passed} not passed"] if len(evidence) > passed else []
    ages = [(plan.saved.plan.created_at - e.completed_at).days for e in evidence]
    # Whole days: a comment that counts hours would be another one at every run.
    old = f" (oldest {max(ages)} {'day' if max(ages) == 1 else 'days'})" if ages and max(ages) > 0 else ""
    return ", ".join(parts) + old


def _cost(plan: PlanReport) -> str:
    cost = plan.saved.effects.cost
    if cost is None or cost.after is None:
        return ""
    before = "" if cost.before is None or cost.before == cost.after else f"{spelled(cost.before)} -&gt; "
    return f"{before}{spelled(cost.after)} {cell(cost.currency)}"


def _costs(report: CiReport, most: int) -> Iterator[Block]:
    for plan in report.plans:
        cost = plan.saved.effects.cost
        items = [f"- {prose(line)}" for line in cost_details(cost)] if cost else []
        if cost and items:
            title = f"{code(plan.saved.environment.name)} {prose(cost_line(cost))}:"
            yield block(["", title, ""], items, most)


def _changes(environment: EnvironmentReport, most: int) -> Iterator[Block]:
    if environment.plan is not None:
        yield from changes(environment.plan, most, ["", f"#### {code(_cut(environment.name, _LONGEST_NAME))}"])


def _tail(report: CiReport) -> Iterator[str]:
    base = f", compared with {code(short(report.base))}" if report.base else ""
    into = f" of {code(_cut(report.where.base, _LONGEST_NAME))}" if report.base and report.where.base else ""
    yield "---"
    yield f"Commit {code(short(report.revision) or 'unknown')}{base}{into}. {_how_to_apply(report)}".rstrip()
    expiry = min((p.saved.expires_at for p in report.plans), default=None)
    until = f"; its plans can be applied until {expiry:%Y-%m-%d %H:%M} UTC" if expiry else ""
    page = f" by [this run]({report.where.run})" if report.where.run else ""
    yield f"{MADE}{report.made_at:%Y-%m-%d %H:%M} UTC{page}{until}."


def _how_to_apply(report: CiReport) -> str:
    if report.verdict is not Verdict.ALLOWED:
        return ""
    return "After the merge: `trueup apply --plan plans/ENV.plan.json --revision HEAD` applies exactly what is shown."


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", ":", ";")) else f"{text}."


def _names(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _MOST_NAMES} more" if len(listed) > _MOST_NAMES else ""
    return ", ".join(code(_cut(n, _LONGEST_NAME)) for n in listed[:_MOST_NAMES]) + more


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} ..."
