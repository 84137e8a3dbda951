"""Rollback: the newest verified release that differs and is not on hold, by an edit of nothing but the release."""

from dataclasses import replace

import pytest

from trueup.adapters.locks.file_lock import LockHeldError
from trueup.core.digests import Digest, short
from trueup.core.errors import PermanentError
from trueup.ledger.record import RecordKind, RunOutcome
from trueup.policy.decision import Outcome
from trueup.reconcile import codes
from trueup.workflows.apply import Applied
from trueup.workflows.holding import hold_declared, holds
from trueup.workflows.planning import Invalid
from trueup.workflows.recovery import recover
from trueup.workflows.rollback import Proposal, propose, roll_back
from workspaces import Declared, FakeWorkspace, KilledError, Stage, steps

FIRST, SECOND, THIRD = (
    Declared(model="smol@1"),
    Declared(model="smol@2"),
    Declared(model="smol@2", prompt="support@2"),
)


def proposed(workspace: FakeWorkspace, name: str = "support", **wanted: str) -> Proposal:
    found = propose(workspace, "dev", name, **wanted)
    assert isinstance(found, Proposal)
    return found


def rolled_back(workspace: FakeWorkspace, **wanted: str) -> Applied:
    applied = Applied()
    list(roll_back(workspace, proposed(workspace, **wanted), applied, reason=wanted.get("reason", "")))
    return applied


def through(workspace: FakeWorkspace, *history: Declared) -> list[Digest]:
    """Apply one after the other and return the releases they served."""
    releases = []
    for declared in history:
        workspace.declare(declared)
        workspace.apply()
        releases.append(workspace.served()["support"])
    return releases


def test_it_goes_back_to_the_newest_verified_release_that_differs(make) -> None:
    workspace = make()
    releases = through(workspace, FIRST, SECOND, THIRD)
    assert proposed(workspace).target.release == releases[1]
    assert proposed(workspace).bad == releases[2]


def test_the_commit_changes_nothing_but_the_release(make) -> None:
    workspace = make()
    through(workspace, FIRST, SECOND)
    before = dict(workspace.files)
    rolled_back(workspace)
    changed = {p for p in before if workspace.files[p] != before[p]}
    assert changed == {SECOND.path}
    old, new = before[SECOND.path].decode().splitlines(), workspace.files[SECOND.path].decode().splitlines()
    assert [line for line in new if line not in old] == ["    model: smol@1   # the weights"]


def test_the_old_release_serves_again_and_the_bad_one_is_on_hold(make) -> None:
    workspace = make()
    first, second = through(workspace, FIRST, SECOND)
    applied = rolled_back(workspace, reason="it lies")
    assert workspace.served()["support"] == first
    (hold,) = holds(workspace, "dev")
    assert (hold.release, hold.reason, hold.author) == (second, "it lies", workspace.actor)
    assert applied.record is not None
    assert (applied.record.draft.kind, applied.record.draft.body["cause"]) == (RecordKind.ROLLBACK, "it lies")
    assert workspace.ledger.verify()[1] == ()


def test_hold_and_commit_come_before_the_first_step(make) -> None:
    workspace = make()
    through(workspace, FIRST, SECOND)
    told = steps(rolled_back(workspace).events)
    assert told[:2] == ["hold support done", "commit support done"]


def test_the_message_names_the_cause_the_plan_and_the_record(make) -> None:
    workspace = make()
    first, second = through(workspace, FIRST, SECOND)
    proposal = proposed(workspace, reason="it lies")
    lines = proposal.message.splitlines()
    assert lines[0] == "Roll back support in dev to smol@1, support@1"
    assert f"Release {short(first)} was verified at 2026-03-14T12:00:00+00:00." in lines
    assert "Reason: it lies" in lines
    assert f"Trueup-Cause: rollback of release {second}" in lines
    assert f"Trueup-Plan: {proposal.planned.plan.id}" in lines
    assert f"Trueup-Record: {proposal.target.record}" in lines
    assert "Reason" not in proposed(workspace).message


def test_a_held_release_is_passed_over(make) -> None:
    workspace = make()
    releases = through(workspace, FIRST, SECOND, THIRD)
    rolled_back(workspace)
    assert proposed(workspace).target.release == releases[0]


def test_a_rollback_is_not_rolled_back_to_what_it_took_away(make) -> None:
    workspace = make()
    through(workspace, FIRST, SECOND)
    rolled_back(workspace)
    with pytest.raises(PermanentError) as refused:
        propose(workspace, "dev", "support")
    assert refused.value.code is codes.NO_ROLLBACK_TARGET
    assert "2 verified releases" in refused.value.detail


