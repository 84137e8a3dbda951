"""`trueup rollout abort`: tell a rollout that goes on elsewhere to end and give traffic back."""

import argparse

from trueup.cli.arguments import add_environment
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.reports import report_invalid

SUMMARY = "Give all traffic of a rollout back, and take its release back in git"
EXAMPLE = "trueup rollout abort support -e prod"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rollout abort`."""
    parser.add_argument("name", metavar="NAME", help="the deployment")
    add_environment(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Leave the order."""
    from trueup.cli.wiring import open_workspace
    from trueup.rollout.machine import Order
    from trueup.workflows.ordering import order

    wrong = order(open_workspace(console), arguments.environment, arguments.name, Order.ABORT)
    if wrong is not None:
        return report_invalid(wrong, console)
    console.note("Said. Traffic goes back within a second, wherever the rollout runs.")
    return ExitCode.DONE
