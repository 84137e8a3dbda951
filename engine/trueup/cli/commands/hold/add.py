"""`trueup hold add`: keep a release from being rolled out."""

import argparse

from trueup.cli.arguments import add_environment
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.reports import report_invalid
from trueup.diff.masks import masked_text

SUMMARY = "Keep the declared release of a deployment from being rolled out"
EXAMPLE = "trueup hold add support -e prod --reason 'under review' --days 7"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `hold add`."""
    parser.add_argument("name", metavar="NAME", help="the deployment")
    add_environment(parser)
    parser.add_argument("--reason", metavar="TEXT", required=True, type=masked_text, help="why")
    parser.add_argument("--days", metavar="N", type=int, default=0, help="end by itself after so many days; 0: never")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Record the hold."""
    from datetime import timedelta

    from trueup.cli.wiring import open_workspace
    from trueup.core.digests import short
    from trueup.workflows.holding import hold_declared
    from trueup.workflows.planning import Invalid

    expires = timedelta(days=arguments.days) if arguments.days > 0 else None
    workspace = open_workspace(console)
    hold = hold_declared(workspace, arguments.environment, arguments.name, arguments.reason, expires)
    if isinstance(hold, Invalid):
        return report_invalid(hold, console)
    console.note(f"Release {short(hold.release)} of {hold.deployment} is on hold: {hold.reason}")
    return ExitCode.DONE
