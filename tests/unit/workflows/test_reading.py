"""Workflows that only look: validate, plan, status, explain, collect, policy, and what they are made of."""

from dataclasses import replace

import pytest

from indexes import FakeIndex, FakeParsedFiles
from trueup.adapters.locks.file_lock import LockHeldError
from trueup.core.diagnostics import Diagnostic, Severity, Span
from trueup.core.digests import BlobId, Digest
from trueup.core.errors import PermanentError
from trueup.diff.status import Status, Sync
from trueup.plan.explanation import Explanation
from trueup.ports import Remembered
from trueup.reconcile import codes
from trueup.reconcile.observe import loaded_key, served_key
from trueup.spec.codes import VERSION_CHANGED
from trueup.workflows import codes as workflow_codes
from trueup.workflows import remembering
from trueup.workflows.apply import Applied
from trueup.workflows.collect import KEPT_RELEASES, Collected, collect
from trueup.workflows.explain import RECORDS_SHOWN, explain
from trueup.workflows.holding import hold_declared, lift
from trueup.workflows.judging import NO_POLICIES, locate_in
from trueup.workflows.loading import environments, load, load_tree, require_environment
from trueup.workflows.overlay import Overlay
from trueup.workflows.planning import Invalid, Planned, make_plan
from trueup.workflows.policy import check
from trueup.workflows.rollback import propose, roll_back
from trueup.workflows.status import status
from trueup.workflows.validate import validate
from workspaces import Declared, FakeTree, FakeWorkspace, Stage, document, repository_files

OLD, NEW = Declared(model="smol@1"), Declared(model="smol@2")
CHANGED = Diagnostic(VERSION_CHANGED, "it was something else", Span("spec/a.yaml", 1))


def planned(workspace: FakeWorkspace, **request) -> Planned:
    found = make_plan(workspace, "dev", **request)
    assert isinstance(found, Planned)
    return found


def test_a_good_repository_is_valid(make) -> None:
    found = validate(make(OLD))
    assert found.is_valid
    assert found.diagnostics == ()


def test_every_problem_of_every_file_is_told_at_once_in_order(make) -> None:
    workspace = make(replace(OLD, model="nobody@1"))
    workspace.files = {**workspace.files, "spec/z.yaml": b"{", "spec/a.yaml": b"kind: Nothing\n"}
    found = validate(workspace)
    assert not found.is_valid
    places = [d.span.path for d in found.diagnostics if d.span]
    assert places == sorted(places)
    assert {"spec/a.yaml", "spec/z.yaml", OLD.path} <= set(places)


def test_what_is_known_of_files_gives_the_same_plan_and_is_read_again_when_they_change(make) -> None:
    workspace, kept = make(OLD), FakeParsedFiles()
    known = Remembered(kept, FakeIndex())
    first = planned(workspace, known=known)
    assert kept.recalled == 0
    assert len(kept.packed) > 3
    assert planned(workspace, known=known).judged == first.judged == planned(workspace).judged
    assert kept.recalled == len(kept.packed)
    workspace.files = {**workspace.files, OLD.path: NEW.text()}
    changed = planned(workspace, known=known)
    assert changed.plan == planned(workspace).plan
    assert changed.plan.id != first.plan.id


def test_more_files_than_are_asked_for_at_once_keep_their_order(make, monkeypatch) -> None:
    monkeypatch.setattr(remembering, "_BATCH", 2)
    workspace, kept = make(OLD), FakeParsedFiles()
    everything = load_tree(workspace.tree(""))
    assert load_tree(workspace.tree(""), known=kept).resources == everything.resources
    del kept.packed[next(iter(kept.packed))]
    again = load_tree(workspace.tree(""), known=kept)
    assert list(again.resources.items()) == list(everything.resources.items())


def test_an_edit_that_is_no_commit_yet_is_read_and_the_rest_is_known(make) -> None:
    workspace, kept = make(OLD), FakeParsedFiles()
    load_tree(workspace.tree(""), known=kept)
    overlay = Overlay(workspace.tree(""), OLD.path, b"{")
    assert load_tree(overlay, known=kept).diagnostics == load_tree(overlay).diagnostics != ()
    assert load_tree(overlay, known=kept).resources == load_tree(overlay).resources


