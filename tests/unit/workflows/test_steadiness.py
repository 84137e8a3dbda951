"""A plan is steady when it would say the same all day; in doubt it is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from trueup.observed.state import Health, ObservedState
from trueup.policy.facts.change import Commit, Signature
from trueup.workflows import steadiness
from trueup.workflows.planning import Planned, make_plan
from trueup.workflows.steadiness import is_steady
from workspaces import Declared, FakeWorkspace

DAILY = frozenset({"today"})


def planned(workspace: FakeWorkspace, **request) -> Planned:
    found = make_plan(workspace, "dev", **request)
    assert isinstance(found, Planned)
    assert found.judged.evaluation is not None
    return found


def test_a_plan_of_a_commit_that_nothing_runs_of_is_steady(make) -> None:
    workspace = make(Declared())
    assert is_steady(workspace, planned(workspace), DAILY)
    assert is_steady(workspace, planned(workspace), frozenset())


@pytest.mark.parametrize("read", [None, {"nowNs"}, {"today", "now"}])
def test_policies_that_read_the_time_of_the_day_make_it_unsteady(make, read) -> None:
    workspace = make(Declared())
    assert not is_steady(workspace, planned(workspace), read)


def test_uncommitted_changes_and_what_is_told_besides_make_it_unsteady(make) -> None:
    workspace = make(Declared())
    found = planned(workspace)
    assert not is_steady(workspace, replace(found, plan=replace(found.plan, revision="")), DAILY)
    assert not is_steady(workspace, replace(found, candidate=found.judged.decision), DAILY)
    told = replace(found.loaded, diagnostics=("anything",))
    assert not is_steady(workspace, replace(found, loaded=told), DAILY)


def test_whatever_runs_makes_it_unsteady(make) -> None:
    workspace = make(Declared())
    found = planned(workspace)
    for changed in ({"gateway": Health.HEALTHY}, {"servers": ("one",)}, {"routes": ("one",)}):
        observed = replace(found.observed, target=replace(found.observed.target, **changed))
        assert not is_steady(workspace, replace(found, observed=observed), DAILY)


def test_freeze_windows_make_it_unsteady(make) -> None:
    workspace = make(Declared())
    found = planned(workspace)
    frozen = {**found.desired.environment.settings, "freezeWindows": [{"schedule": "0 12 * * *", "duration": "1h"}]}
    desired = replace(found.desired, environment=replace(found.desired.environment, settings=frozen))
    assert not is_steady(workspace, replace(found, desired=desired), DAILY)


def test_what_is_known_only_until_tonight_makes_it_unsteady(make, monkeypatch) -> None:
    workspace = make(Declared())
    found = planned(workspace)
    asked = []

    def observe(*request) -> ObservedState:
        asked.append(request[4])
        return replace(found.observed, drills=("another",))

    monkeypatch.setattr(steadiness, "observe", observe)
    assert not is_steady(workspace, found, DAILY)
    assert asked == [datetime(2026, 3, 14, 23, 59, 59, 999_999, tzinfo=UTC)]


def test_rules_that_failed_or_were_never_asked_what_they_know_make_it_unsteady(make) -> None:
    workspace = make(Declared())
    found = planned(workspace)
    for changed in (
        replace(found.judged, known=None),
        replace(found.judged, evaluation=replace(found.judged.evaluation, errors=("one",))),
        replace(found.judged, evaluation=replace(found.judged.evaluation, warnings=("one",))),
        replace(found.judged, at=None),
        replace(found.judged, at=found.plan.created_at + timedelta(days=1)),
    ):
        assert not is_steady(workspace, replace(found, judged=changed), DAILY)


def test_signatures_and_approvals_make_it_unsteady_because_keys_lie_elsewhere(make) -> None:
    workspace = make(Declared())
    found = planned(workspace)
    known = found.judged.known
    assert known is not None
    for changed in (
        replace(known.change, signature=Signature("unknown")),
        replace(known.change, commits=(Commit("a" * 40, "Ada <ada@example.com>", Signature("good")),)),
        replace(known.change, given=("an approval",)),
    ):
        judged = replace(found.judged, known=replace(known, change=changed))
        assert not is_steady(workspace, replace(found, judged=judged), DAILY)
