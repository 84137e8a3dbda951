"""Apply: lock, recover, observe again, same plan?, act, record.

Nothing is written before the plan made under the lock has the id that was reviewed (promise 1), and every step
is in the journal before it is taken, so that the next apply can tell done, failed and not started apart
(promise 3).
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import field, replace
from datetime import datetime

from trueup.core.diagnostics import Span
from trueup.core.digests import digest_of
from trueup.core.errors import PermanentError, TrueupError
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.desired.manifest import manifest_of
from trueup.diff.masks import masked
from trueup.ledger.record import Draft, Record, RecordKind, RunOutcome
from trueup.plan.codes import EXPIRED_PLAN
from trueup.plan.difference import Snapshot, difference, snapshot_of
from trueup.plan.plan import Inputs
from trueup.plan.saved import SavedPlan
from trueup.policy.approval_list import approvals_judged
from trueup.policy.decision import ApprovedPlan, Decision, approve
from trueup.reconcile import codes
from trueup.reconcile.apply import Applying, Result
from trueup.reconcile.observe import observe
from trueup.reconcile.settling import settle
from trueup.rollout.events import Event, Status
from trueup.workflows.acting import ports_of
from trueup.workflows.decisions import DecisionLog
from trueup.workflows.denials import record_denial
from trueup.workflows.judging import gate_of
from trueup.workflows.pending import TakenBack, note, pending, taken_back, takes_back
from trueup.workflows.planning import Invalid, Planned, make_plan
from trueup.workflows.recovery import Recovered, recover
from trueup.workflows.watching import watch_of
from trueup.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ApplyRequest:
    """What to apply, and as what it is recorded.

    Attributes:
        environment: Where.
        revision: The commit; empty means HEAD, which must be what the work tree holds.
        expected: The saved plan's inputs; None applies whatever the plan is now.
        snapshot: The states the expected plan was made from, to say what changed since.
        targets: Deployment names to narrow to.
        lock_timeout_seconds: How long to wait for another apply to end.
        kind: APPLY or ROLLBACK.
        cause: Why, in words, for the record.
    """

    environment: str
    revision: str = ""
    expected: Inputs | None = None
    snapshot: Snapshot | None = None
    targets: tuple[str, ...] = ()
    lock_timeout_seconds: float = 0.0
    kind: RecordKind = RecordKind.APPLY
    cause: str = ""


@dataclass(slots=True)
class Applied:
    """How apply ended; filled while its events are read.

    Attributes:
        invalid: What is wrong with the declaration, when it cannot be planned.
        planned: The plan made under the lock.
        recovered: What an earlier run left behind, if one was killed.
        denied: The decision that stopped it before the first write.
        result: What was done, failed and not started.
        record: The ledger's record of it.
        address: Where the environment answers now; empty when it does not, or nobody could say.
    """

    invalid: Invalid | None = None
    planned: Planned | None = None
    recovered: Recovered | None = None
    denied: Decision | None = None
    result: Result | None = None
    record: Record | None = None
    address: str = ""
    events: list[Event] = field(default_factory=list)


def apply(workspace: Workspace, request: ApplyRequest, applied: Applied) -> Iterator[Event]:
    """Make the environment what the revision declares; yield events and fill *applied*.

    Raises:
        LockHeldError: Another apply works in this environment.
        PermanentError: The plan is stale, or the work tree has uncommitted changes.
    """
    with workspace.lock.hold(request.environment, f"apply -e {request.environment}", request.lock_timeout_seconds):
        for event in apply_locked(workspace, request, applied):
            applied.events.append(event)
            yield event


def is_owed(workspace: Workspace, environment: str) -> bool:
    """Tell whether an earlier run left something: it was killed, goes on, or could not say in git what it took back."""
    return bool(workspace.journal.unfinished(environment) or pending(workspace, environment))


def finish(workspace: Workspace, environment: str, lock_timeout_seconds: float = 0.0) -> Iterator[Event]:
    """Finish what an earlier run left, so that the plan is made of what is declared and runs after that; yield events.

    Raises:
        LockHeldError: The earlier run goes on.
    """
    with workspace.lock.hold(environment, f"apply -e {environment}", lock_timeout_seconds):
        yield from _remote(workspace, environment, workspace.take_remote_records())
        recovered = recover(workspace, environment)
        if recovered:
            yield recovered.event
        yield from _land(workspace, pending(workspace, environment))


def apply_locked(workspace: Workspace, request: ApplyRequest, applied: Applied) -> Iterator[Event]:
    """Apply under the environment's lock, which the caller holds and keeps."""
    yield from _remote(workspace, request.environment, workspace.take_remote_records())
    applied.recovered = recover(workspace, request.environment)
    if applied.recovered:
        yield applied.recovered.event
    yield from _land(workspace, pending(workspace, request.environment))
    yield from _applied(workspace, request, applied)
    while _is_superseded(request, applied):
        # What took the place of a rollout is taken up at once.
        applied.result, applied.record = None, None
        yield from _applied(workspace, request, applied)


