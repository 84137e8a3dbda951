"""How problems look that stop a command: text for people, and the chosen format for programs."""

import json

from trueup.cli.output import Format, Style
from trueup.core.diagnostics import Diagnostic, Severity

FORMAT_VERSION = "1.0"


def problem_text(diagnostic: Diagnostic, style: Style) -> str:
    """Return the place, the code and its summary; then what is wrong here; then what to do."""
    color = "red" if diagnostic.severity is Severity.ERROR else "yellow"
    place = f"{diagnostic.span}: " if diagnostic.span else ""
    label = style.paint(f"{diagnostic.severity} {diagnostic.code.id}", "bold", color)
    lines = [f"{place}{label}: {diagnostic.code.summary}"]
    lines += [f"  {line}" for line in diagnostic.detail.splitlines()]
    if diagnostic.hint:
        lines.append(f"  hint: {diagnostic.hint}")
    return "\n".join(lines)


def failure_output(diagnostic: Diagnostic, output: Format) -> str:
    """Return what a program reads on standard output when a command fails; empty where text says it all."""
    span = diagnostic.span
    problem = {
        "severity": diagnostic.severity.value,
        "code": diagnostic.code.id,
        "summary": diagnostic.code.summary,
        "detail": diagnostic.detail,
        "hint": diagnostic.hint,
        "span": {"path": span.path, "line": span.line, "column": span.column} if span else None,
    }
    match output:
        case Format.JSON:
            document = {"format_version": FORMAT_VERSION, "outcome": "error", "diagnostics": [problem]}
            return json.dumps(document, indent=2, ensure_ascii=False)
        case Format.NDJSON:
            line = {"format_version": FORMAT_VERSION, "type": "diagnostic", **problem}
            return json.dumps(line, ensure_ascii=False)
        case Format.TEXT | Format.MARKDOWN | Format.SARIF | Format.JUNIT:
            return ""
