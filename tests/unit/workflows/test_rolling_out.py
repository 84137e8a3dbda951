"""Rollouts by stages, with every port a fake: what clients get, what git says, and what is left after a kill."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from fakes import FakeOrders
from trueup.adapters.targets.process import codes as target_codes
from trueup.core.digests import Digest
from trueup.core.errors import TransientError
from trueup.observed.state import Health, ObservedRoute
from trueup.observed.traffic import Answered, Traffic
from trueup.ports import Route
from trueup.rollout.events import Event, Status
from trueup.workflows.holding import holds, lift
from trueup.workflows.planning import Invalid
from trueup.workflows.status import status
from workspaces import Declared, FakeWorkspace, KilledError, Stage, steps

ANALYSIS = '{metrics: [{name: error_rate, successCondition: "<= 5%", interval: 5s}], minRequests: 50, patience: 30s}'
CANARY = (
    "{strategy: canary, steps: [{setWeight: 10, pause: {duration: 10s}}, "
    f"{{analysis: {ANALYSIS}}}, {{setWeight: 50}}, {{analysis: {ANALYSIS}}}]}}"
)
BLUE_GREEN = f"{{strategy: blueGreen, analysis: {ANALYSIS}}}"
SHADOW = f"{{strategy: shadow, mirror: {{percent: 50}}, analysis: {ANALYSIS}}}"
IN_PLACE = f"{{strategy: inPlace, analysis: {ANALYSIS}}}"
EXPERIMENT = (
    '{strategy: experiment, weight: 50, sampleSize: 100, hypothesis: "No more errors.", analysis: '
    '{metrics: [{name: error_rate, successCondition: "<= 5%", interval: 5s}], minRequests: 50, patience: 30s}}'
)
STRATEGIES = {
    "canary": CANARY,
    "blueGreen": BLUE_GREEN,
    "shadow": SHADOW,
    "inPlace": IN_PLACE,
    "recreate": IN_PLACE.replace("inPlace", "recreate"),
    "experiment": EXPERIMENT,
}
OLD, NEW = Declared(model="smol@1"), Declared(model="smol@2")


def declared(model: str, strategy: str = "canary", **more: str) -> Declared:
    return Declared(model=model, rollout=STRATEGIES[strategy], **more)


def answers(bad: Callable[[Digest], bool], count: int = 400) -> Callable[[str, Route, datetime], Traffic]:
    """Return traffic in which every release answered, and the bad ones failed a third of the time."""

    def answered(environment: str, route: Route, since: datetime) -> Traffic:
        def samples(release: Digest) -> tuple[Answered, ...]:
            return tuple(
                Answered(
                    since.timestamp() + 1, 200, failed=bad(release) and n % 3 == 0, seconds=0.1, completion_tokens=5
                )
                for n in range(count)
            )

        beside = route.split.candidates if route.split is not None else ()
        served = {route.release: samples(route.release)} | {c.release: samples(c.release) for c in beside if c.weight}
        return Traffic(since, served, {c.release: samples(c.release) for c in beside if c.mirror})

    return answered


@pytest.fixture
def shop(tmp_path: Path) -> FakeWorkspace:
    made = FakeWorkspace(tmp_path, [OLD])
    made.apply()
    return made


def good_traffic(shop: FakeWorkspace) -> None:
    shop.work.answered = answers(lambda _: False)


def bad_traffic(shop: FakeWorkspace) -> Digest:
    """Let every release but the one that serves now fail often."""
    stable = shop.served()["support"]
    shop.work.answered = answers(lambda release: release != stable)
    return stable


def route_of(shop: FakeWorkspace) -> ObservedRoute:
    return shop.work.observe("dev").routes[0]


def shares(events: list[Event]) -> list[float]:
    return [float(str(dict(e.facts)["weight"])) for e in events if e.step == "share"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_release_that_is_as_good_gets_all_the_traffic(shop: FakeWorkspace, strategy: str) -> None:
    good_traffic(shop)
    before = shop.served()["support"]
    shop.declare(declared("smol@2", strategy))
    applied = shop.apply()
    assert applied.result is not None
    assert not applied.result.failed
    assert shop.served()["support"] != before
    assert len(shop.running()) == 1
    assert (route_of(shop).split, route_of(shop).held) == (None, False)
    assert applied.record is not None
    assert shop.messages == []


def test_the_steps_of_a_canary_are_taken_in_order(shop: FakeWorkspace) -> None:
    good_traffic(shop)
    shop.declare(declared("smol@2"))
    applied = shop.apply()
    assert shares(applied.events) == [10, 10, 50, 50]
    said = steps(applied.events)
    assert said.index("analyse support done") > said.index("share support done")
    assert said.index("route support done") > said.index("analyse support done")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_worse_release_is_taken_back_in_git_and_never_comes_again(shop: FakeWorkspace, strategy: str) -> None:
    stable = bad_traffic(shop)
    text = declared("smol@2", strategy)
    shop.declare(declared("smol@1", strategy))
    shop.apply()
    assert shop.served()["support"] == stable, "another strategy is no other release"
    shop.declare(text)
    applied = shop.apply()
    assert applied.result is not None
    (error,) = applied.result.failed.values()
    assert error.code.id == "APP014"
    assert shop.served()["support"] == stable
    assert (route_of(shop).split, route_of(shop).held) == (None, False)
    assert all(s.health is Health.HEALTHY for s in shop.work.observe("dev").servers)
    assert shop.running() == {route_of(shop).server}
    assert shop.files[text.path] == declared("smol@1", strategy).text(), "restored to the byte"
    (message,) = shop.messages
    for trailer in ("Trueup-Cause: rollback of release", "Trueup-Plan: sha256:", "Trueup-Record: sha256:"):
        assert trailer in message
    (hold,) = holds(shop, "dev")
    assert hold.release != stable
    assert "error_rate" in hold.reason
    again = shop.apply()
    assert again.result is None
    assert again.denied is None
    shop.declare(text)
    assert shop.apply().denied is not None, "the release is on hold"
    lift(shop, "dev", "support")
    good_traffic(shop)
    assert not (shop.apply().result or pytest.fail("nothing was applied")).failed


def test_traffic_is_back_before_anything_else_is_done(shop: FakeWorkspace) -> None:
    stable = bad_traffic(shop)
    shop.declare(declared("smol@2"))
    events = shop.apply().events
    said = steps(events)
    assert (
        said.index("abort support started") < said.index("abort support done") < said.index("take-over support failed")
    )
    assert shop.served()["support"] == stable


class LateOrders(FakeOrders):
    """Someone says go when the rollout has waited for long."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def take(self, environment: str, deployment: str) -> str:
        self.asked += 1
        return "continue" if self.asked > 200 else ""


