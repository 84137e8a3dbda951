"""Promise 3 while a release takes over by a canary: the engine is killed in it, and real clients ask on.

A good release and one that its own metrics abort, a rollback by hand, and the recovery from a kill are each killed at
points of theirs: while traffic moves, while it goes back, between the hold, the commit and the record. After each kill
clients are answered by a release that was verified or that has its share; the next apply converges; git declares what
serves; the ledger verifies and tells each run once; nothing is left over. `test_rollouts_killed_by_strategy.py` has the
other strategies, `killed_rollouts.py` says how many points are taken.
"""

from collections.abc import Iterator

import pytest
from killed_rollouts import Point, Record, Shop, survive, survive_again, survive_rollback
from rolling import STRATEGIES, asking, new_shop, watching_splits
from scratch import cleaned_up
from test_killed import APPLY, Harness

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

HAS_A_SHARE = Point("journal, after: event share Deployment/dev/support done", 2)
IS_TO_GO_BACK = Point("journal, after: event abort Deployment/dev/support started", 1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    harness = Harness(tmp_path_factory.mktemp("harness"))
    with cleaned_up(new_shop(tmp_path_factory.mktemp("killed") / "shop", STRATEGIES["canary"])) as made:
        assert harness.run(made, APPLY) == 0, harness.err
        with asking(made.address()) as clients, watching_splits(made) as back:
            yield Shop(made, harness, clients, back, "canary")
    harness.close()


@pytest.mark.parametrize(("release", "few"), [("good", 3), ("bad", 4)])
def test_a_canary_survives_kills(shop: Shop, release: str, few: int, record_property: Record) -> None:
    survive(shop, release, few, record_property)


def test_a_rollback_survives_kills(shop: Shop, record_property: Record) -> None:
    survive_rollback(shop, 2, record_property)


@pytest.mark.parametrize(("release", "first", "few"), [("good", HAS_A_SHARE, 1), ("bad", IS_TO_GO_BACK, 2)])
def test_a_recovery_survives_kills(shop: Shop, release: str, first: Point, few: int, record_property: Record) -> None:
    survive_again(shop, release, first, few, record_property)
