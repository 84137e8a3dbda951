"""How a release takes over the traffic, and what is watched while it does and afterwards; parts of a Deployment."""

from typing import Literal, Self

from pydantic import Field, model_validator

from trueup.spec.kinds.base import Declared
from trueup.spec.kinds.spellings import (
    Count,
    DatasetRef,
    Duration,
    Items,
    Name,
    Percent,
    Percentile,
    Ratio,
    Sentence,
    refused,
)


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

    name: Sentence = Field(description="Metric: `error_rate`, `ttft_p95`, ... or a name of your own with `query`.")
    query: Sentence | None = Field(default=None, description="PromQL; the gateway's own count when absent.")
    success_condition: Sentence | None = Field(default=None, description="What must hold of it, such as `<= 0.01`.")
    failure_limit: int = Field(default=0, ge=0, description="Failed measurements that are forgiven.")
    interval: Duration | None = Field(default=None, description="Time between measurements, such as `30s`.")
    count: Count | None = Field(default=None, description="Measurements of a step.")


class Analysis(Declared):
    """What decides whether a step is good."""

    metrics: Items[AnalysisMetric] = Field(default=(), description="What is watched.")
    min_requests: int = Field(default=0, ge=0, description="Requests a step must have seen before it is judged.")


class Pause(Declared):
    """A wait."""

    duration: Duration | None = Field(
        default=None, description="How long, such as `10m`; until someone says go when absent."
    )


class Step(Declared):
    """One step of a rollout [Argo Rollouts]."""

    set_weight: Percent | None = Field(default=None, description="Share of the traffic the new release gets, 0 to 100.")
    pause: Pause | None = Field(default=None, description="Wait before the next step.")
    analysis: Analysis | None = Field(default=None, description="What must hold before the next step.")


class Mirror(Declared):
    """Copies of requests for a release that answers nobody [Seldon, Gateway API]."""

    percent: Percent = Field(default=100.0, description="Share of the requests copied, 0 to 100.")
    side_effects: Literal["disabled", "enabled"] = Field(
        default="disabled", description="Whether tools of the shadow may act; they may not."
    )
    retention: Duration | None = Field(default=None, description="How long the shadow's answers are kept.")


class Rollout(Declared):
    """How a new release takes over."""

    strategy: Literal["recreate", "blueGreen", "canary", "shadow", "experiment"] = Field(
        default="blueGreen",
        description="`recreate`: stop, then start; `blueGreen`: start beside, then switch all; `canary`: by steps; "
        "`shadow`: mirror first; `experiment`: compare, then decide.",
    )
    steps: Items[Step] = Field(default=(), description="Steps of a canary, in order.")
    analysis: Analysis | None = Field(default=None, description="What must hold all the time.")
    mirror: Mirror | None = Field(default=None, description="Copies of requests before any traffic.")
    hypothesis: Sentence | None = Field(default=None, description="What an experiment is to show.")
    sample_size: Count | None = Field(default=None, description="Requests an experiment needs.")
    drain_timeout: Duration | None = Field(
        default=None, description="How long the old release may finish its answers, such as `60s`."
    )
    progress_deadline: Duration | None = Field(
        default=None, description="How long the new release may take to be ready, such as `10m` [Kubernetes]."
    )

    @model_validator(mode="after")
    def _fits_strategy(self) -> Self:
        if self.strategy == "canary" and not self.steps:
            raise refused("A canary has no `steps`.", "add steps, such as `- {setWeight: 10}`", kind="rule")
        weights = [s.set_weight for s in self.steps if s.set_weight is not None]
        if weights != sorted(weights):
            raise refused("The weights of a rollout's steps go down.", "order the steps by `setWeight`", kind="rule")
        return self


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
