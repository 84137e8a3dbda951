"""A rollout that another run drives, as somebody who only looks sees it."""

from trueup.core.frozen import dataclass
from trueup.desired.takeover import Takeover
from trueup.diff.status import DeploymentStatus
from trueup.rollout.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class UnderWay:
    """One deployment with a rollout under way.

    Attributes:
        row: Its status.
        takeover: The steps; None where another release is declared by now, whose steps would be others.
        verdicts: Metrics since the step began; empty when the target cannot say.
    """

    row: DeploymentStatus
    takeover: Takeover | None
    verdicts: tuple[Verdict, ...] = ()
