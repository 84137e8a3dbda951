"""`trueup evaluate`: measure what is declared, without moving traffic."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.cli.arguments import UsageError, add_environment, add_output, add_revision, seconds
from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.output import Format
from trueup.cli.reports import report_invalid, show_event

if TYPE_CHECKING:
    from trueup.cli.views.work import WorkReport
    from trueup.workflows.evaluate import Evaluated
    from trueup.workflows.evaluate_changed import ChangedWork

SUMMARY = "Run the evaluations that are required, without moving traffic"
EXAMPLE = "trueup evaluate support -e prod"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `evaluate`."""
    parser.add_argument("names", metavar="NAME", nargs="*", help="only these deployments")
    add_environment(parser, required=False)
    add_revision(parser)
    parser.add_argument("--again", action="store_true", help="also what has fresh evidence")
    parser.add_argument("--no-cache", action="store_true", help="ask all again, whatever was answered before")
    parser.add_argument("--changed", action="store_true", help="only what differs from the base, in any environment")
    parser.add_argument("--list", action="store_true", help="with --changed: only say what is to be run")
    parser.add_argument("--base", metavar="REV", default="", help="with --changed: the branch this merges into")
    parser.add_argument("--detailed-exitcode", action="store_true", help="with --list: end with 2 when there is work")
    parser.add_argument(
        "--import", dest="import_file", metavar="FILE", default="", help="bring in what another tool measured"
    )
    parser.add_argument("--evaluation", metavar="REF", default="", help="with --import: the Evaluation it is for")
    parser.add_argument("--model", metavar="NAME", default="", help="with --import: what the tool called the model")
    parser.add_argument(
        "--completed-at", metavar="TIME", default="", help="with --import: its end, if FILE does not say"
    )
    parser.add_argument("--lock-timeout", metavar="SECONDS", type=seconds, default=0.0, help="wait for an apply")
    add_output(parser, Format.JSON, Format.NDJSON)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Measure and record."""
    if arguments.import_file:
        return _run_import(arguments, console)
    if arguments.changed:
        if arguments.again:
            raise UsageError("`--changed` runs only what is stale.", hint="leave `--again` or `--changed` out")
        return _run_changed(arguments, console)
    if arguments.list:
        raise UsageError("`--list` goes with `--changed`.", hint="`trueup plan -e ENV` shows what an environment lacks")
    if not arguments.environment:
        raise UsageError("`--environment` is required.", hint="add it, or `--changed` for what a change touches")
    if console.format is Format.JSON:
        raise UsageError("`-o json` goes with `--changed`.", hint="use `-o ndjson`: each step is a line")
    return _run_environment(arguments, console)


def _run_import(arguments: argparse.Namespace, console: Console) -> int:
    from trueup.cli.times import read_time
    from trueup.cli.views.measured import Result, render
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.bring_in import BringInRequest, bring_in
    from trueup.workflows.planning import Invalid

    if not arguments.evaluation or not arguments.environment:
        raise UsageError("`--import` needs `--evaluation` and `--environment`.", hint="say what the results are for")
    if len(arguments.names) > 1:
        raise UsageError("`--import` is for one deployment.", hint="name one")
    workspace = open_workspace(console)
    ended = read_time(arguments.completed_at, workspace.clock.now()) if arguments.completed_at else None
    request = BringInRequest(
        environment=arguments.environment,
        path=Path(arguments.import_file),
        evaluation=arguments.evaluation,
        deployment=arguments.names[0] if arguments.names else "",
        revision=arguments.revision or "HEAD",
        model=arguments.model,
        completed_at=ended,
    )
    brought = bring_in(workspace, request)
    if isinstance(brought, Invalid):
        return report_invalid(brought, console)
    evidence = brought.evidence
    if console.format in (Format.JSON, Format.NDJSON):
        line = {"type": "evidence", "deployment": brought.deployment, "evidence": evidence.to_json()}
        console.out(json.dumps(line, ensure_ascii=False))
    else:
        result = Result(
            brought.deployment,
            evidence.evaluation,
            evidence.passed,
            evidence.is_undecided,
            evidence.measurements,
            evidence.gates,
        )
        console.out(render([result], console.style))
    console.note(f"Recorded as evidence of {evidence.evaluation}, measured by {evidence.tool}.")
    return ExitCode.DONE if evidence.passed else ExitCode.DENIED


def _show_results(evaluated: "Evaluated", console: Console) -> None:
    from trueup.cli.views.measured import Result, render
    from trueup.core.fields import fields_of
    from trueup.evidence.codec import gate_of, measurement_of

    results = [
        Result(
            deployment,
            evaluation,
            facts.get("passed") is True,
            facts.get("undecided") is True,
            tuple(measurement_of(m) for m in fields_of(facts).items("measurements")),
            tuple(gate_of(g) for g in fields_of(facts).items("gates")),
        )
        for (deployment, evaluation), facts in evaluated.facts.items()
    ]
    console.out(render(results, console.style))


def _word(name: str, evaluated: "Evaluated", *, passed: bool) -> str:
    if passed:
        return "passed"
    facts = next((f for (d, e), f in evaluated.facts.items() if f"{d} {e}" == name), {})
    return "NOT ENOUGH EVIDENCE" if facts.get("undecided") is True else "FAILED"


def _run_environment(arguments: argparse.Namespace, console: Console) -> int:
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.evaluate import Evaluated, EvaluateRequest, evaluate

    request = EvaluateRequest(
        environment=arguments.environment,
        revision=arguments.revision or "HEAD",
        targets=tuple(arguments.names),
        again=arguments.again,
        lock_timeout_seconds=arguments.lock_timeout,
    )
    evaluated = Evaluated()
    workspace = open_workspace(console)
    workspace.remembers_results = not arguments.no_cache
    for event in evaluate(workspace, request, evaluated):
        show_event(event, console)
    if evaluated.invalid is not None:
        return report_invalid(evaluated.invalid, console)
    return _ended(evaluated, console)


def _run_changed(arguments: argparse.Namespace, console: Console) -> int:
    from trueup.cli.wiring import open_workspace
    from trueup.workflows.evaluate import Evaluated
    from trueup.workflows.evaluate_changed import ChangedRequest, changed_work, evaluate_changed
    from trueup.workflows.planning import Invalid

    workspace = open_workspace(console, arguments.base)
    workspace.remembers_results = not arguments.no_cache
    revision = arguments.revision or "HEAD"
    request = ChangedRequest(arguments.environment or "", revision, tuple(arguments.names))
    changed = changed_work(workspace, request)
    if isinstance(changed, Invalid):
        return report_invalid(changed, console)
    if arguments.list:
        _publish(_report(changed), console)
        return ExitCode.CHANGES if arguments.detailed_exitcode and changed.is_due else ExitCode.DONE
    _note(_report(changed), console)
    evaluated = Evaluated()
    # The commit that was listed, whatever the branch is by now.
    for event in evaluate_changed(workspace, changed, changed.revision or revision, arguments.lock_timeout, evaluated):
        show_event(event, console)
    if evaluated.invalid is not None:
        return report_invalid(evaluated.invalid, console)
    report = _report(changed, evaluated)
    if console.format is Format.JSON:
        _publish(report, console)
    else:
        _publish_files(report, console)
    return _ended(evaluated, console) if changed.is_due else ExitCode.DONE


def _report(changed: "ChangedWork", evaluated: "Evaluated | None" = None) -> "WorkReport":
    from trueup.cli.views.work import EnvironmentReport, WorkReport

    environments = tuple(EnvironmentReport(e.environment, e.work, e.loosened) for e in changed.environments)
    if evaluated is None:
        return WorkReport(changed.revision, changed.base, environments)
    failed = {str(address): str(error) for address, error in evaluated.failed.items()}
    return WorkReport(changed.revision, changed.base, environments, evaluated.measured, failed)


def _publish(report: "WorkReport", console: Console) -> None:
    from trueup.cli.views.work import render

    console.publish(lambda output, style: render(report, output, style, console.width))


def _publish_files(report: "WorkReport", console: Console) -> None:
    from trueup.cli.views.work import render

    console.publish_files(lambda output, style: render(report, output, style, console.width))


def _note(report: "WorkReport", console: Console) -> None:
    """Write the list before the work begins: data for a program that reads lines, else for the reader."""
    from trueup.cli.output import Style
    from trueup.cli.views.work import render

    if console.format is Format.NDJSON:
        if report.work:
            console.out(render(report, Format.NDJSON, Style()))
        return
    console.note(render(report, Format.TEXT, console.error_style, console.width))


def _ended(evaluated: "Evaluated", console: Console) -> ExitCode:
    """Write what came of it, and return the exit code."""
    if console.format is Format.TEXT and evaluated.facts:
        _show_results(evaluated, console)
    for name, passed in evaluated.measured.items():
        console.note(f"{name}: {_word(name, evaluated, passed=passed)}")
    if not evaluated.measured and not evaluated.failed:
        console.note("Nothing to evaluate: every required evaluation has fresh passing evidence.")
    for address, error in evaluated.failed.items():
        console.note(f"{address}: not evaluated. hint: {error.diagnostic().advice}")
    if evaluated.failed:
        return ExitCode.ERROR
    return ExitCode.DONE if all(evaluated.measured.values()) else ExitCode.DENIED
