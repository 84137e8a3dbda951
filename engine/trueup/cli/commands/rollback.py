"""`trueup rollback`: back to the last verified release, by a commit."""

import argparse

from trueup.cli.arguments import add_environment, add_output, seconds
from trueup.cli.asking import confirm
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.reports import Live, ended, note_plan, report_invalid
from trueup.diff.masks import masked_text

SUMMARY = "Go back to the last verified release, by a commit that says so"
EXAMPLE = "trueup rollback support -e prod --reason 'answers got worse'"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rollback`."""
    parser.add_argument("name", metavar="NAME", help="the deployment")
    add_environment(parser)
    parser.add_argument("--to", metavar="DIGEST", default="", help="this verified release, not the newest that differs")
    parser.add_argument(
        "--reason", metavar="TEXT", type=masked_text, default="", help="why, for the commit, the hold and the record"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the edit and the plan, write nothing")
    parser.add_argument("--auto-approve", action="store_true", help="do not ask")
    parser.add_argument("--lock-timeout", metavar="SECONDS", type=seconds, default=0.0, help="wait for an apply")
    add_output(parser, Format.NDJSON)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Propose, ask, commit, apply, hold."""
    from trueup.cli.event_sinks import send_records
    from trueup.cli.views.edits import edit_lines
    from trueup.cli.views.plan_report import Intent
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.apply import Applied
    from trueup.workflows.planning import Invalid
    from trueup.workflows.rollback import propose, roll_back

    workspace = open_workspace(console)
    proposal = propose(workspace, arguments.environment, arguments.name, to=arguments.to, reason=arguments.reason)
    if isinstance(proposal, Invalid):
        return report_invalid(proposal, console)
    for line in edit_lines(proposal.path, proposal.before, proposal.after, console.error_style):
        console.note(line)
    console.note("\n")
    note_plan(proposal.planned, console, Intent.ROLL_BACK)
    if not proposal.target.retained:
        console.note("The artifact of that release is no longer in the store: it is fetched or built first.")
    if proposal.denied is not None:
        console.note("Denied by policy; nothing was changed.")
        return ExitCode.DENIED
    if arguments.dry_run:
        console.note("Nothing was written. Without `--dry-run`, the edit above is committed and applied.")
        return ExitCode.DONE
    if not arguments.auto_approve and not confirm(console, "Commit and apply this rollback?"):
        console.note("Not rolled back.")
        return ExitCode.ERROR
    applied = Applied()
    live = Live(console, lambda: applied.planned)
    for event in roll_back(
        workspace, proposal, applied, reason=arguments.reason, lock_timeout_seconds=arguments.lock_timeout
    ):
        live.show(event)
    code = ended(applied, console)
    send_records(workspace, console)
    return code
