"""What the next run makes of one that was killed."""

from collections.abc import Generator
from dataclasses import replace

import pytest

from trueup.core.digests import digest_of_bytes
from trueup.ledger.record import Record, RecordKind, RunOutcome
from trueup.rollout.events import Event
from trueup.workflows.apply import Applied, ApplyRequest, apply
from trueup.workflows.planning import Planned, make_plan
from trueup.workflows.recovery import recover
from trueup.workflows.rollback import propose, roll_back
from trueup.workflows.status import status
from workspaces import WEIGHTS, Declared, FakeWorkspace, KilledError, Stage, steps

OLD, NEW = Declared(model="smol@1"), Declared(model="smol@2")


def killed(workspace: FakeWorkspace, after: str, **request) -> None:
    """Apply, and kill the process when the event *after* has been told."""
    kill(apply(workspace, ApplyRequest("dev", **request), Applied()), after)
    workspace.heal()


def kill(run: Generator[Event], after: str) -> None:
    """Read events up to *after* and drop the rest, as a kill does."""
    assert any(steps([event]) == [after] for event in run)
    run.close()


def unwrite(workspace: FakeWorkspace) -> None:
    """Take the last entry out of the journal: the kill came after the step and before its entry."""
    *kept, last = workspace.journal.unfinished("dev")
    assert (last["step"], last["status"]) == ("route", "done")
    workspace.journal.close("dev")
    for entry in kept:
        workspace.journal.write("dev", entry)


def records(workspace: FakeWorkspace, *kinds: RecordKind) -> list[Record]:
    return [r for r in workspace.ledger.records() if r.draft.kind in kinds]


def runs(workspace: FakeWorkspace) -> list[Record]:
    return records(workspace, RecordKind.APPLY, RecordKind.ROLLBACK)


