"""The metrics that a rollout can be judged by without a query: what the gateway counts, request by request.

One table for what may be declared, what is computed (`rollout.analysis`) and what the documentation says.
"""

from collections.abc import Mapping
from types import MappingProxyType

from trueup.core.conditions import PER_SECOND, SECONDS, SHARE, TOKENS
from trueup.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class TrafficMetric:
    """One metric.

    Attributes:
        name: As declared.
        unit: `shares` (of one), `seconds`, `tokens/s` or `tokens`.
        better: `less`, `more`, or `same` (a shift either way is news).
        definition: What it is, in a sentence.
        quantile: Of a percentile, such as 0.95; 0 otherwise.
    """

    name: str
    unit: str
    better: str
    definition: str
    quantile: float = 0.0


def _percentiles(of: str, definition: str) -> tuple[TrafficMetric, ...]:
    return tuple(
        TrafficMetric(f"{of}_p{percent}", SECONDS, "less", definition.format(percent=percent), percent / 100)
        for percent in (50, 90, 95, 99)
    )


_ALL = (
    TrafficMetric(
        "error_rate",
        SHARE,
        "less",
        "Share of the requests where the server, or the way to it, failed. A client that left (499) is counted in "
        "neither the failures nor the requests.",
    ),
    *_percentiles(
        "ttft", "Time to the first word of a stream, {percent}th percentile; answers that came whole have none."
    ),
    *_percentiles("latency", "Time to the end of the answer, {percent}th percentile, of requests that were answered."),
    *_percentiles(
        "itl",
        "Mean time between the tokens of one streamed answer, {percent}th percentile over the answers with at least "
        "two tokens.",
    ),
    TrafficMetric(
        "tokens_per_second",
        PER_SECOND,
        "more",
        "Tokens written in a second of one answer, mean over the answers that have tokens: how fast one client is "
        "served, not how many are served at once.",
    ),
    TrafficMetric(
        "refusal_rate", SHARE, "less", "Share of the answers that decline, by the patterns of the evaluation `refusal`."
    ),
    TrafficMetric("output_tokens", TOKENS, "same", "Tokens of an answer, mean: a shift of the length of answers."),
    TrafficMetric("feedback", SHARE, "more", "What users thought, 0 (bad) to 1 (good), mean of those who said."),
    TrafficMetric(
        "similarity",
        SHARE,
        "more",
        "Of copies (`mirror`): share of words that the new release's answer has in common with the one the client got, "
        "mean.",
    ),
)

TRAFFIC_METRICS: Mapping[str, TrafficMetric] = MappingProxyType({m.name: m for m in _ALL})
"""Every metric by name."""

ONLY_OF_COPIES = ("similarity",)
"""What only copies have."""
NEVER_OF_COPIES = ("feedback",)
"""What copies never have: no client sees them."""
