"""A new release against the old one: no worse, worse, or not enough evidence; and nothing passes by accident."""

import json
import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from trueup.evidence.comparison import (
    ComparedMetric,
    Comparison,
    MetricComparison,
    Outcome,
    RegressionTerms,
    compare,
    in_words,
)
from trueup.evidence.examples import ExampleResult
from trueup.evidence.metrics import Shape

TESTS = ("paired-bootstrap", "mcnemar", "paired-t", "wilcoxon", "permutation")
PASSES = ComparedMetric("ratio", True, Shape.PASS_FAIL)
SCORES = ComparedMetric("ratio", True, Shape.SCORE)
QUICK = RegressionTerms(resamples=499)

DRAW = random.Random(11)
OLD_SCORES = [DRAW.betavariate(4, 2) for _ in range(120)]
OLD_PASSES = [float(DRAW.random() < 0.8) for _ in range(400)]


def results(values: Sequence[float], metric: str = "m", slice_: str = "") -> list[ExampleResult]:
    return [ExampleResult(str(i), 0, slice_, ((metric, float(value)),)) for i, value in enumerate(values)]


def only(comparison: Comparison) -> MetricComparison:
    (found,) = comparison.metrics
    return found


def compared(
    new: Sequence[float], old: Sequence[float], known: ComparedMetric = PASSES, terms: RegressionTerms = QUICK
) -> Comparison:
    return compare(results(new), results(old), terms, {"m": known})


def lost(values: Sequence[float], number: int) -> list[float]:
    """Return passes of which the first *number* have become failures."""
    passing = [i for i, value in enumerate(values) if value][:number]
    return [0.0 if i in passing else value for i, value in enumerate(values)]


@pytest.mark.parametrize("test", TESTS)
def test_a_release_that_answers_the_same_is_no_worse(test: str) -> None:
    terms = replace(QUICK, test=test)
    for known, old in ((PASSES, OLD_PASSES), (SCORES, [*OLD_SCORES, *OLD_SCORES])):
        found = compared(old, old, known, terms)
        assert (found.outcome, found.regressed, only(found).p, only(found).delta) == (Outcome.NO_WORSE, False, 1.0, 0.0)


@pytest.mark.parametrize("test", TESTS)
def test_a_loss_that_is_plain_is_a_regression(test: str) -> None:
    terms = replace(QUICK, test=test)
    passes = compared(lost(OLD_PASSES, 40), OLD_PASSES, PASSES, terms)
    scores = compared([s - 0.1 - 0.05 * (i % 3) for i, s in enumerate(OLD_SCORES)], OLD_SCORES, SCORES, terms)
    for found in (passes, scores):
        assert (found.outcome, found.regressed) == (Outcome.REGRESSED, True)
        p = only(found).p
        assert p is not None
        assert 0.0 < p <= 1 / 500
    delta, interval = only(passes).delta, only(passes).interval
    assert delta == pytest.approx(-0.1)
    assert interval is not None
    assert interval[0] < -0.1 < interval[1] < 0


@pytest.mark.parametrize("test", TESTS)
def test_the_same_loss_is_accepted_within_the_margin(test: str) -> None:
    found = compared(lost(OLD_PASSES, 8), OLD_PASSES, PASSES, replace(QUICK, test=test, margin=0.05))
    assert only(found).outcome is Outcome.NO_WORSE
    found = compared(lost(OLD_PASSES, 60), OLD_PASSES, PASSES, replace(QUICK, test=test, margin=0.05))
    assert only(found).outcome is Outcome.REGRESSED


@pytest.mark.parametrize("test", TESTS)
def test_too_few_examples_are_never_enough_and_say_how_many_are_missing(test: str) -> None:
    terms = replace(QUICK, test=test, min_samples=30)
    for number in (0, 1, 2, 29):
        found = compared([0.0] * number, [1.0] * number, PASSES, terms)
        assert (found.outcome, found.regressed, found.more_samples) == (Outcome.NOT_ENOUGH, None, 30 - number)
    assert compared([0.0] * 30, [1.0] * 30, PASSES, terms).outcome is Outcome.REGRESSED


