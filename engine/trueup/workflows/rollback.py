"""Rollback: back to the last verified release, by a commit that changes nothing but the release's bytes.

Not a special path: the edited file is planned and judged before it is committed, and the commit is applied and
recorded like any other. The release that was taken back is put on hold, so that nothing brings it back by itself.
"""

from collections.abc import Iterator, Mapping

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest, Revision, short
from trueup.core.errors import PermanentError, TrueupError
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment
from trueup.ledger.record import RecordKind
from trueup.observed.state import Hold, VerifiedRelease
from trueup.plan.difference import difference, snapshot_of
from trueup.policy.decision import Decision, Outcome
from trueup.reconcile import codes
from trueup.rollout.events import Event, Status
from trueup.workflows.apply import Applied, ApplyRequest, apply_locked, recorded
from trueup.workflows.denials import record_denial
from trueup.workflows.holding import lift, place_hold
from trueup.workflows.loading import load, load_tree
from trueup.workflows.overlay import Overlay
from trueup.workflows.planning import Invalid, Planned, plan_loaded
from trueup.workflows.recovery import recover
from trueup.workflows.release_edit import edit_release
from trueup.workflows.retiring import unusable
from trueup.workflows.workspace import Workspace

RELEASE_KEYS = ("model", "prompt", "build")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rollback that has not happened.

    Attributes:
        deployment: What is rolled back.
        path: The file that changes.
        before: Its bytes.
        after: Its bytes with the release of `target`.
        target: The verified release it goes back to.
        bad: Digest of the release that is declared now and will be on hold.
        planned: The plan of the edited file, with its decision.
        message: The commit message.
    """

    deployment: ResourceId
    path: str
    before: bytes
    after: bytes
    target: VerifiedRelease
    bad: Digest
    planned: Planned
    message: str

    @property
    def denied(self) -> Decision | None:
        """The decision that forbids it, if one does."""
        decision = self.planned.judged.decision
        return None if decision.outcome is Outcome.ALLOW else decision


def propose(workspace: Workspace, environment: str, name: str, *, to: str = "", reason: str = "") -> Proposal | Invalid:
    """Work out the rollback of deployment *name*; writes nothing.

    Args:
        workspace: The repository.
        environment: Where.
        name: The deployment's name.
        to: Digest (or its beginning) of the verified release to go to; empty takes the newest that differs.
        reason: Why, for the commit and the hold.

    Raises:
        PermanentError: There is nothing to go back to.
    """
    loaded = load(workspace, "HEAD")
    now = plan_loaded(workspace, loaded, environment, (name,))
    if isinstance(now, Invalid):
        return now
    declared = _declared(now, environment, name)
    target = _target(now, declared, to)
    resource = loaded.resources[declared.id]
    content = loaded.tree.read(resource.origin.path)
    if isinstance(content, Diagnostic):
        return Invalid((content,))
    edited = edit_release(content, resource, declared, _release_of(target, resource.id))
    if isinstance(edited, Diagnostic):
        return Invalid((edited,))
    planned = plan_loaded(
        workspace, load_tree(Overlay(loaded.tree, resource.origin.path, edited)), environment, (name,)
    )
    if isinstance(planned, Invalid):
        return planned
    _require_verified(planned, declared.id, target)
    message = _message(declared, target, planned, reason)
    return Proposal(
        declared.id, resource.origin.path, content, edited, target, declared.release.digest, planned, message
    )


def roll_back(
    workspace: Workspace, proposal: Proposal, applied: Applied, *, reason: str = "", lock_timeout_seconds: float = 0.0
) -> Iterator[Event]:
    """Hold the bad release, commit the proposal, and apply the commit; yield events and fill *applied*.

    All of it happens under the environment's lock. The hold comes first: a run that is killed between the two leaves
    git as it was and the bad release where nothing brings it back; rolling back again goes on from there.

    Raises:
        LockHeldError: Another run works in this environment; nothing was written.
        PermanentError: What was proposed is no longer what a rollback would do; nothing was written.
    """
    environment, name = proposal.deployment.environment, proposal.deployment.name
    with workspace.lock.hold(environment, f"rollback {name} -e {environment}", lock_timeout_seconds):
        for event in _locked(workspace, proposal, applied, reason):
            applied.events.append(event)
            yield event


def _locked(workspace: Workspace, proposal: Proposal, applied: Applied, reason: str) -> Iterator[Event]:
    environment, name = proposal.deployment.environment, proposal.deployment.name
    # What was shown was made from the records of this clone; a hold or a run of others makes it stale.
    workspace.take_remote_records()
    applied.recovered = recover(workspace, environment)
    if applied.recovered:
        yield applied.recovered.event
    again = propose(workspace, environment, name, to=proposal.target.release, reason=reason)
    if isinstance(again, Invalid):
        applied.invalid = again
        return
    _require_same(proposal, again, resumed=applied.recovered is not None)
    if again.denied is not None:
        applied.denied = again.denied
        applied.record = record_denial(workspace, again.planned, RecordKind.ROLLBACK, reason or "rolled back by hand")
        if applied.record is not None:
            yield recorded(workspace, applied.record)
        return
    now = workspace.clock.now
    workspace.journal.write(environment, _opening(workspace, again))
    yield Event(now(), "hold", str(again.deployment), Status.DONE, _held(workspace, again, reason))
    revision = _committed(workspace, again)
    workspace.journal.close(environment)
    yield Event(now(), "commit", str(again.deployment), Status.DONE, f"commit {revision[:12]}: {again.path}")
    request = ApplyRequest(
        environment=environment,
        revision=revision,
        targets=(name,),
        kind=RecordKind.ROLLBACK,
        cause=reason or "rolled back by hand",
    )
    yield from apply_locked(workspace, request, applied)


def _opening(workspace: Workspace, proposal: Proposal) -> dict[str, Json]:
    """Return the journal's entry: enough for the next run to bring the work tree to a commit that was made."""
    content = proposal.after.decode()
    return {
        "type": "begin",
        "at": workspace.clock.now().isoformat(),
        "plan": proposal.planned.plan.id,
        "kind": RecordKind.ROLLBACK.value,
        "actor": workspace.actor,
        "commit": {"path": proposal.path, "content": content, "message": proposal.message},
    }


