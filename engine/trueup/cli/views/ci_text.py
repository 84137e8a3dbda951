"""A run as text for a terminal or a log: what is wrong, every plan, the verdict last."""

from collections.abc import Iterator

from trueup.cli.output import Format, Style
from trueup.cli.views import plan as plan_view
from trueup.cli.views.ci_report import CiReport
from trueup.cli.views.diagnostics import DiagnosticsText
from trueup.cli.views.text import visible, wrapped
from trueup.core.digests import short


class CiText:
    """For the terminal."""

    def __init__(self, style: Style, width: int) -> None:
        self._style = style
        self._width = width

    def render(self, report: CiReport) -> str:
        """Return the text."""
        return "\n".join(self._lines(report))

    def _lines(self, report: CiReport) -> Iterator[str]:
        yield from wrapped(_where(report), self._width, "", self._style, "dim")
        problems = DiagnosticsText(self._style, self._width)
        for name, diagnostic in report.problems:
            yield from ("", *([self._style.paint(visible(name), "bold")] if name else []))
            yield from problems.one(diagnostic)
        for plan in report.plans:
            yield ""
            yield plan_view.render(plan, Format.TEXT, self._style, self._width)
        yield ""
        for name, passed in (report.measured or {}).items():
            yield from wrapped(f"{name}: {'passed' if passed else 'did not pass'}", self._width, "", self._style)
        for line in _said(report):
            yield from wrapped(line, self._width, "  ")
        colour = "green" if report.verdict in ("allowed", "unchanged") else "red"
        yield self._style.paint(f"{report.verdict}: {visible(report.summary)}", "bold", colour)


def _where(report: CiReport) -> str:
    where = report.where
    what = f"pull request {where.number}" if where.is_pull_request else where.event or "a commit"
    into = f" into {where.base}" if where.base else ""
    base = f", compared with {short(report.base)}" if report.base else ""
    fork = ", from a fork" if where.is_fork else ""
    return f"{where.provider.label}: {what}{into}{fork}; commit {short(report.revision) or 'unknown'}{base}"


def _said(report: CiReport) -> Iterator[str]:
    if report.untouched:
        yield f"not reached by this change: {', '.join(report.untouched)}"
    if report.gone:
        yield f"not declared any more, and not planned; what runs there stays: {', '.join(report.gone)}"
    yield from report.notes