def test_what_hardly_any_loss_could_be_seen_in_is_not_enough() -> None:
    found = compared(OLD_PASSES[:40], OLD_PASSES[:40])
    # If 5 in 100 got worse, 58 examples would show none of them with a chance of 0.051, and 59 with 0.048.
    assert (found.outcome, found.more_samples) == (Outcome.NOT_ENOUGH, 19)
    assert in_words(found) == "not enough evidence: 19 more samples"
    assert compared([1.0] * 59, [1.0] * 59).outcome is Outcome.NO_WORSE
    assert compared([1.0] * 58, [1.0] * 58).outcome is Outcome.NOT_ENOUGH


def test_a_smaller_effect_that_matters_needs_more_examples() -> None:
    small, large = (
        compared(lost(OLD_PASSES[:50], 1), OLD_PASSES[:50], PASSES, replace(QUICK, smallest_effect=effect)).more_samples
        for effect in (0.03, 0.06)
    )
    assert small is not None
    assert large is not None
    assert 50 + small > 2 * (50 + large)


def test_a_clear_gain_is_no_worse_before_a_small_loss_could_be_seen() -> None:
    old = [0.0] * 15 + [1.0] * 25
    assert compared([1.0] * 40, old).outcome is Outcome.NO_WORSE
    assert compared(old, old).outcome is Outcome.NOT_ENOUGH


def test_lower_is_better_where_that_is_declared() -> None:
    tokens = ComparedMetric("tokens", False, Shape.SCORE)
    old = [100.0 + i % 7 for i in range(60)]
    more = [v + 10 + i % 3 for i, v in enumerate(old)]
    worse, better = compared(more, old, tokens), compared(old, more, tokens)
    assert (worse.outcome, better.outcome) == (Outcome.REGRESSED, Outcome.NO_WORSE)
    for found in (worse, better):
        one = only(found)
        assert one.delta is not None
        assert one.interval is not None
        assert one.interval[0] < one.delta < one.interval[1]
    assert only(worse).delta == pytest.approx(11.0)


def test_swapping_the_releases_mirrors_the_difference() -> None:
    new = lost(OLD_PASSES, 12)
    there, back = only(compared(new, OLD_PASSES)), only(compared(OLD_PASSES, new))
    assert there.delta is not None
    assert back.delta == -there.delta
    assert there.interval is not None
    assert back.interval == pytest.approx((-there.interval[1], -there.interval[0]))


@pytest.mark.parametrize("test", TESTS)
def test_the_order_of_examples_does_not_matter(test: str) -> None:
    new, old = results([s - 0.01 * (i % 5) for i, s in enumerate(OLD_SCORES)]), results(OLD_SCORES)
    terms = replace(QUICK, test=test)
    shuffled = compare(DRAW.sample(new, len(new)), DRAW.sample(old, len(old)), terms, {"m": SCORES})
    assert shuffled == compare(new, old, terms, {"m": SCORES})


def test_examples_on_one_side_only_are_reported() -> None:
    found = compare(results(OLD_PASSES[:390]), results(OLD_PASSES), QUICK, {"m": PASSES})
    assert (found.only_new, found.only_old, only(found).unpaired, found.samples) == (0, 10, 10, 390)
    assert found.outcome is Outcome.NO_WORSE


def test_too_many_examples_on_one_side_only_are_not_enough_evidence() -> None:
    found = compare(results(OLD_PASSES[:350]), results(OLD_PASSES), QUICK, {"m": PASSES})
    assert (found.outcome, found.more_samples) == (Outcome.NOT_ENOUGH, None)
    assert in_words(found) == "not enough evidence: it cannot be paired"
    worse = compare(results(lost(OLD_PASSES[:350], 60)), results(OLD_PASSES), QUICK, {"m": PASSES})
    assert worse.outcome is Outcome.REGRESSED


def test_scores_that_are_no_numbers_are_not_enough_evidence() -> None:
    broken = [math.nan if i % 5 == 0 else v for i, v in enumerate(OLD_PASSES)]
    found = compared(broken, OLD_PASSES)
    assert (found.outcome, only(found).unpaired) == (Outcome.NOT_ENOUGH, 80)
    assert compared([math.nan] * 50, [1.0] * 50).outcome is Outcome.NOT_ENOUGH


