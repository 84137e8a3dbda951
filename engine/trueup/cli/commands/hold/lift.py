"""`trueup hold lift`: let a release be rolled out again."""

import argparse

from trueup.cli.arguments import add_environment
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.diff.masks import masked_text

SUMMARY = "Lift the holds of a deployment"
EXAMPLE = "trueup hold lift support -e prod"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `hold lift`."""
    parser.add_argument("name", metavar="NAME", help="the deployment")
    add_environment(parser)
    parser.add_argument("--release", metavar="DIGEST", default="", help="only the hold on this release")
    parser.add_argument("--reason", metavar="TEXT", default="", type=masked_text, help="why, for the record")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Record that it is lifted."""
    from trueup.cli.wiring import open_workspace
    from trueup.core.digests import short
    from trueup.workflows.holding import lift

    workspace = open_workspace(console)
    for hold in lift(workspace, arguments.environment, arguments.name, arguments.release, arguments.reason):
        console.note(f"Release {short(hold.release)} of {hold.deployment} is free again.")
    return ExitCode.DONE
