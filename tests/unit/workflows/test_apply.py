"""Apply as a whole: what is refused before the first write, what is recorded, what the next run finds."""

from dataclasses import replace
from datetime import timedelta

import pytest

from trueup.adapters.locks.file_lock import LockHeldError
from trueup.core.diagnostics import Diagnostic
from trueup.core.errors import PermanentError
from trueup.ledger.record import RecordKind, RunOutcome
from trueup.plan.difference import snapshot_of
from trueup.plan.saved import save_plan
from trueup.policy.deletion_budget import mark_of
from trueup.reconcile import codes
from trueup.reconcile.apply import Result
from trueup.workflows.apply import Applied, ApplyRequest, apply, outcome_of, require_fresh
from trueup.workflows.planning import Invalid, Planned, make_plan
from workspaces import Declared, FakeWorkspace, Stage, steps

OLD, NEW = Declared(model="smol@1"), Declared(model="smol@2")


def planned(workspace: FakeWorkspace, **request) -> Planned:
    found = make_plan(workspace, "dev", **request)
    assert isinstance(found, Planned)
    return found


def untouched(workspace: FakeWorkspace) -> tuple[object, ...]:
    return workspace.work.calls[:], workspace.store.fetched[:], len(workspace.ledger.stored), workspace.head


CHANGES_IN_BETWEEN = {
    "desired state": lambda w: w.declare(replace(OLD, prompt="support@2")),
    "observed state": lambda w: w.store.remove(next(iter(w.store.keys()))),
    "policies": lambda w: w.engine.rules.pop(),
    "trueup": lambda w: setattr(w, "tool", "trueup 9"),
}


@pytest.mark.parametrize("what", CHANGES_IN_BETWEEN)
def test_a_plan_that_is_no_longer_the_reviewed_one_is_refused_with_the_difference(make, what: str) -> None:
    workspace = make(OLD)
    workspace.apply()
    workspace.declare(NEW)
    reviewed = planned(workspace)
    CHANGES_IN_BETWEEN[what](workspace)
    before = untouched(workspace)
    with pytest.raises(PermanentError, match=f"{what} changed") as refused:
        workspace.apply(expected=reviewed.plan.inputs, snapshot=snapshot_of(reviewed.desired, reviewed.observed))
    assert refused.value.code is codes.STALE_PLAN
    assert untouched(workspace) == before


def test_the_reviewed_plan_is_applied(make) -> None:
    workspace = make(OLD)
    applied = workspace.apply(expected=planned(workspace).plan.inputs)
    assert applied.result is not None
    assert [a.name for a in applied.result.done] == ["support"]


def test_time_that_passes_does_not_make_a_plan_stale(make) -> None:
    workspace = make(OLD, dev=Stage(evaluations=("facts@1",)))
    reviewed = planned(workspace)
    workspace.clock.sleep(3600)
    assert workspace.apply(expected=reviewed.plan.inputs).result is not None


def test_the_approval_of_a_part_is_none_of_the_whole(make) -> None:
    workspace = make(OLD, Declared(name="chat"))
    narrow = planned(workspace, targets=("support",))
    with pytest.raises(PermanentError, match="targets changed"):
        workspace.apply(expected=narrow.plan.inputs)
    applied = workspace.apply(expected=narrow.plan.inputs, targets=("support",))
    assert applied.result is not None
    assert list(workspace.served()) == ["support"]


def test_uncommitted_changes_are_planned_and_never_applied(make) -> None:
    workspace = make(OLD)
    workspace.files = {**workspace.files, NEW.path: NEW.text()}
    assert planned(workspace).plan.revision == ""
    before = untouched(workspace)
    with pytest.raises(PermanentError) as refused:
        workspace.apply()
    assert refused.value.code is codes.DIRTY
    assert untouched(workspace) == before


