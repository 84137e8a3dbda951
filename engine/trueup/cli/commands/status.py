"""`trueup status`: desired beside observed, once or again and again."""

import argparse
from typing import TYPE_CHECKING

from trueup.cli.arguments import UsageError, add_environment, add_output, add_revision, seconds
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.reports import report_invalid

if TYPE_CHECKING:
    from datetime import datetime

    from trueup.diff.status import Status
    from trueup.rollout.under_way import UnderWay

SUMMARY = "Show desired and observed, health, drift, holds and evidence of an environment"
EXAMPLE = "trueup status -e prod"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `status`."""
    add_environment(parser)
    add_revision(parser)
    parser.add_argument("--detailed-exitcode", action="store_true", help="end with 2 when something differs")
    parser.add_argument(
        "--watch", metavar="SECONDS", type=seconds, nargs="?", const=1.0, help="look again each second, or so many"
    )
    parser.add_argument("--until-settled", action="store_true", help="with --watch: end when no rollout is under way")
    add_output(parser, Format.JSON, Format.NDJSON, Format.MARKDOWN)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Look and tell."""
    from trueup.cli.views.status import render
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.planning import Invalid
    from trueup.workflows.status import status

    if arguments.watch is not None:
        return _watch(arguments, console)
    if arguments.until_settled:
        raise UsageError("`--until-settled` needs `--watch`.", hint="add `--watch`")
    found = status(open_workspace(console), arguments.environment, arguments.revision)
    if isinstance(found, Invalid):
        return report_invalid(found, console)
    console.publish(lambda output, style: render(found, output, style, console.width))
    return ExitCode.CHANGES if arguments.detailed_exitcode and not found.is_in_sync else ExitCode.DONE


def _watch(arguments: argparse.Namespace, console: Console) -> int:
    """Show rollouts under way until told to end: a picture on a terminal, elsewhere what is new."""
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.planning import Invalid
    from trueup.workflows.under_way import watch

    if console.format not in (Format.TEXT, Format.NDJSON):
        raise UsageError(f"`--watch` has no end, so no `{console.format}`.", hint="take `--output ndjson`")
    workspace, told = open_workspace(console), ""
    while True:
        found, under_way = watch(workspace, arguments.environment, arguments.revision)
        if isinstance(found, Invalid):
            return report_invalid(found, console)
        if console.is_live and console.format is Format.TEXT:
            _draw(found, under_way, console)
        else:
            told = _tell(found, under_way, console, told, workspace.clock.now())
        if arguments.until_settled and not under_way and not found.unfinished:
            return _settled(found, console)
        workspace.clock.sleep(arguments.watch)


def _draw(found: "Status", under_way: "tuple[UnderWay, ...]", console: Console) -> None:
    from datetime import UTC, datetime

    from trueup.cli.views.rollout import watched

    style = console.error_style
    console.progress.show(lambda width, height: watched(found, under_way, datetime.now(UTC), style, (width, height)))


def _tell(found: "Status", under_way: "tuple[UnderWay, ...]", console: Console, told: str, now: "datetime") -> str:
    """Write what differs from what was *told*, and return what is told now."""
    from trueup.cli.views.rollout import plain
    from trueup.cli.views.status import render

    said = plain(found, under_way)
    if said != told:
        text = (
            f"{now:%H:%M:%S} {said}" if console.format is Format.TEXT else render(found, console.format, console.style)
        )
        console.out(text)
    return said


def _settled(found: "Status", console: Console) -> ExitCode:
    from trueup.cli.views.status import summary

    console.progress.show(None)
    if console.is_live and console.format is Format.TEXT:
        console.out(summary(found))
    return ExitCode.DONE if found.is_in_sync else ExitCode.ERROR
