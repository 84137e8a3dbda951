"""Whose policies judge: a change is judged by the branch it is to be merged into, in a real repository."""

from pathlib import Path

import pytest

from repositories import commit, git, repository
from trueup.adapters.policy.bundle import ReservedPathError
from trueup.cli.wiring import LocalWorkspace
from trueup.policy.decision import Enforcement, Outcome
from trueup.policy.enforcement import Settings
from trueup.spec.codes import VERSION_CHANGED
from trueup.workflows.governing import Governing, bundles_in_force, governing_policies
from trueup.workflows.ledger_place import LedgerPlace
from trueup.workflows.loading import Invalid, load, load_tree
from trueup.workflows.planning import Planned, make_plan

HEADER = "apiVersion: trueup/v1alpha1\n"
PROJECT = (
    HEADER
    + """kind: Project
metadata: {name: demo}
spec:
  policies: {library: false, paths: [policies]}
"""
)
ENVIRONMENT = (
    HEADER
    + """kind: Environment
metadata: {name: prod}
spec:
  tier: production
  target: {type: process}
"""
)
LENIENT = ENVIRONMENT + "  policy: {rules: {ACME-01: dryrun}}\n"
KEPT = HEADER.encode() + b"kind: System\nmetadata: {name: s}\n"
DENIES = """package acme.rules

deny contains {"id": "ACME-01", "severity": "critical", "msg": "never"} if input.plan
"""
ALLOWS = 'package acme.rules\n\ndeny contains "never" if false\n'
FILES: dict[str, bytes | None] = {
    "trueup.yaml": PROJECT.encode(),
    "spec/prod.yaml": ENVIRONMENT.encode(),
    "policies/acme.rego": DENIES.encode(),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return repository(tmp_path / "project", FILES).root


def branch(project: Path, **files: str | None) -> str:
    """Commit *files*, by path with `__` for `/`, on a branch of their own."""
    git(project, "switch", "--quiet", "-c", "change")
    return commit(project, {path.replace("__", "/"): text.encode() if text else None for path, text in files.items()})


def governing(project: Path) -> Governing | Invalid:
    workspace = LocalWorkspace(project, lambda *_: None)
    loaded = load_tree(workspace.tree(""))
    assert loaded.project
    return governing_policies(workspace, loaded, loaded.project, "prod")


def plan(project: Path) -> Planned:
    workspace = LocalWorkspace(project, lambda *_: None)
    planned = make_plan(workspace, "prod")
    workspace.engine.close()
    assert isinstance(planned, Planned)
    return planned


def test_what_is_merged_is_judged_by_its_own_policies(project: Path) -> None:
    found = governing(project)
    assert isinstance(found, Governing)
    assert found.policies is found.own
    assert (found.policies.source, found.policies.revision, found.policies.changed) == ("head", None, ())


def test_a_change_that_takes_a_rule_away_is_judged_by_it(project: Path) -> None:
    tip = git(project, "rev-parse", "HEAD")
    branch(project, **{"policies__acme.rego": ALLOWS})
    planned = plan(project)
    assert planned.judged.decision.outcome is Outcome.DENY
    assert planned.candidate
    assert planned.candidate.outcome is Outcome.ALLOW
    assert (planned.policies.source, planned.policies.revision) == ("base", tip)
    assert planned.policies.changed == ("policies/acme.rego",)
    git(project, "switch", "--quiet", "main")
    git(project, "merge", "--quiet", "change")
    merged = plan(project)
    assert merged.judged.decision.outcome is Outcome.ALLOW
    assert merged.candidate is None


def test_a_change_that_names_no_policies_is_judged_by_those_of_the_base(project: Path) -> None:
    branch(project, **{"trueup.yaml": PROJECT.replace("[policies]", "[]")})
    planned = plan(project)
    assert planned.judged.decision.outcome is Outcome.DENY
    assert planned.policies.changed == ("policies/acme.rego", "trueup.yaml")


def test_a_change_that_softens_its_environment_is_judged_by_the_settings_of_the_base(project: Path) -> None:
    branch(project, **{"spec__prod.yaml": LENIENT})
    found = governing(project)
    assert isinstance(found, Governing)
    assert found.policies.settings == Settings(production=True)
    assert found.policies.changed == ()
    assert plan(project).judged.decision.outcome is Outcome.DENY
    git(project, "switch", "--quiet", "main")
    git(project, "merge", "--quiet", "change")
    assert plan(project).judged.decision.outcome is Outcome.ALLOW


def test_a_change_that_moves_its_environment_and_softens_it_is_found_out(project: Path) -> None:
    branch(project, **{"spec__prod.yaml": None, "spec__moved__prod.yaml": LENIENT})
    assert plan(project).judged.decision.outcome is Outcome.DENY


def test_a_change_that_declares_a_file_which_was_an_example_is_judged_by_the_settings_of_the_base(
    project: Path,
) -> None:
    commit(project, {"examples/prod.yaml": LENIENT.encode()})
    branch(project, **{"spec__prod.yaml": None, "trueup.yaml": PROJECT + "  specs: [examples]\n"})
    assert plan(project).judged.decision.outcome is Outcome.DENY


def test_a_change_that_hardens_its_environment_is_judged_by_its_own_settings_as_well(project: Path) -> None:
    commit(project, {"spec/prod.yaml": LENIENT.encode()})
    branch(project, **{"spec__prod.yaml": ENVIRONMENT + "  policy: {rules: {ACME-01: deny}}\n"})
    planned = plan(project)
    assert planned.judged.decision.outcome is Outcome.DENY
    (violation,) = planned.judged.decision.violations
    assert violation.enforcement is Enforcement.DENY


def test_an_environment_that_is_new_has_no_settings_at_the_base(project: Path) -> None:
    commit(project, {"spec/prod.yaml": None, "spec/keep.yaml": KEPT})
    branch(project, **{"spec__prod.yaml": LENIENT})
    found = governing(project)
    assert isinstance(found, Governing)
    assert found.policies.settings is None


def test_the_change_that_brings_the_project_has_nothing_to_be_judged_by(tmp_path: Path) -> None:
    root = repository(tmp_path / "new", {"README.md": b""}).root
    git(root, "switch", "--quiet", "-c", "change")
    commit(root, dict(FILES))
    found = governing(root)
    assert isinstance(found, Governing)
    assert found.policies.source == "head"


def test_a_base_whose_project_file_is_broken_judges_nothing(project: Path) -> None:
    commit(project, {"trueup.yaml": b"kind: ["})
    branch(project, **{"trueup.yaml": PROJECT})
    found = governing(project)
    assert isinstance(found, Invalid)
    assert found.diagnostics


def test_without_the_base_in_the_clone_the_plan_says_that_nobody_knows(project: Path) -> None:
    git(project, "branch", "--quiet", "-m", "main", "mine")
    found = governing(project)
    assert isinstance(found, Governing)
    assert found.policies.source == "unknown"


def test_bundles_that_only_a_change_names_are_not_fetched(project: Path) -> None:
    git_bundle = "{name: evil, source: git+https://evil.example/x.git, revision: " + "a" * 40 + "}"
    branch(project, **{"trueup.yaml": PROJECT.replace("[policies]}", f"[policies], bundles: [{git_bundle}]}}")})
    assert bundles_in_force(LocalWorkspace(project, lambda *_: None)) == ()
    git(project, "switch", "--quiet", "main")
    git(project, "merge", "--quiet", "change")
    merged = bundles_in_force(LocalWorkspace(project, lambda *_: None))
    assert not isinstance(merged, Invalid)
    assert [b.name for b in merged] == ["evil"]


def test_a_bundle_in_the_repository_that_a_change_alters_is_told(project: Path) -> None:
    declared = PROJECT.replace("[policies]}", "[policies], bundles: [{name: ours, source: bundles/ours}]}")
    files = {"trueup.yaml": declared.encode(), "bundles/ours/r.rego": DENIES.replace("acme", "ours").encode()}
    commit(project, files)
    branch(project, **{"bundles/ours/r.rego": ALLOWS.replace("acme", "ours")})
    found = governing(project)
    assert isinstance(found, Governing)
    assert found.policies.changed == ("@bundles/ours/r.rego",)


@pytest.mark.parametrize("folder", ["@trueup/library", "./@trueup/library", "@bundles/ours"])
def test_policies_in_a_folder_that_passes_for_the_library_are_refused(project: Path, folder: str) -> None:
    lies = PROJECT.replace("[policies]", f'["{folder}"]')
    files = {"trueup.yaml": lies.encode(), f"{folder.removeprefix('./')}/r.rego": DENIES.encode()}
    commit(project, files)
    with pytest.raises(ReservedPathError, match="begins with `@`"):
        governing(project)


def test_a_change_does_not_choose_its_ledger(project: Path) -> None:
    other = PROJECT + "  ledger: {ref: refs/trueup/mine, remote: elsewhere}\n"
    branch(project, **{"trueup.yaml": other})
    assert LocalWorkspace(project, lambda *_: None).ledger_place == LedgerPlace("refs/trueup/ledger", "")
    git(project, "switch", "--quiet", "main")
    git(project, "merge", "--quiet", "change")
    assert LocalWorkspace(project, lambda *_: None).ledger_place == LedgerPlace("refs/trueup/mine", "elsewhere")


PROMPT = HEADER + "kind: Prompt\nmetadata: {name: p, version: '1'}\nspec: {template: kind}\n"


@pytest.mark.parametrize("named", ["", "main"])
def test_a_change_that_names_another_default_branch_is_held_to_what_was_merged(project: Path, named: str) -> None:
    commit(project, {"spec/p.yaml": PROMPT.encode()})
    branch(
        project,
        **{"trueup.yaml": PROJECT + "  defaultBranch: change\n", "spec/p.yaml": PROMPT.replace(": kind", ": no")},
    )
    workspace = LocalWorkspace(project, lambda *_: None)
    workspace.asked_base = named
    assert [d.code.id for d in load(workspace).diagnostics] == [VERSION_CHANGED.id]
