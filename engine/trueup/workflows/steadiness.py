"""Tells whether a plan, made again later the same day with nothing changed, would say the same.

Days are in UTC. Whatever time decides about a plan changes once (evidence grows too old, a hold ends, an exception
expires) or counts days; so what is the same now and in the last moment of the day was the same all day. What comes
and goes within a day, a freeze window, is not told apart here: an environment that declares one has no steady plan. Nor
has one in which something runs, because servers come and go.
"""

from collections.abc import Collection
from datetime import datetime

from trueup.core.json import canonical_by_parts, mapping_of
from trueup.observed.state import Health
from trueup.reconcile.observe import observe
from trueup.workflows.planning import Planned
from trueup.workflows.workspace import Workspace

_DAILY = frozenset({"today"})
"""What policies may read of the clock and still say the same all day."""


def is_steady(workspace: Workspace, planned: Planned, clock_read: Collection[str] | None) -> bool:
    """Tell whether *planned* holds until its day ends, as long as nothing else changes.

    Args:
        workspace: Asked what would be known in the last moment of the day.
        planned: The plan; one of uncommitted files, or with anything to be told besides, is not steady.
        clock_read: What its policies read of the clock; None for all of it.
    """
    desired = planned.desired
    if planned.loaded.diagnostics or not planned.plan.revision or planned.candidate is not None or _is_signed(planned):
        return False
    running = planned.observed.target
    if running.gateway is not Health.STOPPED or running.servers or running.routes:
        return False
    if mapping_of(desired.environment.settings).get("freezeWindows"):
        return False
    late = planned.plan.created_at.replace(hour=23, minute=59, second=59, microsecond=999_999)
    target = workspace.target(desired.environment.target)
    if observe(desired, target, workspace.store, workspace.ledger, late, workspace.seal) != planned.observed:
        return False
    return planned.judged.evaluation is None or _is_judged_alike(planned, late, clock_read)


def _is_signed(planned: Planned) -> bool:
    """Tell whether signatures or approvals are in it: keys, and what forges say, lie outside the repository."""
    if planned.judged.known is None:
        return False
    change = planned.judged.known.change
    signatures = [change.signature, *(commit.signature for commit in change.commits or ())]
    return bool(change.given) or any(signature.status != "none" for signature in signatures)


def _is_judged_alike(planned: Planned, late: datetime, clock_read: Collection[str] | None) -> bool:
    """Tell whether policies, who read so much of the clock, would be shown the same *late* in the day."""
    from trueup.policy.document import policy_document

    judged = planned.judged
    known, evaluation = judged.known, judged.evaluation
    if known is None or evaluation is None or evaluation.errors or evaluation.warnings:
        return False
    if clock_read is None or not _DAILY.issuperset(clock_read):
        return False
    then = {}
    for moment in (judged.at, late):
        if moment is None or moment.date() != late.date():
            return False
        document = policy_document(
            planned.plan,
            planned.desired,
            planned.observed,
            known.change,
            moment,
            policies=known.policies,
            around=known.around,
        )
        then[moment] = canonical_by_parts({k: v for k, v in document.items() if k != "clock"})
    return len(set(then.values())) == 1
