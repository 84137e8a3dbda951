"""The deployments of a plan: what each is to serve, what it serves now, and which evaluations it has passed."""

from collections.abc import Iterable, Mapping

from trueup.core.digests import Digest
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.evaluations import families_of
from trueup.desired.state import DesiredDeployment, DesiredState, RequiredEvaluation, RequiredJudge
from trueup.diff.changes import Create, Evaluate, Update
from trueup.diff.masks import masked
from trueup.evidence.evidence import Evidence
from trueup.evidence.staleness import changed_inputs
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
            "evaluations": [_evaluation(e, d, observed, newest, planned) for e in d.evaluations],
            **({"promptTests": _evaluation(d.prompt_tests, d, observed, newest, planned)} if d.prompt_tests else {}),
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


def _evaluation(
    required: RequiredEvaluation,
    deployment: DesiredDeployment,
    observed: ObservedState,
    newest: Mapping[Digest, Evidence],
    planned: set[Digest],
) -> Json:
    found = newest.get(required.key)
    older = next((e for e in observed.older if e.evaluation == str(required.evaluation.id)), None)
    return {
        **required.to_json(),
        "status": _status(required, found, older, observed, planned),
        "evidence": found.to_json() if found is not None else None,
        "stale": _stale(required, older) if found is None and older is not None else None,
        **({"judge": _judge(required.judge, deployment)} if required.judge is not None else {}),
    }


def _status(
    required: RequiredEvaluation,
    found: Evidence | None,
    older: Evidence | None,
    observed: ObservedState,
    planned: set[Digest],
) -> str:
    if found is not None and observed.counts(found):
        return "present"
    if required.key in planned:
        return "planned"
    if found is None:
        return "missing" if older is None else "stale"
    if found.passed:
        return "unsigned"
    return "undecided" if found.is_undecided else "failed"


def _stale(required: RequiredEvaluation, older: Evidence) -> Json:
    """Return which inputs of the last result differ now; none of a result that is only too old."""
    return {"changed": list(changed_inputs(required, older)), "completedAt": older.completed_at.isoformat()}


def _judge(judge: RequiredJudge, deployment: DesiredDeployment) -> Json:
    resources = {r.id: r for r in deployment.resources}
    return {
        "model": str(judge.release.model.id),
        "digest": judge.release.artifact.digest,
        "families": list(judge.families),
        "judgedFamilies": list(families_of(deployment.release.model, resources)),
    }
