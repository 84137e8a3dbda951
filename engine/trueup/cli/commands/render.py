"""`trueup render`: the desired state of an environment as plain files."""

import argparse

from trueup.cli.arguments import add_environment, add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.reports import report_invalid

SUMMARY = "Write what an environment should be as plain files, for other tools"
EXAMPLE = "trueup render -e prod --output-folder rendered/prod --revision main"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `render`."""
    add_environment(parser)
    parser.add_argument(
        "--output-folder", metavar="DIR", required=True, help="new, empty, or rendered to before; others are refused"
    )
    add_revision(parser)
    add_output(parser, Format.JSON)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write the files."""
    from pathlib import Path

    from trueup.adapters.rendered.folder import write_rendered
    from trueup.cli.views.rendered import RenderedReport
    from trueup.cli.views.rendered import render as view
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.loading import Invalid
    from trueup.workflows.render import render

    found = render(open_workspace(console), arguments.environment, arguments.revision)
    if isinstance(found, Invalid):
        return report_invalid(found, console)
    folder = arguments.output_folder
    done = write_rendered(Path(folder), found.environment, found.files)
    report = RenderedReport(
        found.environment, found.revision, found.digest, folder, done.written, done.removed, done.unchanged
    )
    console.publish(lambda output, style: view(report, output, style))
    return ExitCode.DONE
