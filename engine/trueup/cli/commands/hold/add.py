"""`trueup hold add`: keep a release from being rolled out."""

import argparse

from trueup.cli.arguments import add_environment
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.reports import report_invalid
from trueup.diff.masks import masked_text

SUMMARY = "Keep a release of a deployment, the declared one, from being rolled out"
EXAMPLE = "trueup hold add support -e prod --reason 'under review' --days 7"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `hold add`."""
    parser.add_argument("name", metavar="NAME", help="the deployment")
    add_environment(parser)
    parser.add_argument("--reason", metavar="TEXT", required=True, type=masked_text, help="why")
    parser.add_argument("--release", metavar="DIGEST", default="", help="this release, not the declared one")
    parser.add_argument("--days", metavar="N", default="", help="end by itself after so many days; 0: never")
    parser.add_argument("--until", metavar="TIME", default="", help="end by itself then, such as 2026-12-01T12:00Z")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Record the hold, and say what it means for what runs."""
    from trueup.cli.wiring import open_workspace
    from trueup.core.digests import short
    from trueup.ledger.hold_terms import Terms
    from trueup.workflows.holding import hold_release
    from trueup.workflows.planning import Invalid

    terms = Terms(arguments.reason, arguments.days, arguments.until)
    placed = hold_release(open_workspace(console), arguments.environment, arguments.name, terms, arguments.release)
    if isinstance(placed, Invalid):
        return report_invalid(placed, console)
    hold = placed.hold
    until = f" until {hold.expires:%Y-%m-%d %H:%M %Z}" if hold.expires else ""
    console.note(f"Release {short(hold.release)} of {hold.deployment} is on hold{until}: {hold.reason}")
    for deployment in placed.serving:
        console.note(
            f"It serves {deployment} now, and is not taken down; nothing applies or promotes it again. "
            f"To go back: trueup rollback {deployment.name} -e {deployment.environment}"
        )
    return ExitCode.DONE
