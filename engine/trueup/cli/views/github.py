"""Annotations of GitHub Actions: workflow commands that its runner turns into marks beside the lines.

The runner shows ten of each kind a step and drops the rest without a word, so the loudest come first and the number of
those left out is said.
"""

from collections.abc import Sequence

from trueup.cli.views.findings import LEVELS, Finding, Level, level_of, loudest
from trueup.cli.views.text import visible, visible_lines

MOST_OF_A_KIND = 10
"""The runner's limit for one step."""
_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def github(findings: Sequence[Finding], summary: str) -> str:
    """Return a command for each finding, the loudest first, then *summary* and how many were left out.

    What is excepted is a notice: somebody approved it, and it should be seen.
    """
    lines: list[str] = []
    for level in LEVELS:
        of_level = loudest(findings, level)
        lines += [_command(f) for f in of_level[:MOST_OF_A_KIND]]
        if len(of_level) > MOST_OF_A_KIND:
            rest = len(of_level) - MOST_OF_A_KIND
            lines.append(_plain(f"{rest} more {_COMMANDS[level]}s do not fit into annotations."))
    return "\n".join([*lines, _plain(summary)])


def _command(finding: Finding) -> str:
    span = finding.span
    properties = {"title": f"{finding.rule} {finding.title}".strip()}
    if span and span.path not in ("", "-"):
        properties = {"file": span.path, **({"line": str(span.line)} if span.line else {}), **properties}
        if span.column:
            properties["col"] = str(span.column)
    head = ",".join(f"{name}={_property(text)}" for name, text in properties.items())
    about = f"{finding.address}: " if finding.address else ""
    to_do = f"\n{finding.remedy}" if finding.remedy else ""
    return f"::{_COMMANDS[level_of(finding)]} {head}::{_data(f'{about}{finding.text}{to_do}')}"


def _plain(text: str) -> str:
    """Return a line that the runner shows and does not obey."""
    return visible(text).replace("::", ": :")


def _data(text: str) -> str:
    shown = "\n".join(visible_lines(text))
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")
