"""Deployment: one release served in one environment: with what, how much of it, for whom and how it is watched."""

from typing import Literal, Self

from pydantic import Field, JsonValue, model_validator

from trueup.spec.kinds.base import ApiVersion, Declared, Metadata
from trueup.spec.kinds.rollout import Monitor, Rollout, Slo, Workload
from trueup.spec.kinds.spellings import (
    AdapterRef,
    BuildRef,
    Count,
    DeploymentRef,
    Duration,
    EnvironmentRef,
    Items,
    ModelRef,
    PromptRef,
    Quantity,
    Ratio,
    RuntimeName,
    SecretReference,
    Sentence,
    SystemRef,
    Version,
    refused,
    refused_all,
)


class Release(Declared):
    """The pinned tuple that moves through environments."""

    model: ModelRef = Field(description="Model, `name@version`.")
    adapters: Items[AdapterRef] = Field(default=(), description="Adapters, `name@version`.")
    prompt: PromptRef | None = Field(default=None, description="Prompt, `name@version`; none passes messages through.")
    build: BuildRef | None = Field(
        default=None, description="Build, `name@version`; when absent the runtime's own need decides."
    )


class Runtime(Declared):
    """What serves the model."""

    engine: RuntimeName = Field(
        description="Runtime: `llama.cpp` or `transformers` on this machine, `vllm`, `trtllm`, `sglang`, "
        "`nim`, ... on a "
        "cluster, or the name of a plugin.",
        examples=["llama.cpp", "transformers", "vllm", "trtllm", "sglang", "nim"],
    )
    version: Version | None = Field(default=None, description="Version the runtime must have.")
    image: Sentence | None = Field(default=None, description="Image, `registry/name@sha256:...`.")
    interpreter: Sentence | None = Field(
        default=None, description="Python of the environment the runtime is installed in; ours when absent."
    )
    threads: Count | None = Field(default=None, description="CPU threads of a server; never all cores unless asked.")
    slots: Count | None = Field(
        default=None, description="Requests answered at once by a server [llama.cpp `parallel`]."
    )
    context_per_slot: Count | None = Field(default=None, description="Tokens of context for each request.")
    args: dict[str, JsonValue] = Field(default_factory=dict, description="Arguments under the engine's own keys.")


class ScalingTrigger(Declared):
    """What makes the number of servers change [KEDA]."""

    metric: Sentence = Field(description="`requests_waiting`, `kv_cache_usage`, `cpu`, ... or PromQL.")
    target: float = Field(gt=0, description="Value each server is kept at.")


class Scaling(Declared):
    """Servers by load [KServe]."""

    min_replicas: int = Field(default=1, ge=0, description="Fewest servers; 0 lets it sleep.")
    max_replicas: Count = Field(description="Most servers.")
    triggers: Items[ScalingTrigger] = Field(default=(), description="What makes the number change.")
    cooldown: Duration | None = Field(default=None, description="Wait before going down, such as `5m`.")

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise refused("`minReplicas` is above `maxReplicas`.", "swap them", kind="rule")
        return self


class Limits(Declared):
    """What the gateway grants one client; an absent key means no limit."""

    max_tokens: Count | None = Field(default=None, description="Most tokens of an answer.")
    requests_per_minute: Count | None = Field(
        default=None, description="Most requests of a key in a minute [LiteLLM `rpm`]."
    )
    timeout_seconds: float | None = Field(default=None, gt=0, description="Longest answer, in seconds.")


class GatewaySettings(Declared):
    """How clients reach it."""

    model_name: Sentence | None = Field(
        default=None, description="Name clients send as `model` [OpenAI]; the deployment's name when absent."
    )
    keys: Items[SecretReference] = Field(
        default=(), description="Keys of clients, by reference `env:NAME` or `file:PATH`; none means no authentication."
    )
    limits: Limits = Field(default_factory=Limits.model_construct, description="What one client is granted.")


class Resources(Declared):
    """What one server takes."""

    accelerator: Sentence | None = Field(
        default=None, description="Product of the accelerator, as its environment names it."
    )
    count: int = Field(default=0, ge=0, description="Accelerators of one server.")
    cpu: Quantity | None = Field(default=None, description="CPU cores [Kubernetes quantity].")
    memory: Quantity | None = Field(default=None, description="Main memory, such as `8Gi` [Kubernetes quantity].")
    storage: Quantity | None = Field(default=None, description="Scratch disk, such as `50Gi` [Kubernetes quantity].")


