"""`trueup ci post`: posts the comment that a job without a token left behind. Needs no checkout and runs nothing."""

import argparse
from pathlib import Path

from trueup.cli.arguments import whole_number
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode

SUMMARY = "Post the comment that another job left in a folder, and nothing else"
EXAMPLE = "trueup ci post trueup-ci --pull-request 7"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `ci post`."""
    parser.add_argument("folder", metavar="DIR", help="what `trueup ci` wrote there, perhaps for a stranger")
    parser.add_argument(
        "--pull-request", metavar="N", type=whole_number, default=0, help="where it belongs, if the event does not say"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Read, check, post."""
    from trueup.cli.ci_posting import post_from
    from trueup.cli.ci_run import where_of

    post_from(Path(arguments.folder), where_of(console.environment), arguments.pull_request, console)
    return ExitCode.DONE
