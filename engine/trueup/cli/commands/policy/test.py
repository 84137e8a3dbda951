"""`trueup policy test`: the tests of the policies."""

import argparse

from trueup.cli.arguments import add_output, add_revision, whole_number
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.policy_source import add_policies, open_policies

SUMMARY = "Run the `test_` rules of the policies, and tell what they reach"
EXAMPLE = "trueup policy test on_call --coverage --output-file junit=policies.xml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `policy test`."""
    parser.add_argument("wanted", metavar="TEXT", nargs="?", default="", help="only tests whose full name holds TEXT")
    parser.add_argument("--coverage", action="store_true", help="show the lines that no test reaches")
    parser.add_argument(
        "--threshold", metavar="PERCENT", type=percent, help="fail when fewer lines are reached; shows them, too"
    )
    parser.add_argument("--slowest", metavar="N", type=whole_number, default=0, help="show the N slowest tests")
    add_policies(parser)
    add_revision(parser)
    add_output(parser, Format.JSON, Format.JUNIT)


def percent(text: str) -> float:
    """Read a share, 0 to 100. For `add_argument`."""
    try:
        number = float(text.rstrip("%"))
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 100.0:
        raise argparse.ArgumentTypeError(f"`{text}` is not a number from 0 to 100")
    return number


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the tests and report each failure; no test at all proves nothing and fails."""
    from trueup.cli.reports import report_invalid
    from trueup.cli.views.rule_tests import TestReport, render_tests
    from trueup.workflows.loading import Invalid
    from trueup.workflows.policy import has_passed, run_tests

    workspace, source = open_policies(arguments, console)
    run = run_tests(workspace, source, arguments.wanted)
    if isinstance(run, Invalid):
        return report_invalid(run, console)
    shows = arguments.coverage or arguments.threshold is not None
    report = TestReport(run, shows, arguments.threshold, arguments.slowest)
    console.publish(lambda output, style: render_tests(report, output, style))
    return ExitCode.DONE if has_passed(run) and not report.is_below else ExitCode.ERROR