def test_a_commit_is_applied_whatever_the_work_tree_holds(make) -> None:
    workspace = make(OLD)
    first = workspace.head
    workspace.declare(NEW)
    workspace.files = {**workspace.files, "spec/broken.yaml": b"{"}
    applied = workspace.apply(revision=first)
    assert applied.record is not None
    assert applied.record.draft.revision == first


def test_a_denied_plan_changes_nothing(make) -> None:
    workspace = make(OLD, dev=Stage(evaluations=("facts@1",), run="before"))
    before = planned(workspace).plan.id
    applied = workspace.apply()
    assert applied.denied is not None
    assert [v.rule for v in applied.denied.violations] == ["EV"]
    assert not workspace.served()
    assert not workspace.running()
    assert planned(workspace).plan.id == before


def test_policies_that_cannot_be_evaluated_deny(make) -> None:
    workspace = make(OLD)
    workspace.engine.broken = (Diagnostic(codes.ROLLOUT_FAILED, "no engine"),)
    applied = workspace.apply()
    assert applied.denied is not None
    assert applied.denied.errors
    assert workspace.served() == {}


def test_an_invalid_declaration_applies_nothing(make) -> None:
    workspace = make(replace(OLD, model="nobody@1"))
    applied = workspace.apply()
    assert isinstance(applied.invalid, Invalid)
    assert "nobody" in applied.invalid.diagnostics[0].detail
    assert applied.result is None


def test_two_at_once_are_refused_with_who_is_at_work(make) -> None:
    workspace = make(OLD)
    with workspace.lock.hold("dev", "apply -e dev", 0.0), pytest.raises(LockHeldError):
        workspace.apply()
    assert workspace.served() == {}


