"""Holds: a release that must not be rolled out in an environment until someone lifts it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest, Revision, short
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.diff.masks import masked, masked_text
from trueup.ledger import history
from trueup.ledger.hold_terms import Terms, end_of
from trueup.ledger.record import Draft, Record, RecordKind, RunOutcome
from trueup.observed.state import Hold
from trueup.workflows import codes
from trueup.workflows.planning import Invalid, Planned, make_plan
from trueup.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Placed:
    """A hold that was placed.

    Attributes:
        hold: The hold.
        serving: Deployments of the environment that serve the release now; nothing takes it down there.
    """

    hold: Hold
    serving: tuple[ResourceId, ...]


def holds(workspace: Workspace, environment: str) -> tuple[Hold, ...]:
    """Return the holds in force in *environment*."""
    return history.holds_in_force(workspace.ledger.records(), environment, workspace.clock.now())


def holds_placed(workspace: Workspace, environment: str = "") -> tuple[tuple[Hold, bool], ...]:
    """Return the holds that nobody lifted, of *environment* or of all, and whether each is still in force."""
    now = workspace.clock.now()
    return tuple((h, h.is_in_force(now)) for h in history.holds_placed(workspace.ledger.records(), environment))


def place_hold(workspace: Workspace, hold: Hold, revision: Revision) -> Record:
    """Record *hold*; from now on policy denies its release."""
    return _append(workspace, hold, RecordKind.HOLD, revision, {})


def hold_declared(
    workspace: Workspace, environment: str, name: str, reason: str, expires_in: timedelta | None
) -> Hold | Invalid:
    """Put the release that is declared for deployment *name* on hold."""
    found = _find(workspace, environment, name, "")
    if not isinstance(found, _Found):
        return found
    now = workspace.clock.now()
    return _placed(workspace, found, reason, now + expires_in if expires_in else None).hold


def hold_release(
    workspace: Workspace, environment: str, name: str, terms: Terms, release: str = ""
) -> Placed | Invalid:
    """Put a release of deployment *name* on hold: the declared one, or *release* (a digest or its beginning).

    A release can be held before it comes here: one that serves or was verified upstream is found as well.

    Raises:
        PermanentError: The deployment is not declared.
    """
    ends = end_of(terms, workspace.clock.now())
    found = _find(workspace, environment, name, release)
    problems = ends if isinstance(ends, tuple) else ()
    if isinstance(found, Invalid):
        return Invalid((*problems, *found.diagnostics))
    if isinstance(ends, tuple):
        return Invalid(ends)
    return _placed(workspace, found, terms.reason, ends)


def lift(workspace: Workspace, environment: str, name: str, release: str = "", reason: str = "") -> tuple[Hold, ...]:
    """Lift the holds of deployment *name*, or the one on *release* (a digest or its beginning).

    A hold that somebody else placed is known here when the remote's records were taken, so that comes first. Holds
    on what the deployment declares under another name are among them.

    Raises:
        PermanentError: There is no such hold.
    """
    workspace.take_remote_records()
    address = ResourceId("Deployment", name, environment=environment)
    wanted = release.removeprefix("sha256:")
    known = [h for h in holds(workspace, environment) if short(h.release, 64).startswith(wanted)]
    found = tuple(h for h in known if h.deployment == address or str(h.deployment) == name)
    if not found:
        detail = f"No hold on `{name}` is in force in `{environment}`" + (
            f" for release {release}." if release else "."
        )
        others = ", ".join(sorted({f"`{h.deployment.name}`" for h in known}))
        hint = f"in force are holds that were placed on {others}; lift them by that name" if others else ""
        raise PermanentError(codes.NO_SUCH_HOLD, detail, hint=hint)
    for hold in found:
        said: dict[str, Json] = {"reason": masked_text(reason)} if reason else {}
        _append(workspace, hold, RecordKind.LIFT, Revision(""), {"lifted": {"by": workspace.actor, **said}})
    return found


@dataclass(frozen=True, slots=True)
class _Found:
    """A release that can be held, and what it was found in."""

    deployment: ResourceId
    release: Digest
    planned: Planned


def _find(workspace: Workspace, environment: str, name: str, release: str) -> _Found | Invalid:
    planned = make_plan(workspace, environment, "HEAD", (name,))
    if isinstance(planned, Invalid):
        return planned
    deployment = next((d for d in planned.desired.deployments if name in (d.id.name, str(d.id))), None)
    if deployment is None:
        raise PermanentError(codes.NO_SUCH_HOLD, f"`{name}` is not declared in `{environment}`.")
    if not release:
        return _Found(deployment.id, deployment.release.digest, planned)
    known = dict.fromkeys([deployment.release.digest, *_known(workspace, planned, deployment.id.name)])
    found = [r for r in known if short(r, 64).startswith(release.removeprefix("sha256:"))]
    if len(found) != 1:
        what = "names several releases" if found else "names no release"
        detail = f"`{release}` {what} of `{name}`; known are: {', '.join(short(r) for r in known)}."
        return Invalid((Diagnostic(codes.NO_SUCH_RELEASE, detail, hint=codes.NO_SUCH_RELEASE.remedy),))
    return _Found(deployment.id, found[0], planned)


def _known(workspace: Workspace, planned: Planned, name: str) -> Iterator[Digest]:
    """Yield the releases that serve, served, or come from upstream under the deployment's name."""
    for route in planned.observed.target.routes:
        if route.deployment.name == name:
            yield route.release
            yield from (c.release for c in (route.split.candidates if route.split else ()))
    environment = planned.desired.environment
    records = tuple(workspace.ledger.records())
    for place in (environment.name, environment.upstream):
        yield from (s.release for s in history.released(records, place) if s.deployment.name == name)


def _placed(workspace: Workspace, found: _Found, reason: str, expires: datetime | None) -> Placed:
    hold = Hold(
        environment=found.planned.desired.environment.name,
        deployment=found.deployment,
        release=found.release,
        reason=reason,
        author=workspace.actor,
        since=workspace.clock.now(),
        expires=expires,
    )
    place_hold(workspace, hold, found.planned.desired.revision)
    serving = (r.deployment for r in found.planned.observed.target.routes if r.release == found.release)
    return Placed(hold, tuple(serving))


def _append(workspace: Workspace, hold: Hold, kind: RecordKind, revision: Revision, more: dict[str, Json]) -> Record:
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
            body={"hold": masked(hold.to_json()), **more},
        )
    )
