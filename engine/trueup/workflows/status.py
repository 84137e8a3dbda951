"""Status: desired beside observed in one environment. Asks no policy and changes nothing."""

from collections.abc import Mapping

from trueup.core.json import Json
from trueup.desired.resolve import resolve
from trueup.desired.state import DesiredState
from trueup.diff.compare import diff
from trueup.diff.status import Status
from trueup.diff.status import status as compare
from trueup.reconcile.observe import observe
from trueup.workflows.loading import load
from trueup.workflows.pending import in_words, pending
from trueup.workflows.planning import Invalid
from trueup.workflows.workspace import Workspace


def status(workspace: Workspace, environment: str, revision: str = "") -> Status | Invalid:
    """Return how *environment* stands to *revision* (the work tree when empty)."""
    return look(workspace, environment, revision)[0]


def look(workspace: Workspace, environment: str, revision: str) -> tuple[Status | Invalid, DesiredState | None]:
    """Return the same, and what is desired, for who shows more of it."""
    loaded = load(workspace, revision)
    if not loaded.is_valid:
        return Invalid(loaded.diagnostics), None
    desired, problems = resolve(loaded.resources, environment, loaded.tree.revision)
    if desired is None:
        return Invalid(problems), None
    target = workspace.target(desired.environment.target)
    observed = observe(desired, target, workspace.store, workspace.ledger, workspace.clock.now(), workspace.seal)
    found = compare(
        desired,
        observed,
        diff(desired, observed),
        unfinished=_unfinished(workspace.journal.unfinished(environment)),
        unpushed=workspace.unpushed(),
        pending=tuple(map(in_words, pending(workspace, environment))),
    )
    return found, desired


def _unfinished(entries: tuple[Mapping[str, Json], ...]) -> str:
    if not entries:
        return ""
    opening, last = entries[0], entries[-1]
    step = f", last step: {last.get('step')} {last.get('address')} {last.get('status')}" if len(entries) > 1 else ""
    what = "a rollback" if opening.get("kind") == "rollback" else "an apply"
    return f"{what} by {opening.get('actor', 'somebody')} did not end{step}; apply again to finish it"
