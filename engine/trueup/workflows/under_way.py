"""Rollouts that another run drives, as somebody who only looks sees them: status, steps, and new against old."""

from datetime import timedelta

from trueup.core.digests import Digest
from trueup.core.errors import TransientError
from trueup.core.json import mapping_of
from trueup.desired.state import DesiredDeployment
from trueup.desired.takeover import Checks, Takeover, takeover_of
from trueup.diff.status import DeploymentStatus, Status
from trueup.observed.state import ObservedSplit
from trueup.ports import TrafficObserver
from trueup.rollout.analysis import analyse
from trueup.rollout.machine import progress_of
from trueup.rollout.under_way import UnderWay
from trueup.spec.resource import document_of
from trueup.workflows.planning import Invalid
from trueup.workflows.status import look
from trueup.workflows.workspace import Workspace


def takeover_of_deployment(deployment: DesiredDeployment) -> Takeover:
    """Return how the release of *deployment* takes over."""
    found = (takeover_of(mapping_of(document_of(r))) for r in deployment.resources if r.id == deployment.id)
    return next(found, Takeover())


def watch(workspace: Workspace, environment: str, revision: str = "") -> tuple[Status | Invalid, tuple[UnderWay, ...]]:
    """Look once: the status, and each rollout under way with its measurements."""
    found, desired = look(workspace, environment, revision)
    if isinstance(found, Invalid) or desired is None:
        return found, ()
    target = workspace.target(desired.environment.target)
    declared = {d.id: d for d in desired.deployments}
    rows = [(r, r.rollout) for r in found.deployments if r.rollout is not None and r.rollout.candidates]
    return found, tuple(_under_way(target, row, split, declared.get(row.id)) for row, split in rows)


def _under_way(
    target: TrafficObserver, row: DeploymentStatus, split: ObservedSplit, declared: DesiredDeployment | None
) -> UnderWay:
    new, progress = split.candidates[0], progress_of(split.progress)
    if declared is None or declared.release.digest != new.release:
        return UnderWay(row, None)
    takeover = takeover_of_deployment(declared)
    if progress is None or progress.began is None or progress.stage >= len(takeover.stages):
        return UnderWay(row, takeover)
    checks = takeover.stages[max(progress.stage, 0)].checks or takeover.checks
    if checks is None:
        return UnderWay(row, takeover)
    try:
        traffic = target.traffic(row.id.environment, row.id, progress.began)
    except TransientError:
        return UnderWay(row, takeover)
    stable, copied = Digest(row.observed_release), not new.weight
    return UnderWay(row, takeover, analyse(checks, traffic, stable, new.release, looks=_looks(checks), copied=copied))


def _looks(checks: Checks) -> int:
    """Return how often a stage is judged in all, as the run that drives it counts: its intervals are shown."""
    interval = min((w.interval for w in checks.watched), default=timedelta(seconds=10))
    return max((w.count for w in checks.watched), default=1) + int(checks.patience / interval)
