"""Evaluation: what is measured, on which data, and which values are good enough."""

from typing import Literal, Self

from pydantic import Field, JsonValue, model_validator

from trueup.spec.kinds.base import ApiVersion, Declared, Source, VersionedMetadata
from trueup.spec.kinds.prompts import Decoding
from trueup.spec.kinds.spellings import (
    Count,
    DatasetRef,
    Day,
    Duration,
    Items,
    ModelRef,
    PromptRef,
    Ratio,
    Sentence,
    refused,
)


class Suite(Declared):
    """What runs the evaluation."""

    tool: Literal[
        "builtin",
        "inspect",
        "lm-eval",
        "promptfoo",
        "deepeval",
        "ragas",
        "garak",
        "aiperf",
        "guidellm",
        "evidently",
        "external",
    ] = Field(
        default="builtin",
        description="Harness. `builtin` runs by itself, `lm-eval` and `inspect` by their `interpreter`; results of all "
        "others are brought in by file.",
    )
    ref: Sentence | None = Field(
        default=None, description="Suite inside the harness: a task file of `source`, a package or an address."
    )
    source: Source | None = Field(
        default=None,
        description="Files of the suite that `lm-eval` or `inspect` runs: they are part of what is measured.",
    )
    version: Sentence | None = Field(default=None, description="Version of the harness; results of another are stale.")
    interpreter: Sentence | None = Field(
        default=None, description="Python of the environment that `lm-eval` or `inspect` is installed in."
    )


class Task(Declared):
    """One task of the suite [lm-eval, Inspect]."""

    task: Sentence = Field(description="Name of the task: `exact_match`, `mmlu`, ...")
    num_fewshot: int | None = Field(default=None, ge=0, description="Examples put before each question [lm-eval].")
    chat_template: bool | None = Field(default=None, description="Whether the chat template is applied [lm-eval].")
    limit: Count | None = Field(default=None, description="Most examples that are asked; all when absent.")
    seed: int | None = Field(default=None, ge=0, description="Seed of sampling and shuffling.")
    epochs: Count | None = Field(default=None, description="How often each example is asked [Inspect].")
    params: dict[str, JsonValue] = Field(default_factory=dict, description="Parameters under the task's own keys.")


class Metric(Declared):
    """A number the evaluation gives."""

    name: Sentence = Field(description="Name of the metric.")
    unit: Sentence = Field(default="ratio", description="`ratio`, `percent`, `ms`, `tokens/s`, `score`, ...")
    higher_is_better: bool = Field(default=True, description="Direction [lm-eval].")
    aggregation: Literal["mean", "median", "min", "max", "sum", "p50", "p90", "p95", "p99"] = Field(
        default="mean", description="How single results become one number [lm-eval]."
    )
    description: Sentence | None = Field(default=None, description="What it measures.")


class Threshold(Declared):
    """A value that must be reached [SPDX metricDecisionThreshold]."""

    metric: Sentence = Field(description="Metric it is about.")
    op: Literal[">=", ">", "<=", "<", "=="] = Field(description="How the measured value is compared with `value`.")
    value: float = Field(description="The threshold, in the metric's unit.")
    slice: Sentence | None = Field(default=None, description="Part of the data it is about; all of it when absent.")
    confidence: float = Field(
        default=0.95,
        ge=0.5,
        lt=1,
        description="How sure it must be that the value is on the right side, 0.5 to below 1; 0.5 compares what was "
        "measured alone.",
    )


