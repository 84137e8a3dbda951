"""Releases, judged by what was answered."""

import math
import random
from datetime import UTC, datetime

import pytest

from trueup.core.conditions import Condition, read_condition
from trueup.core.digests import Digest
from trueup.core.json import canonical
from trueup.desired.takeover import Checks, Watched
from trueup.observed.traffic import Answered, Traffic
from trueup.rollout.analysis import Queried, analyse
from trueup.rollout.metric_words import value_text
from trueup.rollout.samples import values_of
from trueup.rollout.verdicts import Outcome, Verdict, together
from trueup.spec.traffic_metrics import TRAFFIC_METRICS

STABLE, NEW = Digest("sha256:stable"), Digest("sha256:new")
SINCE = datetime(2026, 11, 1, tzinfo=UTC)


def answer(**fields) -> Answered:
    return Answered(**{"at": 0.0, "status": 200, "failed": False, "seconds": 1.0, **fields})


def failures(failed: int, count: int) -> tuple[Answered, ...]:
    return tuple(answer(failed=n < failed, status=500 if n < failed else 200) for n in range(count))


def watched(name: str, condition: str, query: str = "") -> Watched:
    known = TRAFFIC_METRICS.get(name)
    found = read_condition(condition, known.unit if known else "")
    assert isinstance(found, Condition)
    return Watched(name, found, query)


def verdict(name, condition, new, stable=(), **more):
    checks = Checks((watched(name, condition),), min_requests=more.pop("min_requests", 1))
    (found,) = analyse(checks, Traffic(SINCE, {NEW: new, STABLE: stable}), STABLE, NEW, **more)
    canonical(found.to_json())
    return found


def drawn(metric, scale=1.0, count=1000, seed=1):
    rng = random.Random(seed)
    fields = {
        "latency": lambda: {"seconds": scale * rng.lognormvariate(0, 0.4)},
        "output_tokens": lambda: {"completion_tokens": int(scale * rng.lognormvariate(5, 0.4))},
        "feedback": lambda: {"feedback": float(rng.random() < scale * 0.4)},
        "similarity": lambda: {"similarity": min(1.0, scale * rng.random())},
    }[metric]
    return tuple(answer(**fields()) for _ in range(count))


def test_fewer_requests_than_asked_for_decide_nothing_and_say_how_many_are_missing():
    found = verdict("error_rate", "<= 1%", failures(50, 50), min_requests=200)
    assert found.outcome is Outcome.UNDECIDED
    assert (found.more, found.n_new) == (150, 50)
    assert found.said == "error_rate: 50 of 200 requests answered, 150 missing"


def test_clients_that_left_are_no_requests():
    left = tuple(answer(status=499, failed=True) for _ in range(1000))
    assert verdict("error_rate", "<= 1%", left).outcome is Outcome.UNDECIDED
    found = verdict("error_rate", "<= 1%", (*left, *failures(0, 1000)))
    assert (found.outcome, found.n_new) == (Outcome.PASS, 1000)
    assert verdict("error_rate", "<= 1%", left, min_requests=1000).more == 1000


@pytest.mark.parametrize(
    ("failed", "count", "outcome"),
    [(0, 1000, Outcome.PASS), (50, 1000, Outcome.FAIL), (10, 1000, Outcome.UNDECIDED), (1, 20, Outcome.UNDECIDED)],
)
def test_a_share_is_judged_by_its_whole_interval(failed, count, outcome):
    found = verdict("error_rate", "<= 1%", failures(failed, count))
    assert found.outcome is outcome
    assert found.low <= failed / count <= found.high
    assert found.new == failed / count