def test_nothing_to_do_writes_nothing(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    before = untouched(workspace)
    applied = workspace.apply()
    assert (applied.result, applied.record, applied.events) == (None, None, [])
    assert untouched(workspace) == before


def test_the_record_says_what_serves_why_and_from_which_commit(make) -> None:
    workspace = make(OLD, Declared(name="chat"))
    workspace.apply()
    workspace.declare(NEW)
    applied = workspace.apply(cause="a release")
    assert applied.record is not None
    draft = applied.record.draft
    assert (draft.kind, draft.outcome, draft.revision, draft.actor) == (
        RecordKind.APPLY,
        RunOutcome.DONE,
        workspace.head,
        workspace.actor,
    )
    assert draft.body["serving"].keys() == {"Deployment/dev/support"}
    assert draft.body["serving"]["Deployment/dev/support"]["release"] == workspace.served()["support"]
    assert draft.body["removed"] == ["Deployment/dev/chat"]
    assert draft.body["done"] == ["Deployment/dev/support", "Deployment/dev/chat"]
    assert draft.body["cause"] == "a release"
    assert {"Model/smol@2", "Prompt/support@1", "Deployment/dev/chat"} <= set(draft.resources)
    assert [e["step"] for e in draft.events][:2] == ["fetch", "fetch"]
    assert workspace.ledger.verify()[1] == ()


def test_the_events_end_with_the_record_and_the_journal_is_closed(make) -> None:
    workspace = make(OLD)
    applied = workspace.apply()
    assert steps(applied.events)[-1] == "record dev done"
    assert workspace.journal.unfinished("dev") == ()


def test_evidence_is_recorded_when_it_is_measured_and_used_again(make) -> None:
    workspace = make(OLD, Declared(name="twin", model="smol@1"), dev=Stage(evaluations=("facts@1",)))
    workspace.apply()
    found = [r for r in workspace.ledger.records() if r.draft.kind is RecordKind.EVIDENCE]
    assert found
    workspace.work.crash("dev", next(iter(workspace.running())))
    asked = len(workspace.measuring.asked)
    workspace.apply()
    assert len(workspace.measuring.asked) == asked


def test_evidence_that_is_too_old_is_measured_again(make) -> None:
    workspace = make(OLD, dev=Stage(evaluations=("facts@1",)))
    import json

    document = json.loads(workspace.files["spec/evaluations/facts.yaml"])
    document["spec"]["maxAge"] = "30d"
    workspace.files = {**workspace.files, "spec/evaluations/facts.yaml": json.dumps(document).encode()}
    workspace.commit()
    workspace.apply()
    workspace.clock.sleep(31 * 24 * 3600)
    applied = workspace.apply()
    assert "evaluate support done" in steps(applied.events)
    assert not any(s.startswith("route") for s in steps(applied.events))


def test_a_killed_server_is_healed(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    served = workspace.served()
    workspace.work.crash("dev", next(iter(workspace.running())))
    applied = workspace.apply()
    assert applied.planned is not None
    assert applied.planned.plan.changes[0].drift
    assert workspace.served() == served
    assert workspace.running()


def test_a_release_verified_upstream_is_a_promotion(make) -> None:
    stages = {"dev": Stage(), "prod": Stage(tier="production", upstream="dev", port=8182)}
    workspace = make(OLD, replace(OLD, environment="prod"), **stages)
    workspace.apply("dev")
    found = make_plan(workspace, "prod")
    assert isinstance(found, Planned)
    (change,) = found.plan.changes
    assert change.movement.value == "promotion"
    workspace.apply("prod")
    assert workspace.served("prod") == workspace.served("dev")


def test_environments_do_not_touch_each_other(make) -> None:
    workspace = make(OLD, replace(NEW, environment="test"), dev=Stage(), test=Stage(port=8181))
    workspace.apply("dev")
    before = workspace.work.observe("dev")
    workspace.apply("test")
    marks = mark_of("support", workspace.served("test")["support"])
    workspace.declare(OLD, test=Stage(port=8181, confirm_delete=marks))
    workspace.apply("test")
    assert workspace.work.observe("dev") == before
    assert workspace.running("test") == set()


def test_an_outcome_is_partial_as_soon_as_anything_serves(make) -> None:
    workspace = make(OLD)
    deployment = planned(workspace).desired.deployments[0]
    error = PermanentError(codes.NOT_VERIFIED, "no")
    assert outcome_of(Result()) is RunOutcome.DONE
    assert outcome_of(Result(failed={deployment.id: error})) is RunOutcome.FAILED
    assert outcome_of(Result(failed={deployment.id: error}, verified=[deployment])) is RunOutcome.PARTIAL
    assert outcome_of(Result(failed={deployment.id: error}, removed=[deployment.id])) is RunOutcome.PARTIAL


def test_reading_events_one_by_one_fills_what_is_known_so_far(make) -> None:
    workspace = make(OLD)
    applied = Applied()
    run = apply(workspace, ApplyRequest("dev"), applied)
    next(run)
    assert applied.planned is not None
    assert applied.record is None
    list(run)
    assert applied.record is not None


def test_a_remote_that_is_out_of_reach_is_told_and_stops_nothing(make) -> None:
    workspace = make(OLD)
    workspace.remote = "no route to host"
    applied = workspace.apply()
    assert steps(applied.events)[0] == "push dev waiting"
    assert "no route to host" in applied.events[0].detail
    assert workspace.served()


@pytest.mark.parametrize(("days", "is_fresh"), [(0, True), (8, False)])
def test_a_plan_that_lay_too_long_is_refused(make, days: int, is_fresh: bool) -> None:
    workspace = make(OLD)
    found = planned(workspace)
    now = workspace.clock.now()
    saved = save_plan(found.plan, found.desired, found.observed, None, now + timedelta(days=7))
    if is_fresh:
        require_fresh(saved, "plan.json", now + timedelta(days=days))
        return
    with pytest.raises(PermanentError) as refused:
        require_fresh(saved, "plan.json", now + timedelta(days=days))
    assert refused.value.span is not None
    assert refused.value.span.path == "plan.json"
