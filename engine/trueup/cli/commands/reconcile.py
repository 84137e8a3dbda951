"""`trueup reconcile`: keep an environment true, round after round."""

import argparse
from functools import partial
from typing import TYPE_CHECKING

from trueup.cli.arguments import add_environment, add_output, seconds
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format

if TYPE_CHECKING:
    from trueup.workflows.planning import Planned
    from trueup.workflows.reconciling import Round

SUMMARY = "Keep an environment true: apply, watch, take back, say so in git"
EXAMPLE = "trueup reconcile -e prod --every 30"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `reconcile`."""
    add_environment(parser)
    parser.add_argument("--every", metavar="SECONDS", type=seconds, default=0.0, help="go on, a round each; else one")
    parser.add_argument(
        "--auto-approve", action="store_true", help="apply what HEAD declares, as `autoApply` of the environment does"
    )
    add_output(parser, Format.NDJSON)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Take rounds until told to end."""
    from trueup.cli.event_sinks import send_records
    from trueup.cli.reports import Live, ended, report_invalid
    from trueup.cli.wiring import open_workspace
    from trueup.core.errors import TransientError
    from trueup.workflows.reconciling import Round, reconcile_once

    while True:
        workspace, found = open_workspace(console, ask_others=True), Round()
        code = ExitCode.DONE
        live = Live(console, partial(_planned, found))
        try:
            for event in reconcile_once(workspace, arguments.environment, found, act=arguments.auto_approve):
                live.show(event)
        except TransientError as error:  # another run works here, or something does not answer: the next round may
            if not arguments.every:
                raise
            console.note(f"This round was given up: {error}")
        if found.invalid is not None:
            code = report_invalid(found.invalid, console)
        elif found.applied is not None:
            code = ended(found.applied, console)
        elif found.planned is not None:
            changes = len(found.planned.plan.changes)
            console.note(f"{changes} changes are not applied (no `autoApply`)." if changes else "In sync.")
        send_records(workspace, console)
        if not arguments.every:
            return code
        workspace.clock.sleep(arguments.every)


def _planned(found: "Round") -> "Planned | None":
    """Return the plan of a round, which apply makes anew under the lock."""
    return found.applied.planned if found.applied is not None and found.applied.planned else found.planned
