"""`trueup policy docs`: pages about the rules."""

import argparse

from trueup.cli.arguments import add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.policy_source import add_policies, open_policies

SUMMARY = "Print a page about each rule, or which rules cover a control"
EXAMPLE = 'trueup policy docs --control "EU AI Act Art. 12"'
_BY = ("rule", "control", "rule-set")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `policy docs`."""
    parser.add_argument("rules", metavar="RULE", nargs="*", help="only these rules, by id")
    parser.add_argument("--by", metavar="WHAT", choices=_BY, default="rule", help=" | ".join(_BY))
    parser.add_argument("--control", metavar="TEXT", default="", help="only what covers this clause, or one inside it")
    parser.add_argument("--coverage", action="store_true", help="run the tests, and show what they reach")
    add_policies(parser)
    add_revision(parser)
    add_output(parser, Format.JSON, Format.MARKDOWN)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the pages; that no rule covers a control is an answer, too."""
    from trueup.cli.reports import report_invalid
    from trueup.cli.views.rule_pages import PagesReport, render
    from trueup.policy.listing import chosen
    from trueup.workflows.loading import Invalid
    from trueup.workflows.policy import pages, unknown_rule

    workspace, source = open_policies(arguments, console)
    found = pages(workspace, source, coverage=arguments.coverage)
    if isinstance(found, Invalid):
        return report_invalid(found, console)
    known = tuple(p.rule.info.id for p in found)
    strangers = tuple(unknown_rule(r, known) for r in arguments.rules if r not in known)
    if strangers:
        return report_invalid(Invalid(strangers), console)
    kept = chosen((p.rule for p in found), control=arguments.control)
    shown = tuple(p for p in found if p.rule in kept and (not arguments.rules or p.rule.info.id in arguments.rules))
    # A question about a clause is answered by clauses.
    by = "control" if arguments.control and arguments.by == "rule" and not arguments.rules else arguments.by
    report = PagesReport(shown, by, arguments.control)
    console.publish(lambda output, style: render(report, output, style, console.width))
    return ExitCode.DONE
