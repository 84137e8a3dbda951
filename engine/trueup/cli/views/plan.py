"""The plan in every format; a format's module is imported when it is asked for."""

from typing import Protocol

from trueup import __version__
from trueup.cli.output import Format, Style
from trueup.cli.views.plan_report import PlanReport


class PlanView(Protocol):
    """A plan as text in one format."""

    def render(self, report: PlanReport) -> str:
        """Return the plan."""
        ...


class PlanSarif:
    """The violations of a plan for code scanning."""

    def render(self, report: PlanReport) -> str:
        """Return what policy found."""
        from trueup.cli.views.findings import findings_of
        from trueup.cli.views.sarif import sarif

        return sarif(findings_of(report.decision) if report.decision else (), __version__)


class PlanJunit:
    """The rules that judged a plan as test cases."""

    def render(self, report: PlanReport) -> str:
        """Return a case for each rule that held and each finding."""
        from trueup.cli.views.findings import findings_of
        from trueup.cli.views.junit import junit

        decision = report.decision
        suite = f"policy {report.saved.environment.name}"
        return junit(suite, findings_of(decision) if decision else (), decision.rules if decision else ())


def plan_view(output: Format, style: Style, width: int = 100) -> PlanView:
    """Return the view for *output*; *style* and *width* (columns) matter to text only."""
    match output:
        case Format.TEXT:
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
        case Format.SARIF:
            return PlanSarif()
        case Format.JUNIT:
            return PlanJunit()


def render(report: PlanReport, output: Format, style: Style, width: int = 100) -> str:
    """Return *report* in the format asked for."""
    return plan_view(output, style, width).render(report)
