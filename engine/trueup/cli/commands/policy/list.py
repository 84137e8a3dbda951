"""`trueup policy list`: the rules."""

import argparse

from trueup.cli.arguments import UsageError, add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.policy_source import add_policies, open_policies

SUMMARY = "List the rules: what they do in each environment, and what their tests show"
EXAMPLE = 'trueup policy list --control "EU AI Act Art. 15"'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `policy list`."""
    parser.add_argument("--rule-set", metavar="SET", default="", help="only rules of this set, such as data")
    parser.add_argument(
        "--control", metavar="TEXT", default="", help="only rules that serve this clause, or one inside it"
    )
    parser.add_argument("--coverage", action="store_true", help="run the tests, and show what they reach")
    add_policies(parser)
    add_revision(parser)
    add_output(parser, Format.JSON, Format.MARKDOWN)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """List the rules that would be asked."""
    from trueup.cli.reports import governing_notes, report_invalid
    from trueup.cli.views.policy import render_rules
    from trueup.core.suggestions import did_you_mean
    from trueup.policy.listing import chosen
    from trueup.workflows.loading import Invalid
    from trueup.workflows.policy import judges, listing

    workspace, source = open_policies(arguments, console)
    found = listing(workspace, source, coverage=arguments.coverage)
    if isinstance(found, Invalid):
        return report_invalid(found, console)
    sets = sorted({r.info.rule_set for r in found} - {""})
    if arguments.rule_set and arguments.rule_set not in sets:
        hint = did_you_mean(arguments.rule_set, sets) or f"there are {', '.join(sets) or 'none'}"
        raise UsageError(f"No rule is in a set `{arguments.rule_set}`.", hint=hint)
    for line in governing_notes(judges(workspace, source)):
        console.note(line)
    rules = chosen(found, rule_set=arguments.rule_set, control=arguments.control)
    console.publish(lambda output, style: render_rules(rules, output, style, console.width))
    return ExitCode.DONE
