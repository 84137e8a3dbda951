"""Rounds of `reconcile`: what is owed to git, what is declared, and what serves and went bad."""

from pathlib import Path

import pytest

from trueup.adapters.targets.process import codes as target_codes
from trueup.core.errors import PermanentError, TransientError
from trueup.core.json import Json
from trueup.observed.traffic import Answered, Traffic
from trueup.rollout.machine import Order
from trueup.workflows.holding import holds
from trueup.workflows.ordering import order
from trueup.workflows.planning import Invalid
from trueup.workflows.reconciling import Round, reconcile_once
from workspaces import Declared, FakeWorkspace, KilledError, Stage

MONITORS = (
    '[{name: errors, signal: errors, metric: error_rate, op: "<=", threshold: 0.05, minSamples: 50, '
    "onBreach: rollback}]"
)
OLD = Declared(model="smol@1", monitors=MONITORS)
NEW = Declared(model="smol@2", monitors=MONITORS)


def shop_of(folder: Path, **rollback: Json) -> FakeWorkspace:
    made = FakeWorkspace(folder, [OLD], {"dev": Stage(rollback=rollback)})
    made.apply()
    made.declare(NEW)
    made.apply()
    answering(made, failing=0)
    return made


def answering(shop: FakeWorkspace, failing: int, count: int = 200) -> None:
    """Let every release answer, *failing* of 100 requests in vain."""

    def answered(environment: str, route: object, since: object) -> Traffic:
        now = shop.clock.now()
        samples = tuple(Answered(now.timestamp(), 200, failed=n % 100 < failing, seconds=0.1) for n in range(count))
        return Traffic(now, dict.fromkeys(shop.served().values(), samples))

    shop.work.answered = answered


def reconciled(shop: FakeWorkspace, *, act: bool = False) -> tuple[Round, list[str]]:
    found = Round()
    events = list(reconcile_once(shop, "dev", found, act=act))
    shop.clock.sleep(1)
    return found, [f"{e.step} {e.status.value}" for e in events]


def test_what_serves_well_is_left_alone(tmp_path: Path) -> None:
    shop = shop_of(tmp_path)
    found, steps = reconciled(shop)
    assert (steps, found.breaches, found.applied) == ([], [], None)


def test_a_release_that_goes_bad_is_taken_back_and_held(tmp_path: Path) -> None:
    shop = shop_of(tmp_path)
    bad = shop.served()["support"]
    answering(shop, failing=30)
    found, steps = reconciled(shop)
    assert found.taken_back
    assert steps[0] == "monitor failed"
    assert shop.served()["support"] != bad
    assert shop.files[OLD.path] == OLD.text()
    (hold,) = holds(shop, "dev")
    assert hold.release == bad
    assert "error_rate" in hold.reason


def test_a_rollback_is_not_rolled_back(tmp_path: Path) -> None:
    shop = shop_of(tmp_path)
    answering(shop, failing=30)
    reconciled(shop)
    serving = shop.served()
    found, steps = reconciled(shop)
    assert not found.taken_back
    assert steps == ["monitor failed", "rollback skipped"]
    assert shop.served() == serving


@pytest.mark.parametrize(
    ("rollback", "hours", "said"),
    [({"automatic": False}, 0, "people roll back"), ({"window": "20m"}, 1, "longer than `rollback.window`")],
)
def test_the_environment_says_what_is_taken_back_by_itself(
    tmp_path: Path, rollback: dict[str, Json], hours: int, said: str
) -> None:
    shop = shop_of(tmp_path, **rollback)
    shop.clock.sleep(hours * 3600)
    answering(shop, failing=30)
    found = Round()
    events = list(reconcile_once(shop, "dev", found, act=False))
    assert said in events[-1].detail
    assert not found.taken_back


def test_what_is_too_little_or_not_known_takes_nothing_back(tmp_path: Path) -> None:
    shop = shop_of(tmp_path)
    answering(shop, failing=30, count=10)
    assert reconciled(shop)[1] == []

    def silent(environment: str, route: object, since: object) -> Traffic:
        raise TransientError(target_codes.GATEWAY_DIED, "silent")

    shop.work.answered = silent
    found, steps = reconciled(shop)
    assert (steps, found.breaches) == (["monitor waiting"], [])


def test_what_is_declared_is_applied_only_where_someone_said_so(tmp_path: Path) -> None:
    shop = shop_of(tmp_path)
    shop.declare(Declared(model="tiny@2"))
    before = shop.served()
    found, steps = reconciled(shop)
    assert (steps, shop.served()) == ([], before)
    assert found.planned is not None
    assert found.planned.plan.changes
    found, _ = reconciled(shop, act=True)
    assert found.applied is not None
    assert shop.served() != before


def test_what_a_killed_run_left_is_finished(tmp_path: Path) -> None:
    shop = shop_of(tmp_path)
    shop.declare(Declared(model="tiny@2"))
    shop.fuse.left, shop.fuse.burnt = 10, 0
    with pytest.raises(KilledError):
        shop.apply()
    shop.heal()
    found, _ = reconciled(shop)
    assert found.applied is not None
    assert found.applied.recovered is not None


def test_a_declaration_that_is_wrong_is_told(tmp_path: Path) -> None:
    shop = shop_of(tmp_path)
    shop.files["spec/system.yaml"] = b"kind: Systm\n"
    shop.commit()
    found, steps = reconciled(shop)
    assert isinstance(found.invalid, Invalid)
    assert steps == []


def test_nothing_can_be_said_to_a_rollout_that_is_not_there(tmp_path: Path) -> None:
    shop = shop_of(tmp_path)
    for name in ("support", "nobody"):
        with pytest.raises(PermanentError) as raised:
            order(shop, "dev", name, Order.ABORT)
        assert raised.value.code.id == "WRK018"
    assert shop.orders.left == {}