def test_a_release_that_never_served_well_goes_back_to_the_one_that_serves(make) -> None:
    workspace = make()
    (first,) = through(workspace, FIRST)
    workspace.declare(SECOND)
    workspace.work.sick_when_routed = True
    workspace.apply()
    workspace.heal()
    assert proposed(workspace).target.release == first
    rolled_back(workspace)
    assert workspace.served()["support"] == first


def test_a_release_can_be_named_by_the_beginning_of_its_digest(make) -> None:
    workspace = make()
    releases = through(workspace, FIRST, SECOND, THIRD)
    assert proposed(workspace, to=short(releases[0], 8)).target.release == releases[0]
    assert proposed(workspace, to=releases[0]).target.release == releases[0]


def test_a_release_nobody_verified_is_refused_with_those_that_were(make) -> None:
    workspace = make()
    releases = through(workspace, FIRST, SECOND)
    with pytest.raises(PermanentError, match="no release that was verified") as refused:
        propose(workspace, "dev", "support", to="ffff")
    assert short(releases[0]) in refused.value.detail


def test_going_back_to_what_is_declared_is_refused(make) -> None:
    """It would put the release that is to serve on hold."""
    workspace = make()
    releases = through(workspace, FIRST, SECOND)
    with pytest.raises(PermanentError) as refused:
        propose(workspace, "dev", "support", to=releases[1])
    assert refused.value.code is codes.NO_ROLLBACK_TARGET


def test_there_is_nothing_to_go_back_to_at_first(make) -> None:
    workspace = make(FIRST)
    workspace.apply()
    with pytest.raises(PermanentError) as refused:
        propose(workspace, "dev", "support")
    assert refused.value.code is codes.NO_ROLLBACK_TARGET


def test_what_is_not_declared_is_brought_back_by_git(make) -> None:
    workspace = make(FIRST, Declared(name="chat"))
    workspace.apply()
    workspace.declare(FIRST)
    with pytest.raises(PermanentError, match="not declared") as refused:
        propose(workspace, "dev", "chat")
    assert "git revert" in refused.value.hint


def test_an_unknown_name_is_a_problem_of_the_question(make) -> None:
    workspace = make(FIRST)
    found = propose(workspace, "dev", "nobody")
    assert isinstance(found, Invalid)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (FIRST, replace(FIRST, prompt="")),
        (replace(FIRST, prompt=""), FIRST),
        (Declared(build="q8@1"), Declared()),
        (Declared(), Declared(build="q8@1")),
        (Declared(build="q8@1"), Declared(model="smol@1", prompt="")),
    ],
)
def test_parts_that_appeared_or_went_are_undone_too(make, before: Declared, after: Declared) -> None:
    workspace = make()
    first, second = through(workspace, before, after)
    assert first != second
    rolled_back(workspace)
    assert workspace.served()["support"] == first


def test_other_deployments_are_left_alone(make) -> None:
    workspace = make()
    chat = Declared(name="chat", model="tiny@1")
    for declared in ((FIRST, chat), (SECOND, replace(chat, model="tiny@2"))):
        workspace.declare(*declared)
        workspace.apply()
    before = workspace.served()["chat"]
    workspace.declare(SECOND, replace(chat, threads=2, model="tiny@2"))
    rolled_back(workspace)
    assert workspace.served()["chat"] == before


def test_a_rollback_that_policy_denies_writes_nothing(make) -> None:
    workspace = make()
    through(workspace, FIRST, SECOND)
    workspace.declare(SECOND, dev=Stage(evaluations=("facts@1",), run="before"))
    proposal = proposed(workspace)
    assert proposal.denied is not None
    assert proposal.denied.outcome is Outcome.DENY
    head, served = workspace.head, workspace.served()
    applied = Applied()
    list(roll_back(workspace, proposal, applied))
    assert applied.denied is not None
    assert (workspace.head, workspace.served()) == (head, served)
    assert applied.record is not None
    assert (applied.record.draft.kind, applied.record.draft.outcome) == (RecordKind.ROLLBACK, RunOutcome.DENIED)


def test_what_is_no_longer_what_was_shown_is_refused(make) -> None:
    workspace = make()
    through(workspace, FIRST, SECOND)
    proposal = proposed(workspace)
    workspace.declare(THIRD)
    with pytest.raises(PermanentError) as refused:
        list(roll_back(workspace, proposal, Applied()))
    assert refused.value.code is codes.STALE_PLAN
    workspace.declare(SECOND)
    proposal = proposed(workspace)
    workspace.tool = "trueup 9"
    with pytest.raises(PermanentError, match="trueup changed"):
        list(roll_back(workspace, proposal, Applied()))
    assert holds(workspace, "dev") == ()


