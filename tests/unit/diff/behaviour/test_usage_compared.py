"""What a request costs before and after, and that what is not known is never a number."""

import pytest

from runs import answer
from trueup.diff.behaviour.usage import TokenPrices, UsageRow, usage_rows
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult

PRICES = TokenPrices(read=2.0, written=8.0, currency="EUR")


def rows(old: list[ExampleResult], new: list[ExampleResult], prices: TokenPrices | None = PRICES, *more: Measurement):
    return {r.name: r for r in usage_rows((more, old), (more, new), prices)}


def test_tokens_are_the_mean_of_a_request_and_cost_is_of_a_thousand() -> None:
    old = [answer("a", prompt_tokens=10, completion_tokens=4), answer("b", prompt_tokens=20, completion_tokens=8)]
    new = [answer("a", prompt_tokens=30, completion_tokens=3)]
    found = rows(old, new)
    assert found["prompt_tokens"] == UsageRow("prompt_tokens", "tokens/request", 15, 30)
    assert found["completion_tokens"] == UsageRow("completion_tokens", "tokens/request", 6, 3)
    assert found["cost_per_1000"] == UsageRow("cost_per_1000", "EUR", pytest.approx(0.078), pytest.approx(0.084))


def test_latency_is_the_nearest_rank_of_the_seconds() -> None:
    run = [answer(str(i), seconds=i / 1000) for i in range(1, 21)]
    found = rows(run, run[:1])
    assert (found["latency_p50"].old, found["latency_p95"].old) == (pytest.approx(10), pytest.approx(19))
    assert (found["latency_p50"].new, found["latency_p95"].new) == (pytest.approx(1), pytest.approx(1))


def test_what_the_run_measured_of_latency_wins_over_what_is_counted_again() -> None:
    found = rows([answer("a", seconds=1.0)], [], PRICES, Measurement("latency_p50", 7.0, "ms", 3))
    assert (found["latency_p50"].old, found["latency_p95"].old) == (7.0, 1000.0)
    assert (found["latency_p50"].new, found["latency_p95"].new) == (7.0, None)


def test_latency_of_a_slice_is_not_that_of_all() -> None:
    assert rows([], [], PRICES, Measurement("latency_p50", 7.0, "ms", 3, slice="x"))["latency_p50"].old is None


@pytest.mark.parametrize(
    ("counted", "prices"),
    [({}, PRICES), ({"prompt_tokens": 1}, PRICES), ({"prompt_tokens": 1, "completion_tokens": 1}, None)],
)
def test_without_counts_or_prices_there_is_no_cost(counted: dict[str, int], prices: TokenPrices | None) -> None:
    run = [answer("a", **counted)]
    row = rows(run, run, prices)["cost_per_1000"]
    assert (row.old, row.new, row.unit) == (None, None, prices.currency if prices else "")


@pytest.mark.parametrize(
    ("old", "new", "expected"), [(2.0, 3.0, 0.5), (None, 1.0, None), (1.0, None, None), (0.0, 1.0, None)]
)
def test_a_change_is_a_share_of_what_was(old: float | None, new: float | None, expected: float | None) -> None:
    assert UsageRow("prompt_tokens", "tokens/request", old, new).ratio == expected
