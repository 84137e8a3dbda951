"""Builds the plan: changes in order, narrowed to what was asked for, bound to what they were made from."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest
from trueup.core.ids import ResourceId
from trueup.core.suggestions import did_you_mean
from trueup.desired.state import DesiredState
from trueup.diff.changes import Build, Change, Create, Delete, Evaluate, Fetch, Update, apply_order
from trueup.observed.state import ObservedState
from trueup.plan.codes import UNKNOWN_TARGET
from trueup.plan.plan import Inputs, Plan


def build_plan(  # noqa: PLR0913, PLR0917 - a plan is a function of exactly these
    desired: DesiredState,
    observed: ObservedState,
    changes: Iterable[Change],
    policy_digest: Digest,
    tool_version: str,
    created_at: datetime,
    targets: Sequence[ResourceId] = (),
) -> Plan:
    """Return the plan of *changes*, in the order they are applied.

    Args:
        desired: What the changes were made from.
        observed: What the changes were made from.
        changes: What `diff` returned, in any order.
        policy_digest: Digest of the policies that will judge the plan.
        tool_version: Name and version of this tool.
        created_at: When, UTC.
        targets: Deployments to narrow to, with the fetches, builds and evaluations they need; empty for all.
    """
    narrowed = tuple(sorted(set(targets)))
    kept = _narrow(changes, frozenset(narrowed), desired, observed) if narrowed else changes
    addresses = tuple(str(t) for t in narrowed)
    return Plan(
        environment=desired.environment.name,
        revision=desired.revision,
        inputs=Inputs(desired.digest, observed.digest, policy_digest, tool_version, addresses),
        changes=tuple(sorted(kept, key=apply_order)),
        created_at=created_at,
        targets=narrowed,
    )


def find_targets(
    names: Iterable[str], desired: DesiredState, observed: ObservedState
) -> tuple[tuple[ResourceId, ...], tuple[Diagnostic, ...]]:
    """Return the deployments that *names* mean (a name or an address), and a problem for each that means none."""
    known = {d.id for d in desired.deployments} | {r.deployment for r in observed.target.routes}
    by_name = {spelling: id_ for id_ in known for spelling in (id_.name, str(id_))}
    found: list[ResourceId] = []
    problems: list[Diagnostic] = []
    for name in names:
        if name in by_name:
            found.append(by_name[name])
            continue
        detail = f"`{name}` is no deployment of the environment `{desired.environment.name}`."
        problems.append(Diagnostic(UNKNOWN_TARGET, detail, hint=did_you_mean(name, by_name) or UNKNOWN_TARGET.remedy))
    return tuple(sorted(set(found))), tuple(problems)


def _narrow(
    changes: Iterable[Change], targets: frozenset[ResourceId], desired: DesiredState, observed: ObservedState
) -> list[Change]:
    changes = tuple(changes)
    wanted = [d for d in desired.deployments if d.id in targets]
    measured = {c.key for c in changes if isinstance(c, Evaluate) and c.deployment in targets}
    digests = {d.release.artifact.digest for d in wanted}
    digests |= {pin.digest for d in wanted for pin in d.release.build.inputs}
    digests |= {e.dataset.digest for d in wanted for e in d.evaluations if e.key in measured}
    builds = [d.release.build for d in wanted]
    digests |= {pin.digest for b in builds for pin in b.inputs}
    digests |= {b.parity.text.digest for b in builds if b.parity is not None and b.parity.text is not None}
    keys = {b.key for b in builds}
    in_use = {r.server for r in observed.target.routes if r.deployment not in targets}
    kept = (_kept(c, targets, digests | keys, in_use) for c in changes)
    return [c for c in kept if c is not None]


def _kept(change: Change, targets: frozenset[ResourceId], supplies: set[Digest], in_use: set[Digest]) -> Change | None:
    """Return what is left of *change*: a deletion leaves the servers that deployments outside still use."""
    match change:
        case Fetch():
            return change if change.digest in supplies else None
        case Build():
            return change if change.key in supplies else None
        case Evaluate():
            return change if change.deployment in targets else None
        case Delete():
            rest = tuple(s for s in change.servers if s not in in_use)
            return replace(change, servers=rest) if change.address in targets else None
        case Create() | Update():
            return change if change.address in targets else None
