"""`trueup build`: build what a Build declares; tell whether it can work, and where."""

import argparse
from typing import TYPE_CHECKING

from trueup.cli.arguments import UsageError, add_output, add_revision
from trueup.cli.build_jobs import add_job_arguments, named_job_options, render_job
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.reports import report_invalid

if TYPE_CHECKING:
    from trueup.builds.report import BuildReport
    from trueup.ports import SourceTree

SUMMARY = "Build what a Build declares; `--check` tells before, and where it fits"
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
    """Build it, check it, or render its Job."""
    if arguments.check and arguments.render_job:
        raise UsageError("`--check` and `--render-job` exclude each other.", hint="say one of them")
    if arguments.gpu and not arguments.check:
        raise UsageError("`--gpu` tells where a Build fits.", hint="say `--check`, too")
    if not arguments.render_job and (named := named_job_options(arguments)):
        raise UsageError(
            f"{', '.join(f'`{name}`' for name in named)} say how a Job runs.", hint="say `--render-job`, too"
        )
    if arguments.render_job:
        return render_job(arguments, console)
    return _check(arguments, console) if arguments.check else _build(arguments, console)


def _build(arguments: argparse.Namespace, console: Console) -> ExitCode:
    from trueup.builds.report import BuildReport
    from trueup.cli.views.build_check import diagnostics
    from trueup.cli.views.built import render
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.build import BuildRequest, build
    from trueup.workflows.loading import Invalid

    workspace = open_workspace(console)
    result = build(workspace, BuildRequest(arguments.build, arguments.model, arguments.revision))
    if isinstance(result, Invalid):
        return report_invalid(result, console)
    if isinstance(result, BuildReport):
        return _report(result, workspace.tree(arguments.revision), console)
    for warning in diagnostics(result.checked) if result.checked else ():
        console.note(f"warning {warning.code.id}: {warning.detail} hint: {warning.advice}")
    console.publish(lambda output, style: render(result, output, style))
    return ExitCode.DENIED if result.refused else ExitCode.DONE


def _check(arguments: argparse.Namespace, console: Console) -> ExitCode:
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.build_check import BuildCheckRequest, check_build
    from trueup.workflows.planning import Invalid

    workspace = open_workspace(console)
    request = BuildCheckRequest(arguments.build, arguments.model, tuple(arguments.gpu), arguments.revision)
    report = check_build(workspace, request)
    if isinstance(report, Invalid):
        return report_invalid(report, console)
    return _report(report, workspace.tree(arguments.revision), console)


def _report(report: "BuildReport", tree: "SourceTree", console: Console) -> ExitCode:
    from trueup.cli.source_lines import source_lines
    from trueup.cli.views.build_check import diagnostics, render

    lines = source_lines(tree, diagnostics(report))
    console.publish(lambda output, style: render(report, lines, output, style, console.width))
    return ExitCode.INVALID if report.is_refused else ExitCode.DONE
