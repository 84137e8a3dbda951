"""`trueup policy pull`: bundles from elsewhere."""

import argparse

from trueup.cli.arguments import add_base, add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format

SUMMARY = "Fetch the bundles of policies that the project names; nothing else uses the network"
EXAMPLE = "trueup policy pull"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `policy pull`."""
    add_revision(parser)
    add_base(parser)
    add_output(parser, Format.JSON)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Fetch what is not here yet, and report each bundle."""
    from trueup.cli.reports import report_invalid
    from trueup.cli.views.pull import render
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.governing import bundles_in_force
    from trueup.workflows.planning import Invalid
    from trueup.workflows.pull import pull

    workspace = open_workspace(console, arguments.base)
    pins = bundles_in_force(workspace, arguments.revision)
    if isinstance(pins, Invalid):
        return report_invalid(pins, console)
    pulled = tuple(pull(workspace.fetched_bundles, pins))
    rows = [(p.pin, p.files, p.problem) for p in pulled]
    console.publish(lambda output, style: render(rows, output, style))
    return ExitCode.ERROR if any(p.problem for p in pulled) else ExitCode.DONE
