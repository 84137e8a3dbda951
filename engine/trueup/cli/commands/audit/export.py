"""`trueup audit export`: the records for people outside, with what they stand on."""

import argparse

from trueup.cli.arguments import add_environment, add_output
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format

SUMMARY = "Export the records with who, why and on what grounds, for auditors"
EXAMPLE = "trueup audit export -e prod --since 90d --output-file html=audit.html"

_KINDS = ("apply", "rollback", "build", "evidence", "hold", "lift")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `audit export`."""
    add_environment(parser, required=False)
    parser.add_argument("--deployment", metavar="NAME", default="", help="Deployment/environment/name, or a name")
    parser.add_argument("--since", metavar="TIME", help="not older: 2026-11-20, 2026-11-20T14:00Z, 3h, 2d")
    parser.add_argument("--until", metavar="TIME", help="older than this")
    parser.add_argument("--kind", metavar="KIND", action="append", default=[], choices=_KINDS, help="|".join(_KINDS))
    add_output(parser, Format.CSV, Format.NDJSON, Format.HTML)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Verify the ledger, and write what was asked for of it."""
    from trueup.cli.times import read_time
    from trueup.cli.views.export import pieces
    from trueup.cli.views.export_words import verdict
    from trueup.cli.wiring import open_workspace
    from trueup.ledger.filters import Filter
    from trueup.ledger.record import RecordKind
    from trueup.workflows.export import about, export

    workspace = open_workspace(console)
    now = workspace.clock.now()
    environment = arguments.environment or ""
    deployment = about(arguments.deployment, environment)
    wanted = Filter(
        resource=deployment,
        environment=environment,
        since=read_time(arguments.since, now) if arguments.since else None,
        until=read_time(arguments.until, now) if arguments.until else None,
        kinds=tuple(RecordKind(kind) for kind in arguments.kind),
    )
    found = export(workspace, workspace.ledger_place, wanted, deployment)
    console.stream(lambda output, style: pieces(found.header, found.lines(), output, style, console.width))
    if console.format is not Format.TEXT:
        console.note(verdict(found.header.ledger))
    if found.header.ledger.is_sound:
        return ExitCode.DONE
    console.report(found.header.ledger.all_problems)
    return ExitCode.INVALID
