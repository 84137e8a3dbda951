"""`trueup audit document`: drafts for people outside, with the gaps that are left."""

import argparse

from trueup.cli.arguments import add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format

SUMMARY = "Draft a model card or technical documentation, gaps marked"
EXAMPLE = "trueup audit document annex-iv System/support -o markdown"

_KINDS = ("model-card", "annex-iv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `audit document`."""
    parser.add_argument("kind", metavar="KIND", choices=_KINDS, help="|".join(_KINDS))
    parser.add_argument("ref", metavar="REF", help="model-card: a Model; annex-iv: a System or a Deployment")
    add_revision(parser)
    add_output(parser, Format.MARKDOWN, Format.JSON, Format.HTML)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Draft the document."""
    from trueup.cli.reports import report_invalid
    from trueup.cli.views.document import render
    from trueup.cli.views.export_words import verdict
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.documents import document
    from trueup.workflows.planning import Invalid

    workspace = open_workspace(console)
    found = document(workspace, workspace.ledger_place, arguments.kind, arguments.ref, arguments.revision)
    if isinstance(found, Invalid):
        return report_invalid(found, console)
    console.publish(lambda output, style: render(found, output, style, console.width))
    if found.facts.ledger.is_sound:
        return ExitCode.DONE
    console.note(verdict(found.facts.ledger))
    return ExitCode.INVALID
