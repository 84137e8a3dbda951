"""`trueup policy explain`: why a rule says what it says of a resource."""

import argparse

from trueup.cli.arguments import add_environment, add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.policy_source import add_policies, open_policies

SUMMARY = "Say why a rule says what it says of a resource: facts read, lines reached, parameters"
EXAMPLE = "trueup policy explain SC-01 Model/tiny@2 -e prod"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `policy explain`."""
    parser.add_argument("rule", metavar="RULE", help="its id, such as SC-01")
    parser.add_argument("address", metavar="ADDRESS", help="such as Deployment/prod/support or Model/tiny@2")
    add_environment(parser, required=False)
    add_policies(parser)
    add_revision(parser)
    add_output(parser, Format.JSON, Format.MARKDOWN)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Explain it; a rule that could not be decided denies, and its explanation ends as such a plan does."""
    from trueup.cli.reports import report_invalid
    from trueup.cli.views.rule_explanation import render
    from trueup.workflows.loading import Invalid
    from trueup.workflows.rule_explaining import explain_rule

    workspace, source = open_policies(arguments, console, needs_project=True)
    found = explain_rule(workspace, arguments.rule, arguments.address, arguments.environment or "", source)
    if isinstance(found, Invalid):
        return report_invalid(found, console)
    console.publish(lambda output, style: render(found, output, style, console.width))
    return ExitCode.DENIED if found.errors else ExitCode.DONE
