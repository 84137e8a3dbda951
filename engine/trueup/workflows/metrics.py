"""Values of metrics that the gateway does not count: by PromQL, and of evaluations of the release's own endpoint."""

from collections.abc import Mapping
from datetime import timedelta

from trueup.core.digests import Digest
from trueup.core.errors import TrueupError
from trueup.desired.state import DesiredDeployment
from trueup.desired.takeover import Checks, Watched
from trueup.evidence.evidence import Evidence, Measurement
from trueup.ledger import history
from trueup.rollout.analysis import Queried
from trueup.rollout.queries import filled_in
from trueup.workflows.workspace import Workspace


def queried_of(
    workspace: Workspace, deployment: DesiredDeployment, checks: Checks, stable: Digest, window: timedelta
) -> Mapping[str, Queried]:
    """Return what is known of the metrics of *checks* that are asked of others, new beside *stable*."""
    found: dict[str, Queried] = {}
    for watched in checks.watched:
        if watched.query:
            found[watched.name] = _asked(workspace, deployment, watched, stable, window)
        elif "/" in watched.name:
            found[watched.name] = _evaluated(workspace, deployment, watched.name)
    return found


def _asked(
    workspace: Workspace, deployment: DesiredDeployment, watched: Watched, stable: Digest, window: timedelta
) -> Queried:
    """Ask the source for both releases; the stable one only where the condition is relative to it."""
    now = workspace.clock.now()

    def value(release: Digest) -> float | None:
        return workspace.metrics.value(filled_in(watched.query, deployment.id, release, window), now)

    try:
        return Queried(value(deployment.release.digest), value(stable) if watched.condition.relation else None)
    except TrueupError as error:
        return Queried(error=str(error))


def _evaluated(workspace: Workspace, deployment: DesiredDeployment, name: str) -> Queried:
    """Return what the evaluation measured of this very release, before it got traffic."""
    evaluation, _, metric = name.rpartition("/")
    keys = [e.key for e in deployment.measured if evaluation in (e.evaluation.id.short, str(e.evaluation.id))]
    evidence = history.evidence(workspace.ledger.records(), keys) if keys else ()
    measured = _measured(evidence, metric)
    if measured is None:
        return Queried(error=f"{evaluation} has not measured `{metric}` of this release")
    return Queried(measured.value, interval=measured.interval)


def _measured(evidence: tuple[Evidence, ...], metric: str) -> Measurement | None:
    return next((m for e in evidence[:1] for m in e.measurements if m.metric == metric and not m.slice), None)