class Guardrail(Declared):
    """A check on what goes in or comes out."""

    name: Sentence = Field(description="Name, for messages and policies.")
    stage: Literal["input", "output"] = Field(description="What it looks at.")
    type: Sentence = Field(description="`regex`, `pii`, `secrets`, `length`, `llama-guard`, `nemo`, ...")
    action: Literal["block", "redact", "flag"] = Field(default="block", description="What it does.")
    model: ModelRef | None = Field(default=None, description="Model that judges, `name@version`.")
    params: dict[str, JsonValue] = Field(default_factory=dict, description="Its parameters.")


class Logging(Declared):
    """What is kept of requests."""

    content: Literal["none", "redacted", "full"] = Field(
        default="none", description="What is kept of prompts and answers."
    )
    retention: Duration | None = Field(default=None, description="How long it is kept, such as `180d`.")
    sink: Sentence | None = Field(default=None, description="Where it goes.")


class Tracing(Declared):
    """Spans of requests [OTLP]."""

    endpoint: Sentence = Field(description="Address of the collector.")
    sampling: Ratio = Field(default=1.0, description="Share of requests traced, 0 to 1.")


class Feedback(Declared):
    """How users say what they think of an answer."""

    channel: Sentence = Field(description="Where they say it.")
    scale: Literal["thumbs", "stars", "text"] = Field(default="thumbs", description="How.")


class OnCall(Declared):
    """Who is called when it breaks."""

    contact: Sentence = Field(description="Who.")
    runbook: Sentence | None = Field(default=None, description="What they read: a path or address.")
    escalation: Items[Sentence] = Field(default=(), description="Who comes next, in order.")


class DeploymentSpec(Declared):
    """What a Deployment declares."""

    system: SystemRef | None = Field(default=None, description="System it serves, by name.")
    environment: EnvironmentRef = Field(description="Environment it runs in, by name.")
    release: Release = Field(description="The pinned tuple.")
    runtime: Runtime = Field(description="What serves it.")
    replicas: int | None = Field(default=None, ge=0, description="Servers; 1 when neither this nor `scaling` is given.")
    scaling: Scaling | None = Field(default=None, description="Servers by load, in place of `replicas`.")
    resources: Resources | None = Field(default=None, description="What one server takes.")
    gateway: GatewaySettings = Field(
        default_factory=GatewaySettings.model_construct, description="How clients reach it."
    )
    slo: Slo | None = Field(default=None, description="What users may expect.")
    workload: Workload | None = Field(default=None, description="The load that is about.")
    rollout: Rollout = Field(default_factory=Rollout.model_construct, description="How a new release takes over.")
    monitors: Items[Monitor] = Field(default=(), description="What is watched.")
    guardrails: Items[Guardrail] = Field(default=(), description="Checks on what goes in and comes out.")
    logging: Logging = Field(default_factory=Logging.model_construct, description="What is kept of requests.")
    tracing: Tracing | None = Field(default=None, description="Spans of requests.")
    feedback: Feedback | None = Field(default=None, description="How users say what they think.")
    on_call: OnCall | None = Field(default=None, description="Who is called when it breaks.")
    fallbacks: Items[DeploymentRef] = Field(
        default=(), description="Deployments of the same environment that answer in its place [LiteLLM]."
    )
    fields_managed_elsewhere: Items[Sentence] = Field(
        default=(), description="Fields another controller owns, such as `replicas`; never reconciled."
    )

    @model_validator(mode="after")
    def _has_one_size(self) -> Self:
        if self.replicas is not None and self.scaling is not None:
            raise refused("The deployment has both `replicas` and `scaling`.", "keep one of them", kind="rule")
        return self


class Deployment(Declared):
    """One release served in one environment."""

    api_version: ApiVersion = Field(description="Version of this format.")
    kind: Literal["Deployment"] = Field(description="The kind.")
    metadata: Metadata = Field(description="Name, labels, owner.")
    spec: DeploymentSpec = Field(description="The declaration.")

    @model_validator(mode="after")
    def _is_no_rival_of_itself(self) -> Self:
        refused_all(
            [
                (
                    ("spec", "rollout", "candidates", number, "deployment"),
                    "The deployment is a candidate of its own experiment; its new release takes part by `weight`.",
                    "name another deployment, or drop it",
                )
                for number, rival in enumerate(self.spec.rollout.candidates)
                if rival.deployment == self.metadata.name
            ]
        )
        return self
