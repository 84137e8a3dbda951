"""The saved plan: all that a reader needs offline, and all that apply needs to see that nothing changed since."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from trueup.diff.masks import masked, masked_text
from trueup.plan.difference import Snapshot, snapshot_of
from trueup.plan.effects import Effects

if TYPE_CHECKING:
    from trueup.core.json import Json
    from trueup.desired.state import DesiredState, EnvironmentFacts
    from trueup.evidence.evidence import Evidence
    from trueup.observed.state import Hold, ObservedState
    from trueup.plan.plan import Plan


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan with what it was judged by.

    Apply takes nothing from it but its inputs, targets and expiry: it plans again and compares ids.

    Attributes:
        plan: The plan.
        environment: What the environment declares.
        decision: What policy said, as `policy.codec` spells it; None when policy was not asked.
        evidence: The results known for the evaluations that its releases require.
        holds: Holds in force.
        snapshot: The states it was made from, to explain a stale plan.
        expires_at: When it must not be applied any more.
        effects: What it does to the cost of a month and to what releases are held to.
    """

    plan: Plan
    environment: EnvironmentFacts
    decision: Json
    expires_at: datetime
    evidence: tuple[Evidence, ...] = ()
    holds: tuple[Hold, ...] = ()
    snapshot: Snapshot = field(default_factory=Snapshot)
    effects: Effects = field(default_factory=Effects)

    def is_expired(self, now: datetime) -> bool:
        """Tell whether it is too late to apply it."""
        return now >= self.expires_at


def save_plan(
    plan: Plan, desired: DesiredState, observed: ObservedState, decision: Json, expires_at: datetime
) -> SavedPlan:
    """Return *plan* with everything a reader needs besides; nothing in it is a secret."""
    return SavedPlan(
        plan=plan,
        environment=replace(desired.environment, settings=masked(desired.environment.settings)),
        decision=masked(decision),
        expires_at=expires_at,
        evidence=observed.evidence,
        holds=tuple(replace(h, reason=masked_text(h.reason)) for h in observed.holds),
        snapshot=snapshot_of(desired, observed),
    )
