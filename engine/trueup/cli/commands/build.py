"""`trueup build`: what a Build needs, and whether it can work."""

import argparse

from trueup.cli.arguments import UsageError, add_output, add_revision
from trueup.cli.build_jobs import add_job_arguments, render_job
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.reports import report_invalid

SUMMARY = "Check a Build before anything is spent on it, and show where it fits"
EXAMPLE = "trueup build Build/chat-fp8@1 --check --gpu all"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `build`."""
    parser.add_argument("build", metavar="REF", help="such as Build/chat-fp8@1, or chat-fp8@1")
    parser.add_argument("--check", action="store_true", help="only tell what would go wrong, and what fits where")
    parser.add_argument("--model", metavar="NAME@VERSION", default="", help="of which model; else its deployments'")
    parser.add_argument(
        "--gpu", metavar="NAME", action="append", default=[], help="tell about this accelerator, or `all`; repeatable"
    )
    add_job_arguments(parser)
    add_revision(parser)
    add_output(parser, Format.JSON, Format.MARKDOWN)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Check it, or render its Job."""
    if arguments.render_job and not arguments.check:
        return render_job(arguments, console)
    if not arguments.check or arguments.render_job:
        raise UsageError(
            "`trueup build` checks a Build, with `--check`, or prints its Job, with `--render-job`.",
            hint="say one of them; `trueup apply` builds what its deployments need",
        )
    return _check(arguments, console)


def _check(arguments: argparse.Namespace, console: Console) -> ExitCode:
    from trueup.cli.source_lines import source_lines
    from trueup.cli.views.build_check import diagnostics, render
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.build_check import BuildCheckRequest, check_build
    from trueup.workflows.planning import Invalid

    workspace = open_workspace(console)
    request = BuildCheckRequest(arguments.build, arguments.model, tuple(arguments.gpu), arguments.revision)
    report = check_build(workspace, request)
    if isinstance(report, Invalid):
        return report_invalid(report, console)
    lines = source_lines(workspace.tree(arguments.revision), diagnostics(report))
    console.publish(lambda output, style: render(report, lines, output, style, console.width))
    return ExitCode.INVALID if report.is_refused else ExitCode.DONE
