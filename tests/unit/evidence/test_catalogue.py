"""The metric catalogue: one meaning a name, and the traps of names that are not."""

from collections import Counter

import pytest

from trueup.evidence.catalogue import METRICS, PERCENTILES, metric
from trueup.evidence.metrics import Metric, Shape

NAMED = [
    "exact_match",
    "contains",
    "regex",
    "json_schema",
    "choice_accuracy",
    "choice_accuracy_norm",
    "perplexity",
    "kl",
    "top1",
    "rouge1",
    "rouge2",
    "rougeL",
    "bleu",
    "chrf",
    "embedding_similarity",
    "refusal",
    "attack_success_rate",
    "bias_gap",
    "judge_score",
    "pass_rate",
    "accuracy",
    "f1",
    "tokens_per_second",
    "request_throughput",
    "goodput",
    "error_rate",
    "prompt_tokens",
    "completion_tokens",
]


UNITS = frozenset(
    ["ratio", "score", "perplexity", "nats", "bits", "ms", "h", "tokens/s", "requests/s", "tokens", "words", "currency"]
)


@pytest.mark.parametrize("name", NAMED)
def test_every_metric_that_is_measured_has_its_entry(name: str) -> None:
    found = metric(name)
    assert found is not None
    assert found.name == name


def test_every_latency_has_every_percentile_in_milliseconds() -> None:
    for name in ("latency", "ttft", "inter_token_latency"):
        for share in PERCENTILES:
            found = METRICS[f"{name}_p{share}"]
            assert (found.unit, found.higher_is_better, found.shape) == ("ms", False, Shape.WHOLE)
            assert f"{share}th" in found.definition


def test_what_nobody_knows_has_no_entry() -> None:
    assert metric("exactmatch") is None
    assert metric("latency_p51") is None


@pytest.mark.parametrize("entry", METRICS.values(), ids=list(METRICS))
def test_an_entry_says_what_it_is_in_a_sentence(entry: Metric) -> None:
    assert entry.definition.endswith(".")
    assert not entry.traps or entry.traps.endswith(".")
    assert entry.unit in UNITS


def test_an_alias_of_one_tool_means_one_metric_or_its_trap_is_told() -> None:
    """Percentiles of one latency share their alias; what else shares one has to say how it differs."""
    named = {
        (tool, alias, entry.name.rpartition("_p")[0] or entry.name)
        for entry in METRICS.values()
        for tool, aliases in entry.aliases.items()
        for alias in aliases
    }
    shared = {key for key, number in Counter((tool, alias) for tool, alias, _ in named).items() if number > 1}
    assert shared == {("lm-eval", "acc"), ("promptfoo", "llm-rubric")}


def test_time_per_output_token_is_told_apart() -> None:
    entry = METRICS["inter_token_latency_p50"]
    assert "gen_ai.server.time_per_output_token" in entry.aliases["opentelemetry"]
    assert "guidellm" not in entry.aliases
    assert METRICS["token_gap_p50"].aliases["guidellm"] == ("inter_token_latency_ms",)
    assert METRICS["time_per_output_token_with_first_p50"].aliases["guidellm"] == ("time_per_output_token_ms",)
    assert "includes the first" in entry.traps
    assert "in seconds" in entry.traps


def test_higher_is_not_better_for_what_is_lost_or_waited_for() -> None:
    means = {"latency", "ttft", "inter_token_latency"}
    times = means | {"token_gap", "time_per_output_token_with_first"}
    waited = means | {f"{name}_p{share}" for name in times for share in PERCENTILES}
    lost = {"perplexity", "perplexity_ratio", "nll", "bits_per_byte", "kl", "kl_tokens"}
    lost |= {"attack_success_rate", "bias_gap", "judge_undecided", "error_rate"}
    spent = {"prompt_tokens", "completion_tokens", "gpu_hours", "cost"}
    assert {name for name, entry in METRICS.items() if not entry.higher_is_better} == waited | lost | spent