class Regression(Declared):
    """A comparison with what is deployed: no worse than it, by a test that knows about chance."""

    baseline: Literal["deployed", "upstream"] = Field(
        default="deployed", description="What is compared with: the environment's own release or its upstream's."
    )
    margin: float = Field(default=0.0, ge=0, description="Accepted loss, in the metric's unit.")
    test: Literal["paired-bootstrap", "mcnemar", "paired-t", "wilcoxon", "permutation"] = Field(
        default="paired-bootstrap", description="Statistical test, paired by example."
    )
    alpha: float = Field(default=0.05, gt=0, lt=1, description="Accepted chance of a false alarm, above 0 to below 1.")
    smallest_effect: float | None = Field(
        default=None,
        gt=0,
        description="Smallest loss that the comparison has to be able to see, in the metric's unit; with too few "
        "examples for that the gate stays shut. `margin` when absent, else a twentieth of the metric's range.",
    )
    min_samples: Count = Field(default=30, description="Fewest examples; with fewer the gate stays shut.")
    correction: Literal["none", "holm", "bonferroni"] = Field(
        default="holm", description="Correction when several metrics are tested at once."
    )
    metrics: Items[Sentence] = Field(default=(), description="Metrics compared; empty means all.")


class Judge(Declared):
    """A model that scores answers."""

    model: ModelRef = Field(description="Model that judges, `name@version`.")
    prompt: PromptRef | None = Field(default=None, description="Prompt it judges with, `name@version`.")
    agreement: Ratio | None = Field(default=None, description="Measured agreement with people, 0 to 1.")


class Quarantine(Declared):
    """A case that is known to be flaky and does not count for now."""

    case: Sentence = Field(description="Id of the example.")
    reason: Sentence = Field(description="Why it does not count.")
    owner: Sentence = Field(description="Who repairs it.")
    expires: Day = Field(description="Last day it does not count.")


class EvaluationSpec(Declared):
    """What an Evaluation declares."""

    suite: Suite = Field(default_factory=Suite.model_construct, description="What runs it.")
    category: Literal[
        "quality", "factuality", "safety", "fairness", "robustness", "performance", "security", "parity"
    ] = Field(description="What it is about; environments and policies ask by category.")
    dataset: DatasetRef | None = Field(
        default=None, description="Data it runs on, `name@version`; the `builtin` suite needs it."
    )
    tasks: Items[Task] = Field(default=(), description="Tasks that run.")
    metrics: Items[Metric] = Field(default=(), description="Numbers it gives.")
    metric_decision_threshold: Items[Threshold] = Field(
        default=(), description="Values that must be reached [SPDX]; without one, passing proves nothing."
    )
    regression: Regression | None = Field(default=None, description="Comparison with what is deployed.")
    judge: Judge | None = Field(default=None, description="Model that scores answers.")
    decoding: Decoding | None = Field(
        default=None,
        alias="modelConfig",
        description="Decoding parameters in place of the prompt's, such as `temperature: 0`.",
    )
    max_age: Duration | None = Field(default=None, description="Age at which a result is stale, such as `30d`.")
    quarantine: Items[Quarantine] = Field(default=(), description="Cases that do not count for now.")
    keep_outputs: bool = Field(
        default=True,
        description="Whether questions and answers are kept beside the evidence, to be shown when they change; `false` "
        "keeps scores and the digests of answers only.",
    )

    @model_validator(mode="after")
    def _names_its_metrics(self) -> Self:
        known = {m.name for m in self.metrics}
        if known and (unknown := [t.metric for t in self.metric_decision_threshold if t.metric not in known]):
            raise refused(
                f"A threshold is about the metric `{unknown[0]}`, which `metrics` does not list.",
                f"known metrics: {', '.join(sorted(known))}",
                kind="rule",
            )
        if self.suite.tool == "builtin" and self.dataset is None:
            raise refused("The `builtin` suite has no `dataset` to run on.", "add `dataset: name@version`", kind="rule")
        return self


class Evaluation(Declared):
    """What is measured, on which data, and which values are good enough."""

    api_version: ApiVersion = Field(description="Version of this format.")
    kind: Literal["Evaluation"] = Field(description="The kind.")
    metadata: VersionedMetadata = Field(description="Name, version, labels, owner.")
    spec: EvaluationSpec = Field(description="The declaration.")