def test_what_is_not_known_or_not_scored_by_example_is_never_no_worse() -> None:
    metrics = {"m": PASSES, "latency_p95": ComparedMetric("ms", False, Shape.WHOLE)}
    terms = replace(QUICK, metrics=("m", "latency_p95", "unheard_of"))
    found = compare(results(OLD_PASSES), results(OLD_PASSES), terms, metrics)
    assert [m.outcome for m in found.metrics] == [Outcome.NO_WORSE, Outcome.NOT_ENOUGH, Outcome.NOT_ENOUGH]
    assert (found.outcome, found.more_samples, found.samples) == (Outcome.NOT_ENOUGH, None, 0)
    # Of metrics that nobody named, those of a whole run are left to thresholds.
    assert compare(results(OLD_PASSES), results(OLD_PASSES), QUICK, metrics).outcome is Outcome.NO_WORSE


def test_nothing_compared_is_not_enough_evidence() -> None:
    found = compare(results(OLD_PASSES), results(OLD_PASSES), QUICK, {})
    assert (found.outcome, found.regressed, found.samples, found.more_samples) == (Outcome.NOT_ENOUGH, None, 0, None)
    empty = compare([], [], QUICK, {"m": PASSES})
    assert (empty.outcome, only(empty).old, only(empty).delta, empty.more_samples) == (
        Outcome.NOT_ENOUGH,
        None,
        None,
        30,
    )


def test_a_slice_that_is_declared_has_to_be_no_worse() -> None:
    new = [ExampleResult(str(i), 0, "de" if i < 100 else "en", (("m", v),)) for i, v in enumerate(lost(OLD_PASSES, 12))]
    old = [ExampleResult(str(i), 0, "de" if i < 100 else "en", (("m", v),)) for i, v in enumerate(OLD_PASSES)]
    terms = replace(QUICK, test="mcnemar", slices=("de", "en"))
    found = compare(new, old, terms, {"m": PASSES})
    assert [(m.slice, m.samples) for m in found.metrics] == [("", 400), ("de", 100), ("en", 300)]
    assert found.metrics[1].outcome is Outcome.REGRESSED
    assert found.samples == 400
    few = replace(terms, slices=("fr",))
    assert (compare(old, old, few, {"m": PASSES}).outcome, compare(old, old, few, {"m": PASSES}).more_samples) == (
        Outcome.NOT_ENOUGH,
        30,
    )


def test_the_more_is_looked_at_the_more_it_takes_to_call_it_a_loss() -> None:
    new = lost(OLD_PASSES, 5)
    names = [f"m{i}" for i in range(5)]
    both = (
        [ExampleResult(str(i), 0, "", tuple((n, v) for n in names)) for i, v in enumerate(values)]
        for values in (new, OLD_PASSES)
    )
    sides = tuple(both)
    found = {
        correction: compare(
            *sides, replace(QUICK, test="mcnemar", correction=correction), dict.fromkeys(names, PASSES)
        ).metrics[0]
        for correction in ("none", "holm", "bonferroni")
    }
    assert found["none"].p == found["none"].adjusted_p == pytest.approx(0.5**5)
    assert found["holm"].adjusted_p == found["bonferroni"].adjusted_p == pytest.approx(5 * 0.5**5)
    assert found["none"].outcome is Outcome.REGRESSED
    assert found["holm"].outcome is not Outcome.REGRESSED


def test_epochs_of_one_example_are_no_examples() -> None:
    def asked(values: Sequence[float]) -> list[ExampleResult]:
        return [ExampleResult(str(i), e, "", (("m", v),)) for i, v in enumerate(values) for e in range(10)]

    few = compare(asked([0.0] * 5), asked([1.0] * 5), QUICK, {"m": PASSES})
    assert (few.outcome, few.samples, few.more_samples) == (Outcome.NOT_ENOUGH, 5, 25)
    many = compare(asked(lost(OLD_PASSES, 8)), asked(OLD_PASSES), replace(QUICK, test="mcnemar"), {"m": PASSES})
    assert only(many).p == pytest.approx(0.5**8)
    mixed = [*asked(OLD_PASSES)[:-1], ExampleResult("399", 9, "", (("m", 0.5),))]
    assert only(compare(mixed, asked(OLD_PASSES), replace(QUICK, test="mcnemar"), {"m": PASSES})).test == "permutation"


