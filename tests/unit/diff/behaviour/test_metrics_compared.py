"""Metrics of two runs: which rows there are, and what may be said of a difference."""

import math

import pytest

from runs import answer
from trueup.diff.behaviour.metrics import MetricDelta, MetricRow, NormalDeltas, Outcome, metric_rows
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult


def measured(value: float, metric: str = "exact_match", unit: str = "ratio", samples: int = 4, slice_: str = ""):
    return Measurement(metric, value, unit, samples, slice=slice_)


def delta(value: float, pairs: int = 4, slice_: str = "") -> MetricDelta:
    return MetricDelta("exact_match", slice_, value, (value - 0.1, value + 0.1), pairs, Outcome.REGRESSED)


def run(*scores: float, slice_: str = "") -> list[ExampleResult]:
    return [answer(str(i), "", score, slice_=slice_) for i, score in enumerate(scores)]


def test_a_row_has_both_values_their_difference_and_what_is_said_of_it() -> None:
    (row,) = metric_rows([measured(0.75)], [measured(0.5)], [delta(-0.25)])
    assert row == MetricRow(
        "exact_match", "", "ratio", 0.75, 0.5, -0.25, (pytest.approx(-0.35), pytest.approx(-0.15)), 4, Outcome.REGRESSED
    )


def test_metrics_of_one_run_only_are_rows_that_say_nothing() -> None:
    rows = metric_rows([measured(1, "old"), measured(1)], [measured(1), measured(2, "new")], [])
    assert [(r.metric, r.old, r.new, r.delta) for r in rows] == [
        ("exact_match", 1, 1, 0),
        ("new", None, 2, None),
        ("old", 1, None, None),
    ]
    assert {r.outcome for r in rows} == {Outcome.NOT_COMPARED}


def test_another_unit_is_another_thing() -> None:
    (row,) = metric_rows([measured(50, unit="percent")], [measured(0.5)], [delta(-0.25)])
    assert (row.unit, row.old, row.new, row.delta, row.outcome) == ("ratio", None, 0.5, None, Outcome.NOT_COMPARED)


def test_percent_is_a_hundred_times_the_score() -> None:
    (row,) = metric_rows([measured(75, unit="percent")], [measured(50, unit="percent")], [delta(-0.25)])
    assert (row.delta, row.interval) == (-25, (pytest.approx(-35), pytest.approx(-15)))


def test_slices_are_rows_of_their_own() -> None:
    rows = metric_rows(
        [measured(1), measured(1, slice_="a")], [measured(1), measured(0.5, slice_="a")], [delta(-0.5, slice_="a")]
    )
    assert [(r.slice, r.outcome) for r in rows] == [("", Outcome.NOT_COMPARED), ("a", Outcome.REGRESSED)]


def test_the_mean_of_pairs_says_nothing_of_a_median() -> None:
    (row,) = metric_rows([measured(0.75)], [measured(0.75)], [delta(-0.25)])
    assert (row.delta, row.interval, row.outcome) == (0, None, Outcome.NOT_COMPARED)


def test_pairs_of_a_part_of_the_runs_are_what_is_compared() -> None:
    (row,) = metric_rows([measured(0.75)], [measured(0.75)], [delta(-0.25, pairs=3)])
    assert (row.delta, row.pairs, row.outcome) == (-0.25, 3, Outcome.REGRESSED)


def test_an_interval_that_nobody_knows_is_none() -> None:
    unknown = MetricDelta("exact_match", "", -0.25, None, 4, Outcome.NOT_ENOUGH)
    (row,) = metric_rows([measured(0.75)], [measured(0.5)], [unknown])
    assert (row.interval, row.outcome) == (None, Outcome.NOT_ENOUGH)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([1.0] * 40, [0.0] * 40, Outcome.REGRESSED),
        ([0.0] * 40, [1.0] * 40, Outcome.BETTER),
        ([1.0] * 40, [1.0] * 40, Outcome.UNCLEAR),
        ([1.0] * 20, [0.0] * 20, Outcome.NOT_ENOUGH),
        ([0.5] * 40, [0.5] * 40, Outcome.NOT_ENOUGH),
    ],
)
def test_a_difference_is_told_from_chance(old: list[float], new: list[float], expected: Outcome) -> None:
    (found,) = NormalDeltas()(run(*new), run(*old))
    assert found.outcome is expected


def test_too_few_pairs_say_how_many_more_there_have_to_be() -> None:
    (few,) = NormalDeltas()(run(*[0.0] * 20), run(*[1.0] * 20))
    (enough,) = NormalDeltas()(run(*[0.0] * 40), run(*[1.0] * 40))
    assert (few.more_samples, enough.more_samples) == (10, None)
    (row,) = metric_rows([measured(1, samples=20)], [measured(0, samples=20)], [few])
    assert row.more_samples == 10


def test_where_lower_is_better_a_rise_is_worse() -> None:
    (found,) = NormalDeltas({"exact_match": False})(run(*[1.0] * 40), run(*[0.0] * 40))
    assert found.outcome is Outcome.REGRESSED
    (found,) = NormalDeltas({"exact_match": False})(run(*[0.0] * 40), run(*[1.0] * 40))
    assert found.outcome is Outcome.BETTER


def test_no_disagreement_at_all_is_not_certainty() -> None:
    (found,) = NormalDeltas()(run(*[1.0] * 59), run(*[1.0] * 59))
    low, high = found.interval or (0, 0)
    assert low < 0 < high
    assert high < 0.06


def test_an_interval_of_shares_stays_within_what_shares_can_be() -> None:
    (found,) = NormalDeltas(fewest=1)(run(1.0), run(0.0))
    assert found.interval is not None
    assert found.interval[1] == 1.0
    assert found.interval[0] >= -1.0


def test_scores_have_the_interval_of_their_mean() -> None:
    old, new = [0.25, 0.5, 0.75, 0.5], [0.5, 0.5, 0.5, 0.75]
    (found,) = NormalDeltas()(run(*new), run(*old))
    half = 1.959964 * math.sqrt(sum((d - 0.0625) ** 2 for d in (0.25, 0, -0.25, 0.25))) / 4
    assert found.delta == 0.0625
    assert found.interval == (pytest.approx(0.0625 - half), pytest.approx(0.0625 + half))


def test_a_single_score_has_no_interval() -> None:
    (found,) = NormalDeltas()(run(0.5), run(0.25))
    assert (found.delta, found.interval, found.outcome) == (0.25, None, Outcome.NOT_ENOUGH)


def test_pairs_are_made_by_id_and_epoch_and_slices_are_compared_too() -> None:
    new = [answer("a", "", 1.0, slice_="x"), answer("a", "", 1.0, epoch=1, slice_="y"), answer("b", "", 1.0)]
    old = [answer("a", "", 0.0), answer("a", "", 1.0, epoch=1), answer("c", "", 0.0)]
    found = NormalDeltas()(new, old)
    assert [(d.slice, d.delta, d.pairs) for d in found] == [("", 0.5, 2), ("x", 1.0, 1), ("y", 0.0, 1)]


def test_a_metric_that_only_one_run_has_is_left_out() -> None:
    assert NormalDeltas()([answer("a", "", 1.0)], [answer("a", "", None)]) == ()