def test_what_could_not_be_found_out_takes_nothing_back(shop: FakeWorkspace) -> None:
    def silent(environment: str, route: Route, since: datetime) -> Traffic:
        raise TransientError(target_codes.GATEWAY_DIED, "silent")

    shop.work.answered = silent
    shop.orders = LateOrders()
    shop.declare(declared("smol@2"))
    applied = shop.apply()
    assert applied.result is not None
    assert not applied.result.failed, "it waited, and went on when someone said go"
    assert any(e.step == "wait" and "not decided" in e.detail for e in applied.events)
    assert shop.messages == []


def test_too_few_answers_deny(shop: FakeWorkspace) -> None:
    stable = bad_traffic(shop)
    shop.work.answered = answers(lambda _: False, count=3)
    shop.declare(declared("smol@2"))
    applied = shop.apply()
    assert applied.result is not None
    assert [e.code.id for e in applied.result.failed.values()] == ["APP014"]
    assert shop.served()["support"] == stable


def test_somebody_can_abort(shop: FakeWorkspace) -> None:
    good_traffic(shop)
    shop.orders.give("dev", "support", "abort")
    shop.declare(declared("smol@2"))
    applied = shop.apply()
    assert applied.result is not None
    assert "somebody aborted it" in str(next(iter(applied.result.failed.values())))
    assert len(shop.messages) == 1


