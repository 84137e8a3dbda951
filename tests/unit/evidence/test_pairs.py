"""Pairs of results: by id and epoch, and nothing is dropped in silence."""

import math

from trueup.evidence.examples import ExampleResult
from trueup.evidence.pairs import pair, sample_of


def result(id_: str, value: float, epoch: int = 0, slice_: str = "", metric: str = "m") -> ExampleResult:
    return ExampleResult(id_, epoch, slice_, ((metric, value),))


def test_examples_are_paired_by_id_whatever_their_order() -> None:
    pairs = pair([result("b", 2.0), result("a", 1.0)], [result("a", 3.0), result("b", 4.0)])
    found = sample_of(pairs, "m")
    assert (found.new, found.old, found.paired, found.unpaired) == ([1.0, 2.0], [3.0, 4.0], 2, 0)


def test_epochs_of_one_example_are_one_number() -> None:
    new = [result("a", 1.0, 0), result("a", 0.0, 1), result("a", 1.0, 2)]
    old = [result("a", 1.0, 0), result("a", 1.0, 1)]
    found = sample_of(pair(new, old), "m")
    assert (found.new, found.old, found.paired, found.unpaired) == ([0.5], [1.0], 2, 1)


def test_what_only_one_side_has_is_counted() -> None:
    pairs = pair([result("a", 1.0), result("b", 1.0)], [result("a", 1.0), result("c", 1.0), result("d", 1.0)])
    assert (pairs.only_new, pairs.only_old) == (1, 2)
    assert sample_of(pairs, "m").unpaired == 3


def test_a_score_that_is_no_number_is_unpaired() -> None:
    found = sample_of(pair([result("a", math.nan), result("b", 1.0)], [result("a", 1.0), result("b", 0.0)]), "m")
    assert (found.new, found.unpaired) == ([1.0], 1)
    twice = sample_of(pair([result("a", math.nan), result("a", 1.0)], [result("a", 1.0)]), "m")
    assert (list(twice.new), twice.unpaired) == ([], 1)


def test_a_metric_that_only_one_release_has_is_unpaired() -> None:
    found = sample_of(pair([result("a", 1.0, metric="m")], [result("a", 1.0, metric="other")]), "m")
    assert (list(found.new), found.unpaired) == ([], 1)
    assert sample_of(pair([], []), "m").unpaired == 0


def test_several_scores_of_one_answer_are_one() -> None:
    found = sample_of(pair([result("a", 1.0), result("a", 0.0)], [result("a", 1.0)]), "m", scale=100.0)
    assert (found.new, found.old) == ([50.0], [100.0])


def test_a_slice_is_the_one_of_the_new_data() -> None:
    pairs = pair([result("a", 1.0, slice_="de"), result("b", 1.0)], [result("a", 0.0, slice_="en"), result("b", 1.0)])
    assert sample_of(pairs, "m", "de").new == [1.0]
    assert sample_of(pairs, "m", "en").new == []
