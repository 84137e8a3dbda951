"""Promotion: the release that is verified upstream, moved into another environment's file, and nothing else.

Works like a rollback: the edited file is planned and judged before anything is written, and what is written is worked
out again from what is there then.
"""

import json
from datetime import timedelta

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Revision, short
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.core.suggestions import did_you_mean
from trueup.desired.codes import UNKNOWN_ENVIRONMENT
from trueup.desired.resolve import resolve
from trueup.desired.state import DesiredDeployment
from trueup.diff.changes import Room, Update
from trueup.diff.status import EvidenceStatus, status
from trueup.observed.state import VerifiedRelease
from trueup.plan.promotion import Approvals, Soak, WayBack
from trueup.policy.approval_list import standing_of
from trueup.policy.decision import Decision, Outcome
from trueup.policy.facts.soak import soak_facts
from trueup.spec import kinds
from trueup.workflows import codes
from trueup.workflows.holding import holds
from trueup.workflows.loading import Loaded, environments, load, load_tree
from trueup.workflows.overlay import Overlay
from trueup.workflows.planning import Invalid, Planned, plan_loaded
from trueup.workflows.publishing import Change, Published, default_branch, publish_change
from trueup.workflows.release_edit import declared_release, edit_release
from trueup.workflows.retiring import unusable
from trueup.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion that has not happened.

    Attributes:
        deployment: The deployment in the environment that receives.
        source: The environment it comes from.
        path: The file that changes.
        before: Its bytes.
        after: Its bytes with the release.
        release: The release that is verified and serves upstream.
        names: What changes, as (key, now, then); empty text for what is not declared.
        planned: The plan of the edited file, with its decision.
        evidence: Required evaluations of the receiving environment.
        soak: The time to be served upstream.
        approvals: Who must agree.
        way_back: What it can be rolled back to; None when nothing was verified there.
        message: The commit message.
    """

    deployment: ResourceId
    source: str
    path: str
    before: bytes
    after: bytes
    release: VerifiedRelease
    names: tuple[tuple[str, str, str], ...]
    planned: Planned
    evidence: tuple[EvidenceStatus, ...]
    soak: Soak
    approvals: Approvals
    way_back: WayBack | None
    message: str

    @property
    def peak(self) -> Room | None:
        """What the rollout takes at its peak; None when no server is replaced."""
        updates = (c for c in self.planned.plan.changes if isinstance(c, Update))
        return next((u.room for u in updates if u.address == self.deployment), None)

    @property
    def is_needed(self) -> bool:
        """Whether the file declares another release now."""
        return self.before != self.after

    @property
    def denied(self) -> Decision | None:
        """The decision that forbids it, if one does."""
        decision = self.planned.judged.decision
        return None if decision.outcome is Outcome.ALLOW else decision

    @property
    def title(self) -> str:
        """One line that says what it is."""
        return self.message.partition("\n")[0]

    @property
    def branch(self) -> str:
        """The branch of the pull request: the same for the same release."""
        return f"{self.family}{short(self.release.release)}"

    @property
    def family(self) -> str:
        """How the branches of all promotions of this deployment to this environment begin."""
        return f"trueup/promote/{self.deployment.name}-to-{self.deployment.environment}-"


def propose(workspace: Workspace, name: str, source: str, target: str, revision: str = "HEAD") -> Promotion | Invalid:
    """Work out the promotion of deployment *name* from *source* to *target* at *revision*; writes nothing.

    Raises:
        PermanentError: *source* is not upstream of *target*, the deployment is not declared in both, or what is
            declared in *source* is not what was verified and serves there.
    """
    loaded = load(workspace, revision)
    if not loaded.is_valid:
        return Invalid(loaded.diagnostics)
    _require_upstream(loaded, source, target)
    upstream = _declared(loaded, name, source)
    if isinstance(upstream, Invalid):
        return upstream
    declared = _declared(loaded, name, target)
    if isinstance(declared, Invalid):
        return declared
    now = plan_loaded(workspace, loaded, target, (name,))
    if isinstance(now, Invalid):
        return now
    verified = _verified(workspace, now, upstream)
    resource = loaded.resources[declared.id]
    content = loaded.tree.read(resource.origin.path)
    edited = (
        content
        if isinstance(content, Diagnostic)
        else edit_release(content, resource, declared, declared_release(upstream))
    )
    if isinstance(content, Diagnostic) or isinstance(edited, Diagnostic):
        return Invalid(tuple(d for d in (content, edited) if isinstance(d, Diagnostic))[:1])
    tree = load_tree(Overlay(loaded.tree, resource.origin.path, edited))
    planned = plan_loaded(workspace, tree, target, (name,))
    if isinstance(planned, Invalid):
        return planned
    made = next(d for d in planned.desired.deployments if d.id == declared.id)
    _require_same_release(made, verified, source)
    return Promotion(
        deployment=declared.id,
        source=source,
        path=resource.origin.path,
        before=content,
        after=edited,
        release=verified,
        names=_names(declared, upstream),
        planned=planned,
        evidence=_evidence(planned, declared.id),
        soak=_soak(planned, made),
        approvals=_approvals(planned),
        way_back=_way_back(tree, planned, made, declared, content),
        message=_message(declared, upstream, verified, planned, source),
    )


def commit_promotion(workspace: Workspace, promotion: Promotion) -> Revision:
    """Commit *promotion* on the current branch; when it is there already, its tip is returned.

    A run that was killed after the branch moved has left the work tree behind: it follows then.

    Raises:
        PermanentError: It is no longer what was shown, or policy denies it; nothing was written.
    """
    deployment = promotion.deployment
    again = propose(workspace, deployment.name, promotion.source, deployment.environment)
    _require_same(promotion, again)
    return workspace.committer.commit(promotion.path, promotion.after, promotion.message)


def propose_on_base(workspace: Workspace, name: str, source: str, target: str) -> Promotion | Invalid:
    """Work out the promotion at the newest commit of the default branch, the remote's when there is one.

    Raises:
        TransientError: The remote does not answer.
        PermanentError: As for `propose`.
    """
    base = default_branch(workspace)
    return propose(workspace, name, source, target, workspace.publisher.newest(base, base))


def publish_promotion(workspace: Workspace, promotion: Promotion, body: str) -> Published:
    """Make, push and propose the branch of *promotion*; *body* is the preview, markdown.

    An open pull request of another release for the same deployment and environment is closed with a remark. What is
    already on its way is found and left as it is.

    Raises:
        TransientError: Remote or forge does not answer, or the file changed on the default branch meanwhile.
        PermanentError: There is no right, or the branch has commits of somebody else.
    """
    change = Change(
        promotion.path,
        promotion.before,
        promotion.after,
        promotion.message,
        promotion.branch,
        promotion.title,
        body,
        promotion.family,
    )
    return publish_change(workspace, change)


def _require_same(promotion: Promotion, again: Promotion | Invalid) -> None:
    if isinstance(again, Invalid) or (again.before, again.after, again.release.release) != (
        promotion.before,
        promotion.after,
        promotion.release.release,
    ):
        detail = f"`{promotion.path}` or what is verified in `{promotion.source}` has changed."
        raise PermanentError(codes.STALE_PROMOTION, detail)
    if again.denied is not None and promotion.denied is None:
        raise PermanentError(codes.STALE_PROMOTION, "Policy denies it by now.")


def _require_upstream(loaded: Loaded, source: str, target: str) -> None:
    known = environments(loaded.resources)
    for name in (source, target):
        if name not in known:
            detail = f"`{name}` is not declared; declared are {', '.join(known) or 'none'}."
            raise PermanentError(UNKNOWN_ENVIRONMENT, detail, hint=did_you_mean(name, known))
    upstreams = {
        id_.name: kinds.environment(resource).spec.upstream or ""
        for id_, resource in loaded.resources.items()
        if id_.kind == "Environment"
    }
    if upstreams[target] == source:
        return
    chain = [target]
    while (before := upstreams.get(chain[0], "")) and before not in chain:
        chain.insert(0, before)
    way = " -> ".join(chain) if len(chain) > 1 else f"`{target}` has no upstream"
    raise PermanentError(codes.NOT_UPSTREAM, f"`{source}` is not upstream of `{target}`: {way}.")


def _declared(loaded: Loaded, name: str, environment: str) -> DesiredDeployment | Invalid:
    desired, problems = resolve(loaded.resources, environment, loaded.tree.revision)
    if desired is None:
        return Invalid(problems)
    found = next((d for d in desired.deployments if d.id.name == name), None)
    if found is None:
        known = [d.id.name for d in desired.deployments]
        hint = did_you_mean(name, known) or codes.NOT_DECLARED_HERE.remedy
        raise PermanentError(codes.NOT_DECLARED_HERE, f"`{name}` is not declared in `{environment}`.", hint=hint)
    return found


def _verified(workspace: Workspace, now: Planned, upstream: DesiredDeployment) -> VerifiedRelease:
    """Return the release that serves upstream, verified; refuse when the declaration says another one."""
    environment, name = upstream.id.environment, upstream.id.name
    serving = next((v for v in now.observed.upstream if v.deployment == upstream.id and v.is_serving), None)
    wanted = upstream.release.digest
    if serving is None:
        detail = f"`{environment}` declares release {short(wanted)} of `{name}`; none was verified and serves there."
        raise PermanentError(codes.NOT_VERIFIED_UPSTREAM, detail)
    if serving.release != wanted:
        detail = (
            f"`{environment}` declares release {short(wanted)} of `{name}`; "
            f"verified and serving there is {short(serving.release)}."
        )
        raise PermanentError(codes.NOT_VERIFIED_UPSTREAM, detail)
    for hold in holds(workspace, environment):
        if hold.release == wanted:
            detail = f"Release {short(wanted)} is on hold in `{environment}`: {hold.reason}."
            raise PermanentError(codes.HELD_UPSTREAM, detail)
    return serving


def _require_same_release(made: DesiredDeployment, verified: VerifiedRelease, source: str) -> None:
    if made.release.digest != verified.release:
        detail = f"What is release {short(verified.release)} in `{source}` would be {short(made.release.digest)} there."
        raise PermanentError(codes.OTHER_RELEASE, detail)


def _names(declared: DesiredDeployment, upstream: DesiredDeployment) -> tuple[tuple[str, str, str], ...]:
    now, then = declared_release(declared), declared_release(upstream)
    return tuple((key, _spelt(now[key]), _spelt(then[key])) for key in now if now[key] != then[key])


def _spelt(value: Json) -> str:
    return ", ".join(str(v) for v in value) if isinstance(value, list | tuple) else str(value or "")


def _evidence(planned: Planned, deployment: ResourceId) -> tuple[EvidenceStatus, ...]:
    rows = status(planned.desired, planned.observed, planned.plan.changes).deployments
    return next(row.evidence for row in rows if row.id == deployment)


def _soak(planned: Planned, made: DesiredDeployment) -> Soak:
    facts = soak_facts((made,), planned.desired.environment, planned.observed.upstream)
    match facts.get(str(made.id)):
        case {"requiredSeconds": int(required), "servedSeconds": served}:
            known = timedelta(seconds=served) if isinstance(served, int) else None
            return Soak(timedelta(seconds=required), known)
        case _:
            return Soak(timedelta(), None)


def _approvals(planned: Planned) -> Approvals:
    environment = planned.desired.environment
    given = json.loads(planned.judged.document or b"{}").get("approvals")
    standing = standing_of(environment.tier, environment.settings, given, None)
    return Approvals(standing.required, standing.roles, tuple(a.by for a in standing.listed if not a.why))


def _way_back(
    edited: Loaded, planned: Planned, made: DesiredDeployment, declared: DesiredDeployment, before: bytes
) -> WayBack | None:
    """Rehearse the rollback: which release it would take, whether it is here, and that the file comes back."""
    held = {h.release for h in planned.observed.holds}
    others = [v for v in planned.observed.verified if v.deployment == made.id and v.release != made.release.digest]
    verified = [v for v in others if v.release not in held and not unusable(v, edited.resources)]
    if not verified:
        return None
    current = next((v for v in verified if v.release == declared.release.digest), None)
    goal = current or verified[0]
    resource = edited.resources[made.id]
    content = edited.tree.read(resource.origin.path)
    restored = (
        content
        if isinstance(content, Diagnostic)
        else edit_release(content, resource, made, declared_release(declared))
    )
    return WayBack(goal.release, goal.retained, current is not None and restored == before, current is not None)


def _message(
    declared: DesiredDeployment,
    upstream: DesiredDeployment,
    verified: VerifiedRelease,
    planned: Planned,
    source: str,
) -> str:
    wanted = declared_release(upstream)
    names = ", ".join(_spelt(value) for value in wanted.values() if value)
    at = verified.verified_at.isoformat(timespec="seconds")
    lines = [
        f"Promote {declared.id.name} to {declared.id.environment}: {names}",
        "",
        f"Release {short(verified.release)} was verified in {source} at {at}.",
        "",
        f"Trueup-Cause: promotion from {source} to {declared.id.environment}",
        f"Trueup-Plan: {planned.plan.id}",
        f"Trueup-Record: {verified.record}",
        f"Trueup-Release: {verified.release}",
    ]
    return "\n".join(lines) + "\n"