def _is_superseded(request: ApplyRequest, applied: Applied) -> bool:
    """Tell whether a newer commit ended a rollout of a run that was to apply whatever is declared."""
    is_open = not request.revision and request.expected is None and applied.result is not None
    return is_open and any(e.code is codes.SUPERSEDED for e in (applied.result or Result()).failed.values())


def _applied(workspace: Workspace, request: ApplyRequest, applied: Applied) -> Iterator[Event]:
    planned = make_plan(workspace, request.environment, request.revision, request.targets)
    if isinstance(planned, Invalid):
        applied.invalid = planned
        return
    applied.planned = planned
    require_committed(planned)
    _require_same(request, planned, applied.recovered)
    approved = approve(planned.plan, planned.judged.decision)
    if isinstance(approved, Decision):
        yield from _settled(workspace, planned)
        yield from _denied(workspace, request, applied, planned, approved)
        return
    if not planned.plan.changes:
        return
    yield from _run(workspace, request, applied, planned, approved)


def _land(workspace: Workspace, backs: Iterable[TakenBack]) -> Iterator[Event]:
    """Say in git what was taken back."""
    for back in backs:
        from trueup.workflows.taking_back import land  # a rollback applies as well: it imports this module

        yield from land(workspace, back)


def _settled(workspace: Workspace, planned: Planned) -> Iterator[Event]:
    """Bring traffic to rest that a killed run had begun to move: what is denied is not carried on."""
    environment = planned.desired.environment
    if is_moving(planned):
        for address, said in settle(environment, workspace.target(environment.target), workspace.store):
            yield Event(workspace.clock.now(), "route", str(address), Status.DONE, said)


def is_moving(planned: Planned) -> bool:
    """Tell whether traffic was on its way from one release to another when the plan was made."""
    return any(r.split is not None or r.held for r in planned.observed.target.routes)


def refuse(workspace: Workspace, request: ApplyRequest, applied: Applied, planned: Planned) -> Iterator[Event]:
    """Record that policy denies what was *planned* before anything was locked; yield events and fill *applied*.

    A plan of what no commit holds is denied and not recorded: nobody could find again what it was.
    """
    applied.planned = planned
    applied.denied = planned.judged.decision
    if planned.plan.revision:
        yield from _remote(workspace, request.environment, workspace.take_remote_records())
        yield from _denied(workspace, request, applied, planned, planned.judged.decision)


def _denied(
    workspace: Workspace, request: ApplyRequest, applied: Applied, planned: Planned, decision: Decision
) -> Iterator[Event]:
    applied.denied = decision
    applied.record = record_denial(workspace, planned, request.kind, request.cause)
    if applied.record is not None:
        yield recorded(workspace, applied.record)
        yield from _remote(workspace, request.environment, workspace.remote_problem())


def _require_same(request: ApplyRequest, planned: Planned, resumed: Recovered | None) -> None:
    """Refuse a plan whose inputs are not those reviewed.

    When a killed run of the very same plan is resumed, the observed state differs by what that run did; the
    journal proves that it was this plan, so only the other inputs must be equal.
    """
    expected, now = request.expected, planned.plan.inputs
    if expected is None or expected == now:
        return
    if resumed and expected.plan_id in resumed.plans and replace(expected, observed=now.observed) == now:
        return
    snapshot = snapshot_of(planned.desired, planned.observed)
    raise PermanentError(codes.STALE_PLAN, difference(expected, now, request.snapshot, snapshot))


def _remote(workspace: Workspace, environment: str, problem: str) -> Iterator[Event]:
    """Tell that the ledger's remote was not reached: records wait in this clone, nothing is lost."""
    if problem:
        said = f"the ledger's remote was not reached: {problem}"
        yield Event(workspace.clock.now(), "push", f"Environment/{environment}", Status.WAITING, said)


def require_committed(planned: Planned) -> None:
    """Refuse a plan of what no commit holds.

    Raises:
        PermanentError: The work tree has uncommitted changes.
    """
    if not planned.plan.revision:
        raise PermanentError(codes.DIRTY, "The work tree differs from HEAD in the folders trueup reads.")


def require_fresh(saved: SavedPlan, path: str, now: datetime) -> None:
    """Refuse a saved plan that is too old.

    Raises:
        PermanentError: It has expired.
    """
    if saved.is_expired(now):
        detail = f"It was made at {saved.plan.created_at.isoformat()} and expired at {saved.expires_at.isoformat()}."
        raise PermanentError(EXPIRED_PLAN, detail, span=Span(path))


