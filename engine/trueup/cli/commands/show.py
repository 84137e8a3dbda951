"""`trueup show`: a saved plan, offline."""

import argparse

from trueup.cli.arguments import add_output
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.reports import PLAN_FORMATS

SUMMARY = "Show a saved plan, offline"
EXAMPLE = "trueup show plan.json -o markdown"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `show`."""
    parser.add_argument("plan", metavar="PLAN", help="the file that `plan --out` wrote")
    add_output(parser, *PLAN_FORMATS)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Read the file, check its digest, show it."""
    from trueup.cli.files import read_plan
    from trueup.cli.reports import report_invalid
    from trueup.cli.views.plan import render
    from trueup.cli.views.plan_report import report_of
    from trueup.core.diagnostics import Diagnostic
    from trueup.workflows.planning import Invalid

    saved = read_plan(arguments.plan)
    report = saved if isinstance(saved, Diagnostic) else report_of(saved, arguments.plan)
    if isinstance(report, Diagnostic):
        return report_invalid(Invalid((report,)), console)
    console.publish(lambda output, style: render(report, output, style, console.width))
    return ExitCode.DONE
