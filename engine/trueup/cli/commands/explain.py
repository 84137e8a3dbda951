"""`trueup explain`: why a resource is in the state it is in."""

import argparse

from trueup.cli.arguments import add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.reports import report_invalid

SUMMARY = "Say why a resource is in its state, from which commit, and what would move it"
EXAMPLE = "trueup explain Deployment/prod/support"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `explain`."""
    parser.add_argument("address", metavar="ADDRESS", help="such as Deployment/prod/support or Model/tiny@2")
    add_revision(parser)
    add_output(parser, Format.JSON, Format.MARKDOWN)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Explain it."""
    from trueup.cli.views.explanation import render
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.explain import explain
    from trueup.workflows.planning import Invalid

    found = explain(open_workspace(console), arguments.address, arguments.revision)
    if isinstance(found, Invalid):
        return report_invalid(found, console)
    console.publish(lambda output, style: render(found, output, style, console.width))
    return ExitCode.DONE