def test_a_build_that_no_deployment_uses_yet_is_looked_at_too(make) -> None:
    workspace = make(OLD)
    fp8 = document("Build", "fp8", {"mode": "pytorch", "quantization": {"format": "fp8"}}, version="1")
    workspace.files = {**workspace.files, "spec/builds/fp8.yaml": fp8}
    found = validate(workspace)
    assert not found.is_valid
    assert [d.code.id for d in found.diagnostics] == ["RES005"]


def test_a_merged_version_that_changed_is_a_problem(make) -> None:
    workspace = make(OLD)
    workspace.history.problems = (CHANGED,)
    assert validate(workspace).diagnostics == (CHANGED,)
    assert isinstance(make_plan(workspace, "dev"), Invalid)


def test_a_warning_stops_nothing(make) -> None:
    workspace = make(OLD)
    workspace.history.problems = (replace(CHANGED, severity=Severity.WARNING),)
    assert validate(workspace).is_valid


def test_a_repository_without_a_project_file_is_told_so() -> None:
    found = load_tree(FakeTree({}))
    assert not found.is_valid
    assert found.project is None
    assert len(found.diagnostics) == 1


def test_a_project_file_that_declares_something_else_is_told_so() -> None:
    other = document("System", "x", {"intendedPurpose": "A."})
    found = load_tree(FakeTree({"trueup.yaml": other}))
    assert found.project is None
    assert found.diagnostics
    broken = load_tree(FakeTree({"trueup.yaml": b"{"}))
    assert broken.project is None
    assert broken.diagnostics


def test_a_project_that_declares_nothing_is_told_so() -> None:
    files = {"trueup.yaml": document("Project", "shop", {"specs": ["spec"]})}
    found = load_tree(FakeTree(files))
    assert not found.is_valid
    assert len(found.diagnostics) == 1


def test_a_broken_project_file_stops_before_the_history_is_read(make) -> None:
    workspace = make(OLD)
    workspace.files = {"trueup.yaml": b"{"}
    workspace.history.problems = (CHANGED,)
    assert CHANGED not in load(workspace).diagnostics


def test_environments_are_named_in_order(make) -> None:
    workspace = make(OLD, dev=Stage(), prod=Stage(port=8181), alpha=Stage(port=8182))
    assert environments(load(workspace).resources) == ("alpha", "dev", "prod")


def test_a_plan_of_an_unknown_environment_or_deployment_is_a_problem(make) -> None:
    workspace = make(OLD)
    assert isinstance(make_plan(workspace, "nowhere"), Invalid)
    assert isinstance(make_plan(workspace, "dev", targets=("nobody",)), Invalid)


def test_planning_changes_nothing(make) -> None:
    workspace = make(OLD, dev=Stage(evaluations=("facts@1",)))
    planned(workspace)
    assert (workspace.work.calls, workspace.store.fetched, workspace.ledger.stored) == ([], [], [])
    assert workspace.fuse.burnt == 0


def test_a_project_without_policies_asks_none(make) -> None:
    workspace = make(OLD)
    workspace.files = repository_files([OLD], library=False)
    workspace.commit()
    found = planned(workspace)
    assert found.judged.decision.engine == NO_POLICIES
    assert workspace.engine.documents == []


def test_policy_looks_at_the_deployments_of_a_narrowed_plan_only(make) -> None:
    workspace = make(OLD, Declared(name="chat"))
    planned(workspace, targets=("chat",))
    assert [d["name"] for d in workspace.engine.documents[-1]["deployments"]] == ["chat"]


def test_a_violation_is_found_in_its_file(make) -> None:
    workspace = make(OLD)
    place = locate_in(load(workspace))
    assert str(place("Deployment/dev/support", ("spec", "release", "model"))) == f"{OLD.path}:9:12"
    assert place("Deployment/dev/nobody", ()) is None


