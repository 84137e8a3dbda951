"""Whose policies judged, and what those that a change brings would decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trueup.core.digests import short
from trueup.policy.decision import Decision, Outcome, Violation

if TYPE_CHECKING:
    from trueup.core.json import Json

_WORDS = {Outcome.ALLOW: "allowed", Outcome.DENY: "denied", Outcome.ERROR: "not decided, which denies"}


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """The policies that judged.

    Attributes:
        source: `head`, `base` or `unknown`.
        revision: The base's commit; empty when they are not the base's.
        changed: Policy files in which the change differs from them.
        decision: What they decided.
        candidate: What those of the change would decide; None when nothing differs or nobody was asked.
    """

    source: str
    revision: str
    changed: tuple[str, ...]
    decision: Decision
    candidate: Decision | None = None

    def notes(self) -> Iterator[str]:
        """Yield what a reader has to know, a sentence or two a line; nothing when the change's own policies judge."""
        yield from whose(self.source, self.revision, self.changed)
        if not self.changed or self.candidate is None:
            return
        yield f"With its own it would be {_WORDS[self.candidate.outcome]}{self._difference(self.candidate)}."

    def _difference(self, candidate: Decision) -> str:
        ours, theirs = _denials(self.decision), _denials(candidate)
        parts = [
            f"{word} {', '.join(sorted(found))}"
            for word, found in (("also denied by", theirs - ours), ("no longer denied by", ours - theirs))
            if found
        ]
        return f": {'; '.join(parts)}" if parts else ""

    def to_json(self) -> dict[str, Json]:
        """Return it as JSON; of the candidate its outcome and what it denies."""
        candidate = self.candidate
        return {
            "source": self.source,
            "revision": self.revision,
            "changed": list(self.changed),
            "candidate": None
            if candidate is None
            else {"outcome": candidate.outcome.value, "denies": [*sorted(_denials(candidate))]},
        }


def whose(source: str, revision: str, changed: Sequence[str]) -> Iterator[str]:
    """Yield whose policies judge, where they are not simply those of what is judged."""
    if source == "unknown":
        yield (
            "The branch this is to be merged into is not in this clone, so its own policies judge. "
            "Fetch that branch, or name it with `--base`."
        )
    if changed:
        yield f"This change has other policies ({', '.join(changed)}); those of its base, {short(revision)}, judge."


def _denials(decision: Decision) -> set[str]:
    return {_named(v) for v in decision.denials} | {e.message for e in decision.errors}


def _named(violation: Violation) -> str:
    return f"{violation.rule} {violation.address}".strip()
