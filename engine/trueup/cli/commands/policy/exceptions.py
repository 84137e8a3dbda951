"""`trueup policy exceptions`: the exceptions, and what each is worth today."""

import argparse
from typing import TYPE_CHECKING

from trueup.cli.arguments import UsageError, add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format

if TYPE_CHECKING:
    from datetime import timedelta

SUMMARY = "List the exceptions: in force, expiring, expired, last used"
EXAMPLE = "trueup policy exceptions --within 14d"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `policy exceptions`."""
    parser.add_argument("--within", metavar="TIME", default="14d", help="what ends within TIME is expiring")
    parser.add_argument(
        "--new", metavar="RULE", default="", help="print an exception to complete, for --resource; write nothing"
    )
    parser.add_argument(
        "--resource", metavar="ADDRESS", default="", help="with --new: what it is for; `*` and `?` count"
    )
    add_revision(parser)
    add_output(parser, Format.JSON, Format.MARKDOWN)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """List the exceptions; fail when one is expired or invalid, which lifts nothing and looks as if it did."""
    from trueup.cli.reports import report_invalid
    from trueup.cli.views.exceptions import render
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.exceptions import exceptions
    from trueup.workflows.loading import Invalid

    if arguments.new:
        return _new(arguments.new, arguments.resource, console)
    within = _duration(arguments.within)
    found = exceptions(open_workspace(console), within, arguments.revision)
    if isinstance(found, Invalid):
        return report_invalid(found, console)
    console.publish(lambda output, style: render(found, output, style, console.width))
    return ExitCode.DONE if not any(e.state.is_wrong for e in found) else ExitCode.INVALID


def _new(rule: str, resource: str, console: Console) -> int:
    import re

    from trueup.cli.wiring import open_workspace
    from trueup.core.ids import GLOB_PATTERN, RULE_PATTERN
    from trueup.workflows.exceptions import new_exception, stray_rule

    if not re.match(RULE_PATTERN, rule):
        raise UsageError(f"`{rule}` is no rule id.", hint="write it like `SC-04`")
    if not re.match(GLOB_PATTERN, resource) or '"' in resource or "\\" in resource:
        said = f"`{resource}` is no address." if resource else "`--new` needs `--resource`."
        raise UsageError(said, hint="write it like `Model/tiny@1` or `Deployment/prod/*`")
    workspace = open_workspace(console)
    text = new_exception(workspace, rule, resource)
    console.report(stray_rule(workspace, rule))
    console.publish(lambda _output, _style: text.rstrip("\n"))
    return ExitCode.DONE


def _duration(text: str) -> "timedelta":
    from trueup.core.durations import parse_duration

    try:
        found = parse_duration(text)
    except OverflowError:
        found = None
    if found is None:
        raise UsageError(f"`{text}` is no duration.", hint="write it like `14d`")
    return found
