"""Diagnostics in every format."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Protocol

from trueup import __version__
from trueup.cli.output import Format, Style
from trueup.cli.views.markup import code, prose
from trueup.cli.views.text import Piece, visible, width_of, wrapped, wrapped_pieces
from trueup.core.diagnostics import Diagnostic, Severity, Span, has_errors
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.diff.masks import masked_line, masked_text

FORMAT_VERSION = "1.0"
_MOST_LISTED = 200
"""Diagnostics in a comment on a pull request; nobody reads more there."""
_MARGIN = 30
"""Columns shown before the one that is wrong, when the line does not fit."""
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


@dataclass(frozen=True, slots=True)
class DiagnosticsReport:
    """Diagnostics to show.

    Attributes:
        diagnostics: In the order they are shown.
        lines: The source line a span points at, for those spans whose line the caller has at hand.
        subject: What was checked, in words (`12 files, 15 resources`); empty leaves the summary without it.
        suite: Name of what was done, where results are grouped by that.
    """

    diagnostics: tuple[Diagnostic, ...]
    lines: Mapping[Span, str] = field(default_factory=dict)
    subject: str = ""
    suite: str = "validate"

    @property
    def summary(self) -> str:
        """The line that says it all."""
        errors = sum(d.severity is Severity.ERROR for d in self.diagnostics)
        warnings = len(self.diagnostics) - errors
        checked = f" in {self.subject}" if self.subject else ""
        if not self.diagnostics:
            return f"No problems{checked}."
        return f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}{checked}."


class DiagnosticsView(Protocol):
    """Diagnostics as text in one format."""

    def render(self, report: DiagnosticsReport) -> str:
        """Return the diagnostics."""
        ...


class DiagnosticsText:
    """For the terminal."""

    def __init__(self, style: Style, width: int) -> None:
        self._style = style
        self._width = width

    def render(self, report: DiagnosticsReport) -> str:
        """Return each diagnostic with its source line where it is known, then the summary."""
        lines: list[str] = []
        for diagnostic in report.diagnostics:
            lines += self.one(diagnostic, report.lines.get(diagnostic.span) if diagnostic.span else None)
        colour = "red" if has_errors(report.diagnostics) else "green"
        return "\n".join([*lines, self._style.paint(visible(report.summary), "bold", colour)])

    def one(self, diagnostic: Diagnostic, line: str | None = None) -> list[str]:
        """Return one diagnostic: place, code, summary; detail; the line with a caret; hint."""
        place = f"{diagnostic.span}: " if diagnostic.span else ""
        label = f"{diagnostic.severity.value} {diagnostic.code.id}:"
        pieces: list[Piece] = [
            (place, ("bold",)),
            (label, ("bold", _COLOURS[diagnostic.severity])),
            (f" {diagnostic.code.summary}", ("bold",)),
        ]
        lines = wrapped_pieces(pieces, self._width, "", self._style, "  ")
        if diagnostic.detail:
            lines += wrapped(masked_text(diagnostic.detail), self._width, "  ")
        if line is not None and diagnostic.span is not None:
            lines += self._source(line, diagnostic.span)
        if diagnostic.advice:
            lines += wrapped(f"hint: {masked_text(diagnostic.advice)}", self._width, "  ", self._style, "cyan")
        return lines

    def _source(self, line: str, span: Span) -> list[str]:
        """Return the source line, cut around the column, and a caret below it."""
        column = max(span.column, 1) - 1
        start = column - _MARGIN if column > self._width - _MARGIN else 0
        masked = masked_line(line.rstrip("\r\n"))
        before = visible(masked[start:column])
        shown = before + visible(masked[column : start + self._width])
        gutter = f"  {span.line} | "
        blank = f"  {' ' * len(str(span.line))} | "
        caret = self._style.paint("^", "bold", "red")
        return [
            f"{self._style.paint(gutter, 'dim')}{shown}",
            f"{self._style.paint(blank, 'dim')}{' ' * width_of(before)}{caret}",
        ]


class DiagnosticsJson:
    """One indented document."""

    def render(self, report: DiagnosticsReport) -> str:
        """Return the diagnostics with their counts."""
        return json.dumps(_document(report), indent=2, ensure_ascii=False)


class DiagnosticsNdjson:
    """One value a line."""

    def render(self, report: DiagnosticsReport) -> str:
        """Return a line for each diagnostic, then the summary."""
        whole = _document(report)
        lines: list[Json] = [
            {"format_version": FORMAT_VERSION, "type": "diagnostic", **diagnostic_json(d)} for d in report.diagnostics
        ]
        lines.append({"type": "summary", **{k: v for k, v in whole.items() if k != "diagnostics"}})
        return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)


class DiagnosticsMarkdown:
    """For a comment on a pull request."""

    def render(self, report: DiagnosticsReport) -> str:
        """Return a list, errors before warnings."""
        ordered = sorted(report.diagnostics, key=lambda d: d.severity is not Severity.ERROR)
        return "\n".join([f"**{prose(report.summary)}**", "", *self._items(ordered)]).rstrip()

    def _items(self, diagnostics: list[Diagnostic]) -> Iterator[str]:
        for diagnostic in diagnostics[:_MOST_LISTED]:
            place = f"{code(str(diagnostic.span))}: " if diagnostic.span else ""
            code_ = diagnostic.code
            said = f"- {place}{diagnostic.severity.value} **{prose(code_.id)}** {prose(code_.summary)}."
            detail = f" {prose(masked_text(diagnostic.detail))}" if diagnostic.detail else ""
            hint = f" Hint: {prose(masked_text(diagnostic.advice))}" if diagnostic.advice else ""
            yield f"{said}{detail}{hint}"
        if len(diagnostics) > _MOST_LISTED:
            yield f"- and {len(diagnostics) - _MOST_LISTED} more"


class DiagnosticsSarif:
    """For code scanning."""

    def render(self, report: DiagnosticsReport) -> str:
        """Return the diagnostics as one run."""
        from trueup.cli.views.findings import finding_of
        from trueup.cli.views.sarif import sarif

        return sarif([finding_of(d) for d in report.diagnostics], __version__)


class DiagnosticsJunit:
    """For CI systems."""

    def render(self, report: DiagnosticsReport) -> str:
        """Return a test case for each diagnostic, or one that passed."""
        from trueup.cli.views.findings import finding_of
        from trueup.cli.views.junit import junit

        return junit(report.suite, [finding_of(d) for d in report.diagnostics], ())


class DiagnosticsGithub:
    """For annotations of GitHub Actions."""

    def render(self, report: DiagnosticsReport) -> str:
        """Return a workflow command for each diagnostic."""
        from trueup.cli.views.findings import finding_of
        from trueup.cli.views.github import github

        return github([finding_of(d) for d in report.diagnostics], report.summary)


class DiagnosticsCodequality:
    """For merge requests of GitLab."""

    def render(self, report: DiagnosticsReport) -> str:
        """Return a problem for each diagnostic."""
        from trueup.cli.views.codequality import codequality
        from trueup.cli.views.findings import finding_of

        return codequality([finding_of(d) for d in report.diagnostics])


class DiagnosticsOpenreports:
    """For what collects policy reports."""

    def render(self, report: DiagnosticsReport) -> str:
        """Return a Report in which every problem is an error."""
        from trueup.cli.views.findings import finding_of
        from trueup.cli.views.openreports import problems_report

        return problems_report(finding_of(d) for d in report.diagnostics)


def diagnostic_json(diagnostic: Diagnostic) -> dict[str, Json]:
    """Return one diagnostic as JSON."""
    from trueup.cli.views.plan_json import span_json

    return {
        "severity": diagnostic.severity.value,
        "code": diagnostic.code.id,
        "summary": diagnostic.code.summary,
        "detail": masked_text(diagnostic.detail),
        "hint": masked_text(diagnostic.advice),
        "span": span_json(diagnostic.span),
    }


class DiagnosticsHtml:
    """A page that says why there is no other."""

    def render(self, report: DiagnosticsReport) -> str:
        """Return it."""
        from trueup.cli.views.page import text_page

        return text_page(report.summary, masked_text(DiagnosticsText(Style(), 100).render(report)))


class DiagnosticsCsv:
    """A table of the problems, in place of the one that was asked for."""

    def render(self, report: DiagnosticsReport) -> str:
        """Return it."""
        from trueup.cli.views.export_csv import row

        found = (
            (d.severity.value, d.code.id, d.code.summary, d.detail, d.hint, str(d.span or ""))
            for d in report.diagnostics
        )
        heading = ("severity", "code", "problem", "detail", "what_to_do", "place")
        return "".join(row(map(masked_text, cells)) for cells in (heading, *found))


def diagnostics_view(output: Format, style: Style, width: int = 100) -> DiagnosticsView:
    """Return the view for *output*; *style* and *width* (columns) matter to text only."""
    match output:
        case Format.TEXT | Format.CSV:
            return DiagnosticsText(style, width) if output is Format.TEXT else DiagnosticsCsv()
        case Format.JSON:
            return DiagnosticsJson()
        case Format.NDJSON:
            return DiagnosticsNdjson()
        case Format.MARKDOWN | Format.HTML:
            return DiagnosticsMarkdown() if output is Format.MARKDOWN else DiagnosticsHtml()
        case Format.SARIF:
            return DiagnosticsSarif()
        case Format.JUNIT:
            return DiagnosticsJunit()
        case Format.GITHUB:
            return DiagnosticsGithub()
        case Format.OPENREPORTS | Format.CODEQUALITY:
            return DiagnosticsOpenreports() if output is Format.OPENREPORTS else DiagnosticsCodequality()


def render(report: DiagnosticsReport, output: Format, style: Style, width: int = 100) -> str:
    """Return *report* in the format asked for."""
    return diagnostics_view(output, style, width).render(report)


def _document(report: DiagnosticsReport) -> dict[str, Json]:
    errors = sum(d.severity is Severity.ERROR for d in report.diagnostics)
    return {
        "format_version": FORMAT_VERSION,
        "valid": errors == 0,
        "errors": errors,
        "warnings": len(report.diagnostics) - errors,
        "subject": report.subject,
        "diagnostics": [diagnostic_json(d) for d in report.diagnostics],
    }


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
