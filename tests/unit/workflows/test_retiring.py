"""Retirement in workflows: a version leaves step by step, and what is needed stays."""

import json

import pytest

from artifacts import digest_of_content
from trueup.core.errors import PermanentError
from trueup.policy.retirement import RULE
from trueup.ports import Base
from trueup.workflows.collect import Collected, collect
from trueup.workflows.planning import Invalid, Planned, make_plan
from trueup.workflows.rollback import Proposal, propose
from trueup.workflows.status import status
from workspaces import SOURCES, Declared, FakeWorkspace, Stage, repository_files

OLD, NEW, NEWEST = Declared(model="smol@1"), Declared(model="smol@2"), Declared(model="smol@2", prompt="support@2")
MODEL = "spec/models/smol-1.yaml"


def step(workspace: FakeWorkspace, phase: str, declared: Declared = NEWEST, path: str = MODEL) -> list[str]:
    """Commit *declared* with a phase of the model, and return what denies the plan."""
    workspace.files = repository_files((declared,), {"dev": Stage()})
    document = json.loads(workspace.files[path])
    document["spec"]["lifecycle"] = {"phase": phase}
    workspace.files[path] = json.dumps(document).encode()
    workspace.commit()
    return denials(workspace)


def denials(workspace: FakeWorkspace, revision: str = "HEAD") -> list[str]:
    planned = make_plan(workspace, "dev", revision)
    assert isinstance(planned, Planned)
    return [v.message for v in planned.judged.decision.violations if v.denies and v.rule == RULE]


def moved_on(make, *, rules: bool = True) -> FakeWorkspace:
    """A workspace that served the old model, then the new one, then another release with the new one."""
    workspace = make(OLD)
    if not rules:
        workspace.engine.rules = []
    for declared in (OLD, NEW, NEWEST):
        workspace.declare(declared)
        workspace.apply()
    return workspace


@pytest.mark.parametrize("rules", [True, False])
def test_a_version_leaves_step_by_step(make, rules: bool) -> None:
    workspace = moved_on(make, rules=rules)
    for phase in ("deprecated", "drained", "archived", "deleted"):
        assert step(workspace, phase) == [], phase


@pytest.mark.parametrize("rules", [True, False])
def test_each_step_that_is_left_out_is_denied(make, rules: bool) -> None:
    workspace = moved_on(make, rules=rules)
    assert "from active to drained in one step" in step(workspace, "drained")[0]
    step(workspace, "deprecated")
    assert "from deprecated to archived in one step" in step(workspace, "archived")[0]


def test_the_work_tree_is_compared_with_head(make) -> None:
    workspace = moved_on(make)
    step(workspace, "deprecated")
    committed = dict(workspace.files)
    workspace.files = {**committed, MODEL: committed[MODEL].replace(b"deprecated", b"archived")}
    assert "from deprecated to archived" in denials(workspace, "")[0]
    workspace.files = {**committed, MODEL: committed[MODEL].replace(b"deprecated", b"drained")}
    assert denials(workspace, "") == []


def test_a_change_under_review_is_compared_with_its_base(make) -> None:
    workspace = moved_on(make)
    step(workspace, "deprecated")
    workspace.governed_by = Base(workspace.head)
    assert "from deprecated to archived" in step(workspace, "archived")[0]


def test_of_the_first_commit_nobody_knows_what_was_before(make) -> None:
    workspace = make()
    workspace.history_of_main.clear()
    assert step(workspace, "archived", NEW) == []


def test_what_declares_a_drained_version_and_what_serves_is_told(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    step(workspace, "deprecated", OLD)
    assert any("Deployment/dev/support uses it" in m for m in step(workspace, "drained", OLD))
    assert step(workspace, "drained", NEW) == [], "it serves still, and the plan moves on"
    workspace.apply()
    assert "would go back to it" in step(workspace, "archived", NEW)[0]
    assert step(workspace, "drained", NEWEST) == []
    workspace.apply()
    assert step(workspace, "archived", NEWEST) == []


def test_a_drained_version_can_be_gone_back_to_and_an_archived_one_cannot(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    old = workspace.served()["support"]
    workspace.declare(NEW)
    workspace.apply()
    step(workspace, "deprecated", NEW)
    step(workspace, "drained", NEW)
    proposal = propose(workspace, "dev", "support")
    assert isinstance(proposal, Proposal)
    assert (proposal.target.release, proposal.denied) == (old, None)
    step(workspace, "archived", NEW)
    with pytest.raises(PermanentError, match="and can be used"):
        propose(workspace, "dev", "support")
    named = propose(workspace, "dev", "support", to=old)
    assert isinstance(named, Proposal)
    assert named.denied is not None
    assert any("which is archived" in v.message for v in named.denied.violations)
    workspace.files.pop(MODEL)
    workspace.commit()
    with pytest.raises(PermanentError, match="and can be used"):
        propose(workspace, "dev", "support")
    assert isinstance(propose(workspace, "dev", "support", to=old), Invalid)


def test_removing_what_a_rollback_needs_is_denied(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    workspace.declare(NEW)
    workspace.apply()
    workspace.files.pop(MODEL)
    assert denials(workspace, "") != [], "in the work tree"
    workspace.governed_by = Base(workspace.head)
    workspace.commit()
    (said,) = denials(workspace)
    assert "Model/smol@1 is declared no more, and it is needed still" in said


def kept(workspace: FakeWorkspace) -> dict[str, str]:
    found = collect(workspace, dry_run=True)
    assert isinstance(found, Collected)
    return {a.key: a.reason for a in found.artifacts}


def test_what_is_drained_or_archived_is_kept_and_what_is_deleted_is_collected(make) -> None:
    workspace = moved_on(make)
    key = digest_of_content(SOURCES["file:models/smol@1"])
    for phase in ("deprecated", "drained", "archived"):
        step(workspace, phase)
        assert kept(workspace)[key] != ""
    assert kept(workspace)[key] == "Model/smol@1 is archived"
    step(workspace, "deleted")
    assert kept(workspace)[key] == ""
    collect(workspace, dry_run=False)
    assert key not in kept(workspace)


def test_a_way_back_whose_artifact_is_gone_is_told(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    old = workspace.served()["support"]
    workspace.declare(NEW)
    workspace.apply()
    (row,) = status(workspace, "dev").deployments
    assert row.way_back is not None
    assert (row.way_back.release, row.way_back.retained) == (old, True)
    workspace.keeper.remove(digest_of_content(SOURCES["file:models/smol@1"]))
    (row,) = status(workspace, "dev").deployments
    assert row.way_back is not None
    assert not row.way_back.retained