def test_a_file_that_went_away_is_named_as_a_whole(make) -> None:
    workspace = make(OLD)
    loaded = load(workspace)
    locate = locate_in(loaded)
    loaded.tree.contents.pop(OLD.path)
    found = locate("Deployment/dev/support", ("spec",))
    assert found is not None
    assert found.path == OLD.path


def test_status_tells_what_differs_without_asking_policy(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    workspace.declare(NEW)
    workspace.not_pushed = 3
    asked = len(workspace.engine.documents)
    found = status(workspace, "dev")
    assert isinstance(found, Status)
    assert [d.sync for d in found.deployments] == [Sync.CHANGED]
    assert found.unpushed == 3
    assert len(workspace.engine.documents) == asked


def test_status_of_what_cannot_be_read_is_a_problem(make) -> None:
    workspace = make(OLD)
    assert isinstance(status(workspace, "nowhere"), Invalid)
    workspace.files = {**workspace.files, "spec/z.yaml": b"{"}
    assert isinstance(status(workspace, "dev"), Invalid)
    assert isinstance(status(workspace, "dev", "HEAD"), Status)


def explained(workspace: FakeWorkspace, address: str) -> dict[str, tuple[str, ...]]:
    found = explain(workspace, address)
    assert isinstance(found, Explanation)
    return {"summary": (found.summary,), **{s.title: s.lines for s in found.sections}}


def test_a_deployment_explains_where_it_stands_and_what_would_move_it(make) -> None:
    workspace = make(OLD, dev=Stage(evaluations=("facts@1",)))
    assert explained(workspace, "Deployment/dev/support")["Serving"] == ("nothing",)
    workspace.apply()
    said = explained(workspace, "Deployment/dev/support")
    assert said["summary"] == ("Deployment/dev/support is in sync",)
    assert said["Declared"][0] == f"{OLD.path}:2:1"
    assert said["Serving"][0].endswith(", verified")
    assert said["Serving"][1].startswith(f"from commit {workspace.head[:12]}, since 2026-03-14")
    assert said["Evidence"] == ("Evaluation/facts@1: passed exact_match 0.9 ratio",)
    assert said["What would move it"] == ("nothing; it is what is declared",)
    assert said["Verified releases"][0].endswith("serves now")
    assert len(said["Recorded"]) == 2


def test_a_deployment_explains_what_stops_it(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    workspace.declare(NEW)
    workspace.apply()
    list(roll_back(workspace, propose(workspace, "dev", "support"), Applied(), reason="it lies"))
    workspace.declare(NEW)
    said = explained(workspace, "dev/support")
    assert said["What would move it"][0].startswith(("< roll back", "-/+ replace"))
    assert any(line.startswith("deny HOLD") for line in said["Policy"])
    assert any(line.startswith("hold on release") for line in said["Policy"])


def test_artifacts_that_are_gone_are_said_to_be(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    workspace.declare(NEW)
    workspace.apply()
    for key in list(workspace.store.keys()):
        workspace.store.remove(key)
    serves, other = explained(workspace, "Deployment/dev/support")["Verified releases"]
    assert serves.endswith("artifacts gone, serves now")
    assert other.endswith("artifacts gone")


def test_a_resource_explains_who_uses_it(make) -> None:
    workspace = make(OLD)
    said = explained(workspace, "smol@1")
    assert said["Used by"] == ("Deployment/dev/support",)
    assert said["Uses"] == ("nothing",)
    assert said["Recorded"] == ("never",)
    assert explained(workspace, "Model/tiny@1")["Used by"] == ("nothing",)
    assert explained(workspace, "Evaluation/facts@1")["Uses"] == ("spec.dataset: Dataset/facts@1",)


def test_only_the_newest_records_are_listed(make) -> None:
    workspace = make(OLD)
    for number in range(RECORDS_SHOWN + 1):
        workspace.declare(replace(OLD, threads=number + 1))
        workspace.apply()
    assert len(explained(workspace, "Deployment/dev/support")["Recorded"]) == RECORDS_SHOWN + 1
    assert explained(workspace, "Deployment/dev/support")["Recorded"][-1] == "..."


def test_a_name_that_means_nothing_or_several_things_is_refused(make) -> None:
    workspace = make(OLD, replace(OLD, environment="test"), dev=Stage(), test=Stage(port=8181))
    with pytest.raises(PermanentError) as unknown:
        explain(workspace, "Model/tini@1")
    assert unknown.value.code is codes.UNKNOWN_ADDRESS
    assert "Model/tiny@1" in unknown.value.hint
    with pytest.raises(PermanentError) as several:
        explain(workspace, "support")
    assert "4 resources" in several.value.detail
    assert "Deployment/dev/support" in several.value.hint
    assert "Deployment/test/support" in several.value.hint


def test_what_cannot_be_read_is_not_explained(make) -> None:
    workspace = make(OLD, Declared(name="chat", model_name="support"))
    assert isinstance(explain(workspace, "Deployment/dev/support"), Invalid)
    workspace.files = {**workspace.files, "spec/z.yaml": b"{"}
    assert isinstance(explain(workspace, "support"), Invalid)


def collected(workspace: FakeWorkspace, *, dry_run: bool = False) -> Collected:
    found = collect(workspace, dry_run=dry_run)
    assert isinstance(found, Collected)
    return found


def test_nothing_is_removed_while_an_apply_works_in_any_environment(make) -> None:
    workspace = make()
    with workspace.lock.hold("dev", "apply -e dev", 0.0), pytest.raises(LockHeldError):
        collect(workspace, dry_run=False)
    assert isinstance(collect(workspace, dry_run=True), Collected)


def test_what_is_declared_serves_or_can_be_gone_back_to_stays(make) -> None:
    workspace = make(Declared(build="q8@1"), dev=Stage(evaluations=("facts@1",)))
    workspace.apply()
    workspace.declare(NEW)
    workspace.apply()
    workspace.files = {**workspace.files, OLD.path: Declared(model="smol@1").text()}
    workspace.store.fetch(planned(workspace).desired.deployments[0].release.artifact, workspace.progress)
    found = {a.reason for a in collected(workspace).artifacts}
    assert "declared by Deployment/dev/support" in found
    assert "data of Evaluation/facts@1" in found
    assert "a release Deployment/dev/support can go back to" in found
    assert "loaded by a server of dev" in found
    assert workspace.apply(revision=workspace.head).result is None


def test_a_release_on_hold_stays_to_be_looked_at_until_the_hold_is_lifted(make) -> None:
    workspace = make(Declared(model="tiny@1"))
    workspace.apply()
    (old,) = planned(workspace).desired.deployments
    hold_declared(workspace, "dev", "support", "it leaks", None)
    for number in range(1, KEPT_RELEASES + 2):
        build = document("Build", "b", {"mode": "gguf", "preTokenizer": f"p{number}"}, version=str(number))
        workspace.declare(Declared(build=f"b@{number}"))
        workspace.files = {**workspace.files, "spec/builds/b.yaml": build}
        workspace.commit()
        workspace.apply()
    kept = {a.key: a.reason for a in collected(workspace, dry_run=True).artifacts}
    assert kept[old.release.build.key] == "a release of Deployment/dev/support on hold, kept to be looked at"
    lift(workspace, "dev", "support")
    assert {a.key: a.reason for a in collected(workspace, dry_run=True).artifacts}[old.release.build.key] == ""


def test_what_nothing_needs_goes_and_a_dry_run_only_says_so(make) -> None:
    workspace = make(Declared(model="tiny@1"))
    workspace.apply()
    workspace.declare(NEW)
    workspace.apply()
    before = set(workspace.store.keys())
    dry = collected(workspace, dry_run=True)
    assert set(workspace.store.keys()) == before
    assert [a.freed_bytes for a in dry.removed] == [0]
    found = collected(workspace)
    assert {a.key for a in found.removed} == {a.key for a in dry.removed}
    assert all(a.freed_bytes for a in found.removed)
    assert set(workspace.store.keys()) == before - {a.key for a in found.removed}
    assert collected(workspace).removed == ()


def test_only_so_many_releases_stay_ready(make) -> None:
    workspace = make()
    for number in range(KEPT_RELEASES + 2):
        build = document("Build", "b", {"mode": "gguf", "preTokenizer": f"p{number}"}, version=str(number + 1))
        workspace.declare(Declared(build=f"b@{number + 1}"))
        workspace.files = {**workspace.files, "spec/builds/b.yaml": build}
        workspace.commit()
        workspace.apply()
    kept = [a for a in collected(workspace).artifacts if "go back" in a.reason or "declared" in a.reason]
    assert len(collected(workspace).artifacts) <= KEPT_RELEASES + 1
    assert kept


def test_nothing_is_collected_while_the_declaration_is_wrong(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    before = set(workspace.store.keys())
    workspace.files = {**workspace.files, "spec/z.yaml": b"{"}
    assert isinstance(collect(workspace, dry_run=False), Invalid)
    workspace.declare(OLD, Declared(name="chat", model_name="support"))
    assert isinstance(collect(workspace, dry_run=False), Invalid)
    assert set(workspace.store.keys()) == before


@pytest.mark.parametrize("value", [None, {}, {"deployment": {}}, {"deployment": {"server": {"artifact": 1}}}])
def test_a_manifest_without_a_server_names_no_artifact(value) -> None:
    assert served_key(value) is None
    assert loaded_key(value) is None


def test_an_overlay_is_the_tree_with_one_file_replaced_and_no_commit() -> None:
    base = FakeTree({"spec/a.yaml": b"a", "spec/b.yaml": b"b"}, "1" * 40)
    tree = Overlay(base, "spec/a.yaml", b"new")
    assert tree.revision == ""
    found = {f.path: (f.content, f.blob) for f in tree.files(["spec"], [".yaml"])}
    assert found["spec/a.yaml"] == (b"new", BlobId(""))
    assert found["spec/b.yaml"][0] == b"b"
    assert (tree.read("spec/a.yaml"), tree.read("spec/b.yaml")) == (b"new", b"b")


def test_a_digest_of_observed_facts_forgets_times_and_counts(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    before = planned(workspace).observed
    workspace.clock.sleep(100)
    assert planned(workspace).observed.digest == before.digest
    busy = replace(before.target.routes[0], requests=9, failures=1)
    assert replace(before, target=replace(before.target, routes=(busy,))).digest == before.digest
    gone = replace(before, artifacts=frozenset({Digest("x")}))
    assert gone.digest != before.digest


def test_a_file_of_the_state_folder_in_a_commit_is_refused(make) -> None:
    workspace = make(OLD)
    workspace.files = {**workspace.files, ".trueup/store/objects/x": b"mine"}
    workspace.commit()
    (problem,) = validate(workspace).diagnostics
    assert problem.code is workflow_codes.TRACKED_STATE
    assert problem.span == Span(".trueup/store/objects/x")


@pytest.mark.parametrize("folders", [{"specs": ["spec", "spce"]}, {"policies": {"paths": ["rules"]}}])
def test_a_folder_of_the_project_that_holds_nothing_is_told_at_its_place(make, folders) -> None:
    workspace = make(OLD)
    project = {"specs": ["spec"], **folders}
    workspace.files = {**workspace.files, "trueup.yaml": document("Project", "shop", project)}
    workspace.commit()
    found = validate(workspace)
    (problem,) = found.diagnostics
    assert problem.code is workflow_codes.NOTHING_BELOW
    assert problem.span is not None
    assert (problem.span.path, problem.span.line > 1) == ("trueup.yaml", True)
    if "policies" in folders:
        assert check(workspace) == (problem,)


def test_a_misspelt_environment_is_refused_where_nothing_would_be_found(make) -> None:
    workspace = make(OLD)
    require_environment(workspace, "dev")
    with pytest.raises(PermanentError) as refused:
        require_environment(workspace, "deb")
    assert refused.value.hint == "did you mean `dev`?"
    workspace.files = {**workspace.files, "spec/z.yaml": b"{"}
    require_environment(workspace, "deb")
