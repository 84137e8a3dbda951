"""`trueup rollout resume`: tell a rollout that goes on elsewhere to go on."""

import argparse

from trueup.cli.arguments import add_environment
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.reports import report_invalid

SUMMARY = "Let a rollout that waits take its next step"
EXAMPLE = "trueup rollout resume support -e prod"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rollout resume`."""
    parser.add_argument("name", metavar="NAME", help="the deployment")
    add_environment(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Leave the order."""
    from trueup.cli.wiring import open_workspace
    from trueup.rollout.machine import Order
    from trueup.workflows.ordering import order

    wrong = order(open_workspace(console), arguments.environment, arguments.name, Order.CONTINUE)
    if wrong is not None:
        return report_invalid(wrong, console)
    console.note("Said. The rollout goes on within a second, wherever it runs.")
    return ExitCode.DONE
