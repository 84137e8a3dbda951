"""`trueup apply`: make an environment what a commit declares."""

import argparse
from typing import TYPE_CHECKING

from trueup.cli.arguments import UsageError, add_environment, add_output, add_revision, seconds
from trueup.cli.asking import confirm
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.reports import Live, ended, note_plan, report_invalid, show_event

if TYPE_CHECKING:
    from trueup.workflows.apply import ApplyRequest
    from trueup.workflows.planning import Invalid
    from trueup.workflows.workspace import Workspace

SUMMARY = "Make an environment what a commit declares: exactly the reviewed plan, or nothing"
EXAMPLE = "trueup apply --plan plan.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `apply`."""
    parser.add_argument("names", metavar="NAME", nargs="*", help="only these deployments")
    add_environment(parser, required=False)
    add_revision(parser)
    parser.add_argument("--plan", metavar="FILE", help="apply this saved plan if it is still the plan")
    parser.add_argument("--auto-approve", action="store_true", help="do not ask")
    parser.add_argument("--lock-timeout", metavar="SECONDS", type=seconds, default=0.0, help="wait for another apply")
    add_output(parser, Format.NDJSON)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Plan, ask, apply, tell how it ended."""
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.planning import Invalid

    workspace = open_workspace(console, ask_others=True)
    request = _from_file(arguments, workspace) if arguments.plan else _from_flags(arguments, workspace, console)
    if isinstance(request, Invalid):
        return report_invalid(request, console)
    if isinstance(request, ExitCode):
        return request
    return carry_out(workspace, request, console)


def carry_out(workspace: "Workspace", request: "ApplyRequest", console: Console) -> ExitCode:
    """Apply *request* and show its events."""
    from trueup.cli.event_sinks import send_records
    from trueup.workflows.apply import Applied, apply

    applied = Applied()
    live = Live(console, lambda: applied.planned)
    for event in apply(workspace, request, applied):
        live.show(event)
    code = ended(applied, console)
    send_records(workspace, console)
    return code


def _from_file(arguments: argparse.Namespace, workspace: "Workspace") -> "ApplyRequest | Invalid":
    from trueup.cli.files import read_plan
    from trueup.core.diagnostics import Diagnostic
    from trueup.core.errors import PermanentError
    from trueup.reconcile.codes import DIRTY
    from trueup.workflows.apply import ApplyRequest, require_fresh
    from trueup.workflows.planning import Invalid

    if arguments.names:
        raise UsageError("`--plan` names the deployments already.", hint="leave NAME out")
    saved = read_plan(arguments.plan)
    if isinstance(saved, Diagnostic):
        return Invalid((saved,))
    plan = saved.plan
    if arguments.environment not in (None, plan.environment):
        raise UsageError(f"The plan is for `{plan.environment}`, `-e` says `{arguments.environment}`.")
    require_fresh(saved, arguments.plan, workspace.clock.now())
    if not (plan.revision or arguments.revision):
        raise PermanentError(DIRTY, f"`{arguments.plan}` is a plan of what was not committed then.")
    return ApplyRequest(
        environment=plan.environment,
        # What was merged is another commit with the same content, and by that the same plan, or a stale one.
        revision=arguments.revision or plan.revision,
        expected=plan.inputs,
        snapshot=saved.snapshot,
        targets=tuple(str(t) for t in plan.targets),
        lock_timeout_seconds=arguments.lock_timeout,
    )


def _from_flags(
    arguments: argparse.Namespace, workspace: "Workspace", console: Console
) -> "ApplyRequest | Invalid | ExitCode":
    """Show the plan and ask; what was shown is what the request expects. A plan that is denied is recorded as that.

    What an earlier run left is finished first: it was approved then, and the plan is another one after it.
    """
    from trueup.cli.views.plan_report import Intent
    from trueup.plan.difference import snapshot_of
    from trueup.policy.decision import Outcome
    from trueup.workflows.apply import Applied, ApplyRequest, finish, is_moving, is_owed, refuse, require_committed
    from trueup.workflows.planning import Invalid, make_plan

    if not arguments.environment:
        raise UsageError("`-e` or `--plan` is required.", hint="name the environment, or give a saved plan")
    if is_owed(workspace, arguments.environment):
        for event in finish(workspace, arguments.environment, arguments.lock_timeout):
            show_event(event, console)
    planned = make_plan(workspace, arguments.environment, arguments.revision, tuple(arguments.names))
    if isinstance(planned, Invalid):
        return planned
    require_committed(planned)
    note_plan(planned, console, Intent.APPLY)
    request = ApplyRequest(
        environment=arguments.environment,
        revision=arguments.revision,
        expected=None if arguments.auto_approve else planned.plan.inputs,
        snapshot=snapshot_of(planned.desired, planned.observed),
        targets=tuple(arguments.names),
        lock_timeout_seconds=arguments.lock_timeout,
    )
    is_denied = planned.judged.decision.outcome is not Outcome.ALLOW
    if is_denied and is_moving(planned):
        return request  # its traffic has to come to rest first, which takes the lock
    if is_denied:
        for event in refuse(workspace, request, Applied(), planned):
            show_event(event, console)
        return ExitCode.DENIED
    if planned.plan.changes and not arguments.auto_approve and not confirm(console, "Apply this plan?"):
        console.note("Not applied.")
        return ExitCode.ERROR
    return request
