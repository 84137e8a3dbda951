"""What follows when a rollout is aborted by itself: git says so in the same run, and nothing brings the release back.

Traffic is back already, and what is left is written down (`pending`). The release goes on hold before the commit:
whatever fails after that, automation leaves it alone.
"""

from collections.abc import Iterator

from trueup.core.digests import Revision, short
from trueup.core.errors import PermanentError, TrueupError
from trueup.core.ids import ResourceId
from trueup.core.json import Json, mapping_of
from trueup.diff.masks import masked
from trueup.ledger.record import Draft, RecordKind, RunOutcome
from trueup.observed.state import Hold
from trueup.reconcile import codes
from trueup.rollout.events import Event, Status
from trueup.spec.resource import document_of
from trueup.workflows.holding import holds, place_hold
from trueup.workflows.loading import load
from trueup.workflows.pending import TakenBack, journal_of
from trueup.workflows.planning import Invalid
from trueup.workflows.publishing import Change, publish_change
from trueup.workflows.rollback import Proposal, propose
from trueup.workflows.watching import declared_at_head
from trueup.workflows.workspace import Workspace


def land(workspace: Workspace, back: TakenBack) -> Iterator[Event]:
    """Say *back* in git: a hold, a commit or a pull request, a record. What fails waits for the next run."""
    try:
        yield from _landed(workspace, back)
        workspace.journal.close(journal_of(back.deployment))
    except TrueupError as error:
        said = f"git pending: {error}"
        yield _event(workspace, "commit", back, Status.WAITING, said)


def _landed(workspace: Workspace, back: TakenBack) -> Iterator[Event]:
    """Yield what is done; end without an error when git says it."""
    environment = back.deployment.environment
    if not any((h.deployment, h.release) == (back.deployment, back.bad) for h in holds(workspace, environment)):
        place_hold(workspace, _hold(workspace, back), workspace.tree("HEAD").revision)
        yield _event(workspace, "hold", back, Status.DONE, f"release {short(back.bad)} is on hold")
    declared = declared_at_head(workspace, environment)
    if declared is None:
        raise PermanentError(codes.GIT_PENDING, "what HEAD declares is wrong, so nothing can be changed in it")
    if declared.get(back.deployment) == back.bad:
        proposal = propose(workspace, environment, back.deployment.name, to=back.good, reason=back.why)
        if isinstance(proposal, Invalid):
            raise PermanentError(codes.GIT_PENDING, "; ".join(d.detail for d in proposal.diagnostics))
        if _mode(workspace, environment) == "pull-request":
            yield from _requested(workspace, back, proposal)
            raise PermanentError(codes.GIT_PENDING, "a pull request says it, and is not merged yet")
        yield from _written(workspace, back, proposal)
    elif declared.get(back.deployment) != back.good:
        yield _event(workspace, "commit", back, Status.DONE, "a newer commit declares another release already")
        return
    if _mode(workspace, environment) == "commit" and (problem := workspace.committer.push()):
        raise PermanentError(codes.GIT_PENDING, f"the commit is in this clone alone: {problem}")


def _written(workspace: Workspace, back: TakenBack, proposal: Proposal) -> Iterator[Event]:
    revision = workspace.committer.commit(proposal.path, proposal.after, proposal.message)
    said = f"commit {revision[:12]}: {proposal.path} declares release {short(back.good)} again"
    yield _event(workspace, "commit", back, Status.DONE, said, (("revision", revision),))
    yield _recorded(workspace, back, proposal, revision)


def _requested(workspace: Workspace, back: TakenBack, proposal: Proposal) -> Iterator[Event]:
    """Have one pull request that says it, however often this is done."""
    address, bad = back.deployment, short(back.bad)
    change = Change(
        path=proposal.path,
        before=proposal.before,
        content=proposal.after,
        message=proposal.message,
        branch=f"trueup/rollback/{address.name}-in-{address.environment}-{bad}",
        title=f"Roll back {address.name} in {address.environment}: release {bad} was taken back",
        body=f"The rollout of release `{back.bad}` was aborted and all traffic is at `{back.good}`.\n\n{back.why}\n",
        supersedes=f"trueup/rollback/{address.name}-in-{address.environment}-",
    )
    published = publish_change(workspace, change)
    where = published.url or published.link or "; ".join(published.commands)
    yield _event(workspace, "pull-request", back, Status.DONE, where, (("branch", published.branch),))
    if not _is_recorded(workspace, back):
        yield _recorded(workspace, back, proposal, published.commit)


def _is_recorded(workspace: Workspace, back: TakenBack) -> bool:
    bodies = (mapping_of(r.draft.body) for r in workspace.ledger.records() if r.draft.kind is RecordKind.ROLLBACK)
    return any((b.get("from"), b.get("rolledOutBy")) == (back.bad, back.plan) for b in bodies)


def _recorded(workspace: Workspace, back: TakenBack, proposal: Proposal, revision: Revision) -> Event:
    record = workspace.ledger.append(_draft(workspace, back, proposal, revision))
    return _event(workspace, "record", back, Status.DONE, f"record {record.sequence}", (("record", record.digest),))


def _mode(workspace: Workspace, environment: str) -> str:
    loaded = load(workspace, "HEAD")
    resource = loaded.resources.get(ResourceId("Environment", environment))
    spec = mapping_of(mapping_of(document_of(resource)).get("spec")) if resource is not None else {}
    return str(mapping_of(spec.get("rollback")).get("mode") or "commit")


def _hold(workspace: Workspace, back: TakenBack) -> Hold:
    return Hold(
        environment=back.deployment.environment,
        deployment=back.deployment,
        release=back.bad,
        reason=f"its rollout was aborted: {back.why}",
        author=workspace.actor,
        since=workspace.clock.now(),
    )


def _draft(workspace: Workspace, back: TakenBack, proposal: Proposal, revision: Revision) -> Draft:
    serving: dict[str, Json] = {
        str(back.deployment): {"release": back.good, "manifest": masked(proposal.target.manifest), "verified": True}
    }
    return Draft(
        kind=RecordKind.ROLLBACK,
        environment=back.deployment.environment,
        at=workspace.clock.now(),
        actor=workspace.actor,
        revision=revision,
        plan=proposal.planned.plan.id,
        outcome=RunOutcome.DONE,
        resources=(str(back.deployment),),
        body={"cause": back.why, "automatic": True, "from": back.bad, "rolledOutBy": back.plan, "serving": serving},
    )


def _event(
    workspace: Workspace,
    step: str,
    back: TakenBack,
    status: Status,
    detail: str,
    facts: tuple[tuple[str, Json], ...] = (),
) -> Event:
    return Event(workspace.clock.now(), step, str(back.deployment), status, detail, facts)
