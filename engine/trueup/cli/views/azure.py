"""What Azure Pipelines reads in a log: marks beside the lines, a summary, and variables for later steps.

https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
"""

from collections.abc import Mapping, Sequence

from trueup.cli.views.findings import Finding, Level, loudest
from trueup.cli.views.text import visible

MOST_OF_A_KIND = 10
"""As on GitHub: who has to see more reads the report."""
_TYPES = {Level.ERROR: "error", Level.WARNING: "warning"}


def issues(findings: Sequence[Finding]) -> list[str]:
    """Return a command for each finding, the loudest first; Azure knows errors and warnings."""
    lines: list[str] = []
    for level, type_ in _TYPES.items():
        found = loudest(findings, level)
        lines += [_issue(f, type_) for f in found[:MOST_OF_A_KIND]]
        if len(found) > MOST_OF_A_KIND:
            lines.append(f"{len(found) - MOST_OF_A_KIND} more {type_}s do not fit into annotations.")
    return lines


def handed_on(outputs: Mapping[str, str], summary: str) -> list[str]:
    """Return the commands that set *outputs* and show the file *summary*."""
    variables = [f"##vso[task.setvariable variable={n};isOutput=true]{_data(v)}" for n, v in outputs.items()]
    return [*variables, f"##vso[task.uploadsummary]{_data(summary)}"]


def _issue(finding: Finding, type_: str) -> str:
    span = finding.span
    properties = {"type": type_, "code": finding.rule}
    if span and span.path not in ("", "-"):
        properties |= {
            "sourcepath": span.path,
            "linenumber": str(span.line or 1),
            "columnnumber": str(span.column or 1),
        }
    head = ";".join(f"{name}={_property(text)}" for name, text in properties.items())
    about = f"{finding.address}: " if finding.address else ""
    return f"##vso[task.logissue {head}]{_data(f'{about}{finding.text} {finding.remedy}'.strip())}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(";", "%3B").replace("]", "%5D")
