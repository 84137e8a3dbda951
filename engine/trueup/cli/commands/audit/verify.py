"""`trueup audit verify`: whether the ledger can be trusted."""

import argparse

from trueup.cli.arguments import add_output
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format

SUMMARY = "Verify chain, digests and decisions of the ledger, offline"
EXAMPLE = "trueup audit verify -o json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `audit verify`."""
    add_output(parser, Format.JSON, Format.NDJSON, Format.MARKDOWN, Format.SARIF, Format.JUNIT)


def run(arguments: argparse.Namespace, console: Console) -> int:  # noqa: ARG001 - every command has this shape
    """Check every record and name every break."""
    from trueup.cli.views import audit as view
    from trueup.cli.wiring import ledger_place, open_workspace
    from trueup.workflows.audit import verify

    workspace = open_workspace(console)
    found = verify(workspace.ledger, ledger_place(workspace))
    console.publish(lambda output, style: view.render(found, output, style, console.width))
    return ExitCode.DONE if found.is_sound else ExitCode.INVALID
