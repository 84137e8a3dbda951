"""How a release takes over the traffic, and what is watched while it does and afterwards; parts of a Deployment."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic.alias_generators import to_camel

from trueup.core.conditions import ANY, SHARE, Unreadable, read_condition
from trueup.core.suggestions import did_you_mean
from trueup.spec.kinds.base import Declared
from trueup.spec.kinds.spellings import (
    Count,
    DatasetRef,
    DeploymentRef,
    Duration,
    Items,
    Name,
    Percent,
    Percentile,
    Ratio,
    Sentence,
    refused,
    refused_all,
)
from trueup.spec.traffic_metrics import NEVER_OF_COPIES, ONLY_OF_COPIES, TRAFFIC_METRICS

Share = Annotated[float, Field(gt=0, le=100)]
Confidence = Annotated[float, Field(ge=0.5, lt=1)]
Problem = tuple[tuple[str | int, ...], str, str]
"""Where it is, as YAML spells it; what is wrong; what to do."""

_ALL = 100
_EVALUATION_METRIC = re.compile(r"^[a-z0-9][a-z0-9.-]*(@[A-Za-z0-9][A-Za-z0-9._+-]*)?/[^/\s]+$")
"""`evaluation/metric` or `evaluation@version/metric`."""
PLACEHOLDERS = ("deployment", "release", "environment", "window")
"""What a query may name in double braces."""
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")


class Slo(Declared):
    """What users may expect [Dynamo terms]; latencies at `percentile`, at the declared workload."""

    percentile: Percentile = Field(default="p95", description="Percentile of the latencies, such as `p95`.")
    ttft: Duration | None = Field(default=None, description="Time to first token, such as `800ms` [Dynamo].")
    itl: Duration | None = Field(default=None, description="Time between tokens, such as `40ms` [Dynamo].")
    e2e_latency: Duration | None = Field(
        default=None, alias="e2eLatency", description="Time to the last token [Dynamo]."
    )
    error_rate: Ratio | None = Field(default=None, description="Largest share of failed requests, 0 to 1.")
    availability: Ratio | None = Field(default=None, description="Least share of time it answers, 0 to 1.")
    goodput: Ratio | None = Field(default=None, description="Least share of requests that meet all latencies [AIPerf].")
    throughput: float | None = Field(default=None, gt=0, description="Least output tokens a second.")


class Workload(Declared):
    """The load the SLO and capacity are about [Dynamo terms]."""

    isl: Count | None = Field(default=None, description="Input tokens of a request [Dynamo].")
    osl: Count | None = Field(default=None, description="Output tokens of a request [Dynamo].")
    concurrency: Count | None = Field(default=None, description="Requests at once.")
    request_rate: float | None = Field(default=None, gt=0, description="Requests a second.")


class AnalysisMetric(Declared):
    """One number that is watched during a rollout [Argo Rollouts]."""

    name: Sentence = Field(
        description="Metric: `error_rate`, `ttft_p95`, ..., `evaluation/metric`, or a name of your own with `query`."
    )
    query: Sentence | None = Field(
        default=None,
        description="PromQL; the gateway's own count when absent. `{{deployment}}`, `{{release}}`, `{{environment}}` "
        "and `{{window}}` are filled in.",
    )
    success_condition: Sentence = Field(
        description="What must hold of it, such as `<= 0.01`, `< 800ms`, `<= stable * 1.1` or `>= stable - 2%`."
    )
    failure_limit: int = Field(default=0, ge=0, description="Failed measurements that are forgiven.")
    interval: Duration | None = Field(
        default=None, description="Time between measurements, such as `30s`; `10s` when absent."
    )
    count: Count | None = Field(default=None, description="Measurements of a step; 1 when absent.")

    @model_validator(mode="after")
    def _can_be_measured(self) -> Self:
        refused_all([*self._unknown(), *self._unreadable(), *self._unfilled()])
        return self

    def _unknown(self) -> Iterator[Problem]:
        if self.query is None and self.name not in TRAFFIC_METRICS and not _EVALUATION_METRIC.match(self.name):
            hint = did_you_mean(self.name, TRAFFIC_METRICS)
            known = f"known: {', '.join(TRAFFIC_METRICS)}; `evaluation/metric`; or give a `query`"
            yield ("name",), f"The gateway counts no `{self.name}`.", f"{hint}; {known}" if hint else known
        if self.query is not None and self.name in TRAFFIC_METRICS:
            yield (
                ("query",),
                f"`{self.name}` is what the gateway counts itself, and a query would give it another meaning.",
                "drop `query`, or name the metric otherwise",
            )

    def _unreadable(self) -> Iterator[Problem]:
        known = TRAFFIC_METRICS.get(self.name) if self.query is None else None
        condition = read_condition(self.success_condition, known.unit if known else ANY)
        if isinstance(condition, Unreadable):
            yield ("successCondition",), f"`{self.success_condition}` is {condition.why}.", condition.hint
        elif known and known.unit == SHARE and not condition.relation and not 0 < condition.bound < 1:
            yield (
                ("successCondition",),
                f"`{self.name}` is a share of one, and no number of requests shows that it is none or all.",
                "compare it with a number between 0 and 1, such as `<= 0.01` or `<= 1%`",
            )
        elif condition.relation and self.query is None and self.name in ONLY_OF_COPIES:
            yield (
                ("successCondition",),
                f"`{self.name}` is of the new release's answers to those of the stable one, which has none itself.",
                "compare it with a number, such as `>= 0.6`",
            )
        elif condition.relation and self.query is not None and "{{release}}" not in self.query:
            yield (
                ("query",),
                "The condition compares releases, and the query asks the same for both.",
                "choose the release in it with `{{release}}`",
            )

    def _unfilled(self) -> Iterator[Problem]:
        for name in _PLACEHOLDER.findall(self.query or ""):
            if name not in PLACEHOLDERS:
                known = f"known: {', '.join(f'{{{{{p}}}}}' for p in PLACEHOLDERS)}"
                hint = did_you_mean(name, PLACEHOLDERS)
                yield ("query",), f"Nothing fills in `{{{{{name}}}}}`.", f"{hint}; {known}" if hint else known


class Analysis(Declared):
    """What decides whether a step is good."""

    metrics: Items[AnalysisMetric] = Field(default=(), description="What is watched.")
    min_requests: int = Field(
        default=0, ge=0, description="Requests that the new release must have answered before anything is judged."
    )
    confidence: Confidence = Field(
        default=0.95,
        description="Of each judgement: at 0.95, a release as good as the bound fails by chance at most 1 time in 20, "
        "however often it is looked at.",
    )
    patience: Duration | None = Field(
        default=None, description="How long a step waits for evidence that is still missing; `10m` when absent."
    )
    on_inconclusive: Literal["abort", "continue", "pause"] = Field(
        default="abort",
        description="What happens when `patience` ends without a verdict; `pause` waits until someone says go.",
    )
    on_error: Literal["abort", "continue", "pause"] = Field(
        default="pause", description="What happens in the end when a source of metrics cannot be asked."
    )

    @model_validator(mode="after")
    def _names_each_metric_once(self) -> Self:
        names = [m.name for m in self.metrics]
        refused_all(
            [
                (("metrics", number, "name"), f"`{name}` is watched twice.", "keep one of them")
                for number, name in enumerate(names)
                if name in names[:number]
            ]
        )
        return self


class Pause(Declared):
    """A wait; `{}` waits until someone says go."""

    duration: Duration | None = Field(
        default=None, description="How long, such as `10m`; until someone says go when absent."
    )


def _not_empty(value: Any) -> Any:
    """Refuse `pause:` with nothing behind it, which could mean no wait as well as one without an end."""
    if value is None:
        raise refused(
            "It is empty, which could mean no wait or one without an end.",
            "write `{}` to wait until someone says go, or `{duration: 10m}`",
            kind="rule",
        )
    return value


class Step(Declared):
    """One step of a rollout, in this order: weight, pause, analysis [Argo Rollouts]."""

    set_weight: Percent | None = Field(default=None, description="Share of the traffic the new release gets, 0 to 100.")
    pause: Annotated[Pause | None, BeforeValidator(_not_empty)] = Field(
        default=None, description="Wait before the next step; `{}` waits until someone says go."
    )
    analysis: Analysis | None = Field(default=None, description="What must hold before the next step.")

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.set_weight is None and self.pause is None and self.analysis is None:
            raise refused("The step does nothing.", "give it `setWeight`, `pause` or `analysis`", kind="rule")
        return self


class Mirror(Declared):
    """Copies of requests for a release that answers nobody [Seldon, Gateway API]."""

    percent: Percent = Field(default=100.0, description="Share of the requests copied, 0 to 100.")
    duration: Duration | None = Field(
        default=None, description="How long at least, such as `1h`; until its analysis is decided when absent."
    )
    side_effects: Literal["disabled", "enabled"] = Field(
        default="disabled", description="Whether tools of the shadow may act; they may not."
    )
    retention: Duration | None = Field(
        default=None, description="How long the shadow's answers are kept; counted and thrown away when absent."
    )


class Rival(Declared):
    """Another deployment whose release takes part in an experiment."""

    deployment: DeploymentRef = Field(description="Deployment of the same environment, by name.")
    weight: Share = Field(description="Share of the traffic its release gets, above 0.")


class Rollout(Declared):
    """How a new release takes over."""

    strategy: Literal["recreate", "inPlace", "blueGreen", "canary", "shadow", "experiment"] = Field(
        default="blueGreen",
        description="`recreate`: stop, then start; `inPlace`: the same while requests wait; `blueGreen`: start beside, "
        "then switch all; `canary`: by steps; `shadow`: mirror first; `experiment`: compare, then decide.",
    )
    steps: Items[Step] = Field(default=(), description="Steps of a canary, in order.")
    analysis: Analysis | None = Field(
        default=None,
        description="What must hold all the time, and before each step that takes more traffic; of an experiment, what "
        "decides it.",
    )
    mirror: Mirror | None = Field(default=None, description="Copies of requests before any traffic.")
    sticky: Literal["request", "user"] | None = Field(
        default=None,
        description="What is kept on one release while traffic is shared: each `request` by itself (when absent), or "
        "all of a `user` (`user` in the body, or the header `x-trueup-key`).",
    )
    weight: Share | None = Field(
        default=None, description="Share of the traffic that the new release of an experiment gets, above 0."
    )
    candidates: Items[Rival] = Field(default=(), description="Other deployments that take part in an experiment.")
    hypothesis: Sentence | None = Field(default=None, description="What an experiment is to show.")
    sample_size: Count | None = Field(
        default=None, description="Requests that each release of an experiment answers before it is judged, once."
    )
    drain_timeout: Duration | None = Field(
        default=None, description="How long the old release may finish its answers, such as `60s`."
    )
    progress_deadline: Duration | None = Field(
        default=None, description="How long the new release may take to be ready, such as `10m` [Kubernetes]."
    )

    @model_validator(mode="after")
    def _fits_strategy(self) -> Self:
        refused_all(
            [
                *_misplaced(self),
                *_without_samples(self),
                *(_canary_problems(self) if self.strategy == "canary" else ()),
                *(_shadow_problems(self) if self.strategy == "shadow" else ()),
                *(_experiment_problems(self) if self.strategy == "experiment" else ()),
            ]
        )
        return self


_OF_STRATEGIES: Mapping[str, tuple[str, ...]] = {
    "steps": ("canary",),
    "mirror": ("canary", "shadow"),
    "sticky": ("canary", "experiment"),
    "weight": ("experiment",),
    "candidates": ("experiment",),
    "hypothesis": ("experiment",),
    "sample_size": ("experiment",),
}
"""Fields that only some strategies have."""


def _misplaced(rollout: Rollout) -> Iterator[Problem]:
    for field, strategies in _OF_STRATEGIES.items():
        is_declared = field in rollout.model_fields_set and getattr(rollout, field) not in (None, ())
        if is_declared and rollout.strategy not in strategies:
            name = to_camel(field)
            wanted = " or ".join(f"`strategy: {s}`" for s in strategies)
            yield (
                (name,),
                f"The strategy `{rollout.strategy}` takes no `{name}`, which would be ignored.",
                f"say {wanted}, or drop `{name}`",
            )


def _analyses(rollout: Rollout) -> Iterator[tuple[tuple[str | int, ...], Analysis]]:
    if rollout.analysis:
        yield ("analysis",), rollout.analysis
    for number, step in enumerate(rollout.steps):
        if step.analysis:
            yield ("steps", number, "analysis"), step.analysis


def _without_samples(rollout: Rollout) -> Iterator[Problem]:
    for place, analysis in _analyses(rollout):
        if not analysis.metrics:
            yield place, "The analysis has no `metrics`, and nothing could fail.", "add metrics, or drop `analysis`"
        elif not analysis.min_requests and rollout.strategy != "experiment":
            yield (
                place,
                "The analysis has no `minRequests`, and a release that nobody asked would pass.",
                "say how many requests it must have answered before it is judged, such as `minRequests: 200`",
            )
        has_copies = place == ("analysis",) and (rollout.mirror is not None or rollout.strategy == "shadow")
        for number, metric in enumerate(analysis.metrics):
            if metric.query is None and metric.name in ONLY_OF_COPIES and not has_copies:
                detail = f"`{metric.name}` is of copies, and no request is copied here."
                yield (*place, "metrics", number, "name"), detail, "add `mirror`, and watch it in `rollout.analysis`"
            if metric.query is None and metric.name in NEVER_OF_COPIES and rollout.strategy == "shadow":
                detail = f"`{metric.name}` is said by clients, and none sees what a shadow answers."
                yield (*place, "metrics", number, "name"), detail, "watch something else"


def _canary_problems(rollout: Rollout) -> Iterator[Problem]:
    weights = [(n, s.set_weight) for n, s in enumerate(rollout.steps) if s.set_weight is not None]
    if not rollout.steps:
        yield (), "A canary has no `steps`.", "add steps, such as `- {setWeight: 10}`"
    elif not any(weight for _, weight in weights):
        yield ("steps",), "No step of the canary gives the new release any traffic.", "add `setWeight: 10` to a step"
    highest = 0.0
    for number, weight in weights:
        if weight < highest:
            detail = f"The weights of a rollout's steps go down: {highest:g}, then {weight:g}."
            yield ("steps", number, "setWeight"), detail, "order the steps by `setWeight`"
        highest = max(highest, weight)
        if weight == _ALL and number + 1 < len(rollout.steps):
            yield (
                ("steps", number, "setWeight"),
                "A step before the last one has a weight of 100, and those after it decide nothing any more.",
                "put `pause` and `analysis` in this step, and end with it",
            )


def _shadow_problems(rollout: Rollout) -> Iterator[Problem]:
    if not rollout.analysis:
        yield (), "A shadow has no `analysis`, and nothing would be compared.", "add `analysis` with metrics"
    if rollout.mirror and not rollout.mirror.percent:
        yield ("mirror", "percent"), "No request is copied.", "say which share of them, such as `percent: 100`"


def _experiment_problems(rollout: Rollout) -> Iterator[Problem]:
    needed = {
        "hypothesis": (rollout.hypothesis, "say in words what it is to show"),
        "sampleSize": (rollout.sample_size, "say after how many requests of each release it is judged"),
        "weight": (rollout.weight, "say which share of the traffic the new release gets, such as `weight: 50`"),
        "analysis": (rollout.analysis, "say by which metrics it is decided"),
    }
    for name, (value, hint) in needed.items():
        if not value:
            yield (), f"An experiment has no `{name}`.", f"add `{name}`: {hint}"
    names = [c.deployment for c in rollout.candidates]
    for number, name in enumerate(names):
        if name in names[:number]:
            yield ("candidates", number, "deployment"), f"`{name}` takes part twice.", "keep one of them"
    if (total := (rollout.weight or 0) + sum(c.weight for c in rollout.candidates)) >= _ALL:
        detail = (
            f"The weights of the experiment are {total:g} together, and nothing is left for the release that serves "
            "now, which the others are compared with."
        )
        yield ("weight",), detail, "keep them below 100 together"


class Monitor(Declared):
    """What is watched after the rollout, and what happens when it goes wrong."""

    name: Name = Field(description="Name, for alerts and policies.")
    signal: Literal["latency", "errors", "quality", "drift", "safety", "cost", "feedback", "availability"] = Field(
        description="What it is about."
    )
    source: Sentence | None = Field(default=None, description="PromQL or file; the gateway's own count when absent.")
    metric: Sentence | None = Field(
        default=None, description="Metric, such as `gen_ai.server.time_to_first_token` [OTel]."
    )
    baseline: DatasetRef | None = Field(
        default=None, description="Data that drift is measured against, `name@version`."
    )
    test: Literal["psi", "ks", "chi2", "js", "embedding"] | None = Field(default=None, description="Test for drift.")
    op: Literal[">=", ">", "<=", "<", "=="] | None = Field(
        default=None, description="How the value is compared with `threshold` for it to be in order."
    )
    threshold: float | None = Field(default=None, description="Value at which it acts, in the metric's unit.")
    min_samples: Count | None = Field(default=None, description="Fewest values it judges by.")
    window: Duration | None = Field(default=None, description="Time it looks back, such as `15m`.")
    on_breach: Literal["alert", "pull-request", "pause", "rollback"] = Field(
        default="alert", description="What a breach does."
    )
    route: Sentence | None = Field(default=None, description="Where alerts go.")
