"""A decision for the terminal: the verdict, then what denies, warns, is only recorded, and is excepted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trueup.cli.views.exception_notes import exception_notes
from trueup.cli.views.text import Piece, visible, wrapped, wrapped_pieces
from trueup.cli.views.values import path_text
from trueup.policy.decision import Decision, Enforcement, Outcome, Violation

if TYPE_CHECKING:
    from trueup.cli.output import Style

_VERDICTS = {Outcome.ALLOW: "allowed", Outcome.DENY: "denied", Outcome.ERROR: "not decided, which denies"}


def verdict_of(decision: Decision) -> str:
    """Say what policy says, in a word or two."""
    return _VERDICTS[decision.outcome]


def counts_of(decision: Decision) -> str:
    """Count the violations by what they do: `1 denying, 0 warning, 0 excepted, 2 in dry run`."""
    effective = [v for v in decision.violations if not v.excepted_by]
    counts = {word: sum(v.enforcement is word for v in effective) for word in Enforcement}
    excepted = len(decision.violations) - len(effective)
    parts = [f"{counts[Enforcement.DENY]} denying", f"{counts[Enforcement.WARN]} warning", f"{excepted} excepted"]
    if decision.softened:
        parts.append(f"{len(decision.softened)} softened that would deny")
    if dry := decision.dry_run:
        would = sum(v.would_deny for v in dry)
        parts.append(f"{len(dry)} in dry run" + (f" of which {would} would deny" if would else ""))
    return ", ".join(parts)


def _rules(decision: Decision) -> str:
    return "1 rule" if len(decision.rules) == 1 else f"{len(decision.rules)} rules"


class DecisionText:
    """Plain lines; colour only repeats what a word says."""

    def __init__(self, style: Style, width: int) -> None:
        self._style = style
        self._width = width

    def lines(self, decision: Decision, *, verdict: bool = True) -> Iterator[str]:
        """Yield the decision; the verdict can be left out where it was said."""
        if verdict:
            colour = "green" if decision.outcome is Outcome.ALLOW else "red"
            painted = self._style.paint(verdict_of(decision), "bold", colour)
            yield f"Policy: {painted} ({_rules(decision)}; violations: {counts_of(decision)})"
        for error in decision.errors:
            where = f"{error.span}: " if error.span else ""
            yield from self._wrap(
                f"! blocked by a policy that could not be evaluated: {where}{error.message}", "", "red"
            )
        effective = [v for v in decision.violations if not v.excepted_by]
        for enforcement, mark, colour in _MARKS:
            for violation in (v for v in effective if v.enforcement is enforcement):
                yield from self.violation(mark, violation, colour)
        for violation in (v for v in decision.violations if v.excepted_by):
            yield from self.violation(f"excepted by {violation.excepted_by}:", violation, "dim")
        for note in exception_notes(decision):
            yield from self._wrap(f"note: {note}", "", "yellow")
        for notice in decision.notices:
            where = f"{notice.span}: " if notice.span else ""
            yield from self._wrap(f"note: {where}{notice.message}", "", "yellow")

    def violation(self, mark: str, violation: Violation, colour: str) -> Iterator[str]:
        """Yield one violation: what it does, rule, place, message, what to do."""
        pieces: list[Piece] = [(visible(mark), ("bold", colour))]
        pieces.append((visible(f" {violation.rule} {violation.title}".rstrip()), ("bold",)))
        pieces.append((visible(f" ({violation.severity})"), ()))
        if violation.softened_by:
            pieces.append((visible(f" softened by {violation.softened_by}"), ("yellow",)))
        yield from wrapped_pieces(pieces, self._width, "", self._style, "  ")
        field = f"at {path_text(violation.path)}" if violation.path else ""
        about = " ".join(part for part in (violation.address, field) if part)
        yield from self._wrap(": ".join(str(part) for part in (violation.span, about) if part), "    ")
        for line in violation.message.splitlines():
            yield from self._wrap(line, "    ")
        if violation.remediation:
            yield from self._wrap(f"to do: {violation.remediation}", "    ")

    def _wrap(self, text: str, indent: str, *attributes: str) -> list[str]:
        return wrapped(text, self._width, indent, self._style, *attributes) if text else []


_MARKS = (
    (Enforcement.DENY, "! blocked", "red"),
    (Enforcement.WARN, "warning", "yellow"),
    (Enforcement.DRYRUN, "dry run", "cyan"),
)