def _run(
    workspace: Workspace, request: ApplyRequest, applied: Applied, planned: Planned, approved: ApprovedPlan
) -> Iterator[Event]:
    target = workspace.target(planned.desired.environment.target)
    opening = _opening(workspace, request, planned)
    workspace.journal.write(request.environment, opening)
    log = DecisionLog(workspace, request.environment, planned.policies, planned.plan.revision)
    log.journal(planned.judged)
    ports = ports_of(workspace, target, planned.desired.revision, watch_of(workspace, planned))
    gate = gate_of(
        workspace,
        planned.policies,
        planned.loaded,
        planned.plan,
        planned.desired,
        lambda: observe(
            planned.desired, target, workspace.store, workspace.ledger, workspace.clock.now(), workspace.seal
        ),
        note=log.journal,
    )
    applying = Applying(approved, planned.desired, planned.observed, ports, gate.judge, workspace.actor)
    applied.result = applying.result
    yield from applying.events()
    backs = tuple(taken_back(planned, applying.result.failed, request.kind))
    for back in backs:
        note(workspace, back)
    applied.record = workspace.ledger.append(_draft(workspace, request, applied, planned, log, opening))
    workspace.journal.close(request.environment)
    with suppress(TrueupError):  # all is done and recorded; where it answers is only told
        applied.address = target.observe(request.environment).address
    yield recorded(workspace, applied.record)
    yield from _land(workspace, backs)
    yield from _remote(workspace, request.environment, workspace.remote_problem())


def recorded(workspace: Workspace, record: Record) -> Event:
    """Return the event that tells of *record*."""
    where = f"Environment/{record.draft.environment}"
    said, facts = f"record {record.sequence}", (("record", record.digest),)
    return Event(workspace.clock.now(), "record", where, Status.DONE, said, facts)


def _opening(workspace: Workspace, request: ApplyRequest, planned: Planned) -> dict[str, Json]:
    """Return the journal's first entry: enough to record the run when it is killed after this."""
    plan = planned.plan
    now = workspace.clock.now().isoformat()
    return {
        "type": "begin",
        "run": digest_of({"plan": plan.id, "at": now, "actor": workspace.actor}),
        "at": now,
        "plan": plan.id,
        # A second kill must not make the reviewed plan stale.
        "resumes": request.expected.plan_id if request.expected else "",
        "kind": request.kind.value,
        "revision": plan.revision,
        "actor": workspace.actor,
        "target": planned.desired.environment.target,
        "host": planned.desired.environment.host,
        "port": planned.desired.environment.port,
        "takesBack": takes_back(planned, request.kind),
        "serving": {str(r.deployment): r.release for r in planned.observed.target.routes},
        "routed": [str(r.deployment) for r in planned.observed.target.routes],
    }


def _draft(
    workspace: Workspace,
    request: ApplyRequest,
    applied: Applied,
    planned: Planned,
    log: DecisionLog,
    opening: Mapping[str, Json],
) -> Draft:
    result = applied.result or Result()
    serving: dict[str, Json] = {
        str(d.id): {"release": d.release.digest, "manifest": manifest_of(d), "verified": True} for d in result.verified
    }
    body: dict[str, Json] = {
        "run": opening["run"],
        "cause": request.cause,
        "inputs": planned.plan.inputs.to_json(),
        "policy": planned.plan.inputs.policy,
        "serving": serving,
        "removed": [str(a) for a in result.removed],
        "done": [str(a) for a in result.done],
        "failed": {str(a): f"{e.code.id} {e.detail}" for a, e in result.failed.items()},
        "notStarted": [str(a) for a in result.not_started],
    }
    if approved := approvals_judged(planned.judged.document):
        body["approvals"] = approved
    return Draft(
        kind=request.kind,
        environment=request.environment,
        at=workspace.clock.now(),
        actor=workspace.actor,
        revision=planned.plan.revision,
        plan=planned.plan.id,
        outcome=outcome_of(result),
        resources=_touched(planned),
        decisions=tuple(log.events),
        # A repository may turn the rule against secrets off; the ledger, which is for ever, keeps none all the same.
        events=tuple(masked(e.to_json()) for e in applied.events),
        body=masked(body),
        attachments=tuple(log.attachments.items()),
    )


def outcome_of(result: Result) -> RunOutcome:
    """Tell how a run ended: all done, some done or serving, or nothing but failures."""
    if not result.failed and not result.not_started:
        return RunOutcome.DONE
    return RunOutcome.PARTIAL if result.done or result.verified or result.removed else RunOutcome.FAILED


def _touched(planned: Planned) -> tuple[str, ...]:
    """Return the addresses a filter on the record should find: what changed and what it was made of."""
    moved = {c.address for c in planned.plan.changes}
    documents = {r.id for d in planned.desired.deployments if d.id in moved for r in d.resources}
    return tuple(sorted(str(a) for a in moved | documents))