def _require_same(proposal: Proposal, again: Proposal, *, resumed: bool) -> None:
    """Refuse a rollback that is no longer the one that was shown; a killed run that is resumed may have moved on."""
    if (again.before, again.after, again.bad) != (proposal.before, proposal.after, proposal.bad):
        raise PermanentError(codes.STALE_PLAN, f"`{proposal.path}` or the releases that were verified have changed.")
    expected, now = proposal.planned.plan.inputs, again.planned.plan.inputs
    if expected != now and not resumed:
        before, after = (snapshot_of(p.planned.desired, p.planned.observed) for p in (proposal, again))
        raise PermanentError(codes.STALE_PLAN, difference(expected, now, before, after))


def _held(workspace: Workspace, proposal: Proposal, reason: str) -> str:
    """Have the bad release on hold, and say so."""
    if proposal.bad in {h.release for h in proposal.planned.observed.holds}:
        return f"release {short(proposal.bad)} is on hold already"
    place_hold(workspace, _hold(workspace, proposal, reason), workspace.tree("HEAD").revision)
    return f"release {short(proposal.bad)} is on hold"


def _committed(workspace: Workspace, proposal: Proposal) -> Revision:
    """Commit the edit; when git does not take it, the hold that was placed for it is lifted again."""
    try:
        return workspace.committer.commit(proposal.path, proposal.after, proposal.message)
    except TrueupError:
        is_new = proposal.bad not in {h.release for h in proposal.planned.observed.holds}
        if is_new and workspace.tree("HEAD").read(proposal.path) == proposal.before:
            lift(workspace, proposal.deployment.environment, str(proposal.deployment), proposal.bad)
        workspace.journal.close(proposal.deployment.environment)
        raise


