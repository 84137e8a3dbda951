"""`trueup pin`: a source's revision and digest, written into the YAML."""

import argparse

from trueup.cli.arguments import add_output
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.reports import report_invalid

SUMMARY = "Look up what a source has now and write revision and digest into the YAML"
EXAMPLE = "trueup pin Model/smollm2@2"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `pin`."""
    parser.add_argument("reference", metavar="REF", help="Kind/name@version, or the YAML file that declares it")
    parser.add_argument(
        "--revision", metavar="REV", default="", help="look this branch, tag or commit up, not the declared one"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; end with 8 when something would change")
    add_output(parser, Format.JSON)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Look up, show the edit, write it."""
    from trueup.cli.views.pin import render_pins
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.loading import Invalid
    from trueup.workflows.pin import pin, write

    workspace = open_workspace(console)
    pinned = pin(workspace, _inside(arguments.reference, str(workspace.root)), revision=arguments.revision)
    if isinstance(pinned, Invalid):
        return report_invalid(pinned, console)
    console.report(pinned.warnings)
    written = bool(pinned.edits) and not arguments.check
    if written:
        write(workspace.root, pinned)
    pins = [p.to_json() for p in pinned.pins]
    edits = [(e.path, e.before, e.after) for e in pinned.edits]
    console.publish(lambda output, style: render_pins(pins, edits, output, style, written=written))
    if written:
        console.note("Written. Review the edit and commit it.")
    return ExitCode.INVALID if arguments.check and edits else ExitCode.DONE


def _inside(reference: str, root: str) -> str:
    """Return the path of a file that exists as it is called from the root of the repository."""
    import os

    if not os.path.isfile(reference):
        return reference
    return os.path.relpath(os.path.realpath(reference), os.path.realpath(root)).replace(os.sep, "/")
