"""Approving a plan: a signed tag that names its id, so that it counts for this plan and for no other."""

import re
from collections.abc import Collection, Iterator
from dataclasses import field, replace
from itertools import count

from trueup.core.digests import Digest, short
from trueup.core.errors import PermanentError, TrueupError
from trueup.core.frozen import dataclass
from trueup.desired.state import EnvironmentFacts
from trueup.observed.state import ObservedState
from trueup.plan.difference import difference, snapshot_of
from trueup.plan.plan import Plan
from trueup.plan.saved import SavedPlan
from trueup.policy.approval_list import Standing, is_separate, standing_of
from trueup.policy.facts.approvers import Approvers
from trueup.policy.facts.approving import ENVIRONMENT, SHOWN, TAGS, TRAILER
from trueup.policy.facts.change import ChangeFacts, approvals, not_counted
from trueup.policy.people import is_among
from trueup.reconcile.codes import DIRTY
from trueup.workflows import codes
from trueup.workflows.circumstances import change_of
from trueup.workflows.loading import Loaded
from trueup.workflows.planning import Invalid, Planned, make_plan
from trueup.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Proposed:
    """A plan that may be approved, and the approvals it has.

    Attributes:
        plan: The plan.
        loaded: What it was made from.
        observed: What is observed on this machine, which need not be where the environment runs.
        environment: What its environment declares.
        change: Where it comes from, and what was given.
        standing: Which approvals count.
        is_elsewhere: The environment was observed on another machine: what runs could not be looked at again.
    """

    plan: Plan
    loaded: Loaded
    observed: ObservedState
    environment: EnvironmentFacts
    change: ChangeFacts = field(default_factory=ChangeFacts)
    standing: Standing = field(default_factory=Standing)
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """A tag to be signed, or that is signed.

    Attributes:
        tag: Its name, below `refs/tags/`.
        message: What is signed.
        proposed: What is approved.
        is_new: False when the plan had this approval before.
    """

    tag: str
    message: str
    proposed: Proposed
    is_new: bool = True

    @property
    def command(self) -> str:
        """The git command that does the same, for another machine."""
        subject, _, trailer = self.message.strip().partition("\n\n")
        return f"git tag --sign -m '{subject}' -m '{trailer}' {self.tag} {self.proposed.plan.revision}"


def propose(workspace: Workspace, environment: str, revision: str, asked: str = "") -> Proposed | Invalid:
    """Return the plan that *environment* has now, which has to be the one *asked* for by its id.

    Raises:
        PermanentError: It is another, or is of what was not committed.
    """
    planned = make_plan(workspace, environment, revision)
    if isinstance(planned, Invalid):
        return planned
    plan = planned.plan
    if not plan.id.removeprefix("sha256:").startswith(asked.removeprefix("sha256:")):
        detail = f"Plan {short(Digest(asked))} is to be approved; the plan for `{environment}` is now {short(plan.id)}."
        raise PermanentError(codes.OTHER_PLAN, detail)
    return _proposed(workspace, planned, plan)


def propose_saved(workspace: Workspace, saved: SavedPlan) -> Proposed | Invalid:
    """Return the plan of a file, which has to be what its commit declares and, where that can be seen, what runs.

    Raises:
        PermanentError: It is another plan by now, or is of what was not committed.
    """
    plan = saved.plan
    if not plan.revision:
        raise PermanentError(DIRTY, "It is a plan of what was not committed then.")
    planned = make_plan(workspace, plan.environment, plan.revision, tuple(str(t) for t in plan.targets))
    if isinstance(planned, Invalid):
        return planned
    then, now = plan.inputs, planned.plan.inputs
    # Where nothing of the environment runs, it is another machine that observed it.
    is_elsewhere = then != now and not planned.observed.target.routes and replace(then, observed=now.observed) == now
    if then != now and not is_elsewhere:
        said = difference(then, now, saved.snapshot, snapshot_of(planned.desired, planned.observed))
        raise PermanentError(codes.OTHER_PLAN, said)
    return _proposed(workspace, planned, plan, is_elsewhere)