def test_a_newer_commit_is_taken_up_at_once(shop: FakeWorkspace) -> None:
    good_traffic(shop)
    shop.declare(declared("smol@2"))

    def newer() -> None:
        if shop.work.observe("dev").routes[0].split is not None and newer_declared():
            shop.declare(declared("tiny@2"))

    shop.work.on_call = newer
    head = shop.head

    def newer_declared() -> bool:
        return shop.head == head

    applied = shop.apply()
    assert applied.result is not None
    assert not applied.result.failed
    release = shop.served()["support"]
    assert applied.planned is not None
    assert applied.planned.plan.revision == shop.head
    assert applied.planned.desired.deployments[0].release.digest == release
    assert shop.messages == []
    assert holds(shop, "dev") == ()


def test_servers_that_die_end_the_rollout(shop: FakeWorkspace) -> None:
    good_traffic(shop)
    stable = shop.served()["support"]
    shop.declare(declared("smol@2"))

    def die() -> None:
        split = shop.work.observe("dev").routes[0].split
        if split is not None:
            shop.work.sick |= {split.candidates[0].server}

    shop.work.on_call = die
    applied = shop.apply()
    assert applied.result is not None
    assert "does not answer" in str(next(iter(applied.result.failed.values())))
    assert shop.served()["support"] == stable


def test_git_that_cannot_be_written_is_pending_until_the_next_run(shop: FakeWorkspace) -> None:
    stable = bad_traffic(shop)
    shop.declare(declared("smol@1"))
    shop.apply()
    shop.declare(declared("smol@2"))
    shop.commits_fail = True
    applied = shop.apply()
    assert any(e.step == "commit" and e.status is Status.WAITING for e in applied.events)
    assert shop.served()["support"] == stable
    found = status(shop, "dev")
    assert not isinstance(found, Invalid)
    assert len(found.pending) == 1
    assert "git pending" in found.pending[0]
    assert not found.is_in_sync
    assert len(holds(shop, "dev")) == 1, "automation leaves it alone meanwhile"
    still = shop.apply()
    assert still.denied is not None
    shop.heal()
    shop.apply()
    assert len(shop.messages) == 1
    now = status(shop, "dev")
    assert not isinstance(now, Invalid)
    assert now.pending == ()
    assert now.is_in_sync


def test_a_push_that_is_refused_is_pending_too(shop: FakeWorkspace) -> None:
    bad_traffic(shop)
    shop.declare(declared("smol@2"))
    shop.push_refused = "protected branch"
    shop.apply()
    found = status(shop, "dev")
    assert not isinstance(found, Invalid)
    assert len(found.pending) == 1
    shop.push_refused = ""
    shop.apply()
    now = status(shop, "dev")
    assert not isinstance(now, Invalid)
    assert now.pending == ()


def test_a_newer_commit_that_fixes_things_settles_what_is_pending(shop: FakeWorkspace) -> None:
    bad_traffic(shop)
    shop.declare(declared("smol@2"))
    shop.commits_fail = True
    shop.apply()
    shop.heal()
    good_traffic(shop)
    shop.declare(declared("tiny@2"))
    applied = shop.apply()
    assert applied.result is not None
    assert not applied.result.failed
    assert shop.messages == []


def test_where_people_roll_back_git_is_left_to_them(tmp_path: Path) -> None:
    shop = FakeWorkspace(tmp_path, [OLD], {"dev": Stage(rollback={"automatic": False})})
    shop.apply()
    stable = bad_traffic(shop)
    shop.declare(declared("smol@2"))
    shop.apply()
    assert shop.served()["support"] == stable
    assert shop.messages == []
    assert holds(shop, "dev") == ()


