"""Holds: a release that must not be rolled out in an environment until someone lifts it."""

from datetime import timedelta

from trueup.core.digests import Digest, Revision, short
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.diff.masks import masked
from trueup.ledger import history
from trueup.ledger.record import Draft, Record, RecordKind, RunOutcome
from trueup.observed.state import Hold
from trueup.workflows import codes
from trueup.workflows.planning import Invalid, make_plan
from trueup.workflows.workspace import Workspace


def holds(workspace: Workspace, environment: str) -> tuple[Hold, ...]:
    """Return the holds in force in *environment*."""
    return history.holds_in_force(workspace.ledger.records(), environment, workspace.clock.now())


def place_hold(workspace: Workspace, hold: Hold, revision: Revision) -> Record:
    """Record *hold*; from now on policy denies its release."""
    return _append(workspace, hold, RecordKind.HOLD, revision)


def hold_declared(
    workspace: Workspace, environment: str, name: str, reason: str, expires_in: timedelta | None
) -> Hold | Invalid:
    """Put the release that is declared for deployment *name* on hold."""
    planned = make_plan(workspace, environment, "HEAD", (name,))
    if isinstance(planned, Invalid):
        return planned
    deployment = next((d for d in planned.desired.deployments if name in (d.id.name, str(d.id))), None)
    if deployment is None:
        raise PermanentError(codes.NO_SUCH_HOLD, f"`{name}` is not declared in `{environment}`.")
    now = workspace.clock.now()
    hold = Hold(
        environment=environment,
        deployment=deployment.id,
        release=deployment.release.digest,
        reason=reason,
        author=workspace.actor,
        since=now,
        expires=now + expires_in if expires_in else None,
    )
    place_hold(workspace, hold, planned.desired.revision)
    return hold


def lift(workspace: Workspace, environment: str, name: str, release: str = "") -> tuple[Hold, ...]:
    """Lift the holds of deployment *name*, or the one on *release* (a digest or its beginning).

    A hold that somebody else placed is known here when the remote's records were taken, so that comes first.

    Raises:
        PermanentError: There is no such hold.
    """
    workspace.take_remote_records()
    address = ResourceId("Deployment", name, environment=environment)
    wanted = release.removeprefix("sha256:")
    found = tuple(
        h
        for h in holds(workspace, environment)
        if (h.deployment == address or str(h.deployment) == name) and short(h.release, 64).startswith(wanted)
    )
    if not found:
        detail = f"No hold on `{name}` is in force in `{environment}`" + (
            f" for release {release}." if release else "."
        )
        raise PermanentError(codes.NO_SUCH_HOLD, detail)
    for hold in found:
        _append(workspace, hold, RecordKind.LIFT, Revision(""))
    return found


def _append(workspace: Workspace, hold: Hold, kind: RecordKind, revision: Revision) -> Record:
    return workspace.ledger.append(
        Draft(
            kind=kind,
            environment=hold.environment,
            at=workspace.clock.now(),
            actor=workspace.actor,
            revision=revision,
            plan=Digest(""),
            outcome=RunOutcome.NOTED,
            resources=(str(hold.deployment),),
            body={"hold": masked(hold.to_json())},
        )
    )
