"""`trueup audit verify`: whether the ledger can be trusted."""

import argparse

from trueup.cli.arguments import UsageError, add_output
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format

SUMMARY = "Verify chain, digests and decisions of the ledger, offline"
EXAMPLE = "trueup audit verify --decisions --since 90d"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `audit verify`."""
    parser.add_argument("--decisions", action="store_true", help="also make every decision again")
    parser.add_argument("--since", metavar="TIME", help="only decisions not older: 2026-11-20, 3h, 90d")
    add_output(parser, Format.JSON, Format.NDJSON, Format.MARKDOWN, Format.SARIF, Format.JUNIT)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Check every record and name every break."""
    from trueup.cli.times import read_time
    from trueup.cli.views import audit as view
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.audit import verify, verify_decisions

    if arguments.since and not arguments.decisions:
        raise UsageError("`--since` is about decisions.", hint="add `--decisions`; the chain is verified as a whole")
    workspace = open_workspace(console)
    place = workspace.ledger_place
    if arguments.decisions:
        since = read_time(arguments.since, workspace.clock.now()) if arguments.since else None
        found = verify_decisions(workspace, place, since)
    else:
        found = verify(workspace.ledger, place)
    console.publish(lambda output, style: view.render(found, output, style, console.width))
    return ExitCode.DONE if found.is_sound else ExitCode.INVALID
