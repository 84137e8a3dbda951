"""What a rollout asks for while it goes on, besides the target."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.desired.state import DesiredDeployment
from trueup.desired.takeover import Checks
from trueup.rollout.analysis import Queried
from trueup.rollout.machine import Order


@dataclass(frozen=True, slots=True)
class Watch:
    """What a rollout asks for while it goes on.

    Attributes:
        order: What someone said about the rollout of a deployment since it was asked last.
        superseded: The commit that declares another release of it by now; empty when none does.
        queried: Values of metrics that the gateway does not count: of a deployment, and of its stable release, over a
            window.
    """

    order: Callable[[ResourceId], Order] = lambda _: Order.NONE
    superseded: Callable[[ResourceId], str] = lambda _: ""
    queried: Callable[[DesiredDeployment, Checks, Digest, timedelta], Mapping[str, Queried]] = lambda *_: {}
