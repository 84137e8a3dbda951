"""Explains an address: declared where, serving since which commit, allowed by what, and what would move it."""

import json
from collections.abc import Iterator

from trueup.core.digests import short
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId, parse_address
from trueup.core.suggestions import did_you_mean
from trueup.diff.changes import Change, Evaluate, symbol
from trueup.diff.status import DeploymentStatus
from trueup.diff.status import status as compare
from trueup.ledger.filters import Filter, filter_records
from trueup.ledger.record import Record
from trueup.plan.explanation import Explanation, Section
from trueup.policy.approval_list import standing_of
from trueup.reconcile import codes
from trueup.rollout.machine import progress_of
from trueup.spec.resource import Resource, Resources
from trueup.workflows.loading import load
from trueup.workflows.pending import in_words, pending
from trueup.workflows.planning import Invalid, Planned, plan_loaded
from trueup.workflows.workspace import Workspace

RECORDS_SHOWN = 5
"""Enough to see the last change and the one before; `audit log` has the rest."""


def explain(workspace: Workspace, address: str, revision: str = "") -> Explanation | Invalid:
    """Explain *address* at *revision* (the work tree when empty).

    Raises:
        PermanentError: Nothing of that address is declared.
    """
    loaded = load(workspace, revision)
    if not loaded.is_valid:
        return Invalid(loaded.diagnostics)
    id_ = find_address(address, loaded.resources)
    resource = loaded.resources[id_]
    if id_.kind != "Deployment":
        return _resource(workspace, resource, loaded.resources)
    planned = plan_loaded(workspace, loaded, id_.environment)
    return planned if isinstance(planned, Invalid) else _deployment(workspace, id_, planned)


def find_address(address: str, resources: Resources) -> ResourceId:
    """Return the resource that *address* means: an address, or a name that only one resource has.

    Raises:
        PermanentError: It means none, or several.
    """
    id_ = parse_address(address)
    if id_ is not None and id_ in resources:
        return id_
    named = [r for r in resources if address in (r.name, r.short)]
    if len(named) == 1:
        return named[0]
    if named:
        hint = "say which one: " + ", ".join(str(r) for r in sorted(named))
        raise PermanentError(codes.UNKNOWN_ADDRESS, f"`{address}` names {len(named)} resources.", hint=hint)
    hint = did_you_mean(address, [str(r) for r in resources])
    raise PermanentError(codes.UNKNOWN_ADDRESS, f"`{address}` names nothing that is declared.", hint=hint)


def _resource(workspace: Workspace, resource: Resource, resources: Resources) -> Explanation:
    users = sorted(str(r.id) for r in resources.values() if any(f.target == resource.id for f in r.references))
    uses = tuple(f"{'.'.join(str(p) for p in r.path)}: {r.target}" for r in resource.references)
    sections = [
        Section("Declared", (f"{resource.origin.span}", f"content {resource.digest}")),
        Section("Uses", uses or ("nothing",)),
        Section("Used by", tuple(users) or ("nothing",)),
        Section("Recorded", tuple(_records(workspace, str(resource.id))) or ("never",)),
    ]
    return Explanation(str(resource.id), f"{resource.id} is declared and {_used_by(len(users))}", tuple(sections))


def _used_by(count: int) -> str:
    return f"used by {count} {'resource' if count == 1 else 'resources'}" if count else "not used"


def _deployment(workspace: Workspace, id_: ResourceId, planned: Planned) -> Explanation:
    changes = tuple(c for c in planned.plan.changes if _is_about(c, id_))
    row = next(d for d in compare(planned.desired, planned.observed, planned.plan.changes).deployments if d.id == id_)
    declared = planned.loaded.resources[id_]
    sections = [
        Section("Declared", (f"{declared.origin.span}", *row.desired, f"release {short(row.release)}")),
        Section("Serving", tuple(_serving(row, planned))),
        Section("Rollout", tuple(_rollout(row))),
        Section("On hold", tuple(_held(row))),
        Section("Git pending", tuple(map(in_words, pending(workspace, id_.environment)))),
        Section("Evidence", tuple(f"{e.evaluation}: {e.state} {', '.join(e.measured)}" for e in row.evidence)),
        Section("Policy", tuple(_policy(planned, id_))),
        Section("Approvals", tuple(_approvals(planned)) if changes else ()),
        Section("What would move it", tuple(_moves(changes)) or ("nothing; it is what is declared",)),
        Section("Verified releases", tuple(_targets(planned, id_)) or ("none yet",)),
        Section("Recorded", tuple(_records(workspace, str(id_))) or ("never",)),
    ]
    said = f"{id_} is {row.sync.value}" + (f": {row.reason}" if row.reason else "")
    return Explanation(str(id_), said, tuple(s for s in sections if s.lines))


def _is_about(change: Change, id_: ResourceId) -> bool:
    return change.deployment == id_ if isinstance(change, Evaluate) else change.address == id_


