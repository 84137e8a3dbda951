"""`trueup status`: desired beside observed."""

import argparse

from trueup.cli.arguments import add_environment, add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.reports import report_invalid

SUMMARY = "Show desired and observed, health, drift, holds and evidence of an environment"
EXAMPLE = "trueup status -e prod"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `status`."""
    add_environment(parser)
    add_revision(parser)
    parser.add_argument("--detailed-exitcode", action="store_true", help="end with 2 when something differs")
    add_output(parser, Format.JSON, Format.NDJSON, Format.MARKDOWN)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Look and tell."""
    from trueup.cli.views.status import render
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.planning import Invalid
    from trueup.workflows.status import status

    found = status(open_workspace(console), arguments.environment, arguments.revision)
    if isinstance(found, Invalid):
        return report_invalid(found, console)
    console.publish(lambda output, style: render(found, output, style, console.width))
    return ExitCode.CHANGES if arguments.detailed_exitcode and not found.is_in_sync else ExitCode.DONE