def _declared(planned: Planned, environment: str, name: str) -> DesiredDeployment:
    for deployment in planned.desired.deployments:
        if name in (deployment.id.name, str(deployment.id)):
            return deployment
    detail = f"`{name}` is not declared in `{environment}`."
    raise PermanentError(
        codes.NO_ROLLBACK_TARGET, detail, hint="a deployment that is not declared is brought back by git revert"
    )


def _target(planned: Planned, declared: DesiredDeployment, to: str) -> VerifiedRelease:
    verified = [v for v in planned.observed.verified if v.deployment == declared.id]
    held = {h.release for h in planned.observed.holds}
    current = declared.release.digest
    if to:
        wanted = [v for v in verified if short(v.release, 64).startswith(to.removeprefix("sha256:"))]
        if not wanted:
            known = ", ".join(short(v.release) for v in verified) or "none"
            detail = f"`{to}` is no release that was verified for `{declared.id}`; verified were: {known}."
            raise PermanentError(codes.NO_ROLLBACK_TARGET, detail)
        if wanted[0].release == current:
            # It would go nowhere, and put the release that is to serve on hold.
            detail = f"Release {short(current)} is what `{declared.id}` declares already."
            raise PermanentError(codes.NO_ROLLBACK_TARGET, detail)
        return wanted[0]
    for candidate in verified:
        is_free = candidate.release != current and candidate.release not in held
        if is_free and not unusable(candidate, planned.loaded.resources):
            return candidate
    detail = f"`{declared.id}` has {len(verified)} verified releases; none of them differs from the declared one"
    raise PermanentError(codes.NO_ROLLBACK_TARGET, f"{detail} ({short(current)}), is not on hold and can be used.")


def _require_verified(planned: Planned, address: ResourceId, target: VerifiedRelease) -> None:
    """Refuse an edit whose names make another release than the verified one: under another runtime, they can."""
    made = next(d.release.digest for d in planned.desired.deployments if d.id == address)
    if made != target.release:
        detail = f"What release {short(target.release)} was made of gives {short(made)} under what `{address}` declares"
        hint = "the rest of the deployment changed, too; `git revert` the commit that changed it"
        raise PermanentError(codes.NO_ROLLBACK_TARGET, f"{detail} now, which was never verified.", hint=hint)


def _release_of(target: VerifiedRelease, address: ResourceId) -> Mapping[str, Json]:
    """Read `spec.release` as it was declared when the release was verified."""
    match target.manifest:
        case {"documents": documents} if isinstance(documents, Mapping):
            match documents.get(str(address)):
                case {"spec": {"release": release}} if isinstance(release, Mapping):
                    return release
    raise PermanentError(
        codes.NO_ROLLBACK_TARGET, f"The record of release {short(target.release)} does not say what was declared."
    )


def _message(declared: DesiredDeployment, target: VerifiedRelease, planned: Planned, reason: str) -> str:
    wanted = _release_of(target, declared.id)
    names = ", ".join(str(wanted[k]) for k in RELEASE_KEYS if wanted.get(k))
    lines = [
        f"Roll back {declared.id.name} in {declared.id.environment} to {names}",
        "",
        f"Release {short(target.release)} was verified at {target.verified_at.isoformat(timespec='seconds')}.",
        *([f"Reason: {reason}"] if reason else []),
        "",
        f"Trueup-Cause: rollback of release {declared.release.digest}",
        f"Trueup-Plan: {planned.plan.id}",
        f"Trueup-Record: {target.record}",
    ]
    return "\n".join(lines) + "\n"


def _hold(workspace: Workspace, proposal: Proposal, reason: str) -> Hold:
    return Hold(
        environment=proposal.deployment.environment,
        deployment=proposal.deployment,
        release=proposal.bad,
        reason=reason or "rolled back",
        author=workspace.actor,
        since=workspace.clock.now(),
    )
