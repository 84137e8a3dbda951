"""How a failure looks that stopped a command, and how the problems of any check look to machines."""

import json
from collections.abc import Sequence

from trueup.cli.output import PLAIN, Format, Style
from trueup.cli.views.diagnostics import DiagnosticsReport, DiagnosticsText, diagnostic_json, render
from trueup.core.diagnostics import Diagnostic
from trueup.core.json import Json

FORMAT_VERSION = "1.0"


def problem_text(diagnostic: Diagnostic, style: Style, width: int = 100) -> str:
    """Return the place, the code and its summary; then what is wrong here; then what to do."""
    return "\n".join(DiagnosticsText(style, width).one(diagnostic))


def problem_json(diagnostic: Diagnostic) -> dict[str, Json]:
    """Return a diagnostic as JSON."""
    return diagnostic_json(diagnostic)


def failure_output(diagnostics: Sequence[Diagnostic], output: Format) -> str:
    """Return what a program reads on standard output when a command fails; empty for text, which is on stderr."""
    match output:
        case Format.TEXT:
            return ""
        case Format.JSON:
            document: Json = {
                "format_version": FORMAT_VERSION,
                "outcome": "error",
                "diagnostics": [problem_json(d) for d in diagnostics],
            }
            return json.dumps(document, indent=2, ensure_ascii=False)
        case Format.NDJSON:
            lines: list[Json] = [
                {"format_version": FORMAT_VERSION, "type": "diagnostic", **problem_json(d)} for d in diagnostics
            ]
            return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
        case _:
            return render(DiagnosticsReport(tuple(diagnostics)), output, PLAIN)


def render_problems(suite: str, diagnostics: Sequence[Diagnostic], verdict: str, output: Format, style: Style) -> str:
    """Return all *diagnostics* of a check.

    Args:
        suite: What was checked, one word: the name of the JUnit suite.
        diagnostics: In the order to show them.
        verdict: The line that says how it ended, for the formats that people read.
        output: The format.
        style: How text is painted.
    """
    if output is Format.JUNIT:
        from trueup.cli.views.findings import finding_of
        from trueup.cli.views.junit import junit

        return junit(suite, [finding_of(d) for d in diagnostics], ())
    return render(DiagnosticsReport(tuple(diagnostics), subject=verdict), output, style)