def _serving(row: DeploymentStatus, planned: Planned) -> Iterator[str]:
    if not row.observed_release:
        yield "nothing"
        return
    yield f"release {short(row.observed_release)}" + (", verified" if row.is_verified else ", not verified")
    yield f"from commit {row.revision[:12] or 'unknown'}" + (
        f", since {row.applied_at:%Y-%m-%d %H:%M:%SZ}" if row.applied_at else ""
    )
    for server in row.servers:
        said = f"{server.health.value} {_first_line(server.detail)}".rstrip()
        yield f"server {short(server.key)} #{server.replica}: {said}"
    yield f"gateway {planned.observed.target.gateway.value} at {planned.observed.target.address}"


def _rollout(row: DeploymentStatus) -> Iterator[str]:
    """Yield what a rollout under way does to the traffic."""
    if row.held:
        yield "requests wait: a release is swapped in place"
    if row.rollout is None:
        return
    progress = progress_of(row.rollout.progress)
    step = f", step {max(progress.stage, 0) + 1}" if progress else ""
    for candidate in row.rollout.candidates:
        copies = f", copies of {candidate.mirror:g} %" if candidate.mirror else ""
        yield f"{candidate.weight:g} % of the requests{copies} go to release {short(candidate.release)}{step}"
    if progress and progress.waits:
        yield f"waits: {progress.waits}"


def _held(row: DeploymentStatus) -> Iterator[str]:
    for hold in row.holds:
        until = f" until {hold.expires:%Y-%m-%d %H:%M:%SZ}" if hold.expires else ""
        yield f"release {short(hold.release)}{until}: {hold.reason} ({hold.author})"


def _first_line(text: str) -> str:
    """Return the first line of *text*; what follows in a server's detail is its log."""
    return text.partition("\n")[0]


def _policy(planned: Planned, id_: ResourceId) -> Iterator[str]:
    decision = planned.judged.decision
    yield f"{decision.outcome.value}, by {len(decision.rules)} rules (bundle {short(decision.bundle)})"
    reached = {str(r.id) for d in planned.desired.deployments if d.id == id_ for r in d.resources}
    for violation in decision.violations:
        if violation.address in reached:
            where = f" ({violation.span})" if violation.span else ""
            word = "excepted" if violation.excepted_by else violation.enforcement.value
            why = f", lifted by {violation.excepted_by}" if violation.excepted_by else ""
            why += f", softened by {violation.softened_by}" if violation.softened_by else ""
            yield f"{word} {violation.rule} {violation.address}: {violation.message}{where}{why}"
    declared = {d.release.digest for d in planned.desired.deployments if d.id == id_}
    for hold in planned.observed.holds:
        if hold.deployment == id_ or hold.release in declared:
            yield f"hold on release {short(hold.release)}: {hold.reason} ({hold.author})"


def _approvals(planned: Planned) -> Iterator[str]:
    """Yield which approvals the plan has, why others do not count, and what is missing."""
    document = json.loads(planned.judged.document or b"{}")
    environment = planned.desired.environment
    given, refused = document.get("approvals"), document.get("approvalsNotCounted")
    standing = standing_of(environment.tier, environment.settings, given, refused)
    for one in standing.listed:
        yield f"{one.source} {one.name} by {one.by} " + (f"does not count: {one.why}" if one.why else "counts")
    if standing.missing:
        yield f"missing: {', '.join(standing.missing)}"


def _moves(changes: tuple[Change, ...]) -> Iterator[str]:
    for change in changes:
        mark, word = symbol(change)
        yield f"{mark} {word}: {change.reason}"


def _targets(planned: Planned, id_: ResourceId) -> Iterator[str]:
    serving = {r.release for r in planned.observed.target.routes if r.deployment == id_}
    held = {h.release for h in planned.observed.holds}
    for verified in planned.observed.verified:
        if verified.deployment == id_:
            marks = [] if verified.retained else ["artifacts gone"]
            marks += ["serves now"] if verified.release in serving else []
            marks += ["on hold"] if verified.release in held else []
            said = f"release {short(verified.release)}, verified {verified.verified_at:%Y-%m-%d %H:%M:%SZ}"
            yield ", ".join([said, *marks])


def _records(workspace: Workspace, address: str) -> Iterator[str]:
    wanted = Filter(resource=address)
    for number, record in enumerate(filter_records(workspace.ledger.records(), wanted)):
        if number == RECORDS_SHOWN:
            yield "..."
            return
        yield _record(record)


def _record(record: Record) -> str:
    draft = record.draft
    where = f" in {draft.environment}" if draft.environment else ""
    commit = f", commit {draft.revision[:12]}" if draft.revision else ""
    return f"{draft.at:%Y-%m-%d %H:%M:%SZ} {draft.kind.value}{where}: {draft.outcome.value}, by {draft.actor}{commit}"
