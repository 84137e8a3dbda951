"""The audit as text, JSON, JSON lines and markdown: the log, what was serving at a time, and the verification."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, assert_never

from trueup.cli.output import PLAIN, Format, Style
from trueup.cli.problems import problem_json, problem_text, render_problems
from trueup.cli.views.audited_changes import COLUMNS, MORE, change_cells, change_json, change_lines
from trueup.cli.views.audited_decisions import decision_lines, decisions_json
from trueup.cli.views.text import person, table, visible, width_of, wrapped, wrapped_pieces
from trueup.core.digests import short
from trueup.core.json import Json
from trueup.ledger import codec
from trueup.ledger.audit import AuditAt, AuditLog, AuditVerification
from trueup.ledger.record import Record

if TYPE_CHECKING:
    from trueup.ledger.history import ServedAt

FORMAT_VERSION = "1.0"

Audit = AuditLog | AuditAt | AuditVerification

_LOG_COLUMNS = ("record", "time", "environment", "what", "resources", "outcome", "plan", "actor")
_AT_COLUMNS = ("environment", "deployment", "model", "prompt", "build", "revision", "policies", "since")
_WIDE = 200
"""Columns of a text that no terminal shows."""
_NAMED_RESOURCES = 2
"""Resources named in a row; the rest is counted, so that a row stays a row. JSON has them all."""


class View(Protocol):
    """One format."""

    def render(self, value: Audit) -> str:
        """Return *value* as text."""
        ...


class TextView:
    """For people at a terminal: an aligned table, or one paragraph a problem."""

    def __init__(self, style: Style = PLAIN, width: int = _WIDE) -> None:
        self._style = style
        self._width = width

    def render(self, value: Audit) -> str:
        """Return *value* as text."""
        match value:
            case AuditLog():
                return self._with_hint(self._log(value), value.hint)
            case AuditAt():
                return self._with_hint(self._at(value), value.hint)
            case AuditVerification():
                return self._with_hint(self._verification(value), value.hint)
            case _:
                assert_never(value)

    def _log(self, value: AuditLog) -> list[str]:
        lines = [no_records(value)]
        if value.records:
            lines = self._table(_LOG_COLUMNS, [log_cells(r) for r in value.records], _log_lines)
        lines += [more_line()] if value.more else []
        if value.changes:
            lines += ["", *self._table(COLUMNS, [change_cells(c) for c in value.changes], change_lines)]
        return [*lines, MORE] if value.more_changes else lines

    def _at(self, value: AuditAt) -> list[str]:
        heading = self._style.paint(at_line(value), "bold")
        if not value.serving:
            return [heading]
        return [heading, "", *self._table(_AT_COLUMNS, [at_cells(s) for s in value.serving], _at_lines)]

    def _verification(self, value: AuditVerification) -> list[str]:
        colour = "red" if value.problems else "green"
        verdict = wrapped(verdict_line(value), self._width, "", self._style, "bold", colour)
        for line in decision_lines(value.decisions):
            verdict += wrapped(line, self._width, "", self._style)
        problems = [line for p in value.all_problems for line in (problem_text(p, self._style, self._width), "")]
        return [*verdict, *([""] if problems else []), *problems[:-1]]

    def _table(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], stacked: Callable[[Sequence[str]], Sequence[str]]
    ) -> list[str]:
        """Return a table, or where it is too wide for the terminal, the *stacked* lines of each row."""
        heading, *lines = table([columns, *rows])
        if max(map(width_of, (heading, *lines))) <= self._width:
            return [self._style.paint(heading, "bold"), *lines]
        shown: list[str] = []
        for row in rows:
            first, *others = stacked(row)
            shown += wrapped_pieces([(visible(first), ("bold",))], self._width, "", self._style, "    ")
            for other in others:
                shown += wrapped_pieces([(visible(other), ())], self._width, "    ", self._style)
        return shown

    def _with_hint(self, lines: list[str], hint: str) -> str:
        wrapped_hint = wrapped(f"hint: {hint}", self._width, "", self._style, "cyan") if hint else []
        return "\n".join([*lines, *wrapped_hint])


class MarkdownView:
    """For comments and reports."""

    def render(self, value: Audit) -> str:
        """Return *value* as markdown."""
        match value:
            case AuditLog():
                lines = list(self._log(value))
            case AuditAt():
                lines = list(self._at(value))
            case AuditVerification():
                lines = list(self._verification(value))
            case _:
                assert_never(value)
        return "\n".join([*lines, "", f"> {_cell(value.hint)}"] if value.hint else lines)

    def _log(self, value: AuditLog) -> Iterator[str]:
        if value.records:
            yield from _markdown_table(_LOG_COLUMNS, [log_cells(r) for r in value.records])
        else:
            yield no_records(value)
        if value.more:
            yield from ("", more_line())
        if value.changes:
            yield ""
            yield from _markdown_table(COLUMNS, [change_cells(c) for c in value.changes])
        if value.more_changes:
            yield from ("", MORE)

    def _at(self, value: AuditAt) -> Iterator[str]:
        yield f"**{_cell(at_line(value))}**"
        if value.serving:
            yield ""
            yield from _markdown_table(_AT_COLUMNS, [at_cells(s) for s in value.serving])

    def _verification(self, value: AuditVerification) -> Iterator[str]:
        yield f"**{_cell(verdict_line(value))}**"
        for line in decision_lines(value.decisions):
            yield from ("", _cell(line))
        if value.all_problems:
            yield ""
            rows = [(p.code.id, p.code.summary, p.detail, p.hint) for p in value.all_problems]
            yield from _markdown_table(("code", "problem", "detail", "what to do"), rows)


class JsonView:
    """For programs: one document."""

    def render(self, value: Audit) -> str:
        """Return *value* as JSON."""
        return json.dumps(document(value), indent=2, ensure_ascii=False)


class NdjsonView:
    """For programs that read line by line: a line for each record, deployment or problem, then the summary."""

    def render(self, value: Audit) -> str:
        """Return *value* as JSON lines."""
        match value:
            case AuditLog():
                lines = [{"type": "record", **codec.to_json(r)} for r in value.records]
                lines += [{"type": "change", **change_json(c)} for c in value.changes]
            case AuditAt():
                lines = [{"type": "serving", **served_json(s)} for s in value.serving]
            case AuditVerification():
                lines = [{"type": "diagnostic", **problem_json(p)} for p in value.all_problems]
            case _:
                assert_never(value)
        last = {"type": "summary", **{k: v for k, v in document(value).items() if k not in _LISTS}}
        return "\n".join(json.dumps(line, ensure_ascii=False) for line in (*lines, last))


_LISTS = frozenset({"records", "changes", "serving", "problems"})


def render(value: Audit, output: Format, style: Style = PLAIN, width: int = _WIDE) -> str:
    """Return *value* in the format asked for; one that makes no sense for it gives JSON."""
    if isinstance(value, AuditVerification) and output in {Format.SARIF, Format.JUNIT}:
        return render_problems("ledger", value.all_problems, verdict_line(value), output, style)
    return _view(output, style, width).render(value)


def _view(output: Format, style: Style, width: int) -> View:
    match output:
        case Format.TEXT:
            return TextView(style, width)
        case Format.MARKDOWN:
            return MarkdownView()
        case Format.NDJSON:
            return NdjsonView()
        case _:
            return JsonView()


def document(value: Audit) -> dict[str, Json]:
    """Return *value* as one JSON document."""
    head: dict[str, Json] = {"format_version": FORMAT_VERSION, "hint": value.hint}
    match value:
        case AuditLog():
            records, changes = [codec.to_json(r) for r in value.records], [change_json(c) for c in value.changes]
            more = {"more": value.more, "more_changes": value.more_changes}
            return {**head, "records": records, "changes": changes, **more}
        case AuditAt():
            serving = [served_json(s) for s in value.serving]
            return {**head, "time": value.time.isoformat(), "environment": value.environment, "serving": serving}
        case AuditVerification():
            newest = value.newest
            return {
                **head,
                "sound": value.is_sound,
                "count": value.count,
                "newest": {
                    "sequence": newest.sequence,
                    "digest": newest.digest,
                    "commit": newest.commit,
                    "at": newest.at.isoformat(),
                }
                if newest
                else None,
                "problems": [problem_json(p) for p in value.all_problems],
                "decisions": decisions_json(value.decisions) if value.decisions else None,
            }
        case _:
            assert_never(value)


def served_json(served: ServedAt) -> dict[str, Json]:
    """Return one deployment's state as JSON."""
    return {
        "deployment": str(served.deployment),
        "environment": served.environment,
        "release": served.release,
        "model": served.pinned.model,
        "prompt": served.pinned.prompt,
        "build": served.pinned.build,
        "revision": served.revision,
        "policies": list(served.policies),
        "since": served.since.isoformat(),
        "record": served.record,
        "verified": served.verified,
    }


