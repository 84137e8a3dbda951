"""`trueup audit at`: what was serving at a time."""

import argparse

from trueup.cli.arguments import add_environment, add_output
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format

SUMMARY = "Show what was serving at a time: model, prompt, build, policies"
EXAMPLE = "trueup audit at 2026-11-20T14:00Z -e prod"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `audit at`."""
    parser.add_argument("time", metavar="TIME", help="2026-11-20, 2026-11-20T14:00Z, or an age: 3h, 2d")
    add_environment(parser, required=False)
    add_output(parser, Format.JSON, Format.NDJSON, Format.MARKDOWN)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Show what was serving."""
    from trueup.cli.times import read_time
    from trueup.cli.views import audit as view
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.audit import at

    workspace = open_workspace(console)
    time = read_time(arguments.time, workspace.clock.now())
    found = at(workspace.finder, time, arguments.environment or "", workspace.audit_place)
    console.publish(lambda output, style: view.render(found, output, style, console.width))
    return ExitCode.DONE
