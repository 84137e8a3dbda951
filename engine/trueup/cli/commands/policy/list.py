"""`trueup policy list`: the rules."""

import argparse

from trueup.cli.arguments import add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format

SUMMARY = "List the rules, with severity, title and file"
EXAMPLE = "trueup policy list -o json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `policy list`."""
    add_revision(parser)
    add_output(parser, Format.JSON)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """List the rules that would be asked."""
    from trueup.cli.reports import report_invalid
    from trueup.cli.views.policy import render_rules
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.planning import Invalid
    from trueup.workflows.policy import rules

    found = rules(open_workspace(console), arguments.revision)
    if isinstance(found, Invalid):
        return report_invalid(found, console)
    console.publish(lambda output, style: render_rules(found, output, style, console.width))
    return ExitCode.DONE