def test_what_is_undecided_says_how_many_more_would_decide_it():
    found = verdict("error_rate", "<= 2%", failures(1, 100))
    assert found.outcome is Outcome.UNDECIDED
    assert 100 < found.more < 2000
    more = math.ceil((100 + found.more) / 100) * 100
    assert verdict("error_rate", "<= 2%", failures(more // 100, more)).outcome is Outcome.PASS
    assert f"about {found.more:,} more answers would decide it" in found.said


def test_nobody_can_tell_how_many_more_decide_what_is_right_at_the_bound():
    assert verdict("error_rate", "<= 1%", failures(10, 1000)).more == 0
    assert verdict("error_rate", "<= stable", failures(10, 1000), failures(10, 1000)).more == 0


@pytest.mark.parametrize(
    ("condition", "new", "stable", "outcome"),
    [
        ("<= stable + 1%", (60, 1000), (10, 1000), Outcome.FAIL),
        ("<= stable + 1%", (10, 4000), (10, 4000), Outcome.PASS),
        ("<= stable + 1%", (20, 1000), (10, 1000), Outcome.UNDECIDED),
        ("<= stable * 1.5", (60, 1000), (10, 1000), Outcome.FAIL),
        ("<= stable * 1.5", (100, 4000), (100, 4000), Outcome.PASS),
        (">= stable - 1%", (10, 4000), (10, 4000), Outcome.PASS),
        (">= stable - 1%", (10, 1000), (100, 1000), Outcome.FAIL),
        ("> stable * 2", (100, 1000), (10, 1000), Outcome.PASS),
        ("< stable", (10, 1000), (100, 1000), Outcome.PASS),
    ],
)
def test_a_share_is_compared_with_the_stable_release(condition, new, stable, outcome):
    found = verdict("error_rate", condition, failures(*new), failures(*stable))
    assert found.outcome is outcome
    assert (found.n_new, found.n_stable) == (new[1], stable[1])
    assert found.stable == stable[0] / stable[1]


def test_a_handful_of_failures_is_luck():
    # One of 200 against none of 2,000 happens in 9 of 100 such pairs of equal releases.
    for condition in ("<= stable", "< stable", "<= stable * 1"):
        assert verdict("error_rate", condition, failures(1, 200), failures(0, 2000)).outcome is Outcome.UNDECIDED
    assert verdict("error_rate", "<= stable", failures(5, 200), failures(0, 2000)).outcome is Outcome.FAIL
    for condition in (">= stable", "> stable"):
        assert verdict("error_rate", condition, failures(0, 2000), failures(1, 200)).outcome is Outcome.UNDECIDED
    assert verdict("error_rate", "<= stable", failures(0, 9), failures(0, 9)).outcome is Outcome.UNDECIDED


@pytest.mark.parametrize("metric", ["latency", "output_tokens", "feedback"])
@pytest.mark.parametrize(("scale", "outcome"), [(1.0, Outcome.PASS), (1.25, Outcome.UNDECIDED), (2.0, Outcome.FAIL)])
def test_other_metrics_are_compared_with_the_stable_release(metric, scale, outcome):
    name = "latency_p90" if metric == "latency" else metric
    found = verdict(name, "<= stable * 1.25", drawn(metric, scale, 3000), drawn(metric, seed=2, count=3000))
    assert found.outcome is outcome
    assert found.low < scale < found.high
    assert f"{scale}"[:1] in found.said


def test_a_percentile_needs_enough_values_for_a_limit():
    found = verdict("latency_p99", "<= 10s", drawn("latency", count=20))
    assert found.outcome is Outcome.UNDECIDED
    assert (found.high, found.more) == (None, 299 - 20)
    assert "nobody knows what" in found.said
    enough = verdict("latency_p99", "<= 10s", drawn("latency", count=299))
    assert enough.outcome is Outcome.PASS


def test_looking_more_often_takes_more_to_decide():
    once = verdict("error_rate", "<= 1%", failures(20, 1000))
    often = verdict("error_rate", "<= 1%", failures(20, 1000), looks=50)
    assert (once.outcome, often.outcome) == (Outcome.FAIL, Outcome.UNDECIDED)
    assert often.low < once.low


def test_more_metrics_take_more_to_fail_and_no_more_to_pass():
    one = Checks((watched("error_rate", "<= 1%"),))
    ten = Checks((watched("error_rate", "<= 1%"), *(watched(m, ">= 0") for m in list(TRAFFIC_METRICS)[1:10])))
    traffic = Traffic(SINCE, {NEW: failures(20, 1000)})
    alone, among = (analyse(checks, traffic, STABLE, NEW)[0] for checks in (one, ten))
    assert among.low < alone.low
    assert among.high == alone.high


def test_copies_are_judged_against_what_clients_got():
    copies, served = drawn("similarity", count=500), drawn("latency", count=500)
    checks = Checks((watched("similarity", ">= 40%"), watched("latency_p50", "<= stable * 2")))
    traffic = Traffic(SINCE, served={STABLE: served, NEW: failures(9, 9)}, copied={NEW: copies})
    similarity, latency = analyse(checks, traffic, STABLE, NEW, copied=True)
    assert (similarity.outcome, similarity.n_new, similarity.stable) == (Outcome.PASS, 500, None)
    assert (latency.n_new, latency.n_stable) == (500, 500)
    assert analyse(checks, traffic, STABLE, NEW)[0].outcome is Outcome.UNDECIDED


def test_values_that_are_all_the_same_have_shown_no_spread():
    same = tuple(answer(completion_tokens=64) for _ in range(300))
    found = verdict("output_tokens", "<= stable * 1.1", same, same)
    assert found.outcome is Outcome.PASS
    few = verdict("output_tokens", ">= stable * 0.9", same[:2], same)
    assert few.outcome is Outcome.UNDECIDED
    assert few.low < 1 <= few.high
    alone = verdict("output_tokens", ">= 60", same[:1])
    assert alone.outcome is Outcome.UNDECIDED


def test_a_metric_that_no_answer_has_is_undecided():
    assert verdict("ttft_p95", "<= 1s", failures(0, 9)).said == "ttft_p95: no answer of the new release has it yet"
    streams = tuple(answer(first_token_seconds=0.1) for _ in range(9))
    found = verdict("ttft_p95", "<= stable", streams, failures(0, 9))
    assert found.said == "ttft_p95: no answer of the stable release has it yet"
    assert found.new == 0.1


def test_a_stable_release_without_a_failure_has_no_ratio():
    found = verdict("error_rate", "<= stable * 1.1", failures(1, 100), failures(0, 100))
    assert (found.low, found.high) == (None, None)
    assert "between" not in found.said


@pytest.mark.parametrize(
    ("metric", "fields", "value"),
    [
        ("latency_p50", {"seconds": 2.0}, 2.0),
        ("ttft_p50", {"first_token_seconds": 0.5}, 0.5),
        ("itl_p50", {"seconds": 2.0, "first_token_seconds": 0.5, "completion_tokens": 4}, 0.5),
        ("itl_p50", {"seconds": 2.0, "first_token_seconds": 0.5, "completion_tokens": 1}, None),
        ("itl_p50", {"seconds": 2.0, "completion_tokens": 4}, None),
        ("tokens_per_second", {"seconds": 2.0, "completion_tokens": 8}, 4.0),
        ("tokens_per_second", {"seconds": 2.0}, None),
        ("refusal_rate", {"refused": True}, 1.0),
        ("output_tokens", {"completion_tokens": 8}, 8.0),
        ("feedback", {}, None),
        ("similarity", {"similarity": 0.5}, 0.5),
        ("latency_p50", {"failed": True}, None),
        ("error_rate", {"failed": True}, 1.0),
    ],
)
def test_a_metric_is_read_off_an_answer(metric, fields, value):
    assert values_of(metric, [answer(**fields)]) == ([] if value is None else [value])


def test_every_metric_of_the_table_is_read():
    full = answer(first_token_seconds=0.5, completion_tokens=9, feedback=1.0, similarity=1.0)
    assert all(len(values_of(m, [full])) == 1 for m in TRAFFIC_METRICS)


QUERY = "rate(x{release='{{release}}'}[5m])"


@pytest.mark.parametrize(
    ("condition", "queried", "outcome", "said"),
    [
        ("<= 5", Queried(4.0), Outcome.PASS, "q: 4; <= 5 holds"),
        ("<= 5", Queried(6.0), Outcome.FAIL, "q: 6; <= 5 does not hold"),
        ("<= stable", Queried(6.0, 7.0), Outcome.PASS, "q: 6 against 7 of the stable release; <= stable holds"),
        ("<= stable - 2", Queried(6.0, 7.0), Outcome.FAIL, None),
        ("<= stable * 0.5", Queried(6.0, 7.0), Outcome.FAIL, None),
        ("<= stable", Queried(6.0), Outcome.UNDECIDED, "q: the source has no value of the stable release"),
        ("<= 5", Queried(), Outcome.UNDECIDED, "q: the source has no value of the new release"),
        ("<= 5", None, Outcome.UNDECIDED, "q: not measured yet"),
        ("<= 5", Queried(error="no answer"), Outcome.ERROR, "q: could not be found out: no answer"),
        (">= 0.5", Queried(0.6, interval=(0.4, 0.8)), Outcome.UNDECIDED, None),
        (
            ">= 0.5",
            Queried(0.6, interval=(0.55, 0.7)),
            Outcome.PASS,
            "q: 0.6; >= 0.5 holds (it is between 0.55 and 0.7)",
        ),
        (
            ">= stable - 0.1",
            Queried(0.6, 0.6, interval=(0.57, 0.63), stable_interval=(0.57, 0.63)),
            Outcome.PASS,
            "q: 0.6 against 0.6 of the stable release; >= stable - 0.1 holds (the difference is between -0.0424 and 0.0424)",  # noqa: E501,
        ),
    ],
)
def test_what_was_measured_elsewhere_is_taken_as_it_is(condition, queried, outcome, said):
    checks = Checks((watched("q", condition, QUERY),))
    found = {} if queried is None else {"q": queried}
    (verdict,) = analyse(checks, Traffic(SINCE), STABLE, NEW, queried=found)
    assert verdict.outcome is outcome
    assert said is None or verdict.said == said


def test_an_evaluation_is_measured_elsewhere():
    checks = Checks((watched("answers/accuracy", ">= 0.5"),))
    (found,) = analyse(checks, Traffic(SINCE), STABLE, NEW, queried={"answers/accuracy": Queried(0.7)})
    assert found.outcome is Outcome.PASS
    assert analyse(checks, Traffic(SINCE), STABLE, NEW)[0].outcome is Outcome.UNDECIDED


def test_numbers_have_their_units():
    found = verdict("error_rate", "<= 1%", failures(31, 500), failures(45, 4500))
    assert found.said.startswith(
        "error_rate: 6.2 % of 500 against 1 % of 4,500 of the stable release; <= 1 % does not hold (it is between 4."
    )
    assert [value_text(0.83, "seconds"), value_text(2.14, "seconds")] == ["830 ms", "2.14 s"]
    assert [value_text(41.2, "tokens/s"), value_text(1234.5, "tokens")] == ["41.2 tokens/s", "1,234 tokens"]
    assert value_text(-0.0, "") == "0"


def test_the_worst_verdict_is_that_of_all():
    checks = Checks((watched("error_rate", "<= 1%"), watched("latency_p50", "<= 2s")))
    found = analyse(checks, Traffic(SINCE, {NEW: failures(90, 900)}), STABLE, NEW)
    assert [v.outcome for v in found] == [Outcome.FAIL, Outcome.PASS]
    assert together(found) is Outcome.FAIL
    assert math.isfinite(found[0].low)


@pytest.mark.parametrize(
    ("outcomes", "all_of_them"),
    [
        ([], Outcome.PASS),
        ([Outcome.PASS, Outcome.UNDECIDED], Outcome.UNDECIDED),
        ([Outcome.ERROR, Outcome.UNDECIDED], Outcome.ERROR),
        ([Outcome.PASS, Outcome.ERROR, Outcome.FAIL], Outcome.FAIL),
    ],
)
def test_a_failure_outweighs_all_then_what_nobody_could_find_out(outcomes, all_of_them):
    assert together([Verdict("m", o, "") for o in outcomes]) is all_of_them
