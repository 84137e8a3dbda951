"""Decisions of the supervisor."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.adapters.targets.process.supervision import (
    BACKOFF_LONGEST_SECONDS,
    GIVE_UP_AFTER,
    HUNG_SECONDS,
    KILL_GRACE_SECONDS,
    PORT_TRIES,
    STABLE_SECONDS,
    Child,
    Effect,
    Exit,
    Facts,
    Phase,
    Probe,
    Reason,
    Want,
    backoff_seconds,
    child_from_json,
    decide,
    fresh,
    launched,
)
from trueup.core.digests import digest_of

PRINT, OTHER = digest_of("a"), digest_of("b")
WANT = Want(PRINT, ready_timeout_seconds=10.0)
DEAD = Facts(alive=False, exit=Exit(Reason.DIED, "boom"))
ALIVE = Facts(alive=True)
READY = Facts(alive=True, probe=Probe.READY)


def starting(now: float = 0.0) -> Child:
    return launched(fresh("a-0", PRINT, now), 42, 1.0, 8000, now)


def ready(now: float = 0.0) -> Child:
    child, _ = decide(WANT, 1.0, starting(now), READY, now)
    return child


def test_a_wanted_child_is_launched_at_once() -> None:
    assert decide(WANT, 1.0, fresh("a-0", PRINT, 5.0), Facts(), 5.0)[1] is Effect.LAUNCH


def test_a_child_is_ready_when_its_probe_says_so() -> None:
    child, effect = decide(WANT, 1.0, starting(), READY, 1.0)
    assert (child.phase, child.was_ready, effect) == (Phase.READY, True, Effect.NOTHING)


def test_a_child_that_dies_before_it_was_ever_ready_is_given_up() -> None:
    child, effect = decide(WANT, 1.0, starting(), DEAD, 1.0)
    assert (child.phase, child.reason, child.detail, effect) == (Phase.FAILED, Reason.DIED, "boom", Effect.NOTHING)


def test_a_lost_port_is_tried_again_and_then_given_up() -> None:
    child, lost = starting(), Facts(exit=Exit(Reason.PORT, "taken"))
    for _ in range(PORT_TRIES - 1):
        child, _ = decide(WANT, 1.0, child, lost, 0.0)
        assert child.phase is Phase.BACKOFF
        child = launched(child, 43, 1.0, 8001, 0.0)
    child, _ = decide(WANT, 1.0, child, lost, 0.0)
    assert (child.phase, child.reason) == (Phase.FAILED, Reason.PORT)


def test_a_refused_child_is_killed_and_stays_refused() -> None:
    refused = Facts(alive=True, probe=Probe.REFUSED, refusal="constant")
    child, effect = decide(WANT, 1.0, starting(), refused, 1.0)
    assert (child.phase, child.reason, child.detail, effect) == (
        Phase.FAILED,
        Reason.NONSENSE,
        "constant",
        Effect.KILL,
    )
    assert decide(WANT, 1.0, child, refused, 2.0) == (child, Effect.KILL)
    assert decide(WANT, 1.0, child, DEAD, 3.0) == (child, Effect.NOTHING)


def test_a_child_that_is_late_is_killed() -> None:
    assert decide(WANT, 1.0, starting(), ALIVE, 10.0)[1] is Effect.NOTHING
    child, effect = decide(WANT, 1.0, starting(), ALIVE, 10.1)
    assert (child.phase, child.reason, effect) == (Phase.FAILED, Reason.NEVER_READY, Effect.KILL)


def test_a_crash_is_followed_by_a_restart_after_the_back_off() -> None:
    child, effect = decide(WANT, 1.0, ready(), DEAD, 100.0)
    assert (child.phase, child.crashes, effect) == (Phase.BACKOFF, 1, Effect.NOTHING)
    assert decide(WANT, 1.0, child, DEAD, 100.0)[1] is Effect.NOTHING
    again, effect = decide(WANT, 1.0, child, DEAD, 100.0 + backoff_seconds(1))
    assert effect is Effect.LAUNCH
    assert launched(again, 43, 2.0, 8000, 101.0).restarts == 1


def test_a_child_that_crashes_again_and_again_is_given_up() -> None:
    child = ready()
    for crash in range(1, GIVE_UP_AFTER + 1):
        child, _ = decide(WANT, 1.0, child, DEAD, 0.0)
        assert child.phase is (Phase.FAILED if crash == GIVE_UP_AFTER else Phase.BACKOFF)
        child = child if child.phase is Phase.FAILED else launched(child, 43, 1.0, 8000, 0.0)
    assert child.restarts == GIVE_UP_AFTER - 1


def test_a_child_that_was_stable_starts_with_a_clean_sheet() -> None:
    child = replace(ready(), crashes=3)
    assert decide(WANT, 1.0, child, ALIVE, STABLE_SECONDS)[0].crashes == 3
    assert decide(WANT, 1.0, child, ALIVE, STABLE_SECONDS + 1)[0].crashes == 0


def test_a_hung_child_is_killed_and_restarted() -> None:
    sick = Facts(alive=True, healthy=False)
    child, effect = decide(WANT, 1.0, ready(), sick, 5.0)
    assert effect is Effect.NOTHING
    child, effect = decide(WANT, 1.0, child, sick, 5.0 + HUNG_SECONDS + 1)
    assert effect is Effect.KILL
    child, _ = decide(WANT, 1.0, child, DEAD, 70.0)
    assert (child.phase, child.reason) == (Phase.BACKOFF, Reason.HUNG)


def test_a_child_that_recovers_is_not_killed() -> None:
    child, _ = decide(WANT, 1.0, ready(), Facts(alive=True, healthy=False), 5.0)
    child, _ = decide(WANT, 1.0, child, ALIVE, 10.0)
    assert child.failing_since == 0.0


@pytest.mark.parametrize("want", [None, Want(OTHER, 10.0)])
def test_a_child_that_is_no_longer_wanted_so_is_asked_to_end_then_killed_then_forgotten(want: Want | None) -> None:
    child, effect = decide(want, 3.0, ready(), ALIVE, 10.0)
    assert (child.phase, effect) == (Phase.STOPPING, Effect.TERMINATE)
    assert decide(want, 3.0, child, ALIVE, 12.0) == (child, Effect.NOTHING)
    assert decide(want, 3.0, child, ALIVE, 13.1 + KILL_GRACE_SECONDS) == (child, Effect.KILL)
    assert decide(want, 3.0, child, DEAD, 20.0)[1] is Effect.FORGET


def test_a_child_wanted_again_while_it_ends_ends_first() -> None:
    child, _ = decide(None, 3.0, ready(), ALIVE, 10.0)
    assert decide(WANT, 3.0, child, ALIVE, 11.0) == (child, Effect.NOTHING)
    assert decide(WANT, 3.0, child, DEAD, 12.0)[1] is Effect.FORGET


def test_a_clock_that_was_set_back_does_not_delay_a_restart() -> None:
    child, _ = decide(WANT, 1.0, ready(1e9), DEAD, 1e9)
    assert decide(WANT, 1.0, child, DEAD, 5e8)[1] is Effect.LAUNCH


def test_back_off_grows_to_its_cap() -> None:
    waits = [backoff_seconds(n) for n in range(1, 100)]
    assert waits == sorted(waits)
    assert waits[0] < 1.0
    assert waits[-1] == BACKOFF_LONGEST_SECONDS


FACTS = st.builds(
    Facts,
    alive=st.booleans(),
    exit=st.builds(Exit, st.sampled_from(Reason), st.just("why")),
    probe=st.sampled_from(Probe),
    refusal=st.just("no"),
    healthy=st.booleans(),
)
STEPS = st.lists(st.tuples(st.sampled_from([WANT, None, Want(OTHER, 10.0)]), FACTS, st.floats(0, 50)), max_size=30)


@given(STEPS)
def test_no_child_is_launched_or_forgotten_while_its_process_lives(
    steps: list[tuple[Want | None, Facts, float]],
) -> None:
    child, now, living = fresh("a-0", PRINT, 0.0), 0.0, False
    for want, drawn, seconds in steps:
        now += seconds
        # A process that does not live yet cannot be alive, and a dead one stays dead.
        facts = replace(drawn, alive=drawn.alive and living)
        living = facts.alive
        child, effect = decide(want, 5.0, child, facts, now)
        if effect in {Effect.LAUNCH, Effect.FORGET}:
            assert not living
        if effect is Effect.LAUNCH:
            assert want is not None
            child, living = launched(child, 7, now, 8000, now), True
        if effect is Effect.FORGET:
            child = fresh("a-0", want.fingerprint if want else PRINT, now)


@given(STEPS)
def test_a_child_reads_back_as_it_was_published(steps: list[tuple[Want | None, Facts, float]]) -> None:
    child, now = starting(), 0.0
    for want, facts, seconds in steps:
        now += seconds
        child, _ = decide(want, 5.0, child, facts, now)
        assert child_from_json(child.to_json()) == child
