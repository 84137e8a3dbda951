"""What people say to a rollout that goes on in another process."""

from trueup.core.errors import PermanentError
from trueup.rollout.machine import Order
from trueup.workflows import codes
from trueup.workflows.planning import Invalid
from trueup.workflows.status import status
from trueup.workflows.workspace import Workspace


def order(workspace: Workspace, environment: str, name: str, what: Order) -> Invalid | None:
    """Leave *what* for the rollout of deployment *name*.

    Raises:
        PermanentError: No rollout of it is under way.
    """
    found = status(workspace, environment)
    if isinstance(found, Invalid):
        return found
    row = next((d for d in found.deployments if name in (d.id.name, str(d.id))), None)
    if row is None or row.rollout is None:
        known = ", ".join(d.id.name for d in found.deployments if d.rollout is not None) or "none"
        detail = f"No rollout of `{name}` is under way in `{environment}`; under way: {known}."
        raise PermanentError(codes.NO_SUCH_ROLLOUT, detail)
    workspace.orders.give(environment, row.id.name, what.value)
    return None