def test_a_declaration_that_broke_meanwhile_is_refused(make) -> None:
    workspace = make()
    through(workspace, FIRST, SECOND)
    proposal = proposed(workspace)
    workspace.files = {**workspace.files, "spec/broken.yaml": b"{"}
    workspace.commit()
    applied = Applied()
    list(roll_back(workspace, proposal, applied))
    assert isinstance(applied.invalid, Invalid)
    assert isinstance(propose(workspace, "dev", "support"), Invalid)


def test_another_run_at_work_is_not_disturbed(make) -> None:
    workspace = make()
    through(workspace, FIRST, SECOND)
    proposal = proposed(workspace)
    head = workspace.head
    with workspace.lock.hold("dev", "apply -e dev", 0.0), pytest.raises(LockHeldError):
        list(roll_back(workspace, proposal, Applied()))
    assert workspace.head == head


@pytest.mark.parametrize("burns", range(24))
def test_a_rollback_killed_at_any_effect_is_finished_by_the_next_one(make, burns: int) -> None:
    workspace = make()
    first, second = through(workspace, FIRST, SECOND)
    workspace.fuse.left = workspace.fuse.burnt + burns
    proposal = proposed(workspace)
    try:
        list(roll_back(workspace, proposal, Applied()))
    except KilledError:
        workspace.heal()
        assert workspace.served()["support"] in (first, second)
        applied = Applied()
        if workspace.files[SECOND.path] == proposal.after:
            applied = workspace.apply()
        else:
            list(roll_back(workspace, proposed(workspace), applied))
        assert applied.denied is None
    assert workspace.served()["support"] == first
    assert [h.release for h in holds(workspace, "dev")] == [second]
    assert recover(workspace, "dev") is None
    assert workspace.ledger.verify()[1] == ()


def test_names_that_make_another_release_by_now_are_no_way_back(make) -> None:
    workspace = make()
    through(workspace, Declared(model="tiny@1"))
    workspace.declare(Declared(model="tiny@2", engine="transformers"))
    before = dict(workspace.files)
    with pytest.raises(PermanentError, match="never verified") as refused:
        propose(workspace, "dev", "support")
    assert refused.value.code is codes.NO_ROLLBACK_TARGET
    assert "git revert" in refused.value.hint
    assert workspace.files == before


def test_an_edit_that_cannot_be_made_exactly_is_refused(make) -> None:
    workspace = make()
    through(workspace, FIRST, SECOND)
    text = workspace.files[SECOND.path].replace(b"model: smol@2", b"model: &it smol@2")
    text = text.replace(b"owner: support-team", b"owner: support-team, annotations: {model: *it}")
    anchored = b"x: 1\n" + text
    workspace.files = {**workspace.files, SECOND.path: text}
    workspace.commit()
    found = propose(workspace, "dev", "support")
    assert isinstance(found, Invalid | Proposal)
    if isinstance(found, Proposal):
        assert found.after != anchored


def test_a_record_that_does_not_say_what_was_declared_is_no_target(make) -> None:
    workspace = make()
    first, _ = through(workspace, FIRST, SECOND)
    last = next(workspace.ledger.records()).draft
    serving = {"Deployment/dev/support": {"release": first, "manifest": {"documents": {}}, "verified": True}}
    workspace.ledger.append(replace(last, body={**last.body, "serving": serving}, decisions=(), attachments=()))
    with pytest.raises(PermanentError, match="does not say what was declared"):
        propose(workspace, "dev", "support")


@pytest.mark.parametrize("was_held", [False, True])
def test_a_commit_that_git_refuses_leaves_only_the_holds_that_were_there(make, was_held: bool) -> None:
    workspace = make()
    first, second = through(workspace, FIRST, SECOND)
    if was_held:
        hold_declared(workspace, "dev", "support", "somebody said so", None)
    proposal = proposed(workspace)
    workspace.commits_fail = True
    with pytest.raises(PermanentError, match="git does not take it"):
        list(roll_back(workspace, proposal, Applied()))
    assert [h.release for h in holds(workspace, "dev")] == ([second] if was_held else [])
    assert workspace.journal.unfinished("dev") == ()
    assert workspace.served()["support"] != first


def test_a_release_that_is_held_already_is_not_held_twice(make) -> None:
    workspace = make()
    through(workspace, FIRST, SECOND)
    hold_declared(workspace, "dev", "support", "somebody said so", None)
    told = [e.detail for e in rolled_back(workspace).events if e.step == "hold"]
    assert told[0].endswith("is on hold already")
    assert [h.reason for h in holds(workspace, "dev")] == ["somebody said so"]
