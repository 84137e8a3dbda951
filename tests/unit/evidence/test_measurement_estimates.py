"""From scores of examples to measurements: how sure they are, and what cannot be said."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from trueup.evidence.estimates import AGGREGATIONS, Estimand, corpus, estimate, independent, measure, perplexity
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult
from trueup.evidence.metrics import Shape

PASSES = Estimand("exact_match", "ratio", Shape.PASS_FAIL)
SCORES = Estimand("rouge_l", "ratio", Shape.SCORE)
TOKENS = Estimand("tokens", "tokens", Shape.SCORE)


def measured(values: list[float], estimand: Estimand) -> Measurement:
    found = estimate(((str(i), value) for i, value in enumerate(values)), estimand)
    assert found is not None
    return found


def test_a_share_has_wilsons_interval() -> None:
    found = measured([1.0] * 81 + [0.0] * 19, PASSES)
    expected = stats.binomtest(81, 100).proportion_ci(method="wilson")
    assert (found.value, found.samples, found.unit) == (0.81, 100, "ratio")
    assert found.stderr == pytest.approx(math.sqrt(0.81 * 0.19 / 100))
    assert found.interval == pytest.approx((expected.low, expected.high))


def test_a_share_is_given_in_percent_where_that_is_declared() -> None:
    percent = Estimand("exact_match", "percent", Shape.PASS_FAIL, scale=100)
    found, ratio = measured([1.0] * 81 + [0.0] * 19, percent), measured([1.0] * 81 + [0.0] * 19, PASSES)
    assert ratio.interval is not None
    assert ratio.stderr is not None
    assert (found.value, found.stderr) == pytest.approx((81.0, 100 * ratio.stderr))
    assert found.interval == pytest.approx((100 * ratio.interval[0], 100 * ratio.interval[1]))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_all_alike_is_no_certainty(value: float) -> None:
    found = measured([value] * 50, PASSES)
    assert found.stderr is None
    assert found.interval is not None
    assert 0.05 < found.interval[1] - found.interval[0] < 0.1


def test_a_mean_has_an_interval_and_its_standard_error() -> None:
    values = [0.1, 0.4, 0.35, 0.8, 0.55, 0.6]
    found = measured(values, SCORES)
    assert found.value == pytest.approx(statistics.fmean(values))
    assert found.stderr == pytest.approx(stats.sem(values))
    assert found.interval is not None
    assert found.interval[0] < found.value < found.interval[1]


def test_scores_that_are_all_equal_have_an_interval_only_where_they_are_bounded() -> None:
    assert measured([0.7] * 30, TOKENS).interval is None
    bounded = measured([0.7] * 30, SCORES).interval
    assert bounded is not None
    assert bounded[0] < 0.7 < bounded[1]


def test_passes_that_are_no_shares_are_judged_as_scores() -> None:
    found = measured([0.0, 1.0, 2.0], PASSES)
    assert found.value == 1.0
    assert found.stderr == pytest.approx(stats.sem([0, 1, 2]))


@pytest.mark.parametrize("estimand", [PASSES, SCORES, TOKENS])
def test_one_example_has_no_interval(estimand: Estimand) -> None:
    found = measured([1.0], estimand)
    assert (found.value, found.samples, found.stderr, found.interval) == (1.0, 1, None, None)


@pytest.mark.parametrize("scores", [[], [("a", 1.0), ("b", math.nan)], [("a", math.inf)]])
@pytest.mark.parametrize("estimand", [PASSES, SCORES])
def test_what_is_no_number_is_no_measurement(scores: list[tuple[str, float]], estimand: Estimand) -> None:
    assert estimate(scores, estimand) is None


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_every_aggregation_gives_its_value(aggregation: str) -> None:
    values = [float(v) for v in range(1, 1001)]
    expected = {
        "mean": 500.5,
        "median": 500.5,
        "min": 1.0,
        "max": 1000.0,
        "sum": 500500.0,
        "p50": 500.0,
        "p90": 900.0,
        "p95": 950.0,
        "p99": 990.0,
    }
    found = measured(values, Estimand("m", "tokens", Shape.SCORE, aggregation))
    assert found.value == expected[aggregation]
    if aggregation in {"min", "max"}:
        # The largest of a sample says nothing of the largest there is.
        assert (found.stderr, found.interval) == (None, None)
    else:
        assert found.interval is not None
        assert found.stderr is not None
        assert found.interval[0] < found.value < found.interval[1]


def test_epochs_of_one_example_are_not_independent() -> None:
    alike = [(str(i), float(i % 4 > 0)) for i in range(100) for _ in range(5)]
    once = estimate([(str(i), float(i % 4 > 0)) for i in range(100)], PASSES)
    assert estimate(alike, PASSES) == once


def test_epochs_that_differ_as_examples_do_are_worth_as_much() -> None:
    mixed = [(str(i), float((i + e) % 4 > 0)) for i in range(100) for e in range(4)]
    found = estimate(mixed, PASSES)
    assert found is not None
    assert found.samples == 100
    assert found.stderr == pytest.approx(math.sqrt(0.75 * 0.25 / 400))


def test_where_few_examples_fail_epochs_count_for_nothing() -> None:
    sums = [(4.0, 4)] * 96 + [(3.0, 4)] * 4
    assert independent(sums, 0.99) == 100.0
    assert independent([(3.0, 4)] * 8, 0.75) == 32.0


def test_scores_of_epochs_are_clustered() -> None:
    alike = [(str(i), i / 10) for i in range(10) for _ in range(3)]
    found, once = estimate(alike, TOKENS), estimate([(str(i), i / 10) for i in range(10)], TOKENS)
    assert found is not None
    assert once is not None
    assert found.stderr == pytest.approx(once.stderr)
    assert found.samples == 10


def test_a_metric_is_measured_over_all_and_over_a_slice() -> None:
    results = [ExampleResult(str(i), 0, "de" if i % 2 else "en", (("exact_match", float(i % 2)),)) for i in range(20)]
    overall, german = (
        measure(results, PASSES),
        measure(results, Estimand("exact_match", "ratio", Shape.PASS_FAIL, slice="de")),
    )
    assert overall is not None
    assert german is not None
    assert (overall.value, overall.samples, overall.slice) == (0.5, 20, "")
    assert (german.value, german.samples, german.slice) == (1.0, 10, "de")
    assert measure(results, Estimand("exact_match", "ratio", Shape.PASS_FAIL, slice="fr")) is None
    assert measure(results, SCORES) is None


def test_perplexity_is_of_the_mean_loss_of_a_token() -> None:
    sums = [(20.0, 10), (66.0, 30), (45.0, 20)]
    found = perplexity(sums)
    assert found is not None
    assert found.value == pytest.approx(math.exp(131 / 60))
    assert found.samples == 3
    residuals = [s - 131 / 60 * n for s, n in sums]
    error = math.sqrt(sum(r * r for r in residuals) * 3 / 2) / 60
    assert found.stderr == pytest.approx(found.value * error)
    assert found.interval is not None
    assert found.interval[0] < found.value < found.interval[1]


def test_sequences_without_predictions_do_not_count() -> None:
    assert perplexity([(0.0, 0), (2.0, 1), (4.0, 2), (3.3, 2)]) == perplexity([(2.0, 1), (4.0, 2), (3.3, 2)])


def test_one_sequence_has_no_interval() -> None:
    found = perplexity([(20.0, 10)], "ppl", "de")
    assert found is not None
    assert (found.metric, found.slice, found.stderr, found.interval) == ("ppl", "de", None, None)


@pytest.mark.parametrize("sums", [[], [(1.0, 0)], [(math.nan, 3), (1.0, 1)], [(1e6, 10)]])
def test_a_loss_that_is_no_number_gives_no_perplexity(sums: list[tuple[float, int]]) -> None:
    assert perplexity(sums) is None


def test_an_end_of_an_interval_that_is_no_number_leaves_none() -> None:
    found = perplexity([(600.0, 1), (790.0, 1)])
    assert found is not None
    assert found.interval is None


@given(st.lists(st.booleans(), min_size=2, max_size=60), st.randoms(use_true_random=False))
def test_the_order_of_examples_does_not_matter(passes: list[bool], draw: object) -> None:
    scores = [(str(i), float(p)) for i, p in enumerate(passes)]
    shuffled = draw.sample(scores, len(scores))  # type: ignore[attr-defined]
    assert estimate(shuffled, PASSES) == estimate(scores, PASSES)
    assert estimate(shuffled, TOKENS) == estimate(scores, TOKENS)


CORPUS = Estimand("bleu", "score", Shape.WHOLE, slice="de")


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = [0.1, 0.4, 0.35, 0.8, 0.55, 0.6]
    found = corpus(statistics.fmean(values), [(sum(values) - v) / 5 for v in values], CORPUS)
    assert found is not None
    assert (found.samples, found.slice) == (6, "de")
    assert found.stderr == pytest.approx(stats.sem(values))
    assert found.interval == pytest.approx(stats.t.interval(0.95, 5, statistics.fmean(values), stats.sem(values)))


@pytest.mark.parametrize("without_each", [[30.0], [30.0] * 9])
def test_a_corpus_that_nothing_changes_has_no_interval(without_each: list[float]) -> None:
    found = corpus(30.0, without_each, CORPUS)
    assert found is not None
    assert (found.value, found.stderr, found.interval) == (30.0, None, None)


@pytest.mark.parametrize(("value", "without_each"), [(30.0, []), (math.nan, [1.0, 2.0]), (30.0, [1.0, math.inf])])
def test_a_corpus_without_numbers_is_no_measurement(value: float, without_each: list[float]) -> None:
    assert corpus(value, without_each, CORPUS) is None
