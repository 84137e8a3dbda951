"""Rollouts that another run drives, as somebody who only looks sees them: status, steps, and new against old."""

from trueup.core.digests import Digest
from trueup.core.errors import TransientError
from trueup.desired.state import DesiredDeployment
from trueup.diff.status import DeploymentStatus, Status
from trueup.diff.takeovers import declared_takeover
from trueup.observed.state import ObservedSplit
from trueup.ports import TrafficObserver
from trueup.rollout.analysis import analyse
from trueup.rollout.machine import looks_of, progress_of
from trueup.rollout.under_way import UnderWay
from trueup.workflows.planning import Invalid
from trueup.workflows.status import look
from trueup.workflows.workspace import Workspace


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
    takeover = declared_takeover(declared)
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
    return UnderWay(row, takeover, analyse(checks, traffic, stable, new.release, looks=looks_of(checks), copied=copied))
