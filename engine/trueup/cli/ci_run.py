"""Joins one run of `trueup ci`: where it stands, what it is judged by, what came of it, and how it ends."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trueup.adapters.pipelines import codes
from trueup.adapters.pipelines.finding import where
from trueup.cli.exit_codes import ExitCode, exit_code_of, worst
from trueup.cli.reports import plan_report, show_event
from trueup.cli.views.ci_report import CiReport, EnvironmentReport, Verdict
from trueup.core.diagnostics import Diagnostic, has_errors
from trueup.core.errors import PermanentError, TrueupError
from trueup.ports import Where

if TYPE_CHECKING:
    from trueup.cli.console import Console
    from trueup.cli.wiring import LocalWorkspace
    from trueup.workflows.ci import CiRequest, EnvironmentRun, Measuring, Reviewed

_LARGEST_EVENT = 32 * 1024 * 1024
"""GitHub cuts payloads at 25 MB."""


def where_of(environment: Mapping[str, str]) -> Where:
    """Return where this run stands, by its variables and the payload that they name."""
    return where(environment, _event(environment.get("GITHUB_EVENT_PATH", "")))


def _event(path: str) -> Any:
    """Return the payload; None when it cannot be read, which tells less and never something else."""
    if not path:
        return None
    try:
        with open(path, "rb") as file:
            return json.loads(file.read(_LARGEST_EVENT))
    except (OSError, ValueError):
        return None


def base_for(workspace: "LocalWorkspace", place: Where, asked: str) -> str:
    """Return what the change is compared with: what was asked for, or the branch that it is to be merged into.

    Raises:
        PermanentError: That branch is not in this clone.
    """
    if asked or (not place.is_pull_request and not place.base):
        return asked
    repository = workspace.repository
    tip = repository.remote_tip(place.base)
    if tip is None and place.base_revision:
        tip = repository.commit_at(place.base_revision)
    if tip is None:
        named = f"`{place.base}` of origin is not here" if place.base else "no branch is named that could be one"
        raise PermanentError(codes.BASE_MISSING, f"Pull request {place.number}: {named}.")
    return tip


def gathered(
    workspace: "LocalWorkspace", place: Where, base: str, request: "CiRequest", console: "Console", *, evaluate: bool
) -> CiReport:
    """Do the work and return what came of it; what fails is told in the report, beside what did not."""
    from trueup.workflows.ci import Measuring, measure_stale, review

    measuring, notes = Measuring(), []
    try:
        workspace.asked_base = base_for(workspace, place, base)
        if evaluate and place.is_fork:
            notes.append("Nothing was measured: that runs what the change declares, and it comes from a fork.")
        elif evaluate:
            for event in measure_stale(workspace, request, measuring):
                show_event(event, console)
        reviewed = review(workspace, request, engine=workspace.cached_engine, known=workspace.parsed_files)
    except TrueupError as error:
        problems, _ = _problems(error)
        return CiReport(place, workspace.clock.now(), failures=(*_failures(measuring), *problems), notes=tuple(notes))
    return _report(workspace, place, reviewed, measuring, notes)


def _report(
    workspace: "LocalWorkspace", place: Where, reviewed: "Reviewed", measuring: "Measuring", notes: Iterable[str]
) -> CiReport:
    reach, loaded = reviewed.reach, reviewed.validated.loaded
    planned = {run.name for run in reviewed.environments}
    failures = _failures(measuring)
    if reviewed.failure is not None:
        failures = (*failures, *_problems(reviewed.failure)[0])
    return CiReport(
        place,
        workspace.clock.now(),
        project=loaded.project.name if loaded.project else "",
        revision=reviewed.revision,
        base=reach.base if reach else "",
        diagnostics=reviewed.diagnostics,
        environments=tuple(_environment(run) for run in reviewed.environments),
        untouched=tuple(name for name in reach.untouched if name not in planned) if reach else (),
        gone=reach.gone if reach else (),
        failures=failures,
        measured=measuring.evaluated.measured,
        notes=tuple(notes),
        resources=len(loaded.resources),
    )


def _environment(run: "EnvironmentRun") -> EnvironmentReport:
    from dataclasses import replace

    from trueup.workflows.planning import Invalid, Planned

    match run.outcome:
        case Planned() as planned:
            plan = replace(plan_report(planned), behaviour=run.behaviour)
            return EnvironmentReport(run.name, run.why, plan)
        case Invalid(diagnostics):
            return EnvironmentReport(run.name, run.why, problems=diagnostics)
        case error:
            problems, is_failure = _problems(error)
            return EnvironmentReport(run.name, run.why, problems=problems, is_failure=is_failure)


def _problems(error: Exception) -> tuple[tuple[Diagnostic, ...], bool]:
    """Return what *error* says, and whether the world rather than the declaration is to blame."""
    from trueup.cli.main import diagnostic_of

    several: tuple[Diagnostic, ...] = getattr(error, "diagnostics", ())
    return several or (diagnostic_of(error),), not several


def _failures(measuring: "Measuring") -> tuple[Diagnostic, ...]:
    ended = [measuring.failure] if measuring.failure is not None else []
    found = [d for error in ended for d in _problems(error)[0]]
    for address, error in measuring.evaluated.failed.items():
        told = error.diagnostic()
        found.append(Diagnostic(told.code, f"{address} was not measured: {told.detail}", told.span, told.hint))
    if measuring.invalid is not None and not found:
        found += [d for d in measuring.invalid.diagnostics if has_errors([d])][:1]
    return tuple(found)


def exit_of(report: CiReport, *, detailed: bool = False) -> ExitCode:
    """Return how the command ends: the worst of all that came of it."""
    codes_ = [exit_code_of(d.code.id) for d in report.failures]
    codes_ += [ExitCode.INVALID] if has_errors(report.diagnostics) else []
    codes_ += [ExitCode.DENIED] if report.measured and not all(report.measured.values()) else []
    codes_ += [ExitCode.CHANGES] if detailed and report.has_changes else []
    for environment in report.environments:
        match environment.verdict:
            case Verdict.FAILED:
                codes_ += [exit_code_of(d.code.id) for d in environment.problems] or [ExitCode.ERROR]
            case Verdict.INVALID:
                codes_.append(ExitCode.INVALID)
            case Verdict.BLOCKED:
                codes_.append(ExitCode.DENIED)
            case Verdict.ALLOWED | Verdict.UNCHANGED:
                continue
    return worst(codes_)


def saved_at(report: CiReport, folder: Path) -> CiReport:
    """Return *report* with the file of each plan, as the reader of a log would type it."""
    from dataclasses import replace

    def placed(environment: EnvironmentReport) -> EnvironmentReport:
        if environment.plan is None:
            return environment
        file = plan_name(environment.name)
        return replace(environment, file=file, plan=replace(environment.plan, file=str(folder / file)))

    return replace(report, environments=tuple(placed(e) for e in report.environments))


def plan_name(environment: str) -> str:
    """Return where the plan of an environment is saved, from the output folder."""
    return f"plans/{environment}.plan.json"
