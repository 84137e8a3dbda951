"""What policy may know around a plan."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from repositories import commit, git, repository
from trueup.cli.wiring import LocalWorkspace
from trueup.core.digests import digest_of
from trueup.core.ids import ResourceId, parse_address
from trueup.policy.facts.base import BaseResources
from trueup.policy.results import RuleInfo
from trueup.workflows.circumstances import Circumstances, circumstances
from trueup.workflows.planning import Planned, make_plan
from trueup.workflows.rollback import Proposal, propose
from workspaces import Declared, FakeWorkspace, Stage

Make = Callable[..., FakeWorkspace]
SUPPORT = "spec/deployments/dev/support.yaml"


def around(workspace: FakeWorkspace, environment: str = "dev") -> Circumstances:
    planned = make_plan(workspace, environment)
    assert isinstance(planned, Planned), planned
    return circumstances(workspace, planned.policies, planned.loaded, planned.plan, planned.desired, planned.observed)


def base_of(workspace: FakeWorkspace) -> BaseResources:
    base = around(workspace).around.base
    assert base is not None
    return base


def was(base: BaseResources, address: str) -> Any:
    id_ = parse_address(address)
    assert id_ is not None
    found = base.find(id_)
    return json.loads(found.canonical)["spec"] if found else None


def test_files_that_differ_are_read_as_they_were_and_no_others(make: Make) -> None:
    workspace = make(Declared())
    workspace.declare(Declared(threads=2))
    base = base_of(workspace)
    assert was(base, "Deployment/dev/support")["runtime"]["threads"] == 1
    assert base.paths == {SUPPORT}
    assert list(base.then) == [ResourceId("Deployment", "support", environment="dev")]
    assert was(base, "Environment/dev")["tier"] == "dev"


def test_what_is_new_was_not_there(make: Make) -> None:
    workspace = make(Declared())
    workspace.declare(Declared(), Declared("other"))
    base = base_of(workspace)
    assert was(base, "Deployment/dev/other") is None
    assert was(base, "Deployment/dev/support") is not None


def test_at_the_first_commit_everything_is_new(make: Make) -> None:
    base = base_of(make(Declared()))
    assert was(base, "Deployment/dev/support") is was(base, "Environment/dev") is None


def test_a_work_tree_with_changes_is_compared_with_its_commit(make: Make) -> None:
    workspace = make(Declared())
    workspace.files[SUPPORT] = workspace.files[SUPPORT].replace(b"threads: 1", b"threads: 3")
    found = around(workspace)
    assert (found.change.revision, found.change.commits) == ("", ())
    assert found.around.base is not None
    assert was(found.around.base, "Deployment/dev/support")["runtime"]["threads"] == 1


def test_a_resource_whose_included_text_changed_is_one_that_changed(make: Make) -> None:
    workspace = make(Declared(prompt="filed@1"))
    prompt = {"type": "text", "template": {"file": "prompts/filed.txt"}}
    about = {"name": "filed", "version": "1", "owner": "x"}
    declared = {"apiVersion": "trueup/v1alpha1", "kind": "Prompt", "metadata": about, "spec": prompt}
    workspace.files |= {"spec/prompts/filed.yaml": json.dumps(declared).encode(), "prompts/filed.txt": b"Be kind."}
    workspace.commit()
    workspace.files["prompts/filed.txt"] = b"Be rude."
    workspace.commit()
    base = base_of(workspace)
    assert was(base, "Prompt/filed@1")["template"]["content"] == "Be kind."
    assert base.paths == {"spec/prompts/filed.yaml"}


def test_folders_that_were_others_before_are_looked_into(make: Make) -> None:
    workspace = make(Declared())
    moved = {path.replace("spec/", "declared/", 1): content for path, content in workspace.files.items()}
    project = json.loads(moved["trueup.yaml"])
    project["spec"]["specs"] = ["declared"]
    workspace.files = moved | {"trueup.yaml": json.dumps(project).encode()}
    workspace.commit()
    base = base_of(workspace)
    assert was(base, "Deployment/dev/support")["runtime"]["threads"] == 1


def test_a_file_that_nobody_can_read_makes_the_base_unknown(make: Make) -> None:
    workspace = make(Declared())
    good = workspace.files[SUPPORT]
    workspace.files[SUPPORT] = b"kind: [\n"
    workspace.commit()
    workspace.files[SUPPORT] = good
    workspace.commit()
    assert around(workspace).around.base is None


def test_what_kinds_of_today_would_refuse_is_read_as_it_was(make: Make) -> None:
    workspace = make(Declared())
    good = workspace.files[SUPPORT]
    workspace.files[SUPPORT] = good.replace(b"  replicas: 1", b"  replicas: 1\n  retired: field")
    workspace.commit()
    workspace.files[SUPPORT] = good
    workspace.commit()
    assert was(base_of(workspace), "Deployment/dev/support")["retired"] == "field"


def test_many_files_are_asked_for_by_folder(make: Make) -> None:
    workspace = make(*(Declared(f"d{i}") for i in range(205)))
    workspace.declare(*(Declared(f"d{i}", threads=2) for i in range(205)))
    assert len(base_of(workspace).then) == 205


def test_a_change_is_compared_with_the_oldest_commit_it_replaces(make: Make) -> None:
    workspace = make(Declared(), Declared("other"))
    workspace.apply()
    first = workspace.head
    workspace.declare(Declared(), Declared("other", threads=2))
    workspace.apply()
    workspace.declare(Declared(threads=2), Declared("other", threads=2))
    assert around(workspace).change.base == first


def test_a_change_that_replaces_nothing_is_compared_with_what_was_applied_last(make: Make) -> None:
    workspace = make(Declared())
    workspace.apply()
    workspace.declare(Declared(threads=2))
    workspace.apply()
    last = workspace.head
    workspace.declare(Declared(threads=2), Declared("other"))
    workspace.files["README.md"] = b"unrelated"
    workspace.commit()
    assert around(workspace).change.base == last


def test_the_plans_own_commit_is_never_its_base(make: Make) -> None:
    workspace = make(Declared(), Declared("other"))
    parent = workspace.head
    workspace.declare(Declared(threads=2), Declared("other"))
    workspace.apply(targets=("support",))
    assert around(workspace).change.base == parent


def test_a_rollback_that_is_proposed_is_compared_with_what_is_committed(make: Make) -> None:
    workspace = make(Declared(prompt="support@1"))
    workspace.apply()
    workspace.declare(Declared(prompt="support@2"))
    workspace.apply()
    proposal = propose(workspace, "dev", "support")
    assert isinstance(proposal, Proposal)
    document = json.loads(proposal.planned.judged.document)
    assert document["change"]["base"] == workspace.head
    assert document["change"]["files"] == [{"path": SUPPORT, "status": "modified"}]
    assert list(document["base"]["resources"]) == ["Deployment/dev/support"]


def test_rules_say_of_themselves_what_they_say_or_nothing(make: Make) -> None:
    workspace = make(Declared())
    rules = around(workspace).policies.rules
    assert rules
    assert all(isinstance(rule, RuleInfo) for rule in rules)


def test_whose_policies_judge_is_known(make: Make) -> None:
    workspace = make(Declared())
    found = around(workspace).policies
    assert (found.origin, found.revision, found.changed) == ("head", workspace.head, ())


def test_a_plan_of_a_real_repository_has_every_fact(tmp_path: Any, make: Make) -> None:
    stages = {"dev": Stage("dev"), "prod": Stage("production", evaluations=("facts@1",), port=8181)}
    files: dict[str, bytes | None] = dict(make(Declared(), Declared(environment="prod"), **stages).files)
    project = files["trueup.yaml"] or b""
    files["trueup.yaml"] = project.replace(b'"library": true', b'"library": false, "paths": ["policies"]')
    files["policies/one.rego"] = b'# METADATA\n# custom: {id: A-01}\npackage one\n\ndeny contains "no" if false\n'
    made = repository(tmp_path / "real", files)
    git(made.root, "checkout", "-q", "-b", "topic")
    environment = "spec/environments/prod.yaml"
    edited = (files[environment] or b"").replace(b'"facts@1"', b"")
    message = "Ask for less\n\nApproved-by: Grace <grace@example.com>"
    tip = commit(
        made.root,
        {environment: edited, "spec/deployments/prod/support.yaml": Declared(environment="prod", threads=2).text()},
        message,
    )
    workspace = LocalWorkspace(made.root, lambda *_: None)
    with workspace.engine:
        planned = make_plan(workspace, "prod", tip)
    assert isinstance(planned, Planned), planned
    document = json.loads(planned.judged.document)
    assert document["change"]["base"] == git(made.root, "rev-parse", "main")
    assert [c["revision"] for c in document["change"]["commits"]] == [tip]
    assert document["policies"]["from"] == "base"
    assert [r["id"] for r in document["policies"]["rules"]] == ["A-01"]
    assert document["base"]["resources"]["Environment/prod"]["spec"]["evaluations"]["required"] == ["facts@1"]
    assert [c["kind"] for c in document["derived"]["evaluationChanges"]] == ["requirement-removed"]
    assert [a["email"] for a in document["approvals"]] == ["grace@example.com"]
    assert document["derived"]["components"][0]["name"] == "xllamacpp"
    assert document["derived"]["components"][0]["version"]


@pytest.mark.parametrize("target", ["kubernetes", "render"])
def test_of_another_machine_nothing_is_known_to_be_installed(tmp_path: Any, target: str) -> None:
    workspace = LocalWorkspace(tmp_path, lambda *_: None)
    assert workspace.installed(target) == {}
    assert "xllamacpp" in workspace.installed("process")


def test_the_same_circumstances_give_the_same_document(make: Make) -> None:
    workspace = make(Declared())
    documents = [make_plan(workspace, "dev") for _ in range(2)]
    digests = {digest_of(p.judged.decision.input) for p in documents if isinstance(p, Planned)}
    assert len(digests) == 1
