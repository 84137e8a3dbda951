"""Deletions: told with numbers, kept within the budget, confirmed one by one, and never the work of a mistake."""

from collections.abc import Collection

import pytest

from trueup.policy.deletion_budget import mark_of
from trueup.workflows.planning import Invalid, Planned, make_plan
from trueup.workflows.reconciling import Round, reconcile_once
from trueup.workflows.redecide import audit_decisions
from workspaces import Declared, FakeWorkspace, Stage

SUPPORT, CHAT, HELP = (
    Declared(model="smol@1"),
    Declared(name="chat", model="smol@1"),
    Declared(name="help", model="smol@2"),
)
ALL = {"support", "chat", "help"}


def running(make, *, rules: bool, **stage: object) -> FakeWorkspace:
    workspace: FakeWorkspace = make(SUPPORT, CHAT, HELP, dev=Stage(**stage))
    if not rules:
        workspace.engine.rules = []
    workspace.apply()
    assert workspace.served().keys() == ALL
    return workspace


def denied_by(workspace: FakeWorkspace) -> list[str]:
    applied = workspace.apply()
    return [v.rule for v in applied.denied.violations] if applied.denied else []


@pytest.mark.parametrize("rules", [True, False])
def test_a_plan_that_leaves_nothing_is_denied_with_and_without_policies(make, rules: bool) -> None:
    workspace = running(make, rules=rules)
    workspace.declare()
    assert denied_by(workspace) == ["TU-02"]
    assert workspace.served().keys() == ALL
    marks = [mark_of(name, release) for name, release in workspace.served().items()]
    workspace.declare(dev=Stage(confirm_delete=", ".join(marks[:2])))
    assert denied_by(workspace) == ["TU-02"], "one is not confirmed"
    workspace.declare(dev=Stage(confirm_delete=" ".join(marks)))
    assert denied_by(workspace) == []
    assert workspace.served() == {}


@pytest.mark.parametrize("rules", [True, False])
def test_a_mark_lets_one_deletion_through_and_is_used_up(make, rules: bool) -> None:
    workspace = running(make, rules=rules, deletion_budget={"max": 0})
    mark = mark_of("chat", workspace.served()["chat"])
    allowed = Stage(deletion_budget={"max": 0}, confirm_delete=mark)
    workspace.declare(SUPPORT, dev=allowed)
    assert denied_by(workspace) == ["TU-02"], "`help` is deleted, too"
    workspace.declare(SUPPORT, HELP, dev=allowed)
    assert denied_by(workspace) == []
    assert workspace.served().keys() == {"support", "help"}
    workspace.declare(SUPPORT, HELP, Declared(name="chat", model="smol@2"))
    assert denied_by(workspace) == []
    workspace.declare(SUPPORT, HELP)
    assert denied_by(workspace) == ["TU-02"], "what serves under that name now is another release"


def test_a_denial_without_policies_is_decided_the_same_again(make) -> None:
    workspace = running(make, rules=False)
    workspace.declare()
    workspace.apply()
    found = audit_decisions(workspace, None, 99)
    assert not found.problems
    assert found.count == found.equal


def test_the_plan_tells_how_much_is_deleted(make) -> None:
    for rules in (True, False):
        workspace = running(make, rules=rules, deletion_budget={"max": 2, "maxPercent": 70})
        workspace.declare(SUPPORT)
        planned = make_plan(workspace, "dev")
        assert isinstance(planned, Planned)
        deleted = planned.judged.effects.deleted
        assert deleted is not None
        assert (deleted.count, deleted.running, deleted.most, deleted.most_percent) == (2, 3, 2, 70)


def without(workspace: FakeWorkspace, prefixes: Collection[str]) -> None:
    workspace.files = {p: c for p, c in workspace.files.items() if not p.startswith(tuple(prefixes))}
    workspace.commit()


@pytest.mark.parametrize(("prefix", "code"), [("spec/", "WRK005"), ("trueup.yaml", "GIT"), ("spec/environments/", "")])
def test_a_repository_whose_files_vanished_prunes_nothing(make, prefix: str, code: str) -> None:
    workspace = running(make, rules=False)
    without(workspace, [prefix])
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Invalid)
    assert any(d.code.id.startswith(code) for d in planned.diagnostics)
    applied = workspace.apply()
    assert applied.invalid is not None
    assert [*reconcile_once(workspace, "dev", Round(), act=True)] == []
    assert workspace.served().keys() == ALL


def test_a_link_in_a_spec_folder_stops_the_plan(make) -> None:
    workspace = running(make, rules=False)
    workspace.declare(SUPPORT)
    tree = workspace.tree("HEAD")
    tree.passed_over = ("docs/link.yaml", "spec/deployments/dev/chat.yaml", "spec2/x.yaml")
    planned = make_plan(workspace, "dev", "HEAD")
    assert isinstance(planned, Invalid)
    assert [(d.code.id, d.span.path) for d in planned.diagnostics if d.span] == [
        ("WRK031", "spec/deployments/dev/chat.yaml")
    ]
