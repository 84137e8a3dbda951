"""`trueup validate`: every problem of every declared file."""

import argparse

from trueup.cli.arguments import add_cache, add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format

SUMMARY = "Check every declared file and report all problems"
EXAMPLE = "trueup validate --output-file sarif=trueup.sarif"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `validate`."""
    add_revision(parser)
    add_cache(parser)
    add_output(parser, Format.JSON, Format.NDJSON, Format.MARKDOWN, Format.SARIF, Format.JUNIT, Format.CODEQUALITY)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Read everything, report all problems, and say how many."""
    from trueup.cli.source_lines import source_lines
    from trueup.cli.views.diagnostics import DiagnosticsReport, render
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.validate import validate

    workspace = open_workspace(console, cache=arguments.cache)
    validated = validate(workspace, arguments.revision, known=workspace.parsed_files)
    resources = len(validated.loaded.resources)
    report = DiagnosticsReport(
        validated.diagnostics,
        lines=source_lines(validated.loaded.tree, validated.diagnostics),
        subject="1 resource" if resources == 1 else f"{resources} resources",
    )
    console.publish(lambda output, style: render(report, output, style, console.width))
    return ExitCode.DONE if validated.is_valid else ExitCode.INVALID
