"""The deployments of a plan: what each is to serve, what it serves now, and which evaluations it has passed."""

from collections.abc import Iterable

from trueup.core.digests import Digest
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment, DesiredState, RequiredEvaluation
from trueup.diff.changes import Create, Evaluate, Update
from trueup.diff.masks import masked
from trueup.evidence.evidence import Evidence
from trueup.observed.state import ObservedRoute, ObservedState
from trueup.plan.plan import Plan
from trueup.policy.facts.change import shown as written
from trueup.policy.facts.parity import parity_facts
from trueup.policy.facts.release_changes import running


def deployment_facts(
    plan: Plan, desired: DesiredState, observed: ObservedState, shown: Iterable[DesiredDeployment], *, gate: bool
) -> list[Json]:
    """Return the *shown* deployments of *desired*."""
    changes = {c.address: c for c in plan.changes if isinstance(c, Create | Update)}
    # What is built is measured by every apply, whatever the environment says of evaluations.
    measured = set() if gate else {c.key for c in plan.changes if isinstance(c, Evaluate)}
    planned = measured if desired.environment.evaluate == "during" else set()
    newest = {e.key: e for e in reversed(observed.evidence)}
    routes: dict[ResourceId, ObservedRoute] = {r.deployment: r for r in observed.target.routes}
    return [
        {
            **_deployment(d, changes.get(d.id)),
            "running": running(routes[d.id]) if d.id in routes else None,
            "evaluations": [_evaluation(e, newest.get(e.key), planned) for e in d.evaluations],
            **parity_facts(d, newest, measured),
        }
        for d in shown
    ]


def _deployment(deployment: DesiredDeployment, change: Create | Update | None) -> dict[str, Json]:
    release, server = deployment.release, masked(deployment.server.to_json())
    path = next((r.origin.path for r in deployment.resources if r.id == deployment.id), None)
    return {
        "address": str(deployment.id),
        "name": deployment.id.name,
        "environment": deployment.id.environment,
        **({"path": written(path)} if path is not None else {}),
        "changed": change is not None,
        "movement": change.movement.value if change else "none",
        "drift": isinstance(change, Update) and change.drift,
        "fromRelease": change.from_release if isinstance(change, Update) else "",
        "release": {
            **release.to_json(),
            "digest": release.digest,
            "artifact": masked(release.artifact.to_json()),
            "build": masked(release.build.to_json()),
        },
        "server": {"key": deployment.server.key, **(server if isinstance(server, dict) else {})},
        "route": masked(deployment.route.to_json()),
        "resources": [str(r.id) for r in deployment.resources],
    }


def _evaluation(required: RequiredEvaluation, newest: Evidence | None, planned: set[Digest]) -> Json:
    if newest is not None and newest.passed:
        status = "present"
    elif required.key in planned:
        status = "planned"
    else:
        status = "missing" if newest is None else "failed"
    return {**required.to_json(), "status": status, "evidence": newest.to_json() if newest else None}
