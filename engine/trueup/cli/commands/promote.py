"""`trueup promote`: the release that is verified upstream, into the next environment, by a commit or a pull request."""

import argparse
from typing import TYPE_CHECKING

from trueup.cli.arguments import add_output
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format, Style
from trueup.cli.reports import plan_report, report_invalid

if TYPE_CHECKING:
    from trueup.cli.views.promotion import Landed, PromotionReport
    from trueup.workflows.promotion import Promotion
    from trueup.workflows.publishing import Published

SUMMARY = "Move the release that is verified upstream into the next environment's file"
EXAMPLE = "trueup promote support --from staging --to prod --pull-request"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `promote`."""
    parser.add_argument("name", metavar="NAME", help="the deployment")
    parser.add_argument("--from", dest="source", metavar="ENV", required=True, help="where the release is verified")
    parser.add_argument(
        "--to", dest="target", metavar="ENV", required=True, help="where it goes; `upstream` leads there"
    )
    parser.add_argument("--diff", action="store_true", help="show what it would be, write nothing (the default)")
    parser.add_argument("--commit", action="store_true", help="commit it on the current branch")
    parser.add_argument("--pull-request", action="store_true", help="open a pull request from a branch of its own")
    parser.add_argument(
        "--detailed-exitcode", action="store_true", help="end with 2 when there is something to promote"
    )
    add_output(parser, Format.JSON, Format.MARKDOWN)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Propose, judge, show, and land it where asked."""
    from dataclasses import replace

    from trueup.cli.arguments import UsageError
    from trueup.cli.views.promotion import Landed, render
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.planning import Invalid
    from trueup.workflows.promotion import commit_promotion, propose, propose_on_base, publish_promotion

    if arguments.diff + arguments.commit + arguments.pull_request > 1:
        raise UsageError("`--diff`, `--commit` and `--pull-request` exclude each other.")
    workspace = open_workspace(console)
    workspace.take_remote_records()
    work_out = propose_on_base if arguments.pull_request else propose
    promotion = work_out(workspace, arguments.name, arguments.source, arguments.target)
    if isinstance(promotion, Invalid):
        return report_invalid(promotion, console)
    report = _report(promotion)
    writes = arguments.commit or arguments.pull_request
    is_denied = promotion.is_needed and promotion.denied is not None
    # Evidence and approvals may come while a pull request is open, and apply asks policy again; a commit cannot wait.
    if promotion.is_needed and (arguments.pull_request or (arguments.commit and not is_denied)):
        if arguments.commit:
            landed = Landed(commit_promotion(workspace, promotion))
        else:
            body = render(report, Format.MARKDOWN, Style())
            landed = _landed(publish_promotion(workspace, promotion, body))
        report = replace(report, landed=landed)
    console.publish(lambda output, style: render(report, output, style, console.width))
    if writes and is_denied:
        console.note("Denied by policy; nothing was written." if arguments.commit else "Policy denies it as it is now.")
        return ExitCode.DENIED
    return ExitCode.CHANGES if arguments.detailed_exitcode and promotion.is_needed else ExitCode.DONE


def _landed(published: "Published") -> "Landed":
    from trueup.cli.views.promotion import Landed

    return Landed(
        published.commit,
        published.branch,
        published.url,
        published.is_new,
        published.commands,
        published.link,
        published.superseded,
    )


def _report(promotion: "Promotion") -> "PromotionReport":
    from dataclasses import replace

    from trueup.cli.views.plan_report import Intent
    from trueup.cli.views.promotion import PromotionReport

    return PromotionReport(
        deployment=promotion.deployment.name,
        source=promotion.source,
        target=promotion.deployment.environment,
        release=promotion.release.release,
        path=promotion.path,
        before=promotion.before,
        after=promotion.after,
        names=promotion.names,
        evidence=promotion.evidence,
        soak=promotion.soak,
        approvals=promotion.approvals,
        way_back=promotion.way_back,
        plan=replace(plan_report(promotion.planned), intent=Intent.PROMOTE),
        peak=promotion.peak,
    )
