"""`trueup doctor`: checks of the machine."""

import argparse
import json
from typing import TYPE_CHECKING

from trueup.cli.arguments import add_output
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format, Style

if TYPE_CHECKING:
    from trueup.workflows.doctor import Check

SUMMARY = "Check this machine: Python, git, packages, disk, permissions"
EXAMPLE = "trueup doctor -o json"

_COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `doctor`."""
    add_output(parser, Format.JSON)


def run(arguments: argparse.Namespace, console: Console) -> int:  # noqa: ARG001 - every command has this shape
    """Look at everything and report it; fails when something that is needed is missing."""
    from pathlib import Path

    from trueup.cli.project import find_project
    from trueup.core.errors import PermanentError
    from trueup.workflows.doctor import Level, examine

    here = Path.cwd()
    try:
        project = find_project(here)
    except PermanentError:
        project = None
    with console.progress.activity("examining"):
        checks = tuple(examine(here, project))

    def render(output: Format, style: Style) -> str:
        return _json(checks) if output is Format.JSON else _text(checks, style, console.width)

    console.publish(render)
    return ExitCode.ERROR if any(c.level is Level.FAIL for c in checks) else ExitCode.DONE


def _text(checks: "tuple[Check, ...]", style: Style, columns: int) -> str:
    from trueup.cli.views.text import wrapped

    width = max(len(c.name) for c in checks)
    lines = []
    for check in checks:
        level = style.paint(f"{check.level.value:<4}", "bold", _COLORS[check.level])
        beside = " " * (width + 8)
        first, *rest = wrapped(check.found, columns, beside, style)
        lines += [f"{level}  {check.name:<{width}}  {first.strip()}", *rest]
        if check.advice:
            lines += wrapped(f"hint: {check.advice}", columns, beside, style, "cyan")
    counts = {name: sum(c.level.value == name for c in checks) for name in _COLORS}
    return "\n".join([*lines, "", ", ".join(f"{number} {name}" for name, number in counts.items())])


def _json(checks: "tuple[Check, ...]") -> str:
    document = {"format_version": "1.0", "checks": [c.to_json() for c in checks]}
    return json.dumps(document, indent=2, ensure_ascii=False)
