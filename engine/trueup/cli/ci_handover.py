"""Hands a run on to the CI system: annotations, outputs, the job summary. The rest is left to the folder."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.cli.codes import OUTPUT_NOT_WRITTEN
from trueup.cli.views.ci_findings import findings, github_of
from trueup.cli.views.ci_json import dotenv, output_lines, outputs
from trueup.core.errors import PermanentError
from trueup.ports import Provider

if TYPE_CHECKING:
    from trueup.cli.console import Console
    from trueup.cli.views.ci_report import CiReport

LARGEST_SUMMARY = 1024 * 1024
"""GitHub drops the summary of a step that has more, whole."""
_SMALLEST_SUMMARY = 4_000
"""Less room than that says nothing of use."""


def hand_over(report: "CiReport", exit_code: int, folder: Path, summary: str, console: "Console") -> None:
    """Tell the CI system what it can show, and hand on.

    Raises:
        PermanentError: A file that it names cannot be written.
    """
    values = outputs(report, exit_code, str(folder))
    if report.where.provider is Provider.GITHUB:
        console.note(github_of(report))
        _append(console.environment, "GITHUB_OUTPUT", output_lines(values))
        _append_summary(report, console.environment, summary)
    elif report.where.provider is Provider.AZURE:
        from trueup.cli.views.azure import handed_on, issues

        for line in (*issues(findings(report)), *handed_on(values, str(folder / "summary.md"))):
            console.note(line)


def dotenv_of(report: "CiReport", exit_code: int, folder: Path) -> str:
    """Return the outputs as variables."""
    return dotenv(outputs(report, exit_code, str(folder)))


def _append_summary(report: "CiReport", environment: Mapping[str, str], text: str) -> None:
    path = environment.get("GITHUB_STEP_SUMMARY", "")
    there = os.path.getsize(path) if path and os.path.exists(path) else 0
    room = LARGEST_SUMMARY - there - 1
    if len(text.encode()) > room:
        from trueup.cli.views.ci_comment import summary

        if room < _SMALLEST_SUMMARY:
            return
        text = summary(report, room)
    _append(environment, "GITHUB_STEP_SUMMARY", text)


def _append(environment: Mapping[str, str], variable: str, text: str) -> None:
    path = environment.get(variable, "")
    if not path:
        return
    try:
        with open(path, "a", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        raise PermanentError(OUTPUT_NOT_WRITTEN, f"${variable}, {path}: {error.strerror}.") from error
