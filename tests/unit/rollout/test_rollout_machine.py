"""The state machine of a rollout: each law of it on its own."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.core.conditions import Condition
from trueup.core.digests import Digest
from trueup.core.json import Json
from trueup.desired.takeover import Checks, Stage, Takeover, Watched
from trueup.rollout.machine import (
    Abort,
    Complete,
    Effect,
    Measure,
    Order,
    Progress,
    Seen,
    Share,
    Wait,
    advance,
    progress_of,
    weight_of,
)
from trueup.rollout.verdicts import Outcome, Verdict, together

T0 = datetime(2026, 1, 1, tzinfo=UTC)
FRESH = Progress(Digest("sha256:new"), Digest("sha256:plan"))


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def checks(
    *, limit: int = 0, count: int = 1, patience: float = 60, undecided: str = "abort", error: str = "pause"
) -> Checks:
    watched = Watched(
        "error_rate", Condition("<=", 0.01), failure_limit=limit, interval=timedelta(seconds=10), count=count
    )
    return Checks(
        (watched,), min_requests=10, patience=timedelta(seconds=patience), on_inconclusive=undecided, on_error=error
    )


def verdict(outcome: Outcome) -> tuple[Verdict, ...]:
    return (Verdict("error_rate", outcome, f"error_rate is {outcome.value}"),)


def begun(takeover: Takeover) -> Progress:
    progress, effect = advance(takeover, FRESH, Seen(), T0)
    assert isinstance(effect, Share)
    return progress


def judged(takeover: Takeover, progress: Progress, outcome: Outcome, at: float) -> tuple[Progress, Effect]:
    return advance(takeover, progress, Seen(verdicts=verdict(outcome)), after(at))


CANARY = Takeover("canary", (Stage(10, timedelta(seconds=30), checks=checks()), Stage(50, until_told=True), Stage()))


def test_it_begins_with_the_share_of_its_first_step() -> None:
    progress, effect = advance(CANARY, FRESH, Seen(), T0)
    assert effect == Share(0, 10, 0)
    assert (progress.stage, progress.began) == (0, T0)


def test_it_waits_then_measures_then_takes_the_next_step() -> None:
    progress = begun(CANARY)
    progress, effect = advance(CANARY, progress, Seen(), after(1))
    assert effect == Wait(after(30), "pause")
    progress, effect = advance(CANARY, progress, Seen(), after(30))
    assert effect == Wait(after(40), "next measurement")
    progress, effect = advance(CANARY, progress, Seen(), after(40))
    assert isinstance(effect, Measure)
    assert (effect.since, effect.checks, effect.looks) == (T0, checks(), 7)
    progress, effect = judged(CANARY, progress, Outcome.PASS, 41)
    assert effect == Share(1, 50, 0)
    assert (progress.looks, progress.failures) == (0, ())


def test_a_step_without_an_end_waits_until_someone_says_go() -> None:
    progress = Progress(FRESH.release, FRESH.plan, 1, T0)
    for at in (1, 1_000_000):
        progress, effect = advance(CANARY, progress, Seen(), after(at))
        assert effect == Wait(None, "until someone says go")
    progress, effect = advance(CANARY, progress, Seen(order=Order.CONTINUE), after(2))
    assert effect == Share(2, 50, 0), "a step without a weight keeps the one before"
    _, effect = advance(CANARY, progress, Seen(), after(3))
    assert effect == Complete()


def test_go_ends_a_pause_and_not_an_analysis() -> None:
    _, effect = advance(CANARY, begun(CANARY), Seen(order=Order.CONTINUE), after(1))
    assert effect == Wait(after(40), "next measurement")


@pytest.mark.parametrize(
    ("seen", "is_negative", "superseded"),
    [
        (Seen(order=Order.ABORT), True, False),
        (Seen(superseded="c" * 40), False, True),
        (Seen(dead="exit code 9"), True, False),
        (Seen(verdicts=verdict(Outcome.FAIL)), True, False),
    ],
)
def test_what_ends_it_gives_traffic_back(seen: Seen, is_negative: bool, superseded: bool) -> None:
    _, effect = advance(CANARY, begun(CANARY), seen, after(5))
    assert isinstance(effect, Abort)
    assert (effect.is_negative, effect.superseded) == (is_negative, superseded)
    assert effect.why


def test_a_forgiven_failure_is_measured_again_and_the_next_one_aborts() -> None:
    takeover = Takeover("canary", (Stage(10, checks=checks(limit=1)),))
    progress, effect = judged(takeover, begun(takeover), Outcome.FAIL, 10)
    assert effect == Wait(after(20), "a failed measurement is measured again")
    assert progress.failures == (("error_rate", 1),)
    _, passed = judged(takeover, progress, Outcome.PASS, 20)
    assert passed == Complete()
    _, effect = judged(takeover, progress, Outcome.FAIL, 20)
    assert isinstance(effect, Abort)


def test_every_declared_measurement_is_taken() -> None:
    takeover = Takeover("canary", (Stage(10, checks=checks(count=3)),))
    progress = begun(takeover)
    progress, effect = judged(takeover, progress, Outcome.PASS, 10)
    assert effect == Wait(after(20), "measurement 1 of 3")
    progress, effect = judged(takeover, progress, Outcome.UNDECIDED, 20)
    assert effect == Wait(after(30), "measurement 2 of 3")
    progress, effect = judged(takeover, progress, Outcome.PASS, 30)
    assert effect == Complete()


@pytest.mark.parametrize(("outcome", "what"), [(Outcome.UNDECIDED, "more evidence"), (Outcome.ERROR, "a source that")])
def test_what_is_not_known_is_waited_for(outcome: Outcome, what: str) -> None:
    takeover = Takeover("canary", (Stage(10, checks=checks()),))
    progress, effect = judged(takeover, begun(takeover), outcome, 10)
    assert isinstance(effect, Wait)
    assert what in effect.why
    _, effect = judged(takeover, progress, Outcome.PASS, 20)
    assert effect == Complete()


@pytest.mark.parametrize("outcome", [Outcome.UNDECIDED, Outcome.ERROR])
@pytest.mark.parametrize("declared", ["abort", "continue", "pause"])
def test_what_never_becomes_known_does_what_is_declared(outcome: Outcome, declared: str) -> None:
    given_up = checks(undecided=declared if outcome is Outcome.UNDECIDED else "x", error=declared)
    takeover = Takeover("canary", (Stage(10, checks=given_up),))
    progress, effect = judged(takeover, begun(takeover), outcome, 71)
    match declared:
        case "abort":
            assert isinstance(effect, Abort)
            assert "not decided after 1m more" in effect.why
        case "continue":
            assert effect == Complete()
        case _:
            assert isinstance(effect, Wait)
            assert effect.until is None
            _, still = advance(takeover, progress, Seen(), after(10_000))
            assert isinstance(still, Wait)
            _, told = advance(takeover, progress, Seen(order=Order.CONTINUE), after(10_001))
            assert told == Complete()


def test_an_error_alone_never_aborts_by_default() -> None:
    takeover = Takeover("canary", (Stage(10, checks=checks()),))
    progress = begun(takeover)
    for at in range(10, 10_000, 500):
        progress, effect = judged(takeover, progress, Outcome.ERROR, at)
        assert isinstance(effect, Wait)


def test_what_must_hold_all_the_time_is_measured_while_a_step_waits() -> None:
    takeover = Takeover("canary", (Stage(10, timedelta(hours=1)),), checks=checks(limit=1))
    progress = begun(takeover)
    progress, effect = advance(takeover, progress, Seen(), after(5))
    assert effect == Wait(after(10), "pause"), "it wakes up for the next look"
    progress, effect = advance(takeover, progress, Seen(), after(10))
    assert effect == Measure(T0, None, 7, checks(limit=1))
    progress, effect = advance(takeover, progress, Seen(guard=verdict(Outcome.FAIL)), after(10))
    assert isinstance(effect, Wait), "one is forgiven"
    progress, effect = advance(takeover, progress, Seen(guard=verdict(Outcome.ERROR)), after(20))
    assert not isinstance(effect, Abort), "what could not be found out says nothing"
    _, effect = advance(takeover, progress, Seen(guard=verdict(Outcome.FAIL)), after(20))
    assert isinstance(effect, Abort)


def test_guards_are_asked_beside_the_analysis_of_a_step() -> None:
    takeover = Takeover("canary", (Stage(10, checks=checks()),), checks=checks())
    _, effect = advance(takeover, begun(takeover), Seen(), after(10))
    assert isinstance(effect, Measure)
    assert effect.guard is not None


def test_without_an_end_and_with_guards_it_wakes_up_to_look() -> None:
    takeover = Takeover("canary", (Stage(10, until_told=True),), checks=checks())
    _, effect = advance(takeover, begun(takeover), Seen(), after(1))
    assert effect == Wait(after(10), "until someone says go")


def test_a_step_that_is_no_longer_declared_counts_as_the_last() -> None:
    progress = Progress(FRESH.release, FRESH.plan, 9, T0)
    _, effect = advance(CANARY, progress, Seen(), after(1))
    assert effect == Complete()


def test_without_steps_it_is_complete_at_once() -> None:
    assert advance(Takeover(), FRESH, Seen(), T0)[1] == Complete()
    assert weight_of(Takeover(), 0) == 0


@pytest.mark.parametrize("value", [None, [], {}, {"release": "a", "plan": "b", "stage": "x", "looks": 1}])
def test_progress_that_cannot_be_read_is_none(value: Json) -> None:
    assert progress_of(value) is None


stages = st.lists(
    st.builds(
        Stage,
        st.none() | st.floats(0, 100),
        st.none() | st.timedeltas(timedelta(0), timedelta(minutes=1)),
        st.booleans(),
        st.none() | st.just(checks(limit=1, count=2)),
    ),
    max_size=4,
)
seens = st.builds(
    Seen,
    order=st.sampled_from([Order.NONE, Order.NONE, Order.CONTINUE]),
    verdicts=st.none() | st.sampled_from([verdict(o) for o in Outcome]),
    guard=st.none() | st.sampled_from([verdict(o) for o in Outcome]),
)


@given(stages, st.lists(st.tuples(seens, st.integers(0, 60)), max_size=60))
def test_steps_are_taken_in_order_and_progress_survives_being_written_down(
    declared: list[Stage], history: list[tuple[Seen, int]]
) -> None:
    takeover = Takeover("canary", tuple(declared), checks=checks(limit=2))
    progress, now, entered = FRESH, T0, -1
    for seen, seconds in history:
        now += timedelta(seconds=seconds)
        before = progress
        assert (progress_of(before.to_json()) or FRESH) == before
        progress, effect = advance(takeover, before, seen, now)
        assert progress.stage >= before.stage
        match effect:
            case Share(number, weight, _):
                assert number == entered + 1
                assert weight == weight_of(takeover, number)
                entered = number
            case Wait(until, _):
                assert until is None or until > now or until >= (progress.began or now)
            case Complete() | Abort():
                return
            case Measure():
                assert effect.checks is not None or effect.guard is not None


def test_together_a_failure_outweighs_all() -> None:
    def of(*outcomes: Outcome) -> Outcome:
        return together([Verdict("m", o, "") for o in outcomes])

    assert of() is Outcome.PASS
    assert of(Outcome.PASS, Outcome.UNDECIDED) is Outcome.UNDECIDED
    assert of(Outcome.UNDECIDED, Outcome.ERROR) is Outcome.ERROR
    assert of(Outcome.ERROR, Outcome.FAIL, Outcome.PASS) is Outcome.FAIL
    assert Verdict("m", Outcome.PASS, "s", 1.0, 2.0, n_new=3).to_json()["samples"] == [3, 0]
