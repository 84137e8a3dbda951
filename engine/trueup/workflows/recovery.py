"""Finds a run that was killed and tells what it did, so that the next one can finish it and the ledger knows.

Nothing has to be undone by itself: every step is idempotent and traffic moves after everything that can fail, so
observing again and planning again gives exactly what is left to do.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from trueup.core.digests import Digest, Revision
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId, parse_address
from trueup.core.json import Json, mapping_of
from trueup.desired.state import EnvironmentFacts
from trueup.diff.manifests import read_manifest
from trueup.diff.masks import masked
from trueup.ledger.record import Draft, RecordKind, RunOutcome
from trueup.observed.state import Health, ObservedRoute, ObservedTarget
from trueup.reconcile.settling import settle
from trueup.rollout.events import Event, Status
from trueup.workflows.decisions import journaled_decisions
from trueup.workflows.pending import TakenBack, note
from trueup.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Recovered:
    """A run that did not end: its plan, and what it had done, was doing, and had not started.

    `plans` are the ids of the plans it carried out: its own, and the reviewed one that it took up after another kill.
    `aborted` are releases it had given up on, and had no time to take back in git.
    """

    plan: Digest
    event: Event
    done: tuple[str, ...]
    interrupted: tuple[str, ...]
    plans: frozenset[Digest] = frozenset()
    aborted: tuple[TakenBack, ...] = ()


def recover(workspace: Workspace, environment: str) -> Recovered | None:
    """Record what a killed run did and close its journal; None when the last run ended."""
    entries = workspace.journal.unfinished(environment)
    if not entries:
        return None
    opening = entries[0]
    if "commit" in opening:
        return _recover_commit(workspace, environment, opening)
    steps = [e for e in entries if e.get("type") == "event"]
    done = tuple(_step(e) for e in steps if e.get("status") == Status.DONE.value)
    begun = tuple(_step(e) for e in steps if e.get("status") == Status.STARTED.value)
    failed = {_step(e) for e in steps if e.get("status") == Status.FAILED.value}
    interrupted = tuple(s for s in begun if s not in done and s not in failed)
    now = workspace.clock.now()
    plan = Digest(str(opening.get("plan", "")))
    said = f"an earlier run was killed: {len(done)} steps done"
    said += f", {', '.join(interrupted)} interrupted" if interrupted else ""
    if not _is_recorded(workspace, environment, str(opening.get("run", ""))):
        target = str(opening.get("target", ""))
        observed = (
            workspace.target(target).observe(environment) if target else ObservedTarget(environment, Health.STOPPED, "")
        )
        decisions, attachments = journaled_decisions(entries)
        workspace.ledger.append(
            Draft(
                kind=_kind(opening),
                environment=environment,
                at=now,
                actor=str(opening.get("actor", "")),
                revision=Revision(str(opening.get("revision", ""))),
                plan=plan,
                outcome=RunOutcome.PARTIAL,
                resources=tuple(sorted({str(e.get("address", "")) for e in steps})),
                decisions=decisions,
                events=tuple(masked(s) for s in steps),
                body={
                    "run": opening.get("run", ""),
                    "interrupted": list(interrupted),
                    "serving": _verified(observed, _moved(opening, observed, done)),
                    "removed": sorted({*_gone(opening, observed, begun), *(a for s in steps for a in _removed(s))}),
                },
                attachments=attachments,
            )
        )
    aborted = tuple(_aborted(opening, steps))
    for back in aborted:
        note(workspace, back)
    if aborted:
        for _ in settle(_environment(opening, environment), workspace.target(str(opening["target"])), workspace.store):
            pass
    workspace.journal.close(environment)
    event = Event(now, "recover", f"Environment/{environment}", Status.DONE, said, (("plan", plan),))
    plans = {plan, Digest(str(opening.get("resumes") or plan))}
    return Recovered(plan, event, done, interrupted, frozenset(plans), aborted)


def _aborted(opening: Mapping[str, Json], steps: list[Mapping[str, Json]]) -> Iterator[TakenBack]:
    """Yield what the killed run had decided to take back, and nobody has taken back since."""
    served = mapping_of(opening.get("serving"))
    if not opening.get("takesBack"):
        return
    for step in steps:
        address, facts = parse_address(str(step.get("address") or "")), mapping_of(step.get("facts"))
        is_said = step.get("step") == "abort" and step.get("status") == Status.STARTED.value
        if is_said and facts.get("negative") is True and isinstance(address, ResourceId):
            good, bad = Digest(str(served.get(str(address)) or "")), Digest(str(facts.get("release") or ""))
            if good and bad and good != bad:
                yield TakenBack(address, bad, good, str(step.get("detail") or ""), Digest(str(opening.get("plan"))))


def _environment(opening: Mapping[str, Json], name: str) -> EnvironmentFacts:
    """Return what is known of the environment that the killed run worked in: enough to move its traffic."""
    port = opening.get("port")
    host, target = str(opening.get("host") or "127.0.0.1"), str(opening.get("target") or "")
    return EnvironmentFacts(name, "", "", target, host, port if isinstance(port, int) else 0, "during")


def _recover_commit(workspace: Workspace, environment: str, opening: Mapping[str, Json]) -> Recovered:
    """Finish the commit of a killed rollback when the branch has it already: the work tree has to follow."""
    plan = Digest(str(opening.get("plan", "")))
    said = "an earlier rollback was killed before its commit; roll back again, or lift the hold"
    match opening["commit"]:
        case {"path": str(path), "content": str(text), "message": str(message)}:
            if workspace.tree("HEAD").read(path) == text.encode():
                revision = workspace.committer.commit(path, text.encode(), message)
                said = f"an earlier rollback was killed after its commit {revision[:12]}, which is applied now"
        case _:
            pass
    workspace.journal.close(environment)
    event = Event(workspace.clock.now(), "recover", f"Environment/{environment}", Status.DONE, said)
    return Recovered(plan, event, (), ())


def _kind(opening: Mapping[str, Json]) -> RecordKind:
    is_rollback = opening.get("kind") == RecordKind.ROLLBACK.value
    return RecordKind.ROLLBACK if is_rollback else RecordKind.APPLY


def _moved(opening: Mapping[str, Json], observed: ObservedTarget, done: tuple[str, ...]) -> tuple[ObservedRoute, ...]:
    """Return the routes that the killed run published, also one it had no time to write down."""
    began = _time(opening.get("at"))
    return tuple(
        route
        for route in observed.routes
        if f"route {route.deployment}" in done or (began and route.applied_at and route.applied_at >= began)
    )


def _gone(opening: Mapping[str, Json], observed: ObservedTarget, begun: tuple[str, ...]) -> Iterator[str]:
    """Yield the deployments that had a route before the killed run began to move traffic and have none now."""
    match opening.get("routed"):
        case [*routed] if any(step.startswith("route ") for step in begun):
            yield from {str(address) for address in routed} - {str(r.deployment) for r in observed.routes}
        case _:
            return


def _verified(observed: ObservedTarget, moved: tuple[ObservedRoute, ...]) -> dict[str, Json]:
    """Name the releases whose traffic the killed run had moved and that serve, looked at again now."""
    return {
        str(route.deployment): {
            "release": route.release,
            "manifest": masked(route.manifest),
            "verified": observed.gateway is Health.HEALTHY and _is_whole(route, observed),
        }
        for route in moved
    }


def _is_whole(route: ObservedRoute, observed: ObservedTarget) -> bool:
    """Tell whether as many servers are healthy as the deployment declares."""
    healthy = sum(s.key == route.server and s.health is Health.HEALTHY for s in observed.servers)
    return healthy >= read_manifest(route.manifest).replicas


def _removed(entry: Mapping[str, Json]) -> Iterator[str]:
    """Yield the deployments whose routes a step took away."""
    match entry:
        case {"status": Status.DONE.value, "address": str(address), "facts": {"removed": True}}:
            yield address
        case {"status": Status.DONE.value, "facts": {"replaced": [*replaced]}}:
            yield from (str(address) for address in replaced)
        case _:
            return


def _time(value: Json) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None


def _step(entry: Mapping[str, Json]) -> str:
    match entry:
        case {"step": str(step), "address": str(address)}:
            return f"{step} {address}"
        case _:
            return ""


def _is_recorded(workspace: Workspace, environment: str, run: str) -> bool:
    """Tell whether the killed run got as far as its record and only its journal stayed open."""
    for record in workspace.ledger.records():
        draft = record.draft
        is_run = draft.kind in (RecordKind.APPLY, RecordKind.ROLLBACK) and draft.outcome is not RunOutcome.DENIED
        if draft.environment == environment and is_run:
            match draft.body:
                case {"run": str(recorded)}:
                    return bool(run) and recorded == run
                case _:
                    return False
    return False
