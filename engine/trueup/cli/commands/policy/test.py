"""`trueup policy test`: the tests of the policies."""

import argparse

from trueup.cli.arguments import add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format

SUMMARY = "Run the `test_` rules of the policies"
EXAMPLE = "trueup policy test on_call --output-file junit=policies.xml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `policy test`."""
    parser.add_argument("wanted", metavar="TEXT", nargs="?", default="", help="only tests whose full name holds TEXT")
    add_revision(parser)
    add_output(parser, Format.JSON, Format.JUNIT)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the tests and report each failure; no test at all proves nothing and fails."""
    from trueup.cli.reports import report_invalid
    from trueup.cli.views.policy import render_tests
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.planning import Invalid
    from trueup.workflows.policy import run_tests

    tested = run_tests(open_workspace(console), arguments.revision, arguments.wanted)
    if isinstance(tested, Invalid):
        return report_invalid(tested, console)
    console.publish(lambda output, style: render_tests(tested.tests, output, style))
    return ExitCode.DONE if tested.has_passed else ExitCode.ERROR
