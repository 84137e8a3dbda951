"""How a new release takes over the traffic: the `rollout` of a Deployment as values, every default filled in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from trueup.core.json import Json


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of a metric: `<= 0.01`, or relative to the stable release: `<= stable * 1.1`, `>= stable - 0.02`.

    Attributes:
        op: `<`, `<=`, `>`, `>=`.
        bound: The number; with `relation`, what the stable release's value is multiplied by, or what is added to it.
        relation: Empty, `*` or `+` (a bound that is taken away is a negative one that is added).
    """

    op: str
    bound: float
    relation: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    """One metric of an analysis.

    Attributes:
        name: Metric of the gateway, `evaluation/metric`, or a name of its own with `query`.
        condition: What must hold of it.
        query: PromQL; empty for what the gateway counts itself.
        failure_limit: Failed measurements that are forgiven.
        interval: Time between measurements.
        count: Measurements of a step.
    """

    name: str
    condition: Condition
    query: str = ""
    failure_limit: int = 0
    interval: timedelta = timedelta(seconds=10)
    count: int = 1


@dataclass(frozen=True, slots=True)
class Checks:
    """What decides whether a step is good.

    Attributes:
        watched: The metrics.
        min_requests: Answers of the new release before anything is judged.
        confidence: Of each interval, such as 0.95.
        patience: How long a step waits for enough evidence after its measurements are due.
        on_inconclusive: What happens then: `abort`, `continue` or `pause` (until someone says go).
        on_error: What a source that cannot be asked does in the end: `pause`, `continue` or `abort`.
    """

    watched: tuple[Watched, ...]
    min_requests: int = 0
    confidence: float = 0.95
    patience: timedelta = timedelta(minutes=10)
    on_inconclusive: str = "abort"
    on_error: str = "pause"


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a rollout, taken in this order: the weight, the wait, the analysis.

    Attributes:
        weight: Share of the requests the new release gets from here on, 0 to 100; None leaves it as it is.
        pause: How long to wait; None does not wait.
        until_told: Wait until someone says go.
        checks: What must hold before the next step; None asks nothing.
        mirror: Share of the requests that are copied to the new release.
    """

    weight: float | None = None
    pause: timedelta | None = None
    until_told: bool = False
    checks: Checks | None = None
    mirror: float = 0.0


@dataclass(frozen=True, slots=True)
class Rival:
    """Another deployment of the environment whose release takes part in an experiment."""

    deployment: str
    weight: float


@dataclass(frozen=True, slots=True)
class Takeover:
    """How a new release takes over.

    Attributes:
        strategy: `recreate`, `inPlace`, `blueGreen`, `canary`, `shadow` or `experiment`.
        stages: Steps before all traffic is the new release's; whatever the strategy, written as steps.
        checks: What must hold all the time while there is a split; None asks nothing.
        sticky: `request` or `user`, see `ports.Split`.
        rivals: Other releases of an experiment.
        hypothesis: What an experiment is to show, in words.
        sample_size: Requests an experiment needs of each release before it is judged.
        drain: How long the old release may finish its answers; None takes the target's.
        deadline: How long the new release may take to be ready; None takes the runtime's.
    """

    strategy: str = "blueGreen"
    stages: tuple[Stage, ...] = ()
    checks: Checks | None = None
    sticky: str = "request"
    rivals: tuple[Rival, ...] = ()
    hypothesis: str = ""
    sample_size: int = 0
    drain: timedelta | None = None
    deadline: timedelta | None = None


def takeover_of(document: Mapping[str, Json]) -> Takeover:
    """Return how the Deployment of *document* wants a new release to take over."""
    return Takeover()