def test_percent_is_compared_as_percent() -> None:
    percent = ComparedMetric("percent", True, Shape.PASS_FAIL, 100.0)
    ratio = only(compared(lost(OLD_PASSES, 20), OLD_PASSES, PASSES, replace(QUICK, margin=0.01)))
    found = only(compared(lost(OLD_PASSES, 20), OLD_PASSES, percent, replace(QUICK, margin=1.0)))
    assert (found.p, found.test, found.outcome) == (ratio.p, "score", ratio.outcome)
    assert ratio.delta is not None
    assert found.delta == pytest.approx(100 * ratio.delta)


def test_a_margin_of_all_there_is_can_never_be_lost() -> None:
    found = compared([0.0] * 200, [1.0] * 200, PASSES, replace(QUICK, margin=1.0))
    assert only(found).p == 1.0


def test_a_metric_that_is_0_says_nothing_of_what_matters_unless_somebody_does() -> None:
    tokens = ComparedMetric("tokens", False, Shape.SCORE)
    found = compared([0.0] * 200, [0.0] * 200, tokens)
    assert (found.outcome, found.more_samples, only(found).effect) == (Outcome.NOT_ENOUGH, None, None)
    assert compared([0.0] * 200, [0.0] * 200, tokens, replace(QUICK, smallest_effect=2.0)).outcome is Outcome.NO_WORSE
    assert compared([3.0 + i % 2 for i in range(200)], [0.0] * 200, tokens).outcome is Outcome.REGRESSED


def test_the_smallest_effect_is_a_twentieth_unless_the_margin_is_one() -> None:
    tokens = ComparedMetric("tokens", False, Shape.SCORE)
    assert only(compared(OLD_PASSES, OLD_PASSES)).effect == 0.05
    assert only(compared([200.0] * 40, [200.0] * 40, tokens)).effect == pytest.approx(10.0)
    assert only(compared(OLD_PASSES, OLD_PASSES, PASSES, replace(QUICK, margin=0.1))).effect == 0.1


def test_a_comparison_is_said_in_the_shape_that_rules_read() -> None:
    found = compared(lost(OLD_PASSES, 2), OLD_PASSES, PASSES, replace(QUICK, min_samples=500))
    value = json.loads(json.dumps(found.to_json()))
    assert {key: value[key] for key in ("test", "alpha", "margin", "correction", "samples", "regressed")} == {
        "test": "paired-bootstrap",
        "alpha": 0.05,
        "margin": 0.0,
        "correction": "holm",
        "samples": 400,
        "regressed": None,
    }
    assert (value["outcome"], value["moreSamples"]) == ("not-enough", 100)
    assert value["metrics"][0]["outcome"] == "not-enough"
    none = compare([], [], replace(QUICK, metrics=("m",)), {}).to_json()
    assert json.loads(json.dumps(none))["metrics"][0]["interval"] is None


@pytest.mark.parametrize(
    ("new", "words"), [(OLD_PASSES, "no worse"), (lost(OLD_PASSES, 40), "worse")], ids=["same", "lost"]
)
def test_an_outcome_is_said_in_words(new: Sequence[float], words: str) -> None:
    found = compared(new, OLD_PASSES)
    assert in_words(found) == in_words(only(found)) == words


@pytest.mark.parametrize("test", ["paired-bootstrap", "mcnemar", "paired-t", "wilcoxon", "permutation"])
@pytest.mark.parametrize("alpha", [5e-324, 1e-17, 0.05, 1 - 1e-16])
@pytest.mark.parametrize(("margin", "effect"), [(0.0, 5e-324), (1e308, None), (0.0, 1e308), (1e-300, None)])
def test_terms_beyond_all_reckoning_are_no_crash(test: str, alpha: float, margin: float, effect: float | None) -> None:
    terms = RegressionTerms(test, alpha, margin, smallest_effect=effect, resamples=99)
    for shape in (Shape.PASS_FAIL, Shape.SCORE):
        for new in ([1.0] * 40, [0.0] * 20 + [1.0] * 20):
            known = {"m": ComparedMetric("ratio", True, shape)}
            found = compare(results(new), results([1.0] * 40), terms, known)
            assert found.outcome in set(Outcome)


def test_a_chance_of_a_false_alarm_that_cannot_be_told_from_none_lets_nothing_through() -> None:
    known = {"m": ComparedMetric("ratio", True, Shape.PASS_FAIL)}
    found = compare(results([0.0] * 10 + [1.0] * 90), results([1.0] * 100), RegressionTerms(alpha=5e-324), known)
    assert found.outcome is Outcome.NOT_ENOUGH
