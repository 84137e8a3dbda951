"""What a rollout that goes on is told: orders of people, newer commits, and metrics that others count."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from trueup.core.digests import Digest
from trueup.core.errors import TrueupError
from trueup.core.ids import ResourceId
from trueup.desired.resolve import resolve
from trueup.reconcile.watch import Watch
from trueup.rollout.machine import Order
from trueup.workflows.loading import load
from trueup.workflows.metrics import queried_of
from trueup.workflows.planning import Planned
from trueup.workflows.workspace import Workspace

_LOOKS_AT_GIT = timedelta(seconds=2)


def watch_of(workspace: Workspace, planned: Planned) -> Watch:
    """Return what a rollout of *planned* asks for while it goes on."""
    environment = planned.desired.environment.name
    return Watch(
        order=_orders(workspace, environment),
        superseded=Newer(workspace, planned).commit_for,
        queried=partial(queried_of, workspace),
    )


def _orders(workspace: Workspace, environment: str) -> Callable[[ResourceId], Order]:
    def order(deployment: ResourceId) -> Order:
        said = workspace.orders.take(environment, deployment.name)
        return Order(said) if said in {o.value for o in Order} else Order.NONE

    return order


class Newer:
    """Looks whether HEAD moved on to a commit that declares other releases than those that are rolled out."""

    def __init__(self, workspace: Workspace, planned: Planned) -> None:
        self._workspace = workspace
        self._environment = planned.desired.environment.name
        self._releases = {d.id: d.release.digest for d in planned.desired.deployments}
        self._head = self._now()
        self._looked: datetime | None = None
        self._found: Mapping[ResourceId, Digest] = self._releases

    def commit_for(self, deployment: ResourceId) -> str:
        """Return the commit that declares another release of *deployment* by now; empty when none does."""
        now = self._workspace.clock.now()
        if self._looked is not None and now - self._looked < _LOOKS_AT_GIT:
            return ""
        self._looked = now
        head = self._now()
        if not head or head == self._head:
            return ""
        self._head = head
        self._found = self._declared()
        return head if self._found.get(deployment) != self._releases.get(deployment) else ""

    def _now(self) -> str:
        try:
            return self._workspace.tree("HEAD").revision
        except TrueupError:
            return ""  # nobody can tell now; a rollout is not ended for that

    def _declared(self) -> Mapping[ResourceId, Digest]:
        """Return the releases that HEAD declares; what it cannot declare rightly supersedes nothing."""
        declared = declared_at_head(self._workspace, self._environment)
        return self._releases if declared is None else declared


def declared_at_head(workspace: Workspace, environment: str) -> Mapping[ResourceId, Digest] | None:
    """Return the releases that HEAD declares for *environment*; None when it declares nothing that can be read."""
    try:
        loaded = load(workspace, "HEAD")
    except TrueupError:
        return None
    if not loaded.is_valid:
        return None
    desired, _ = resolve(loaded.resources, environment, loaded.tree.revision)
    return {d.id: d.release.digest for d in desired.deployments} if desired is not None else None
