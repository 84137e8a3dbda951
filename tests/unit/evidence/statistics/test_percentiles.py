"""Percentiles and their order statistics."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from trueup.evidence.statistics.orders import fewest, interval_ranks, percentile


@pytest.mark.parametrize("percent", [50, 90, 95, 99])
@pytest.mark.parametrize("count", [400, 1000])
def test_ranks_are_the_narrowest_that_hold_on_each_side(count: int, percent: int) -> None:
    ranks = interval_ranks(count, percent)
    assert ranks is not None
    below, above = ranks
    share = percent / 100
    assert stats.binom.cdf(below - 1, count, share) <= 0.025 < stats.binom.cdf(below, count, share)
    assert stats.binom.sf(above - 1, count, share) <= 0.025 < stats.binom.sf(above - 2, count, share)


@pytest.mark.parametrize(("percent", "count"), [(50, 6), (90, 36), (95, 72), (99, 368)])
def test_too_few_values_have_no_interval_of_a_percentile(percent: int, count: int) -> None:
    assert fewest(percent) == count
    assert interval_ranks(count, percent) is not None
    assert interval_ranks(count - 1, percent) is None
    assert percentile([1.0] * (count - 1), percent).interval is None


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=300), st.sampled_from([1, 50, 90, 95, 99]))
def test_a_percentile_is_a_value_of_its_sample_and_its_interval_holds_it(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert found.value in values
    assert sum(v <= found.value for v in values) * 100 >= percent * len(values)
    if found.interval is not None:
        assert found.interval[0] <= found.value <= found.interval[1]
        assert {*found.interval} <= {*values}


def test_answers_of_one_example_do_not_make_a_percentile_surer() -> None:
    values = [float(v) for v in range(100)]
    once, often = percentile(values, 50), percentile([v for v in values for _ in range(4)], 50, examples=100)
    assert often.interval == once.interval
    assert often.value == once.value
