"""A plan for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from trueup.cli.views.decision_text import DecisionText
from trueup.cli.views.plan_effects import LOOSENED, cost_details, cost_line, deleted_line, loosened_line
from trueup.cli.views.plan_report import PlanReport, colour_of, facts, heading, left_out, shown_fields
from trueup.cli.views.text import Piece, person, visible, wrapped, wrapped_pieces
from trueup.cli.views.values import field_symbol, path_text, value_pieces
from trueup.core.digests import short
from trueup.diff.changes import Change, Create, FieldChange, Update
from trueup.evidence.parity import is_parity
from trueup.evidence.parity import verdict as parity_verdict

if TYPE_CHECKING:
    from trueup.cli.output import Style
    from trueup.evidence.evidence import Evidence, GateResult
    from trueup.observed.state import Hold

_FIELD_COLOURS = {"+": "green", "-": "red", "~": "yellow"}


class PlanText:
    """Plain lines; colour only repeats what a symbol and a word say."""

    def __init__(self, style: Style, width: int) -> None:
        self._style = style
        self._width = width

    def render(self, report: PlanReport) -> str:
        """Return the plan: summary, deletions, other changes, policy, evidence, holds, summary, what to do next."""
        summary = self._wrap(report.summary, "", "bold")
        lines = [*summary, *self._about(report)]
        for change in report.ordered:
            lines += ["", *self._change(change)]
        lines += [*self._loosened(report), *self._policy(report), *self._evidence(report), *self._holds(report)]
        lines += self._behaviour(report)
        lines += ["", *summary]
        for step in report.next_steps():
            lines += self._wrap(step, "")
        return "\n".join(lines)

    def _about(self, report: PlanReport) -> list[str]:
        saved = report.saved
        about = f"environment {saved.environment.name} ({saved.environment.tier}), revision {report.revision}, "
        about += f"plan {short(saved.plan.id)}, valid until {saved.expires_at:%Y-%m-%d %H:%M} UTC"
        lines = self._wrap(about, "", "dim")
        if saved.plan.targets:
            lines += self._wrap(f"only {', '.join(str(t) for t in saved.plan.targets)}", "", "yellow")
        if saved.effects.cost:
            lines += self._wrap(cost_line(saved.effects.cost), "")
            for detail in cost_details(saved.effects.cost):
                lines += self._wrap(detail, "  ", "dim")
        if saved.effects.deleted:
            lines += self._wrap(deleted_line(saved.effects.deleted), "", "red")
        return lines

    def _change(self, change: Change) -> Iterator[str]:
        sign, word = heading(change)
        pieces: list[Piece] = [
            (f"{sign} {word}", ("bold", colour_of(change))),
            (f" {visible(str(change.address))}", ("bold",)),
        ]
        yield from wrapped_pieces(pieces, self._width, "", self._style, "  ")
        yield from self._wrap(change.reason, "    ")
        for fact in facts(change):
            yield from self._wrap(fact, "    ", "dim")
        if isinstance(change, Create | Update):
            yield from self._fields(shown_fields(change))
            if rest := left_out(change):
                yield from self._wrap(rest, "    ", "dim")

    def _fields(self, fields: tuple[FieldChange, ...]) -> Iterator[str]:
        for address, group in groupby(fields, key=lambda f: f.address):
            yield f"    {visible(address)}"
            for field in group:
                yield from self._field(field)

    def _field(self, field: FieldChange) -> list[str]:
        sign = field_symbol(field)
        pieces: list[Piece] = [
            (sign, (_FIELD_COLOURS[sign],)),
            (f" {visible(path_text(field.path))}: " if field.path else " ", ()),
        ]
        return wrapped_pieces([*pieces, *value_pieces(field)], self._width, "      ", self._style, "        ")

    def _policy(self, report: PlanReport) -> Iterator[str]:
        yield ""
        if report.decision is None:
            yield "Policy: not judged"
        else:
            yield from DecisionText(self._style, self._width).lines(report.decision)
        for note in report.policy_notes:
            yield from self._wrap(note, "  ", "yellow")

    def _loosened(self, report: PlanReport) -> Iterator[str]:
        for one in report.saved.effects.loosened:
            yield ""
            yield from self._wrap(f"~ {LOOSENED} {loosened_line(one)}", "", "yellow")

    def _evidence(self, report: PlanReport) -> Iterator[str]:
        if report.saved.evidence:
            yield from ("", "Evidence:")
        for evidence in report.saved.evidence:
            color = "green" if evidence.passed else "yellow" if evidence.is_undecided else "red"
            yield from self._wrap(evidence_line(evidence), "  ", color)

    def _holds(self, report: PlanReport) -> Iterator[str]:
        if report.saved.holds:
            yield from ("", "Holds:")
        for hold in report.saved.holds:
            yield from self._wrap(hold_line(hold), "  ", "yellow")

    def _behaviour(self, report: PlanReport) -> Iterator[str]:
        if report.behaviour is not None:
            from trueup.cli.views.behaviour_text import BehaviourText

            yield ""
            yield from BehaviourText(self._style, self._width).lines(report.behaviour)

    def _wrap(self, text: str, indent: str, *attributes: str) -> list[str]:
        return wrapped(text, self._width, indent, self._style, *attributes)


def evidence_line(evidence: Evidence) -> str:
    """Say what was measured and whether it is enough."""
    if is_parity(evidence):
        return f"parity of {evidence.evaluation}: {parity_verdict(evidence)}"
    verdict = "passed" if evidence.passed else "undecided" if evidence.is_undecided else "failed"
    gates = (_gate_words(g) for g in evidence.gates)
    samples = max((m.samples for m in evidence.measurements), default=0)
    simulated = "; simulated" if evidence.simulated else ""
    return (
        f"{verdict} {evidence.evaluation}: {', '.join(gates) or 'no threshold declared'}; {samples} examples{simulated}"
    )


def _gate_words(gate: GateResult) -> str:
    name = f"{gate.metric} in {gate.slice}" if gate.slice else gate.metric
    from trueup.evidence.gates import shortfall

    lacking = f", {shortfall(gate)}" if gate.undecided else ""
    return f"{name} {_number(gate.value)} ({gate.operator} {_number(gate.threshold)}{lacking})"


def hold_line(hold: Hold, *, in_force: bool = True) -> str:
    """Say which release is held, why, by whom and until when; one that is not in force any more is told as that."""
    if not in_force:
        ended = f"{hold.expires:%Y-%m-%d %H:%M} UTC" if hold.expires else "an unknown time"
        was = f"release {short(hold.release)} of {hold.deployment} was on hold, which ended by itself at {ended}"
        return f"{was}: {hold.reason} ({person(hold.author)})"
    until = f"until {hold.expires:%Y-%m-%d %H:%M} UTC" if hold.expires else "until lifted"
    return (
        f"release {short(hold.release)} of {hold.deployment} is on hold {until}: {hold.reason} ({person(hold.author)})"
    )


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:g}"
