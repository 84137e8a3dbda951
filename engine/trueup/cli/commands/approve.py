"""`trueup approve`: a signed tag that says that a plan may be carried out."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.cli.arguments import UsageError, add_environment
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.reports import report_invalid

if TYPE_CHECKING:
    from trueup.plan.plan import Plan
    from trueup.workflows.planning import Invalid
    from trueup.workflows.workspace import Workspace

SUMMARY = "Sign that a plan may be carried out"
EXAMPLE = "trueup approve plan.json"

_ID = re.compile(r"(sha256:)?[0-9a-f]{12,64}")
"""A plan id, or enough of it to be the one that is meant."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `approve`."""
    parser.add_argument("plan", metavar="PLAN", help="a saved plan, or the id of the plan that `-e` has now")
    add_environment(parser, required=False)
    parser.add_argument("--revision", metavar="REV", default="HEAD", help="with an id: plan this commit")
    parser.add_argument("--dry-run", action="store_true", help="show the git command that would sign, and sign nothing")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Find the plan, sign."""
    from trueup.cli.wiring import open_workspace
    from trueup.core.digests import short
    from trueup.workflows.approving import approval_of, sign
    from trueup.workflows.planning import Invalid

    workspace = open_workspace(console)
    plan = _plan(arguments, workspace)
    if isinstance(plan, Invalid):
        return report_invalid(plan, console)
    approval = approval_of(workspace, plan)
    if arguments.dry_run:
        console.note(f"Nothing was signed. This signs it:\n{approval.command}")
        return ExitCode.DONE
    sign(workspace, approval)
    console.note(f"Plan {short(plan.id)} for `{plan.environment}` is approved by the tag `{approval.tag}`.")
    console.note(f"Others see it after: git push origin refs/tags/{approval.tag}")
    return ExitCode.DONE


def _plan(arguments: argparse.Namespace, workspace: "Workspace") -> "Plan | Invalid":
    from trueup.cli.files import read_plan
    from trueup.core.diagnostics import Diagnostic
    from trueup.workflows.approving import require_plan
    from trueup.workflows.planning import Invalid, make_plan

    if Path(arguments.plan).exists() or not _ID.fullmatch(arguments.plan):
        saved = read_plan(arguments.plan)
        if isinstance(saved, Diagnostic):
            return Invalid((saved,))
        if arguments.environment not in (None, saved.plan.environment):
            raise UsageError(f"The plan is for `{saved.plan.environment}`, `-e` says `{arguments.environment}`.")
        return saved.plan
    if not arguments.environment:
        raise UsageError("A plan id says nothing of its environment.", hint="name it with `-e`, or give a saved plan")
    planned = make_plan(workspace, arguments.environment, arguments.revision)
    if isinstance(planned, Invalid):
        return planned
    require_plan(planned.plan, arguments.plan)
    return planned.plan
