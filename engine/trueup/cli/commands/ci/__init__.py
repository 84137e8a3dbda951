"""`trueup ci`: all that a pipeline needs, in one run."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.cli.arguments import add_base, add_cache, add_output, add_revision, seconds
from trueup.cli.console import Console
from trueup.cli.output import Format, Style

if TYPE_CHECKING:
    from trueup.cli.views.ci_report import CiReport
    from trueup.workflows.ci import CiRequest

SUMMARY = "All that a pipeline needs in one run: plans, reports, one comment (`trueup ci post`)"
EXAMPLE = "trueup ci --evaluate --comment"
FOLDER = "trueup-ci"
_EXAMPLES = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `ci`."""
    parser.add_argument("--output-folder", metavar="DIR", default=FOLDER, help=f"keep everything in DIR ({FOLDER})")
    parser.add_argument("--evaluate", action="store_true", help="measure what the change makes stale; not for forks")
    parser.add_argument("--comment", action="store_true", help="keep one comment on the pull request")
    parser.add_argument("--behaviour", action="store_true", help="compare answers with those that serve")
    parser.add_argument("--all", action="store_true", help="plan every environment, reached or not")
    parser.add_argument(
        "-e", "--environment", metavar="ENV", action="append", default=[], help="plan only ENV; repeatable"
    )
    add_revision(parser)
    add_base(parser)
    add_cache(parser)
    parser.add_argument("--detailed-exitcode", action="store_true", help="end with 2 when there are changes")
    parser.add_argument("--lock-timeout", metavar="SECONDS", type=seconds, default=0.0, help="wait for an apply")
    add_output(parser, Format.JSON, Format.MARKDOWN, Format.SARIF, Format.JUNIT, Format.GITHUB, Format.CODEQUALITY)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Find out, plan, write, post, hand over; end with the worst of all that."""
    from trueup.cli.ci_folder import COMMENT, open_folder, write_reports
    from trueup.cli.ci_run import exit_of, gathered, saved_at, where_of
    from trueup.cli.wiring import open_workspace

    workspace = open_workspace(console, cache=arguments.cache)
    folder = open_folder(arguments.output_folder, workspace.root)
    place = where_of(console.environment)
    report = gathered(workspace, place, arguments.base, _asked(arguments), console, evaluate=arguments.evaluate)
    report = saved_at(report, Path(arguments.output_folder))
    texts = _texts(report)
    write_reports(folder, texts, report)
    if arguments.comment:
        from trueup.cli.ci_posting import comment_on

        report = comment_on(workspace, report, texts[COMMENT], console)
    code = exit_of(report, detailed=arguments.detailed_exitcode)
    _tell(report, code, folder, texts, console)
    return code


def _asked(arguments: argparse.Namespace) -> "CiRequest":
    from trueup.workflows.ci import CiRequest

    return CiRequest(
        arguments.revision or "HEAD",
        tuple(arguments.environment),
        arguments.all,
        _EXAMPLES if arguments.behaviour else None,
        arguments.lock_timeout,
    )


def _texts(report: "CiReport") -> dict[str, str]:
    """Return the reports that do not depend on how the run ends, by the name of their file."""
    from trueup.cli.ci_folder import COMMENT, JUNIT, SARIF, TEXT
    from trueup.cli.ci_folder import SUMMARY as LONG
    from trueup.cli.views.ci import render
    from trueup.cli.views.ci_comment import comment, summary

    formats = {SARIF: Format.SARIF, JUNIT: Format.JUNIT, TEXT: Format.TEXT}
    listed = {name: render(report, 0, output, Style()) for name, output in formats.items()}
    return {COMMENT: comment(report), LONG: summary(report), **listed}


def _tell(report: "CiReport", code: int, folder: Path, texts: dict[str, str], console: Console) -> None:
    """Write what depends on how it ended, for people and for the CI system."""
    from trueup.cli.ci_folder import COMMENT, FACTS, VARIABLES, write_file
    from trueup.cli.ci_folder import SUMMARY as LONG
    from trueup.cli.ci_handover import dotenv_of, hand_over
    from trueup.cli.views.ci import render
    from trueup.cli.views.ci_json import render as render_json

    write_file(folder, FACTS, render_json(report, code, texts[COMMENT]) + "\n")
    write_file(folder, VARIABLES, dotenv_of(report, code, folder))
    console.publish(lambda output, style: render(report, code, output, style, console.width))
    hand_over(report, code, folder, texts[LONG], console)
