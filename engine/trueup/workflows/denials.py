"""Records that policy denied a run under the lock: what was refused is as much a decision as what was done."""

from collections.abc import Mapping, Sequence

from trueup.core.digests import Digest, digest_of
from trueup.core.json import Json
from trueup.ledger.record import Draft, Record, RecordKind, RunOutcome
from trueup.policy.recorded import bundle_of
from trueup.workflows.decisions import DecisionLog
from trueup.workflows.planning import Planned
from trueup.workflows.workspace import Workspace


def record_denial(workspace: Workspace, planned: Planned, kind: RecordKind, cause: str) -> Record | None:
    """Record the denial of *planned*; None when it is the newest record of its environment already.

    CI tries again and again, and the ledger is for ever. A denial says nothing of what serves, so it makes no plan
    stale.
    """
    plan = planned.plan
    log = DecisionLog(workspace, plan.environment, planned.policies, plan.revision)
    log.note(planned.judged)
    newest = next((r for r in workspace.ledger.records() if r.draft.environment == plan.environment), None)
    if newest is not None and _is_same(newest.draft, plan.id, log.events):
        return None
    return workspace.ledger.append(
        Draft(
            kind=kind,
            environment=plan.environment,
            at=workspace.clock.now(),
            actor=workspace.actor,
            revision=plan.revision,
            plan=plan.id,
            outcome=RunOutcome.DENIED,
            resources=tuple(sorted({str(c.address) for c in plan.changes})),
            decisions=tuple(log.events),
            body={"cause": cause, "inputs": plan.inputs.to_json(), "policy": plan.inputs.policy},
            attachments=tuple(log.attachments.items()),
        )
    )


def _is_same(newest: Draft, plan: Digest, events: Sequence[Json]) -> bool:
    if (newest.outcome, newest.plan) != (RunOutcome.DENIED, plan):
        return False
    return [_gist(d) for d in newest.decisions] == [_gist(d) for d in events]


def _gist(event: Json) -> Json:
    """Return what makes a denial another one: policies, outcome, and which rules deny what; not messages with ages."""
    match event:
        case {"result": {"outcome": outcome, "violations": [*violations]}}:
            denied = [_identity(v) for v in violations if isinstance(v, Mapping)]
            return [bundle_of(event), outcome, sorted(denied)]
        case _:
            return None


def _identity(violation: Mapping[str, Json]) -> str:
    return digest_of([violation.get(key) for key in ("rule", "enforcement", "address", "path", "exceptedBy")])
