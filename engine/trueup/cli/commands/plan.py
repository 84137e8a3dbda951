"""`trueup plan`: what would change in an environment, why, and what policy says."""

import argparse
from typing import TYPE_CHECKING

from trueup.cli.arguments import (
    UsageError,
    add_base,
    add_cache,
    add_environment,
    add_output,
    add_revision,
    whole_number,
)
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.reports import PLAN_FORMATS, plan_report, publish_plan, report_invalid

if TYPE_CHECKING:
    from trueup.workflows.planning import Planned

SUMMARY = "Show what would change in an environment, why, and what policy says"
EXAMPLE = "trueup plan -e staging --out plan.json"
DEFAULT_EXAMPLES = 10
"""A reviewer reads ten; the rest is counted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `plan`."""
    parser.add_argument("names", metavar="NAME", nargs="*", help="only these deployments")
    add_environment(parser)
    add_revision(parser)
    add_base(parser)
    add_cache(parser)
    parser.add_argument("--out", metavar="FILE", help="save the plan, for `show` and `apply --plan`")
    parser.add_argument("--detailed-exitcode", action="store_true", help="end with 2 when there are changes")
    parser.add_argument(
        "--behaviour", action="store_true", help="compare how planned releases answer with those that serve"
    )
    parser.add_argument(
        "--examples",
        metavar="N",
        type=whole_number,
        default=DEFAULT_EXAMPLES,
        help=f"most changed examples shown of each evaluation ({DEFAULT_EXAMPLES})",
    )
    parser.add_argument("--ask-others", action="store_true", help="look for approvals on remote and forge, too")
    add_output(parser, *PLAN_FORMATS, Format.HTML)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Plan, judge, show, save."""
    if not arguments.behaviour and Format.HTML in (console.format, *(f.format for f in console.files)):
        raise UsageError("`html` is the page of a behaviour diff.", hint="add `--behaviour`")
    if arguments.out:
        from trueup.cli.files import refuse_unwritable

        refuse_unwritable(arguments.out)
    from trueup.cli.kept_plan import keep, kept_plan
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.planning import Invalid, make_plan

    kept = kept_plan(arguments, console)
    workspace = open_workspace(console, arguments.base, arguments.cache, ask_others=arguments.ask_others)
    planned = make_plan(
        workspace,
        arguments.environment,
        arguments.revision,
        tuple(arguments.names),
        engine=workspace.cached_engine,
        known=workspace.remembered,
    )
    if isinstance(planned, Invalid):
        return report_invalid(planned, console)
    if arguments.out:
        from trueup.cli.files import replace_file
        from trueup.plan.codec import write_saved_plan

        replace_file(arguments.out, write_saved_plan(plan_report(planned).saved))
    revision = ("--revision", arguments.revision) if arguments.revision else ()
    diffs = None
    if arguments.behaviour:
        from trueup.workflows.behaviour import behaviour

        diffs = behaviour(planned, workspace.ledger, arguments.examples)
    printed = publish_plan(planned, console, arguments.out or "", (*revision, *arguments.names), diffs)
    code = _ending(arguments, planned)
    if kept:
        keep(kept, planned, workspace, console, (code, printed))
    return code


def _ending(arguments: argparse.Namespace, planned: "Planned") -> int:
    if plan_report(planned).is_blocked:
        return ExitCode.DENIED
    return ExitCode.CHANGES if arguments.detailed_exitcode and planned.plan.changes else ExitCode.DONE
