"""`trueup policy replay`: what other policies would have decided in the past."""

import argparse

from trueup.cli.arguments import UsageError, add_environment, add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.policy_source import add_policies, open_policies

SUMMARY = "Ask policies about the past: what they would have blocked, and let through"
EXAMPLE = "trueup policy replay --since 90d --policies candidate/"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `policy replay`."""
    parser.add_argument("--since", metavar="TIME", default="90d", help="not older: 2026-11-20, 3h, 90d; else 90d")
    parser.add_argument("--until", metavar="TIME", help="older than this; else up to now")
    add_environment(parser, required=False)
    parser.add_argument("--fail-on-change", action="store_true", help="fail when a decision turns out otherwise")
    add_policies(parser)
    add_revision(parser)
    add_output(parser, Format.JSON, Format.MARKDOWN, Format.JUNIT)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Replay the past and show what changes."""
    from trueup.cli.reports import report_invalid
    from trueup.cli.times import read_time
    from trueup.cli.views.replay import ReplayReport, render
    from trueup.workflows.replay import Replaying, ReplayRequest, replay

    workspace, source = open_policies(arguments, console)
    now = workspace.clock.now()
    since, until = read_time(arguments.since, now), read_time(arguments.until, now) if arguments.until else now
    if since >= until:
        raise UsageError("`--since` is not before `--until`.")
    replaying = Replaying()
    try:
        invalid = replay(workspace, ReplayRequest(source, since, until, arguments.environment or ""), replaying)
    except KeyboardInterrupt:
        how_far = f"{replaying.done} of {replaying.total} decisions and commits"
        console.note(f"{how_far} were replayed; the next replay goes on from there.")
        raise
    if invalid is not None:
        return report_invalid(invalid, console)
    console.report(replaying.warnings)
    report = ReplayReport(replaying.replay, since, until, arguments.environment or "")
    console.publish(lambda output, style: render(report, output, style, console.width))
    return ExitCode.DENIED if arguments.fail_on_change and not replaying.replay.is_same else ExitCode.DONE