def log_cells(record: Record) -> tuple[str, ...]:
    """Return the row of one record."""
    draft = record.draft
    return (
        str(record.sequence),
        time_text(draft.at),
        draft.environment or "-",
        draft.kind.value,
        resources_text(draft.resources),
        draft.outcome.value,
        short(draft.plan) or "-",
        person(draft.actor),
    )


def _log_lines(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the row of one record for a terminal that is too narrow for a table."""
    number, time, environment, what, resources, outcome, plan, actor = cells
    planned = "" if plan == "-" else f", plan {plan}"
    where = "" if environment == "-" else f"{environment}: "
    return f"{number}  {time}  {where}{what} {outcome}", resources, f"by {actor}{planned}"


def _at_lines(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the row of one deployment for a terminal that is too narrow for a table."""
    environment, deployment, model, prompt, build, revision, policies, since = cells
    release = f"model {model}, prompt {prompt}, build {build}"
    return f"{environment}: {deployment}", release, f"revision {revision}, policies {policies}", f"since {since}"


def at_cells(served: ServedAt) -> tuple[str, ...]:
    """Return the row of one deployment."""
    return (
        served.environment,
        served.deployment.name + ("" if served.verified else " (not verified)"),
        _name(served.pinned.model),
        _name(served.pinned.prompt),
        _name(served.pinned.build),
        short(served.revision) or "-",
        ", ".join(short(p) for p in served.policies) or "-",
        time_text(served.since),
    )


def resources_text(resources: Sequence[str]) -> str:
    """Name the deployments first, then the others; what does not fit is counted."""
    ordered = sorted(resources, key=lambda r: not r.startswith("Deployment/"))
    shown = ordered[:_NAMED_RESOURCES]
    rest = len(ordered) - len(shown)
    return ", ".join(shown) + (f" +{rest}" if rest else "") or "-"


def verdict_line(value: AuditVerification) -> str:
    """Say in one line how verification ended."""
    if value.problems:
        breaks = "1 break" if len(value.problems) == 1 else f"{len(value.problems)} breaks"
        return f"ledger does not verify: {breaks} in {_counted(value.count)}"
    newest = value.newest
    if newest is None:
        return "ledger is empty"
    return (
        f"ledger verifies: {_counted(value.count)}, newest {newest.sequence} of {time_text(newest.at)} "
        f"({short(newest.digest)}, commit {short(newest.commit)})"
    )


def at_line(value: AuditAt) -> str:
    """Say what the table is about."""
    where = value.environment or "all environments"
    nothing = "" if value.serving else ": nothing was serving"
    return f"{where} at {time_text(value.time)}{nothing}"


def no_records(value: AuditLog) -> str:
    """Say why there is no table."""
    return "ledger is empty" if value.hint else "no record matches"


def more_line() -> str:
    """Say that the table does not show everything."""
    return "older records are not shown; `--limit 0` shows all"


def time_text(time: datetime) -> str:
    """Spell a time in UTC, to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%SZ")


def _counted(count: int) -> str:
    return "1 record" if count == 1 else f"{count} records"


def _name(address: str) -> str:
    """Drop the kind from an address; the column says it."""
    return address.split("/", 1)[-1] or "-"


def _markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_cell(c) for c in row)} |"


def _cell(text: str) -> str:
    """Keep *text* inside its cell, and keep what it says from being markup."""
    escaped = visible(text).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"\\{c}" if c in "|`*_[]@" else c for c in escaped)
