"""`trueup policy check`: what is wrong with the policies, or what they say of documents or of a plan."""

import argparse
from typing import TYPE_CHECKING

from trueup.cli.arguments import UsageError, add_environment, add_output, add_revision
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.policy_source import add_policies, open_policies

if TYPE_CHECKING:
    from trueup.cli.wiring import LocalWorkspace
    from trueup.policy.checked import Checked
    from trueup.workflows.checking import PlanChecked
    from trueup.workflows.loading import Invalid
    from trueup.workflows.policy import PolicySource

SUMMARY = "Check the policies themselves; with FILE, -e or --plan, check that by them"
EXAMPLE = "trueup policy check -e prod --policies candidate/ --fail-on warn"
_ENGINES = ("embedded", "opa", "both")
_LEVELS = ("deny", "warn", "critical", "high", "medium", "low")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `policy check`."""
    parser.add_argument("files", metavar="FILE", nargs="*", help="JSON or YAML to check, a folder of it, - for stdin")
    add_environment(parser, required=False)
    parser.add_argument("--plan", metavar="PLAN", help="check a saved plan, planned again")
    parser.add_argument("--fail-on", metavar="LEVEL", choices=_LEVELS, default="deny", help=" | ".join(_LEVELS))
    parser.add_argument("--show-input", action="store_true", help="print the policy document instead, masked")
    parser.add_argument("--engine", choices=_ENGINES, default="", help="ask this engine; both must agree")
    add_policies(parser)
    add_revision(parser)
    add_output(
        parser,
        Format.JSON,
        Format.NDJSON,
        Format.MARKDOWN,
        Format.SARIF,
        Format.JUNIT,
        Format.GITHUB,
        Format.OPENREPORTS,
        Format.CODEQUALITY,
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Check the policies, or documents or a plan by them."""
    from trueup.cli.reports import report_invalid
    from trueup.core.diagnostics import sort_diagnostics
    from trueup.policy.checked import fails
    from trueup.workflows.loading import Invalid

    named = [bool(arguments.files), bool(arguments.plan), bool(arguments.environment)]
    if sum(named) > 1:
        raise UsageError("FILE, `--plan` and `-e` name different things to check.", hint="name one of them")
    needs_project = bool(arguments.plan or arguments.environment)
    workspace, source = open_policies(arguments, console, needs_project=needs_project)
    workspace.asked_engine = arguments.engine
    if not any(named):
        if arguments.show_input:
            raise UsageError("`--show-input` needs something to show.", hint="name an environment with `-e`")
        return _check_policies(workspace, source, console)
    if arguments.files:
        found = _documents(arguments.files, workspace, source)
    else:
        found = _plan(arguments, workspace, source, console)
    if isinstance(found, Invalid):
        return report_invalid(found, console)
    console.report(sort_diagnostics({w for c in found for w in c.warnings}))
    if arguments.show_input:
        console.out("\n".join(_shown(c) for c in found))
        return ExitCode.DONE
    _publish(found, console)
    return ExitCode.DENIED if any(fails(c.decision, arguments.fail_on) for c in found) else ExitCode.DONE


def _check_policies(workspace: "LocalWorkspace", source: "PolicySource", console: Console) -> int:
    from trueup.cli.views.diagnostics import DiagnosticsReport, render
    from trueup.core.diagnostics import has_errors, sort_diagnostics
    from trueup.workflows.policy import check

    problems = sort_diagnostics(check(workspace, source))
    report = DiagnosticsReport(problems, subject="the policies", suite="policy check")
    console.publish(lambda output, style: render(report, output, style, console.width))
    return ExitCode.INVALID if has_errors(problems) else ExitCode.DONE


def _documents(
    paths: list[str], workspace: "LocalWorkspace", source: "PolicySource"
) -> "tuple[Checked, ...] | Invalid":
    from trueup.cli.inputs import read_documents
    from trueup.workflows.checking import check_documents
    from trueup.workflows.loading import Invalid

    documents, problems = read_documents(paths)
    return Invalid(problems) if problems else check_documents(workspace, documents, source)


def _plan(
    arguments: argparse.Namespace, workspace: "LocalWorkspace", source: "PolicySource", console: Console
) -> "tuple[Checked, ...] | Invalid":
    from trueup.cli.files import read_plan
    from trueup.core.diagnostics import Diagnostic
    from trueup.workflows.checking import check_plan, check_saved
    from trueup.workflows.loading import Invalid

    if not arguments.plan:
        found = check_plan(workspace, arguments.environment, source)
        if isinstance(found, Invalid):
            return found
        _note_judges(found, source, console)
        return (found.checked,)
    saved = read_plan(arguments.plan)
    if isinstance(saved, Diagnostic):
        return Invalid((saved,))
    again = check_saved(workspace, saved, source)
    if isinstance(again, Invalid):
        return again
    _note_judges(again, source, console)
    if again.planned.plan.id != saved.plan.id:
        console.note(f"{arguments.plan} is stale: something changed since it was made. This is about a plan of now.")
    return (again.checked,)


def _note_judges(found: "PlanChecked", source: "PolicySource", console: Console) -> None:
    """Tell whose policies judged, unless the user has chosen them."""
    from trueup.cli.reports import plan_report

    judged_by = None if source.folder else plan_report(found.planned).judged_by
    for line in judged_by.notes() if judged_by else ():
        console.note(line)


def _shown(check: "Checked") -> str:
    import json

    from trueup.diff.masks import masked

    return json.dumps(masked(json.loads(check.document)), indent=2, ensure_ascii=False)


def _publish(found: "tuple[Checked, ...]", console: Console) -> None:
    from trueup.cli.views.decision import render

    console.publish(lambda output, style: render(found, output, style, console.width))
