"""`trueup approve`: a signed tag that says that a plan may be carried out."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.cli.arguments import UsageError, add_environment, add_output
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.reports import report_invalid

if TYPE_CHECKING:
    from trueup.workflows.approving import Proposed
    from trueup.workflows.planning import Invalid
    from trueup.workflows.workspace import Workspace

SUMMARY = "Sign that a plan may be carried out, or list who did"
EXAMPLE = "trueup approve plan.json"

_ID = re.compile(r"(sha256:)?[0-9a-f]{12,64}")
"""A plan id, or enough of it to be the one that is meant."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `approve`."""
    parser.add_argument(
        "plan", metavar="PLAN", nargs="?", default="", help="a saved plan, or the id of the plan that `-e` has now"
    )
    add_environment(parser, required=False)
    parser.add_argument("--revision", metavar="REV", default="HEAD", help="with `-e`: plan this commit (HEAD)")
    parser.add_argument("--list", action="store_true", help="show who approved, what counts and why not; sign nothing")
    parser.add_argument("--dry-run", action="store_true", help="show the git command that would sign, and sign nothing")
    add_output(parser, Format.JSON)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Find the plan; sign it, or list its approvals."""
    from trueup.cli.views.approvals import render, summary
    from trueup.cli.wiring import open_workspace
    from trueup.core.digests import short
    from trueup.workflows.approving import approval_of, sign
    from trueup.workflows.planning import Invalid

    workspace = open_workspace(console, ask_others=True)
    proposed = _proposed(arguments, workspace)
    if isinstance(proposed, Invalid):
        return report_invalid(proposed, console)
    plan, standing = proposed.plan, proposed.standing
    if not arguments.list:
        if proposed.is_elsewhere:
            console.note("What runs was observed on another machine; what the commit declares was compared.")
        approval = approval_of(workspace, proposed)
        if arguments.dry_run:
            console.note(f"Nothing was signed. This signs it:\n{approval.command}")
            return ExitCode.DONE
        if approval.is_new:
            standing = sign(workspace, approval).standing
        word = "is approved" if approval.is_new else "was approved before"
        console.note(f"Plan {short(plan.id)} for `{plan.environment}` {word} by the tag `{approval.tag}`.")
        console.note(summary(standing))
        console.note(f"Others see it after: git push origin refs/tags/{approval.tag}")
        return ExitCode.DONE
    console.publish(lambda output, style: render(plan, standing, output, style, console.width))
    return ExitCode.DONE


def _proposed(arguments: argparse.Namespace, workspace: "Workspace") -> "Proposed | Invalid":
    from trueup.cli.files import read_plan
    from trueup.core.diagnostics import Diagnostic
    from trueup.workflows.approving import propose, propose_saved
    from trueup.workflows.planning import Invalid

    asked = arguments.plan
    if asked and (Path(asked).exists() or not _ID.fullmatch(asked)):
        saved = read_plan(asked)
        if isinstance(saved, Diagnostic):
            return Invalid((saved,))
        if arguments.environment not in (None, saved.plan.environment):
            raise UsageError(f"The plan is for `{saved.plan.environment}`, `-e` says `{arguments.environment}`.")
        return propose_saved(workspace, saved)
    if not arguments.environment:
        raise UsageError("Which plan is meant is not said.", hint="give a saved plan, or `-e` and the id of its plan")
    if not asked and not arguments.list:
        raise UsageError("What was looked at is approved, by its id.", hint="`trueup plan` shows the id of the plan")
    return propose(workspace, arguments.environment, arguments.revision, asked)