def test_a_run_that_ended_leaves_nothing_to_recover(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    assert recover(workspace, "dev") is None


def test_done_interrupted_and_not_started_are_told_apart(make) -> None:
    workspace = make(OLD)
    killed(workspace, "start support started")
    found = recover(workspace, "dev")
    assert found is not None
    assert found.done == ("fetch Deployment/dev/support",)
    assert found.interrupted == ("start Deployment/dev/support",)
    assert found.event.detail == "an earlier run was killed: 1 steps done, start Deployment/dev/support interrupted"


def test_a_failed_step_was_not_interrupted(make) -> None:
    workspace = make(OLD)
    workspace.work.fail("start")
    killed(workspace, "start support failed")
    found = recover(workspace, "dev")
    assert found is not None
    assert found.interrupted == ()


def test_the_ledger_gets_the_killed_run_before_the_next_one(make) -> None:
    workspace = make(OLD)
    killed(workspace, "start support done")
    workspace.apply()
    second, first = runs(workspace)
    assert (first.draft.outcome, second.draft.outcome) == (RunOutcome.PARTIAL, RunOutcome.DONE)
    assert [e["step"] for e in first.draft.events][-1] == "start"
    assert first.draft.resources == ("Deployment/dev/support",)
    assert workspace.ledger.verify()[1] == ()


def test_a_killed_rollback_is_recorded_as_one(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    workspace.declare(NEW)
    workspace.apply()
    proposal = propose(workspace, "dev", "support")
    kill(roll_back(workspace, proposal, Applied()), "route support done")
    workspace.apply()
    assert runs(workspace)[1].draft.kind is RecordKind.ROLLBACK


def test_a_release_whose_traffic_moved_is_verified_by_looking_again(make) -> None:
    workspace = make(OLD)
    killed(workspace, "route support done")
    recover(workspace, "dev")
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Planned)
    assert [v.release for v in planned.observed.verified] == list(workspace.served().values())
    assert planned.plan.changes == ()


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_release_that_is_not_whole_now_is_not_verified(make, replicas: int) -> None:
    workspace = make(replace(OLD, replicas=replicas))
    killed(workspace, "route support done")
    if replicas == 1:
        workspace.work.sick.add(digest_of_bytes(WEIGHTS["smol@1"]))
    else:
        workspace.work.scale("dev", 1)
    recover(workspace, "dev")
    (run,) = runs(workspace)
    (serving,) = run.draft.body["serving"].values()
    assert serving["verified"] is False


def test_a_deployment_whose_route_went_is_recorded_as_gone(make) -> None:
    workspace = make(OLD, Declared(name="chat", model="smol@2"))
    workspace.apply()
    workspace.declare(OLD)
    killed(workspace, "route chat done")
    recover(workspace, "dev")
    assert runs(workspace)[0].draft.body["removed"] == ["Deployment/dev/chat"]


def test_a_deployment_whose_model_name_was_taken_over_is_recorded_as_gone(make) -> None:
    workspace = make(replace(OLD, model_name="shop"))
    workspace.apply()
    workspace.declare(replace(OLD, name="helpdesk", model_name="shop"))
    killed(workspace, "route helpdesk done")
    recover(workspace, "dev")
    assert runs(workspace)[0].draft.body["removed"] == ["Deployment/dev/support"]


def test_a_run_killed_after_its_record_is_not_recorded_twice(make) -> None:
    workspace = make(OLD)
    killed(workspace, "verify support done")
    workspace.apply()
    before = len(runs(workspace))
    workspace.declare(NEW)
    workspace.journal.keep_open = True
    with pytest.raises(KilledError):
        workspace.apply()
    workspace.journal.keep_open = False
    assert recover(workspace, "dev") is not None
    assert len(runs(workspace)) == before + 1


def test_runs_of_other_environments_do_not_hide_the_record(make) -> None:
    elsewhere = replace(OLD, environment="test")
    workspace = make(OLD, elsewhere, dev=Stage(), test=Stage(port=8181))
    workspace.journal.keep_open = True
    with pytest.raises(KilledError):
        workspace.apply("dev")
    workspace.journal.keep_open = False
    workspace.apply("test")
    count = len(runs(workspace))
    assert recover(workspace, "dev") is not None
    assert len(runs(workspace)) == count


def test_the_reviewed_plan_is_finished_although_the_killed_run_did_part_of_it(make) -> None:
    workspace = make(OLD)
    reviewed = make_plan(workspace, "dev")
    assert isinstance(reviewed, Planned)
    killed(workspace, "start support done", expected=reviewed.plan.inputs)
    applied = workspace.apply(expected=reviewed.plan.inputs)
    assert applied.result is not None
    assert [a.name for a in applied.result.done] == ["support"]


def test_the_reviewed_plan_is_finished_after_two_kills(make) -> None:
    workspace = make(OLD)
    reviewed = make_plan(workspace, "dev")
    assert isinstance(reviewed, Planned)
    killed(workspace, "fetch support done", expected=reviewed.plan.inputs)
    killed(workspace, "start support done", expected=reviewed.plan.inputs)
    applied = workspace.apply(expected=reviewed.plan.inputs)
    assert applied.result is not None
    assert [a.name for a in applied.result.done] == ["support"]


def test_status_tells_of_a_killed_run(make) -> None:
    workspace = make(OLD)
    killed(workspace, "start support started")
    found = status(workspace, "dev")
    assert found.unfinished == (
        "an apply by Ada <ada@example.com> did not end, last step: start Deployment/dev/support started; "
        "apply again to finish it"
    )
    assert not found.is_in_sync


def test_a_journal_that_says_nothing_is_closed(make) -> None:
    workspace = make(OLD)
    workspace.journal.write("dev", {"type": "event"})
    found = recover(workspace, "dev")
    assert found is not None
    assert found.done == ()
    assert workspace.journal.unfinished("dev") == ()


def test_traffic_that_moved_unwritten_is_recorded_all_the_same(make) -> None:
    workspace = make(OLD)
    killed(workspace, "route support done")
    unwrite(workspace)
    recover(workspace, "dev")
    (run,) = runs(workspace)
    assert [s["verified"] for s in run.draft.body["serving"].values()] == [True]


def test_a_route_that_went_unwritten_is_recorded_as_gone(make) -> None:
    workspace = make(OLD, Declared(name="chat", model="smol@2"))
    workspace.apply()
    workspace.declare(OLD)
    killed(workspace, "route chat done")
    unwrite(workspace)
    recover(workspace, "dev")
    assert runs(workspace)[0].draft.body["removed"] == ["Deployment/dev/chat"]


def test_a_rollback_killed_before_its_commit_leaves_git_and_traffic_and_says_what_to_do(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    workspace.declare(NEW)
    workspace.apply()
    served = workspace.served()
    kill(roll_back(workspace, propose(workspace, "dev", "support"), Applied()), "hold support done")
    assert status(workspace, "dev").unfinished.startswith("a rollback by Ada")
    found = recover(workspace, "dev")
    assert found is not None
    assert found.event.detail.endswith("before its commit; roll back again, or lift the hold")
    assert workspace.served() == served
    again = propose(workspace, "dev", "support")
    assert list(roll_back(workspace, again, Applied()))
    assert workspace.served() != served
