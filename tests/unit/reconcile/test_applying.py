"""What apply does when a step fails: traffic, servers, the other deployments, and what it tells."""

from dataclasses import replace

import pytest

from states import Want, deployment, desired
from trueup.core.digests import Digest, digest_of_bytes
from trueup.core.errors import PermanentError
from trueup.core.json import canonical
from trueup.ledger.record import RunOutcome
from trueup.observed.state import Health
from trueup.policy.deletion_budget import mark_of
from trueup.policy.recorded import read_decision
from trueup.reconcile import codes
from trueup.rollout.events import Status
from trueup.workflows.apply import Applied
from trueup.workflows.planning import Planned, make_plan
from workspaces import WEIGHTS, Declared, FakeWorkspace, Stage, steps

SMOL = Declared(name="chat", model="smol@1")
OLD, NEW = Declared(), Declared(model="tiny@2")
MEASURED = Stage(evaluations=("facts@1",))


def change_count(workspace: FakeWorkspace, environment: str = "dev") -> int:
    planned = make_plan(workspace, environment)
    assert isinstance(planned, Planned)
    return len(planned.plan.changes)


def failed(applied: Applied) -> dict[str, str]:
    assert applied.result is not None
    return {a.name: e.code.id for a, e in applied.result.failed.items()}


def names(addresses: list) -> list[str]:  # type: ignore[type-arg]  # resource ids
    return [a.name for a in addresses]


def break_fetch(workspace: FakeWorkspace) -> None:
    workspace.store.sources.pop("file:models/tiny@2")


def break_build(workspace: FakeWorkspace) -> None:
    workspace.store.broken_builds = True


def break_start(workspace: FakeWorkspace) -> None:
    workspace.work.fail("start")


def break_evaluation(workspace: FakeWorkspace) -> None:
    workspace.measuring.fails = True


def deny_at_the_gate(workspace: FakeWorkspace) -> None:
    workspace.engine.denied_at_the_gate = "support"


def break_gate(workspace: FakeWorkspace) -> None:
    workspace.measuring.scores["facts"] = 0.1


def break_route(workspace: FakeWorkspace) -> None:
    workspace.work.fail("route")


def break_verification(workspace: FakeWorkspace) -> None:
    workspace.work.sick_when_routed = True


BREAKS = {
    "fetch": break_fetch,
    "build": break_build,
    "start": break_start,
    "evaluate": break_evaluation,
    "gate": deny_at_the_gate,
    "route": break_route,
    "verify": break_verification,
}
each_failure = pytest.mark.parametrize("step", BREAKS)


@each_failure
def test_a_failed_step_leaves_traffic_and_servers_as_they_were(make, step: str) -> None:
    workspace = make(OLD, dev=MEASURED)
    workspace.apply()
    served, running = workspace.served(), workspace.running()
    workspace.declare(NEW)
    BREAKS[step](workspace)
    applied = workspace.apply()
    assert failed(applied).keys() == {"support"}
    assert f"{step} support failed" in steps(applied.events)
    assert (workspace.served(), workspace.running()) == (served, running)


@each_failure
def test_a_failed_first_rollout_leaves_nothing_behind(make, step: str) -> None:
    workspace = make(NEW, dev=MEASURED)
    BREAKS[step](workspace)
    workspace.apply()
    assert workspace.served() == {}
    assert workspace.running() == set()


@each_failure
def test_the_next_apply_finishes_what_a_failed_step_left(make, step: str) -> None:
    workspace = make(OLD, dev=MEASURED)
    workspace.apply()
    workspace.declare(NEW)
    BREAKS[step](workspace)
    workspace.apply()
    workspace.heal()
    applied = workspace.apply()
    assert failed(applied) == {}
    assert change_count(workspace) == 0


@each_failure
def test_the_other_deployments_go_on_and_deletions_wait(make, step: str) -> None:
    workspace = make(OLD, SMOL, Declared(name="old", model="smol@1", threads=2), dev=MEASURED)
    workspace.apply()
    served = workspace.served()
    workspace.declare(NEW, replace(SMOL, prompt="support@2"), Declared(name="zoo", model="smol@1", threads=3))
    BREAKS[step](workspace)
    applied = workspace.apply()
    assert applied.result is not None
    assert "support" in failed(applied)
    assert names(applied.result.not_started) == ["old"]
    assert "stop old skipped" in steps(applied.events)
    assert workspace.served()["support"] == served["support"]
    assert workspace.served()["old"] == served["old"]
    if step in ("fetch", "build"):
        assert names(applied.result.done) == ["chat", "zoo"]
        assert workspace.served()["chat"] != served["chat"]
        assert applied.record is not None
        assert applied.record.draft.outcome is RunOutcome.PARTIAL