def test_a_revert_during_a_rollout_gives_all_traffic_back(shop: FakeWorkspace) -> None:
    """The trap of others: a revert in the middle deleted the servers that answered."""
    good_traffic(shop)
    shop.declare(declared("smol@1"))
    shop.apply()
    stable, before = shop.served()["support"], shop.running()
    shop.declare(declared("smol@2"))
    kill_when(shop, lambda: route_of(shop).split is not None and route_of(shop).split.candidates[0].weight == 50)
    assert route_of(shop).split is not None
    shop.declare(declared("smol@1"))
    applied = shop.apply()
    assert applied.result is not None
    assert not applied.result.failed
    assert shop.served()["support"] == stable
    assert route_of(shop).split is None
    assert shop.running() == before


def test_a_killed_rollout_goes_on_at_the_same_step(shop: FakeWorkspace) -> None:
    good_traffic(shop)
    shop.declare(declared("smol@2"))
    kill_when(shop, lambda: route_of(shop).split is not None and route_of(shop).split.candidates[0].weight == 50)
    applied = shop.apply()
    assert applied.result is not None
    assert not applied.result.failed
    assert any(e.step == "resume" for e in applied.events)
    assert 10 not in shares(applied.events)


def kill_when(shop: FakeWorkspace, moment: Callable[[], bool]) -> None:
    """Apply, and be killed at the first effect that finds the *moment* there."""

    def look() -> None:
        if moment():
            raise KilledError

    shop.fuse.watch = look
    with pytest.raises(KilledError):
        shop.apply()
    shop.fuse.watch = lambda: None


def answered_by_verified(shop: FakeWorkspace, stable: Digest) -> None:
    """What clients get comes from a server that runs, or they wait; what is new has its share beside the stable one."""
    (route,) = shop.work.observe("dev").routes
    running = {s.key for s in shop.work.observe("dev").servers}
    if route.split is not None:
        assert route.release == stable
        assert all(c.server in running for c in route.split.candidates)
        assert route.server in running or sum(c.weight for c in route.split.candidates) == 100
    elif route.release == stable:
        assert route.held or route.server in running
    else:
        assert route.server in running


@pytest.mark.parametrize("is_bad", [False, True])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_kill_at_every_effect_loses_nothing(tmp_path: Path, strategy: str, is_bad: bool) -> None:
    kills = 0
    for left in range(1_000):
        folder = tmp_path / str(left)
        folder.mkdir()
        shop = FakeWorkspace(folder, [declared("smol@1", strategy)])
        shop.apply()
        stable = shop.served()["support"]
        shop.work.answered = answers(lambda release, stable=stable: is_bad and release != stable)
        shop.declare(declared("smol@2", strategy))
        shop.fuse.left, shop.fuse.burnt = left, 0
        if strategy != "recreate":
            shop.fuse.watch = lambda shop=shop, stable=stable: answered_by_verified(shop, stable)
        try:
            shop.apply()
        except KilledError:
            kills += 1
        else:
            break
        finally:
            shop.heal()
            shop.fuse.watch = lambda: None
        survived(shop, stable, is_bad)
    assert kills > 20


def survived(shop: FakeWorkspace, stable: Digest, is_bad: bool) -> None:
    """Apply again, as often as it takes to come to rest, and look at what is true then."""
    for _ in range(3):
        shop.apply()
    found = status(shop, "dev")
    assert not isinstance(found, Invalid)
    assert found.is_in_sync, (found.pending, [d.reason for d in found.deployments])
    (route,) = shop.work.observe("dev").routes
    assert (route.release == stable) == is_bad
    assert (route.split, route.held) == (None, False)
    assert shop.running() == {route.server}
    assert len(shop.messages) == is_bad
    assert len(holds(shop, "dev")) == is_bad
    assert shop.ledger.verify()[1] == ()
