"""Evaluating what a change touches: listed first, and nothing else is run."""

from dataclasses import replace
from datetime import timedelta

import pytest

from trueup.diff.changes import Impact
from trueup.evidence.staleness import State
from trueup.ledger.record import RecordKind
from trueup.ports import Base
from trueup.workflows.evaluate import Evaluated
from trueup.workflows.evaluate_changed import ChangedRequest, ChangedWork, changed_work, evaluate_changed
from trueup.workflows.planning import Invalid
from workspaces import Declared, FakeWorkspace, Stage, steps

BEFORE = Stage(evaluations=("facts@1",), run="before")
DEV, CHAT, STAGING = Declared(model="smol@1"), Declared(name="chat", model="smol@1"), Declared(environment="staging")
STAGED = Stage(tier="staging", evaluations=("facts@1", "tone@1"), run="before", port=8181)
NEW_PROMPT = replace(DEV, prompt="support@2")


def listed(workspace: FakeWorkspace, *names: str, **request: str) -> ChangedWork:
    found = changed_work(workspace, ChangedRequest(targets=names, **request))
    assert isinstance(found, ChangedWork), found
    return found


def ran(workspace: FakeWorkspace, changed: ChangedWork) -> tuple[Evaluated, list[str]]:
    result = Evaluated()
    events = list(evaluate_changed(workspace, changed, changed.revision, 0.0, result))
    return result, steps(events)


def states(changed: ChangedWork) -> list[tuple[str, str, State]]:
    return [(str(w.deployment), w.evaluation.name, w.staleness.state) for w in changed.work]


def measured(workspace: FakeWorkspace) -> None:
    """Measure everything that is declared."""
    workspace.governed_by = Base()
    ran(workspace, listed(workspace))


@pytest.fixture
def workspace(make) -> FakeWorkspace:
    """Two deployments in `dev` and one in `staging`, all measured; what comes next is a change to them."""
    made = make(DEV, CHAT, replace(STAGING, model="smol@1"), dev=BEFORE, staging=STAGED)
    measured(made)
    made.governed_by = Base(made.head)
    made.clock.sleep(timedelta(days=3).total_seconds())
    return made


def change(workspace: FakeWorkspace, *declared: Declared, **stages: Stage) -> None:
    base = workspace.head
    workspace.declare(*declared, **stages)
    workspace.governed_by = Base(base)


def test_without_a_difference_there_is_nothing_to_do(workspace: FakeWorkspace) -> None:
    change(workspace, replace(STAGING, model="smol@1"), DEV, CHAT, Declared(name="x", environment="staging"))
    change(workspace, replace(STAGING, model="smol@1"), DEV, CHAT)
    assert listed(workspace).environments == ()
    assert not listed(workspace).is_due


def test_only_what_differs_is_listed_with_what_changed_and_its_impact(workspace: FakeWorkspace) -> None:
    change(workspace, NEW_PROMPT, CHAT, replace(STAGING, model="smol@1"))
    found = listed(workspace)
    assert states(found) == [("Deployment/dev/support", "facts", State.STALE)]
    (work,) = found.work
    assert work.staleness.reason == "stale: prompt changed; last measured 3 days ago"
    assert work.impacts == (Impact.PROMPT,)
    assert work.estimate is not None
    assert (found.base, found.revision, found.is_due) == (workspace.governed_by.revision, workspace.head, True)


def test_only_what_is_listed_is_run_in_every_environment_that_differs(workspace: FakeWorkspace) -> None:
    before = sum(r.draft.kind is RecordKind.EVIDENCE for r in workspace.ledger.records())
    change(workspace, NEW_PROMPT, CHAT, replace(STAGING, model="smol@2"))
    found = listed(workspace)
    assert [e.environment for e in found.environments] == ["dev", "staging"]
    result, told = ran(workspace, found)
    assert list(result.measured) == [
        "Deployment/dev/support Evaluation/facts@1",
        "Deployment/staging/support Evaluation/facts@1",
        "Deployment/staging/support Evaluation/tone@1",
    ]
    assert "evaluate chat done" not in told
    assert sum(r.draft.kind is RecordKind.EVIDENCE for r in workspace.ledger.records()) == before + 3
    assert not listed(workspace).is_due
    assert ran(workspace, listed(workspace))[1] == []


def test_an_environment_can_be_named_and_a_deployment(workspace: FakeWorkspace) -> None:
    change(workspace, NEW_PROMPT, replace(CHAT, prompt="support@2"), replace(STAGING, model="smol@2"))
    assert [e.environment for e in listed(workspace, environment="staging").environments] == ["staging"]
    assert {w.deployment.name for w in listed(workspace, "chat").work} == {"chat"}
    by_address = listed(workspace, "Deployment/dev/support")
    assert [str(w.deployment) for w in by_address.work] == ["Deployment/dev/support"]


