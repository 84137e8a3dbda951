"""`trueup audit log`: the records."""

import argparse

from trueup.cli.arguments import UsageError, add_environment, add_output, whole_number
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format

SUMMARY = "List what was done, by whom, with which decision; newest first"
EXAMPLE = "trueup audit log Prompt/support -e prod --since 2026-11-01"

_KINDS = ("apply", "rollback", "build", "evidence", "hold", "lift")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `audit log`."""
    parser.add_argument("address", metavar="RESOURCE", nargs="?", default="", help="the same as --resource")
    add_environment(parser, required=False)
    parser.add_argument("--resource", metavar="ADDRESS", default="", help="Kind/name, Kind/name@version or a name")
    parser.add_argument("--since", metavar="TIME", help="not older: 2026-11-20, 2026-11-20T14:00Z, 3h, 2d")
    parser.add_argument("--until", metavar="TIME", help="older than this")
    parser.add_argument("--kind", metavar="KIND", action="append", default=[], choices=_KINDS, help="|".join(_KINDS))
    parser.add_argument("--limit", metavar="N", type=whole_number, default=50, help="at most N records; 0 for all")
    add_output(parser, Format.JSON, Format.NDJSON, Format.MARKDOWN)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """List the records that were asked for."""
    from trueup.cli.times import read_time
    from trueup.cli.views import audit as view
    from trueup.cli.wiring import open_workspace
    from trueup.ledger.filters import Filter
    from trueup.ledger.record import RecordKind
    from trueup.workflows.audit import log

    if arguments.address and arguments.resource:
        raise UsageError("The resource is named twice.", hint="leave `--resource` out")
    workspace = open_workspace(console)
    now = workspace.clock.now()
    wanted = Filter(
        resource=arguments.address or arguments.resource,
        environment=arguments.environment or "",
        since=read_time(arguments.since, now) if arguments.since else None,
        until=read_time(arguments.until, now) if arguments.until else None,
        kinds=tuple(RecordKind(kind) for kind in arguments.kind),
    )
    found = log(workspace.finder, wanted, workspace.audit_place, limit=arguments.limit, commits=workspace.changes)
    console.publish(lambda output, style: view.render(found, output, style, console.width))
    return ExitCode.DONE
