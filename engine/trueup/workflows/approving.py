"""Approving a plan: a signed tag that names its id, so that it counts for this plan and for no other."""

import re
from dataclasses import dataclass

from trueup.core.digests import Revision, short
from trueup.core.errors import PermanentError, TrueupError
from trueup.plan.plan import Plan
from trueup.policy.facts.approving import SHOWN, TAGS, TRAILER
from trueup.policy.people import email_of
from trueup.reconcile.codes import DIRTY
from trueup.workflows import codes
from trueup.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Approval:
    """A tag to be signed.

    Attributes:
        tag: Its name, below `refs/tags/`.
        message: What is signed.
        revision: The commit that the plan was made from.
        plan: Id of the plan.
    """

    tag: str
    message: str
    revision: Revision
    plan: str

    @property
    def command(self) -> str:
        """The git command that does the same, for another machine."""
        subject, _, trailer = self.message.strip().partition("\n\n")
        return f"git tag --sign -m '{subject}' -m '{trailer}' {self.tag} {self.revision}"


def approval_of(workspace: Workspace, plan: Plan) -> Approval:
    """Return the approval of *plan* by whoever works here.

    Raises:
        PermanentError: The plan is of what was not committed.
    """
    if not plan.revision:
        raise PermanentError(DIRTY, "An approval is of what a commit holds, and this plan is of a changed work tree.")
    who = re.sub(r"[^a-z0-9]+", "-", email_of(workspace.actor.partition(" on ")[0]).partition("@")[0]).strip("-")
    tag = f"{TAGS.removeprefix('refs/tags/')}{short(plan.id, SHOWN)}/{who or 'approver'}"
    message = f"Approve a plan for {plan.environment}\n\n{TRAILER}: {plan.id}\n"
    return Approval(tag, message, plan.revision, plan.id)


def require_plan(plan: Plan, asked: str) -> None:
    """Refuse to approve another plan than the one *asked* for, by its id or the beginning of it.

    Raises:
        PermanentError: It is another.
    """
    if not plan.id.removeprefix("sha256:").startswith(asked.removeprefix("sha256:")):
        detail = f"Plan {short(asked)} is to be approved; the plan for `{plan.environment}` is now {short(plan.id)}."
        raise PermanentError(codes.OTHER_PLAN, detail)


def sign(workspace: Workspace, approval: Approval) -> None:
    """Write the signed tag.

    Raises:
        PermanentError: Git did not sign it.
    """
    try:
        workspace.tag_signed(approval.tag, approval.message, approval.revision)
    except TrueupError as error:
        hint = f"where the key is: {approval.command}"
        raise PermanentError(codes.NOT_SIGNED, error.detail, hint=hint) from error
