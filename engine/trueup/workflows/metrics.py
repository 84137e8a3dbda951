"""Values of metrics that the gateway does not count: by PromQL, and of evaluations."""

from collections.abc import Mapping

from trueup.desired.state import DesiredDeployment
from trueup.desired.takeover import Checks
from trueup.rollout.analysis import Queried
from trueup.workflows.workspace import Workspace


def queried_of(workspace: Workspace, deployment: DesiredDeployment, checks: Checks) -> Mapping[str, Queried]:
    """Return the values of the metrics of *checks* that have a query."""
    return {}
