"""How a new release takes over the traffic: the `rollout` of a Deployment as values, every default filled in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from trueup.core.conditions import ANY, Condition, Unreadable, read_condition
from trueup.core.durations import parse_duration
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.spec.traffic_metrics import NEVER_OF_COPIES, ONLY_OF_COPIES, TRAFFIC_METRICS

_T = TypeVar("_T")
_ALL = 100.0


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
    """Return what a Deployment document, already valid, declares under `rollout`; every strategy written as stages.

    - `canary`: a stage of copies first where `mirror` is declared, then a stage for each step. A weight whose steps
      have no analysis of their own is left only when `analysis` holds.
    - `shadow`: one stage of copies. `experiment`: one stage, judged after `sampleSize` requests of each release.
    - The others move all traffic at once. With an `analysis`, a stage of weight 100 is left only when it holds.
    """
    rollout = mapping_of(mapping_of(document.get("spec")).get("rollout"))
    strategy = _text(rollout.get("strategy"), "blueGreen")
    checks = _checks(rollout.get("analysis"))
    served = _without(checks, *ONLY_OF_COPIES)
    size = int(_number(rollout.get("sampleSize"), 0))
    return Takeover(
        strategy=strategy,
        stages=tuple(_stages(strategy, rollout, checks)),
        # An experiment is judged once; on the way it is watched only by what says how many requests that takes.
        checks=None if strategy == "shadow" or (served and not served.min_requests) else served,
        sticky=_text(rollout.get("sticky"), "request"),
        rivals=tuple(
            Rival(_text(r.get("deployment"), ""), _number(r.get("weight"), 0))
            for r in _items(rollout.get("candidates"))
        ),
        hypothesis=_text(rollout.get("hypothesis"), ""),
        sample_size=size,
        drain=_time(rollout.get("drainTimeout")),
        deadline=_time(rollout.get("progressDeadline")),
    )


def _stages(strategy: str, rollout: Mapping[str, Json], checks: Checks | None) -> Iterator[Stage]:
    if strategy == "canary":
        if (declared := rollout.get("mirror")) is not None:
            yield _copies(declared, checks)
        yield from _held(_steps(rollout), _without(checks, *ONLY_OF_COPIES))
    elif strategy == "shadow":
        yield _copies(rollout.get("mirror"), checks)
    elif strategy == "experiment" and checks:
        size = int(_number(rollout.get("sampleSize"), 0))
        yield Stage(weight=_number(rollout.get("weight"), 0), checks=replace(checks, min_requests=size))
    elif checks:
        yield Stage(weight=_ALL, checks=checks)


def _copies(declared: Json, checks: Checks | None) -> Stage:
    mirror = mapping_of(declared)
    return Stage(
        weight=0.0,
        pause=_time(mirror.get("duration")),
        checks=_without(checks, *NEVER_OF_COPIES),
        mirror=_number(mirror.get("percent"), _ALL),
    )


def _without(checks: Checks | None, *names: str) -> Checks | None:
    kept = tuple(w for w in checks.watched if w.query or w.name not in names) if checks else ()
    return replace(checks, watched=kept) if checks and kept else None


def _steps(rollout: Mapping[str, Json]) -> Iterator[Stage]:
    for step in _items(rollout.get("steps")):
        weight, pause = step.get("setWeight"), step.get("pause")
        duration = _time(mapping_of(pause).get("duration"))
        yield Stage(
            weight=None if weight is None else _number(weight, 0),
            pause=duration,
            until_told=pause is not None and duration is None,
            checks=_checks(step.get("analysis")),
        )


def _held(steps: Iterator[Stage], checks: Checks | None) -> Iterator[Stage]:
    """Give the last stage of each weight the checks that always hold, where none of that weight has its own."""
    stages = list(steps)
    share, has_own = 0.0, False
    for number, stage in enumerate(stages):
        if stage.weight is not None:
            share, has_own = stage.weight, False
        has_own = has_own or stage.checks is not None
        is_last = number + 1 == len(stages) or stages[number + 1].weight is not None
        yield replace(stage, checks=checks) if is_last and share and not has_own else stage


def _checks(declared: Json) -> Checks | None:
    analysis = mapping_of(declared)
    watched = tuple(_watched(m) for m in _items(analysis.get("metrics")))
    if not watched:
        return None
    made = Checks(watched, min_requests=int(_number(analysis.get("minRequests"), 0)))
    return replace(
        made,
        confidence=_number(analysis.get("confidence"), made.confidence),
        patience=_or(_time(analysis.get("patience")), made.patience),
        on_inconclusive=_text(analysis.get("onInconclusive"), made.on_inconclusive),
        on_error=_text(analysis.get("onError"), made.on_error),
    )


def _watched(metric: Mapping[str, Json]) -> Watched:
    name, query = _text(metric.get("name"), ""), _text(metric.get("query"), "")
    known = None if query else TRAFFIC_METRICS.get(name)
    condition = read_condition(_text(metric.get("successCondition"), ""), known.unit if known else ANY)
    match condition:
        case Unreadable(why=why):
            raise ValueError(f"the condition of {name} is {why}")
        case Condition():
            pass
    made = Watched(name, condition, query, failure_limit=int(_number(metric.get("failureLimit"), 0)))
    return replace(
        made,
        interval=_or(_time(metric.get("interval")), made.interval),
        count=int(_number(metric.get("count"), made.count)),
    )


def _items(value: Json) -> list[Mapping[str, Json]]:
    return [mapping_of(v) for v in value] if isinstance(value, Sequence) and not isinstance(value, str) else []


def _text(value: Json, default: str) -> str:
    return value if isinstance(value, str) else default


def _number(value: Json, default: float) -> float:
    return float(value) if isinstance(value, int | float) else default


def _time(value: Json) -> timedelta | None:
    return parse_duration(value) if isinstance(value, str) else None


def _or(value: _T | None, default: _T) -> _T:
    return default if value is None else value
