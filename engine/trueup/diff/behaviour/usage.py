"""What a request costs: tokens, time, money; the old release beside the new one."""

import math
from collections.abc import Iterable, Sequence

from trueup.core.frozen import dataclass
from trueup.evidence.costs import COMPLETION_TOKENS, COST, GPU_HOURS, PROMPT_TOKENS
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult

LATENCIES = {"latency_p50": 50, "latency_p95": 95}
"""Metrics that are shown as use, by the percentile they are."""

SPENT = frozenset(LATENCIES) | {PROMPT_TOKENS, COMPLETION_TOKENS, GPU_HOURS, COST}
"""Measurements of what a run took: they are shown as use, and are no metrics of the release."""

REQUESTS = 1000
"""Requests that a cost is told for."""


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """Prices of a million tokens.

    Attributes:
        read: Of the prompt.
        written: Of the completion.
        currency: ISO 4217.
    """

    read: float
    written: float
    currency: str


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One figure of both releases; None where it is not known.

    Attributes:
        name: `prompt_tokens`, `completion_tokens`, `latency_p50`, `latency_p95`, `cost_per_1000`.
        unit: `tokens/request`, `ms`, or the currency.
        old: Of the release that serves.
        new: Of the new one.
    """

    name: str
    unit: str
    old: float | None
    new: float | None

    @property
    def ratio(self) -> float | None:
        """The change as a share of the old figure; None where it has none."""
        if self.old is None or self.new is None or self.old == 0.0:
            return None
        return self.new / self.old - 1.0


@dataclass(frozen=True, slots=True)
class _Usage:
    read: float | None
    written: float | None
    latencies: dict[str, float]


def usage_rows(
    old: tuple[Iterable[Measurement], Sequence[ExampleResult]],
    new: tuple[Iterable[Measurement], Sequence[ExampleResult]],
    prices: TokenPrices | None,
) -> tuple[UsageRow, ...]:
    """Return tokens, latency and cost, each also where nothing is known of it.

    Args:
        old: Measurements and results of examples of the release that serves.
        new: The same of the new one.
        prices: What tokens cost; None when nobody says.
    """
    before, after = _usage(*old), _usage(*new)
    latencies = (UsageRow(n, "ms", before.latencies.get(n), after.latencies.get(n)) for n in LATENCIES)
    currency = prices.currency if prices else ""
    return (
        UsageRow("prompt_tokens", "tokens/request", before.read, after.read),
        UsageRow("completion_tokens", "tokens/request", before.written, after.written),
        *latencies,
        UsageRow("cost_per_1000", currency, _cost(before, prices), _cost(after, prices)),
    )


def _usage(measurements: Iterable[Measurement], examples: Sequence[ExampleResult]) -> _Usage:
    measured = {m.metric: m.value for m in measurements if m.metric in LATENCIES and not m.slice}
    seconds = sorted(e.seconds for e in examples if e.seconds is not None)
    counted = {n: _percentile(seconds, share) * 1000 for n, share in LATENCIES.items()} if seconds else {}
    return _Usage(
        _mean([e.prompt_tokens for e in examples]),
        _mean([e.completion_tokens for e in examples]),
        {**counted, **measured},
    )


def _mean(counts: Iterable[int | None]) -> float | None:
    known = [c for c in counts if c is not None]
    return sum(known) / len(known) if known else None


def _percentile(ordered: Sequence[float], share: int) -> float:
    """Return the smallest value that at least *share* percent are not above (nearest rank)."""
    return ordered[max(math.ceil(len(ordered) * share / 100), 1) - 1]


def _cost(usage: _Usage, prices: TokenPrices | None) -> float | None:
    if prices is None or usage.read is None or usage.written is None:
        return None
    return (usage.read * prices.read + usage.written * prices.written) * REQUESTS / 1e6
