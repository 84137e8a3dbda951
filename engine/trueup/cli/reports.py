"""What several commands report the same way: an invalid declaration, a plan with its decision, how apply ended."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from trueup.cli.console import Console
from trueup.cli.exit_codes import ExitCode
from trueup.cli.kept_plan import PLAN_LIFE_DAYS
from trueup.cli.output import Format, Style

if TYPE_CHECKING:
    from trueup.cli.views.plan_report import Intent, PlanReport
    from trueup.cli.views.rollout import Picture
    from trueup.diff.behaviour.behaviour import BehaviourDiff
    from trueup.policy.decision import Decision
    from trueup.reconcile.apply import Result
    from trueup.rollout.events import Event
    from trueup.workflows.apply import Applied
    from trueup.workflows.planning import Invalid, Planned
    from trueup.workflows.workspace import Policies

PLAN_FORMATS = (
    Format.JSON,
    Format.NDJSON,
    Format.MARKDOWN,
    Format.SARIF,
    Format.JUNIT,
    Format.GITHUB,
    Format.OPENREPORTS,
    Format.CODEQUALITY,
)


def report_invalid(invalid: "Invalid", console: Console) -> ExitCode:
    """Write what is wrong with the declaration and return how the command ends."""
    from trueup.cli.views.diagnostics import DiagnosticsReport, render

    report = DiagnosticsReport(invalid.diagnostics)
    if console.format is Format.TEXT:
        console.note(render(report, Format.TEXT, console.error_style, console.width))
        console.publish_files(lambda output, style: render(report, output, style, console.width))
    else:
        console.publish(lambda output, style: render(report, output, style, console.width))
    return ExitCode.INVALID


def governing_notes(policies: "Policies | None") -> "tuple[str, ...]":
    """Return whose policies judge what is in hand, where they are not its own."""
    from trueup.cli.views.governing import whose

    return tuple(whose(policies.source, policies.revision or "", policies.changed)) if policies else ()


def plan_report(planned: "Planned", file: str = "") -> "PlanReport":
    """Return what the plan views show."""
    from dataclasses import replace
    from datetime import timedelta

    from trueup.cli.views.governing import JudgedBy
    from trueup.cli.views.plan_report import PlanReport
    from trueup.plan.saved import save_plan
    from trueup.policy.codec import decision_to_json

    plan = planned.plan
    decision = planned.judged.decision
    expires = plan.created_at + timedelta(days=PLAN_LIFE_DAYS)
    saved = save_plan(plan, planned.desired, planned.observed, decision_to_json(decision), expires)
    saved = replace(saved, effects=planned.judged.effects)
    evaluation = planned.judged.evaluation
    policies = planned.policies
    judged_by = JudgedBy(policies.source, policies.revision or "", policies.changed, decision, planned.candidate)
    return PlanReport(saved, decision, file, rules=evaluation.described if evaluation else (), judged_by=judged_by)


def publish_plan(
    planned: "Planned",
    console: Console,
    file: str = "",
    asked: "Sequence[str]" = (),
    behaviour: "tuple[BehaviourDiff, ...] | None" = None,
) -> str:
    """Write the plan in every format asked for, and return what the first of them is.

    *asked* are the words that chose revision and deployments.
    """
    from dataclasses import replace

    from trueup.cli.views.plan import render

    report = replace(plan_report(planned, file), asked=tuple(asked), behaviour=behaviour)
    written: list[str] = []

    def rendered(output: Format, style: Style) -> str:
        written.append(render(report, output, style, console.width))
        return written[-1]

    console.publish(rendered)
    return written[0]


def note_plan(planned: "Planned", console: Console, intent: "Intent") -> None:
    """Write the plan as text for the reader, beside the data."""
    from dataclasses import replace

    from trueup.cli.views.plan import render

    report = replace(plan_report(planned), intent=intent)
    console.note(render(report, Format.TEXT, console.error_style, console.width))


def show_event(event: "Event", console: Console) -> None:
    """Write one event: data in the formats for programs, a line for the reader otherwise."""
    from trueup.cli.views.events import render

    if console.format is Format.NDJSON:
        console.out(render(event, Format.NDJSON, Style()))
        return
    console.note(render(event, Format.TEXT, console.error_style))


class Live:
    """Shows events: on a terminal with a picture of the rollout under way below them, elsewhere as lines only."""

    def __init__(self, console: Console, planned: "Callable[[], Planned | None]") -> None:
        """Show on *console*; *planned* gives the plan, once there is one, and with it the steps to come."""
        self._console = console
        self._planned = planned
        self._picture: Picture | None = None

    def show(self, event: "Event") -> None:
        """Show one event."""
        if not self._console.is_live:
            show_event(event, self._console)
            return
        from trueup.cli.views.rollout import taken

        before, weights = self._picture, self._weights(event) if event.step == "share" else ()
        self._picture = taken(before, event, weights)
        in_picture = self._picture is not None and event.step in ("wait", "analyse") and event.status.value != "failed"
        if self._console.format is Format.NDJSON or not in_picture:
            show_event(event, self._console)
        if self._picture is not before:
            self._draw(self._picture)

    def _draw(self, picture: "Picture | None") -> None:
        from datetime import UTC, datetime

        from trueup.cli.views.rollout import render

        if picture is None:
            self._console.progress.show(None)
            return
        style = self._console.error_style
        self._console.progress.show(lambda width, height: render(picture, datetime.now(UTC), style, width, height))

    def _weights(self, event: "Event") -> tuple[float, ...]:
        from trueup.cli.views.rollout import weights_of
        from trueup.diff.takeovers import declared_takeover

        planned = self._planned()
        deployments = planned.desired.deployments if planned else ()
        return next((weights_of(declared_takeover(d)) for d in deployments if str(d.id) == event.address), ())


def note_denial(decision: "Decision", console: Console) -> None:
    """Write why policy stopped it."""
    from trueup.policy.decision import Enforcement

    for violation in decision.violations:
        if violation.enforcement is Enforcement.DENY and not violation.excepted_by:
            where = f"{violation.span}: " if violation.span else ""
            _row(f"{violation.rule} {violation.title}: {where}{violation.message}", "! blocked", console, "red")
            if violation.remediation:
                _row(f"to do: {violation.remediation}", "", console)
    for error in decision.errors:
        _row(f"could not be decided, which denies: {error.message}", "! blocked", console, "red")


def ended(applied: "Applied", console: Console) -> ExitCode:
    """Write how apply ended in one line, and return the exit code."""
    from trueup.ledger.record import RunOutcome
    from trueup.workflows.apply import outcome_of

    result = applied.result
    if applied.invalid is not None:
        return report_invalid(applied.invalid, console)
    if applied.denied is not None:
        console.note("Denied by policy; nothing was changed.")
        note_denial(applied.denied, console)
        return ExitCode.DENIED
    if result is None:
        console.note("Nothing to do.")
        return ExitCode.DONE
    if not result.failed and not result.not_started:
        console.note(f"Applied: {_listed(result.done) or 'nothing'}.")
        for line in _reachable(applied):
            console.note(line)
        return ExitCode.DONE
    _note_unfinished(result, console)
    if outcome_of(result) is RunOutcome.PARTIAL:
        verified = {d.id for d in result.verified}
        kept = "What failed still serves what it served before."
        left = "What failed serves its new release; something it replaced is left over."
        console.note(f"Partly applied. {left if verified & result.failed.keys() else kept}")
        return ExitCode.PARTIAL
    denied = all(e.code.id in ("APP005", "APP013") for e in result.failed.values())
    console.note("Not applied. What served before still serves.")
    return ExitCode.DENIED if denied else ExitCode.ERROR


def _note_unfinished(result: "Result", console: Console) -> None:
    """Tell failed, done and not started apart, each failure with what to do."""
    for address, error in result.failed.items():
        _row(f"{address}: {error.code.id} {error.code.summary}", "failed", console, "red", "bold")
        if error.detail:
            _row(error.detail, "", console)
        _row(f"hint: {error.hint or error.code.remedy}", "", console, "cyan")
    for address in result.done:
        _row(str(address), "done", console, "green")
    for address in result.not_started:
        _row(str(address), "not started", console, "yellow")


def _row(text: str, word: str, console: Console, *attributes: str) -> None:
    from trueup.cli.views.text import wrapped

    first, *rest = wrapped(text, console.width, " " * 15, console.error_style, *attributes)
    console.note("\n".join([f"  {word:<13}{first[15:]}", *rest]))


def _reachable(applied: "Applied") -> Iterator[str]:
    """Say where what was applied answers, and under which names."""
    result, planned = applied.result, applied.planned
    if result is None or planned is None or not applied.address:
        return
    names = [d.route.model_name for d in planned.desired.deployments if d.id in result.done]
    if names:
        yield f"It answers at {applied.address}/v1 (OpenAI API, model: {', '.join(names)})."


def _listed(addresses: "Sequence[object]") -> str:
    return ", ".join(str(a) for a in addresses)
