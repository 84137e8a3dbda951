"""The metric catalogue: one meaning a name, and the traps of names that are not."""

from collections import Counter

import pytest

from trueup.evidence.catalogue import METRICS, PERCENTILES, metric
from trueup.evidence.judges import same_family
from trueup.evidence.metrics import Metric, Shape

NAMED = [
    "exact_match",
    "contains",
    "regex",
    "json_schema",
    "choice_accuracy",
    "choice_accuracy_norm",
    "perplexity",
    "nll",
    "bits_per_byte",
    "kl",
    "kl_tokens",
    "top1",
    "top1_tokens",
    "perplexity_ratio",
    "ttft",
    "inter_token_latency",
    "latency",
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
    "goodput_throughput",
    "error_rate",
    "prompt_tokens",
    "completion_tokens",
]


@pytest.mark.parametrize("name", NAMED)
def test_every_metric_that_is_measured_has_its_entry(name: str) -> None:
    found = metric(name)
    assert found is not None
    assert found.name == name


def test_every_latency_has_every_percentile_in_milliseconds() -> None:
    for name in ("latency", "ttft", "inter_token_latency", "token_gap"):
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
    known = {"ratio", "score", "perplexity", "nats", "bits", "ms", "tokens/s", "requests/s", "tokens", "words"}
    assert entry.unit in known


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
    assert "time_per_output_token_ms" not in entry.aliases["guidellm"]
    assert "includes the first" in entry.traps
    assert "in seconds" in entry.traps


def test_higher_is_not_better_for_what_is_lost_or_waited_for() -> None:
    waited = {
        f"{name}_p{share}" for name in ("latency", "ttft", "inter_token_latency", "token_gap") for share in PERCENTILES
    } | {"latency", "ttft", "inter_token_latency"}
    lost = {"perplexity", "nll", "bits_per_byte", "perplexity_ratio", "kl", "kl_tokens"}
    lost |= {"attack_success_rate", "bias_gap", "judge_undecided", "error_rate"}
    spent = {"prompt_tokens", "completion_tokens"}
    assert {name for name, entry in METRICS.items() if not entry.higher_is_better} == waited | lost | spent


def test_families_are_compared_without_case() -> None:
    assert same_family(("Qwen2",), ("llama", "qwen2"))
    assert not same_family(("qwen2",), ("llama",))
    assert not same_family((), ())
