"""A run of `trueup ci` in every format; a format's module is imported when it is asked for."""

from trueup.cli.output import Format, Style
from trueup.cli.views.ci_report import CiReport


def render(report: CiReport, exit_code: int, output: Format, style: Style, width: int = 100) -> str:
    """Return *report* in the format asked for."""
    match output:
        case Format.JSON | Format.NDJSON:
            from trueup.cli.views.ci_json import render as render_json

            return render_json(report, exit_code)
        case Format.MARKDOWN:
            from trueup.cli.views.ci_comment import summary

            return summary(report)
        case Format.SARIF:
            from trueup.cli.views.ci_findings import sarif_of

            return sarif_of(report)
        case Format.JUNIT:
            from trueup.cli.views.ci_findings import junit_of

            return junit_of(report)
        case Format.GITHUB:
            from trueup.cli.views.ci_findings import github_of

            return github_of(report)
        case Format.CODEQUALITY:
            from trueup.cli.views.ci_findings import codequality_of

            return codequality_of(report)
        case Format.TEXT | Format.HTML | Format.CSV | Format.OPENREPORTS:
            from trueup.cli.views.ci_text import CiText

            return CiText(style, width).render(report)
