"""How long releases served, and which rollbacks were carried out."""

from datetime import timedelta

import pytest

from records import SUPPORT, after, applied, newest_first, release
from trueup.core.ids import ResourceId
from trueup.ledger import history
from trueup.ledger.record import Draft, RecordKind, RunOutcome

SUPPORT_ID = ResourceId("Deployment", "support", environment="dev")


def served(name: str, *drafts: Draft, now: float = 60) -> tuple[float, bool] | None:
    """Return the longest service of *name* in minutes, and whether it serves still."""
    found = history.services(newest_first(*drafts), "dev", after(now)).get((SUPPORT_ID, release(name)))
    return (found.longest / timedelta(minutes=1), found.is_serving) if found else None


def test_a_release_serves_until_now() -> None:
    assert served("a", applied("a", minutes=10)) == (50, True)


def test_a_release_serves_until_another_takes_over() -> None:
    drafts = (applied("a", minutes=10), applied("b", minutes=30))
    assert served("a", *drafts) == (20, False)
    assert served("b", *drafts) == (30, True)


def test_applying_the_same_release_again_is_no_break() -> None:
    assert served("a", applied("a", minutes=0), applied("a", minutes=20), applied("a", minutes=40)) == (60, True)


def test_the_longest_of_two_times_counts_and_they_are_not_added_up() -> None:
    drafts = (applied("a", minutes=0), applied("b", minutes=30), applied("a", minutes=50))
    assert served("a", *drafts) == (30, True)


def test_a_deployment_that_was_removed_serves_no_more() -> None:
    gone = applied(minutes=30, removed=(SUPPORT,))
    assert served("a", applied("a", minutes=0), gone) == (30, False)
    assert served("a", applied("a", minutes=0), gone, applied("a", minutes=50)) == (30, True)


def test_a_release_that_was_not_verified_ends_the_one_before_and_serves_no_time() -> None:
    drafts = (applied("a", minutes=0), applied("b", minutes=20, verified=False), applied("a", minutes=40))
    assert served("a", *drafts) == (20, True)
    assert served("b", *drafts) is None


@pytest.mark.parametrize("outcome", [RunOutcome.FAILED, RunOutcome.DENIED])
def test_a_run_that_did_nothing_ends_nothing(outcome: RunOutcome) -> None:
    assert served("a", applied("a", minutes=0), applied("b", minutes=20, outcome=outcome)) == (60, True)


def test_other_environments_and_deployments_do_not_matter() -> None:
    others = (applied("b", minutes=20, environment="prod"), applied("b", minutes=20, deployment="draft"))
    assert served("a", applied("a", minutes=0), *others) == (60, True)


def test_a_clock_that_went_back_gives_no_negative_time() -> None:
    assert served("a", applied("a", minutes=30), applied("b", minutes=10)) == (0, False)


def test_the_newest_rollback_of_each_deployment_is_its_drill() -> None:
    back = RecordKind.ROLLBACK
    records = newest_first(
        applied("a", minutes=0, kind=back),
        applied("b", minutes=1),
        applied("a", minutes=2, kind=back, environment="staging"),
        applied("a", minutes=3, kind=back),
        applied("a", minutes=4, kind=back, outcome=RunOutcome.FAILED),
        applied("a", minutes=5, kind=back, verified=False),
    )
    found = history.drills(records)
    assert [(str(d.deployment), d.at) for d in found] == [(SUPPORT, after(3)), ("Deployment/staging/support", after(2))]
    assert found[0].record == records[2].digest


def test_without_a_rollback_there_is_no_drill() -> None:
    assert history.drills(newest_first(applied("a"))) == ()