def test_a_change_that_touches_no_input_of_a_result_has_nothing_to_run(workspace: FakeWorkspace) -> None:
    change(workspace, replace(DEV, replicas=2), CHAT, replace(STAGING, model="smol@1"))
    found = listed(workspace)
    assert states(found) == [("Deployment/dev/support", "facts", State.FRESH)]
    assert not found.is_due
    assert found.work[0].impacts == (Impact.SCALE,)


def test_a_new_requirement_is_missing_for_what_did_not_change(make) -> None:
    workspace = make(DEV, dev=BEFORE)
    measured(workspace)
    change(workspace, DEV, dev=replace(BEFORE, evaluations=("facts@1", "tone@1")))
    assert states(listed(workspace)) == [
        ("Deployment/dev/support", "facts", State.FRESH),
        ("Deployment/dev/support", "tone", State.MISSING),
    ]
    result, _ = ran(workspace, listed(workspace))
    assert list(result.measured) == ["Deployment/dev/support Evaluation/tone@1"]


def test_what_was_measured_for_one_environment_counts_in_every_other(workspace: FakeWorkspace) -> None:
    both = replace(BEFORE, evaluations=("facts@1", "tone@1"))
    change(workspace, DEV, CHAT, replace(STAGING, model="smol@1"), dev=both)
    assert len(listed(workspace).work) == 4
    assert not listed(workspace).is_due


def test_what_is_merged_has_no_base_and_counts_as_changed(workspace: FakeWorkspace) -> None:
    workspace.governed_by = Base()
    found = listed(workspace)
    assert (found.base, found.is_due, len(found.work)) == ("", False, 4)
    assert found.work[0].impacts


def test_a_base_that_cannot_be_read_is_none(workspace: FakeWorkspace) -> None:
    workspace.files["spec/environments/dev.yaml"] = b"kind: Nothing\n"
    broken = workspace.commit()
    change(workspace, NEW_PROMPT, CHAT, replace(STAGING, model="smol@1"))
    workspace.governed_by = Base(broken)
    assert (listed(workspace).base, len(listed(workspace).work)) == ("", 4)


def test_an_environment_that_is_new_is_changed(workspace: FakeWorkspace) -> None:
    third = Declared(environment="third", model="smol@1")
    stage = Stage(evaluations=("facts@1",), run="before", port=8182)
    change(workspace, DEV, CHAT, replace(STAGING, model="smol@1"), third, third=stage)
    assert [e.environment for e in listed(workspace).environments] == ["third"]


def test_what_the_change_makes_easier_to_pass_stands_beside_it(workspace: FakeWorkspace) -> None:
    fewer = replace(STAGED, evaluations=("facts@1",))
    change(workspace, DEV, CHAT, replace(STAGING, model="smol@2"), staging=fewer)
    (environment,) = listed(workspace).environments
    assert [(one.kind, one.before) for one in environment.loosened] == [("requirement-removed", "tone@1")]


def test_a_result_that_did_not_pass_is_run_again(workspace: FakeWorkspace) -> None:
    change(workspace, NEW_PROMPT, CHAT, replace(STAGING, model="smol@1"))
    workspace.measuring.scores["facts"] = 0.1
    result, _ = ran(workspace, listed(workspace))
    assert list(result.measured.values()) == [False]
    assert states(listed(workspace)) == [("Deployment/dev/support", "facts", State.FAILED)]


def test_one_environment_that_cannot_be_measured_does_not_keep_the_others(workspace: FakeWorkspace) -> None:
    change(workspace, replace(DEV, model="tiny@1"), CHAT, replace(STAGING, model="smol@2"))
    workspace.store.refuse_once("file:models/tiny@1")
    result, _ = ran(workspace, listed(workspace))
    assert [str(a) for a in result.failed] == ["Deployment/dev/support"]
    assert len(result.measured) == 2


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (ChangedRequest("nowhere"), "`nowhere` is not declared"),
        (ChangedRequest(targets=("suport",)), "`suport` is no deployment of the environments `dev`, `staging`."),
        (ChangedRequest("dev", targets=("nothing",)), "`nothing` is no deployment of the environments `dev`."),
    ],
)
def test_what_nobody_declares_is_refused(workspace: FakeWorkspace, request_: ChangedRequest, said: str) -> None:
    found = changed_work(workspace, request_)
    assert isinstance(found, Invalid)
    assert said in found.diagnostics[0].detail


def test_a_declaration_with_errors_is_refused(workspace: FakeWorkspace) -> None:
    workspace.declare(replace(DEV, model="nobody@1"))
    assert isinstance(changed_work(workspace, ChangedRequest()), Invalid)