def test_a_gate_that_denies_moves_no_traffic_and_tells_the_rule(make) -> None:
    workspace = make(NEW, dev=MEASURED)
    break_gate(workspace)
    applied = workspace.apply()
    assert failed(applied) == {"support": codes.GATE_DENIED.id}
    assert not any(s.startswith("route") for s in steps(applied.events))
    assert applied.result is not None
    (error,) = applied.result.failed.values()
    assert "EV: Evaluation/facts@1 is failed" in error.detail


def test_a_gate_that_cannot_decide_denies(make) -> None:
    workspace = make(NEW, dev=MEASURED)
    workspace.engine.breaks_at_the_gate = True
    applied = workspace.apply()
    assert failed(applied) == {"support": codes.GATE_DENIED.id}
    assert workspace.served() == {}


def test_the_gate_sees_what_was_just_measured(make) -> None:
    workspace = make(NEW, dev=MEASURED)
    applied = workspace.apply()
    planned, gate = workspace.engine.documents[-2:]
    assert (planned["gate"], gate["gate"]) == (False, True)
    assert planned["deployments"][0]["evaluations"][0]["status"] == "planned"
    assert gate["deployments"][0]["evaluations"][0]["status"] == "present"
    assert planned["plan"]["id"] == gate["plan"]["id"]
    assert applied.record is not None
    recorded = [read_decision(d) for d in applied.record.draft.decisions]
    assert [d.input for d in recorded] == [digest_of_bytes(canonical(d)) for d in (planned, gate)]
    named = {d for r in recorded for d in (r.input, r.kept_bundle, r.kept_evaluation)}
    assert named == {d for d, _ in applied.record.draft.attachments}
    assert all(digest_of_bytes(workspace.ledger.attachment(d)) == d for d, _ in applied.record.draft.attachments)


def test_verification_gives_traffic_back_although_only_the_server_changed(make) -> None:
    """Threads are no part of a release: both servers serve the same one."""
    workspace = make(OLD)
    workspace.apply()
    before = workspace.work.observe("dev")
    workspace.declare(replace(OLD, threads=2))
    break_verification(workspace)
    applied = workspace.apply()
    assert failed(applied) == {"support": codes.NOT_VERIFIED.id}
    assert workspace.work.observe("dev").routes == before.routes
    assert workspace.running() == {s.key for s in before.servers}


