"""`trueup policy check`: what is wrong with the policies."""

import argparse

from trueup.cli.arguments import add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format

SUMMARY = "Find what is wrong with the policies, without evaluating anything"
EXAMPLE = "trueup policy check --output-file sarif=policies.sarif"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `policy check`."""
    add_revision(parser)
    add_output(parser, Format.JSON, Format.NDJSON, Format.MARKDOWN, Format.SARIF, Format.JUNIT)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Check every policy and report all problems."""
    from trueup.cli.views.diagnostics import DiagnosticsReport, render
    from trueup.cli.wiring import open_workspace
    from trueup.core.diagnostics import has_errors, sort_diagnostics
    from trueup.workflows.policy import check

    found = sort_diagnostics(check(open_workspace(console), arguments.revision))
    report = DiagnosticsReport(found, subject="the policies")
    console.publish(lambda output, style: render(report, output, style, console.width))
    return ExitCode.INVALID if has_errors(found) else ExitCode.DONE
