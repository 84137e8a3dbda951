"""Evaluating: measured beside what serves, recorded, and nothing left behind."""

from dataclasses import replace

import pytest

from trueup.ledger.record import RecordKind
from trueup.workflows.evaluate import Evaluated, EvaluateRequest, evaluate
from trueup.workflows.planning import Planned, make_plan
from workspaces import Declared, FakeWorkspace, Stage, steps

OLD, NEW = Declared(model="smol@1"), Declared(model="smol@2", threads=2)
BEFORE = Stage(evaluations=("facts@1",), run="before")


def evaluated(workspace: FakeWorkspace, *names: str, **request) -> tuple[Evaluated, list[str]]:
    result = Evaluated()
    events = list(evaluate(workspace, EvaluateRequest("dev", targets=names, **request), result))
    return result, steps(events)


def evidence_count(workspace: FakeWorkspace) -> int:
    return sum(r.draft.kind is RecordKind.EVIDENCE for r in workspace.ledger.records())


def test_it_measures_without_a_route_and_stops_what_it_started(make) -> None:
    workspace = make(OLD, dev=BEFORE)
    result, told = evaluated(workspace)
    assert result.measured == {"Deployment/dev/support Evaluation/facts@1": True}
    assert told == [
        "fetch support done",
        "fetch support done",
        "start support done",
        "evaluate support done",
        "stop support done",
    ]
    assert workspace.served() == {}
    assert workspace.running() == set()


def test_what_was_measured_opens_the_plan(make) -> None:
    workspace = make(OLD, dev=BEFORE)
    assert workspace.apply().denied is not None
    evaluated(workspace)
    assert workspace.apply().result is not None
    assert workspace.served()


def test_a_result_that_is_not_good_enough_is_recorded_and_opens_nothing(make) -> None:
    workspace = make(OLD, dev=BEFORE)
    workspace.measuring.scores["facts"] = 0.1
    result, _ = evaluated(workspace)
    assert list(result.measured.values()) == [False]
    assert evidence_count(workspace) == 1
    assert workspace.apply().denied is not None


def test_fresh_evidence_is_not_measured_again_unless_asked(make) -> None:
    workspace = make(OLD, dev=BEFORE)
    evaluated(workspace)
    result, told = evaluated(workspace)
    assert (result.measured, told) == ({}, [])
    result, _ = evaluated(workspace, again=True)
    assert len(result.measured) == 1
    assert evidence_count(workspace) == 2


def test_what_serves_is_measured_as_it_is_and_keeps_its_servers(make) -> None:
    workspace = make(replace(OLD, replicas=3))
    workspace.apply()
    workspace.declare(replace(OLD, replicas=1), dev=BEFORE)
    before = workspace.work.observe("dev")
    result, told = evaluated(workspace)
    assert list(result.measured.values()) == [True]
    assert "start support done" not in told
    assert workspace.work.observe("dev") == before


def test_a_new_release_is_measured_on_one_server_beside_the_old_one(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    before = workspace.work.observe("dev")
    workspace.declare(replace(NEW, replicas=3), dev=BEFORE)
    most = []
    workspace.fuse.watch = lambda: most.append(len(workspace.work.observe("dev").servers))
    evaluated(workspace)
    assert max(most) == 2
    assert workspace.work.observe("dev") == before


def test_one_that_fails_does_not_keep_the_others(make) -> None:
    workspace = make(Declared(name="a", model="tiny@1"), Declared(name="b", model="tiny@1", threads=2), dev=BEFORE)
    workspace.store.refuse_once("file:models/tiny@1")
    result, told = evaluated(workspace)
    assert [a.name for a in result.failed] == ["a"]
    assert list(result.measured) == ["Deployment/dev/b Evaluation/facts@1"]
    assert "evaluate a failed" in told
    assert workspace.running() == set()


def test_a_server_that_does_not_end_is_told(make) -> None:
    workspace = make(OLD, dev=BEFORE)
    workspace.work.fail("stop")
    result, told = evaluated(workspace)
    assert [a.name for a in result.failed] == ["support"]
    assert told[-1] == "evaluate support failed"
    assert list(result.measured.values()) == [True]


def test_only_the_deployments_asked_for_are_measured(make) -> None:
    workspace = make(OLD, Declared(name="chat"), dev=BEFORE)
    result, _ = evaluated(workspace, "chat")
    assert list(result.measured) == ["Deployment/dev/chat Evaluation/facts@1"]


@pytest.mark.parametrize("wrong", ["name", "environment", "declaration"])
def test_what_cannot_be_told_measures_nothing(make, wrong: str) -> None:
    workspace = make(OLD, dev=BEFORE)
    result = Evaluated()
    request = EvaluateRequest("nowhere" if wrong == "environment" else "dev", targets=("x",) if wrong == "name" else ())
    if wrong == "declaration":
        workspace.declare(replace(OLD, model="nobody@1"))
    assert list(evaluate(workspace, request, result)) == []
    assert result.invalid is not None


def test_nothing_required_measures_nothing(make) -> None:
    workspace = make(OLD)
    result, told = evaluated(workspace)
    assert (result.measured, told) == ({}, [])


def test_evaluating_leaves_the_plan_as_it_was_but_for_the_evidence(make) -> None:
    workspace = make(OLD, dev=BEFORE)
    before = make_plan(workspace, "dev")
    evaluated(workspace)
    after = make_plan(workspace, "dev")
    assert isinstance(before, Planned)
    assert isinstance(after, Planned)
    assert after.observed.target == before.observed.target
    assert after.observed.evidence
