"""The plan in every format; a format's module is imported when it is asked for."""

from typing import Protocol

from trueup.cli.output import Format, Style
from trueup.cli.views.plan_report import PlanReport


class PlanView(Protocol):
    """A plan as text in one format."""

    def render(self, report: PlanReport) -> str:
        """Return the plan."""
        ...


class PlanDecision:
    """The decision on a plan, in a format that knows no plans."""

    def __init__(self, output: Format) -> None:
        self._output = output

    def render(self, report: PlanReport) -> str:
        """Return what policy found."""
        from trueup.cli.views.decision import render as render_decision
        from trueup.policy.checked import Checked

        subject = f"policy {report.saved.environment.name}"
        checks = [Checked(subject, report.decision, report.rules)] if report.decision else []
        return render_decision(checks, self._output, Style())


def plan_view(output: Format, style: Style, width: int = 100) -> PlanView:
    """Return the view for *output*; *style* and *width* (columns) matter to text only."""
    match output:
        case Format.TEXT | Format.CSV:
            from trueup.cli.views.plan_text import PlanText

            return PlanText(style, width)
        case Format.JSON:
            from trueup.cli.views.plan_json import PlanJson

            return PlanJson()
        case Format.NDJSON:
            from trueup.cli.views.plan_json import PlanNdjson

            return PlanNdjson()
        case Format.MARKDOWN:
            from trueup.cli.views.plan_markdown import PlanMarkdown

            return PlanMarkdown()
        case Format.HTML:
            from trueup.cli.views.behaviour_html import PlanHtml

            return PlanHtml()
        case Format.SARIF | Format.JUNIT | Format.GITHUB | Format.OPENREPORTS | Format.CODEQUALITY:
            return PlanDecision(output)


def render(report: PlanReport, output: Format, style: Style, width: int = 100) -> str:
    """Return *report* in the format asked for."""
    return plan_view(output, style, width).render(report)