def test_a_route_that_moved_although_it_failed_is_given_back(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    served = workspace.served()
    workspace.declare(NEW)
    workspace.work.fail_after("route")
    applied = workspace.apply()
    assert "route support failed" in steps(applied.events)
    assert workspace.served() == served


def test_new_servers_are_stopped_although_traffic_cannot_be_given_back(make) -> None:
    workspace = make(NEW)
    workspace.work.fail("route")
    applied = workspace.apply()
    assert workspace.running() == set()
    assert steps(applied.events)[-2:] == ["stop support done", "record dev done"]


def test_what_cannot_be_undone_is_told(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    workspace.declare(NEW)
    break_verification(workspace)
    workspace.work.fail("stop")
    applied = workspace.apply()
    assert "stop support failed" in steps(applied.events)
    assert failed(applied) == {"support": codes.NOT_VERIFIED.id}


def test_a_verified_release_keeps_its_traffic_although_the_old_server_does_not_end(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    before = workspace.served()
    workspace.declare(NEW)
    workspace.work.fail("stop")
    applied = workspace.apply()
    assert failed(applied).keys() == {"support"}
    assert workspace.served() != before
    assert steps(applied.events)[-2:] == ["stop support failed", "record dev done"]
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Planned)
    assert workspace.served()["support"] in {v.release for v in planned.observed.verified}


def test_an_unhealthy_gateway_verifies_nothing(make) -> None:
    workspace = make(OLD)
    workspace.work.gateway = Health.UNHEALTHY
    applied = workspace.apply()
    assert failed(applied) == {"support": codes.NOT_VERIFIED.id}


def test_fewer_healthy_servers_than_declared_verify_nothing_and_say_why(make) -> None:
    workspace = make(replace(OLD, model="smol@1", replicas=2))
    workspace.work.sick.add(digest_of_bytes(WEIGHTS["smol@1"]))
    applied = workspace.apply()
    assert applied.result is not None
    (error,) = applied.result.failed.values()
    assert "0 of 2 servers are healthy" in error.detail
    assert "it only says `the`" in error.detail


def test_a_server_that_served_before_is_not_stopped_when_its_new_prompt_fails(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    workspace.apply()
    running = workspace.running()
    workspace.declare(replace(OLD, prompt="support@2"))
    break_gate(workspace)
    workspace.apply()
    assert workspace.running() == running


def test_a_server_that_another_route_took_over_is_not_stopped(make) -> None:
    """Both move to the same new server; the second one's gate denies."""
    workspace = make(SMOL, replace(OLD, model="smol@1"))
    workspace.apply()
    workspace.engine.denied_at_the_gate = "support"
    workspace.declare(replace(SMOL, threads=2), replace(OLD, model="smol@1", threads=2))
    applied = workspace.apply()
    assert failed(applied).keys() == {"support"}
    assert len(workspace.running()) == 2
    assert {r.server for r in workspace.work.observe("dev").routes} == workspace.running()


def test_a_fetch_that_fails_for_one_deployment_is_tried_again_for_the_next(make) -> None:
    """The data of an evaluation that fails must not take the model from the deployment beside it."""
    workspace = make(replace(SMOL, model="tiny@1"), OLD)
    workspace.store.refuse_once("file:models/tiny@1")
    applied = workspace.apply()
    assert applied.result is not None
    assert names(applied.result.done) == ["support"]
    assert failed(applied).keys() == {"chat"}


def test_a_stray_server_goes_and_what_serves_stays(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    running = workspace.running()
    (old,) = workspace.work.observe("dev").servers
    stray = replace(next(iter(workspace.work.specs("dev"))), interpreter="/other")
    workspace.work.start("dev", stray, workspace.store.find(stray.artifact))
    assert workspace.running() == {old.key, stray.key}
    applied = workspace.apply()
    assert failed(applied) == {}
    assert workspace.running() == running


def test_nothing_declared_ends_everything_with_the_gateway(make) -> None:
    workspace = make(OLD, SMOL)
    workspace.apply()
    marks = [mark_of(name, release) for name, release in workspace.served().items()]
    workspace.declare(dev=Stage(confirm_delete=" ".join(marks)))
    applied = workspace.apply()
    found = workspace.work.observe("dev")
    assert (found.gateway, found.servers, found.routes) == (Health.STOPPED, (), ())
    assert applied.result is not None
    assert sorted(names(applied.result.removed)) == ["chat", "support"]


def test_a_renamed_deployment_takes_its_model_name_over_without_a_gap(make) -> None:
    workspace = make(replace(OLD, name="support", model_name="shop"))
    workspace.apply()
    tables: list[list[str]] = []

    def watch() -> None:
        tables.append([r.deployment.name for r in workspace.work.observe("dev").routes])

    workspace.fuse.watch = watch
    workspace.declare(replace(OLD, name="helpdesk", model_name="shop"))
    applied = workspace.apply()
    assert failed(applied) == {}
    assert list(workspace.served()) == ["helpdesk"]
    assert all(len(t) == 1 for t in tables)
    assert change_count(workspace) == 0


def test_a_failed_take_over_of_a_model_name_gives_it_back(make) -> None:
    workspace = make(replace(OLD, name="support", model_name="shop"))
    workspace.apply()
    served = workspace.served()
    workspace.declare(replace(NEW, name="helpdesk", model_name="shop"))
    break_verification(workspace)
    workspace.apply()
    assert workspace.served() == served


def test_deployments_that_share_a_server_get_as_many_as_the_largest_wants(make) -> None:
    workspace = make(replace(SMOL, replicas=2), replace(OLD, model="smol@1"))
    workspace.apply()
    assert len(workspace.work.observe("dev").servers) == 2
    assert change_count(workspace) == 0


def test_a_shared_server_ends_with_the_last_deployment_that_leaves_it(make) -> None:
    shared = replace(OLD, model="smol@1")
    workspace = make(SMOL, shared)
    workspace.apply()
    workspace.declare(replace(SMOL, threads=2), replace(shared, threads=2))
    workspace.apply()
    assert len(workspace.running()) == 1
    assert change_count(workspace) == 0
    workspace.declare(Declared(name="other"))
    workspace.apply()
    assert len(workspace.running()) == 1
    assert change_count(workspace) == 0


def test_a_lost_artifact_is_a_failure_of_its_deployment(make) -> None:
    workspace = make(SMOL)
    applied = Applied()
    from trueup.workflows.apply import ApplyRequest, apply

    for event in apply(workspace, ApplyRequest("dev"), applied):
        if event.step == "fetch" and event.status is Status.DONE:
            workspace.store.remove(Digest(digest_of_bytes(WEIGHTS["smol@1"])))
    assert failed(applied) == {"chat": codes.ARTIFACT_ABSENT.id}


def test_each_step_is_in_the_journal_before_it_is_taken(make) -> None:
    workspace = make(OLD)
    seen: list[tuple[str, str]] = []

    def watch() -> None:
        entries = workspace.journal.unfinished("dev")
        if entries and entries[-1].get("type") == "event":
            seen.append((str(entries[-1]["step"]), str(entries[-1]["status"])))

    workspace.work.on_call = watch
    workspace.apply()
    assert seen == [("start", "started"), ("route", "started")]


def test_a_problem_that_nobody_foresaw_stays_unfinished_in_the_journal(make) -> None:
    workspace = make(OLD)
    workspace.store.full = True
    with pytest.raises(OSError, match="No space"):
        workspace.apply()
    assert workspace.journal.unfinished("dev")
    workspace.heal()
    applied = workspace.apply()
    assert applied.recovered is not None
    assert failed(applied) == {}


def test_evaluations_are_only_run_for_a_deployment() -> None:
    from trueup.reconcile.supply import Ports, Supplying
    from trueup.rollout.steps import EvaluateStep

    (required,) = deployment(Want(evaluations=("facts@1",))).evaluations
    never_used = Ports(*[None] * 11)  # type: ignore[arg-type]
    supplying = Supplying(desired(), never_used, actor="", plan=Digest(""))
    with pytest.raises(TypeError, match="for a deployment"):
        supplying.take(EvaluateStep(required), None)


def test_errors_are_permanent_where_a_retry_does_not_help(make) -> None:
    workspace = make(OLD, dev=MEASURED)
    break_gate(workspace)
    applied = workspace.apply()
    assert applied.result is not None
    assert all(isinstance(e, PermanentError) for e in applied.result.failed.values())


def test_servers_are_taken_away_after_the_gate_and_not_before(make) -> None:
    """A change that is refused must not have cost what serves its servers."""
    workspace = make(replace(SMOL, replicas=3), dev=MEASURED)
    workspace.apply()
    workspace.declare(replace(SMOL, replicas=1, prompt="support@2"))
    break_gate(workspace)
    workspace.apply()
    assert len(workspace.work.observe("dev").servers) == 3
    workspace.heal()
    workspace.apply()
    assert len(workspace.work.observe("dev").servers) == 1
    assert change_count(workspace) == 0


def test_servers_that_were_added_for_nothing_go_again(make) -> None:
    workspace = make(SMOL, dev=MEASURED)
    workspace.apply()
    workspace.declare(replace(SMOL, replicas=3, prompt="support@2"))
    break_gate(workspace)
    applied = workspace.apply()
    assert len(workspace.work.observe("dev").servers) == 1
    assert "scale chat done" in steps(applied.events)


def test_a_server_shared_with_a_deleted_deployment_keeps_its_replicas_until_the_route_is_gone(make) -> None:
    shared = replace(OLD, model="smol@1", replicas=2)
    workspace = make(SMOL, shared)
    workspace.apply()
    workspace.declare(SMOL)
    seen: list[int] = []

    def watch() -> None:
        found = workspace.work.observe("dev")
        if "support" in [r.deployment.name for r in found.routes]:
            seen.append(len(found.servers))

    workspace.fuse.watch = watch
    workspace.apply()
    assert set(seen) == {2}
    assert len(workspace.work.observe("dev").servers) == 1
    assert change_count(workspace) == 0
