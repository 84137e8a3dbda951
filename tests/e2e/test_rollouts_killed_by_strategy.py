"""Promise 3 while a release takes over by any other strategy than a canary, as `test_rollouts_killed.py` has it."""

from collections.abc import Iterator

import pytest
from killed_rollouts import IS_WHOLE, Point, Record, Shop, survive, survive_again, survive_rollback
from rolling import STRATEGIES, asking, new_shop, watching_splits
from scratch import cleaned_up
from test_killed import APPLY, Harness

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

OTHERS = [name for name in STRATEGIES if name != "canary"]
STAGED = Point("journal, after: event share Deployment/dev/support done", 1)
IS_TO_GO_BACK = Point("journal, after: event abort Deployment/dev/support started", 1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    harness = Harness(tmp_path_factory.mktemp("harness"))
    with cleaned_up(new_shop(tmp_path_factory.mktemp("killed") / "shop", STRATEGIES[OTHERS[0]])) as made:
        assert harness.run(made, APPLY) == 0, harness.err
        with asking(made.address()) as clients, watching_splits(made) as back:
            yield Shop(made, harness, clients, back, OTHERS[0])
    harness.close()


@pytest.mark.parametrize("release", ["good", "bad"])
@pytest.mark.parametrize("strategy", OTHERS)
def test_a_rollout_survives_kills(shop: Shop, strategy: str, release: str, record_property: Record) -> None:
    survive(shop.use(strategy), release, 1, record_property)


@pytest.mark.parametrize("strategy", OTHERS if IS_WHOLE else ["inPlace"])
def test_a_rollback_survives_kills_as_well(shop: Shop, strategy: str, record_property: Record) -> None:
    survive_rollback(shop.use(strategy), 1, record_property)


@pytest.mark.parametrize(("release", "first"), [("good", STAGED), ("bad", IS_TO_GO_BACK)])
@pytest.mark.parametrize("strategy", OTHERS if IS_WHOLE else [])
def test_a_recovery_survives_kills_as_well(
    shop: Shop, strategy: str, release: str, first: Point, record_property: Record
) -> None:
    survive_again(shop.use(strategy), release, first, 1, record_property)