def _proposed(workspace: Workspace, planned: Planned, plan: Plan, is_elsewhere: bool = False) -> Proposed:
    if not plan.revision:
        raise PermanentError(DIRTY, "An approval is of what a commit holds, and this plan is of a changed work tree.")
    found = Proposed(plan, planned.loaded, planned.observed, planned.desired.environment, is_elsewhere=is_elsewhere)
    return _looked_at(workspace, found)


def _looked_at(workspace: Workspace, proposed: Proposed) -> Proposed:
    """Return *proposed* with the approvals that there are now."""
    plan, environment = proposed.plan, proposed.environment
    change = change_of(workspace, proposed.loaded, plan, proposed.observed)
    given, refused = (find(change, environment.settings, plan.id) for find in (approvals, not_counted))
    return replace(
        proposed, change=change, standing=standing_of(environment.tier, environment.settings, given, refused)
    )


def approval_of(workspace: Workspace, proposed: Proposed) -> Approval:
    """Return the approval of *proposed* by whoever works here; the one they gave before when there is one.

    Raises:
        PermanentError: It could not count: nothing changes, it is their own change, no signature counts here.
    """
    plan, change, environment = proposed.plan, proposed.change, proposed.environment
    approvers = change.approvers or Approvers()
    me = workspace.actor.rpartition(" on ")[0] or workspace.actor
    if not plan.changes:
        raise PermanentError(codes.NOTHING_TO_APPROVE, f"The plan for `{environment.name}` changes nothing.")
    if "signature" not in approvers.sources:
        said = f"`{environment.name}` takes approvals from {', '.join(sorted(approvers.sources)) or 'nowhere'}."
        raise PermanentError(codes.NO_SIGNATURES, said)
    authors = tuple(map(approvers.spelt, change.authors))
    if is_separate(environment.tier, environment.settings) and is_among(approvers.spelt(me), authors):
        raise PermanentError(codes.OWN_CHANGE, f"{me} wrote a part of it.")
    mine = (a for a in proposed.standing.listed if not a.why and a.source == "tag")
    before = next((a.name for a in mine if a.email == approvers.email_of(me)), "")
    trailers = f"{TRAILER}: {plan.id}\n{ENVIRONMENT}: {environment.name}\n"
    message = f"Approve a plan for {environment.name}\n\n{trailers}"
    taken = {given.name for given in change.given}
    return Approval(before or _free(plan, approvers.email_of(me), taken), message, proposed, is_new=not before)


def sign(workspace: Workspace, approval: Approval) -> Proposed:
    """Write the signed tag and return the plan with it; a tag that would not count is not left there.

    Raises:
        PermanentError: Git did not sign it, or its signature does not count.
    """
    proposed = approval.proposed
    try:
        workspace.tag_signed(approval.tag, approval.message, proposed.plan.revision)
    except TrueupError as error:
        hint = "" if workspace.signing() else "no key is set up: `git config user.signingKey KEY`; for SSH also "
        hint += "`git config gpg.format ssh`" if hint else f"where the key is: {approval.command}"
        raise PermanentError(codes.NOT_SIGNED, error.detail, hint=hint) from error
    after = _looked_at(workspace, proposed)
    why = next((a.why for a in after.standing.listed if a.name == approval.tag), "it cannot be found again")
    if why:
        workspace.untag(approval.tag)
        raise PermanentError(codes.WOULD_NOT_COUNT, f"{why[:1].upper()}{why[1:]}.")
    return after


def _free(plan: Plan, email: str, taken: Collection[str]) -> str:
    """Return a name for a tag that no other approval of *plan* has."""
    return next(name for name in _names(plan, email) if name not in taken)


def _names(plan: Plan, email: str) -> Iterator[str]:
    folder = f"{TAGS.removeprefix('refs/tags/')}{short(plan.id, SHOWN)}"
    short_name, whole = (re.sub(r"[^a-z0-9]+", "-", words).strip("-") for words in (email.partition("@")[0], email))
    yield f"{folder}/{short_name or 'approver'}"
    yield from (f"{folder}/{whole or 'approver'}{'' if n == 1 else f'-{n}'}" for n in count(1))
