"""Whose policies judge: those of the branch a change is to be merged into, never its own (promise 5).

What is merged is judged by its own policies. A change to policies takes effect when it is merged; until then it is
reported, with what the new ones would say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Revision
from trueup.core.ids import ResourceId
from trueup.desired.resolve import environment_facts
from trueup.spec.parse import parse
from trueup.spec.resource import Resource, SourceFile
from trueup.workflows.loading import PROJECT_FILE, Invalid, Loaded, ProjectSettings, load_tree, read_project
from trueup.workflows.workspace import Policies

if TYPE_CHECKING:
    from trueup.policy.enforcement import Settings
    from trueup.policy.facts.approvers import Approvers
    from trueup.ports import SourceTree
    from trueup.spec.bundles import BundlePin
    from trueup.workflows.workspace import Workspace

HEAD, BASE, UNKNOWN = "head", "base", "unknown"
"""As in `Policies.source`."""


@dataclass(frozen=True, slots=True)
class Governing:
    """The policies that judge a change, and those it brings itself, which are the same ones when nothing differs."""

    policies: Policies
    own: Policies


def governing_policies(
    workspace: Workspace, loaded: Loaded, project: ProjectSettings, environment: str
) -> Governing | Invalid:
    """Return the policies that judge what was *loaded*, with the settings of *environment* that count."""
    own = _policies(workspace, loaded.tree, project)
    base = workspace.base(loaded.tree.revision, project.default_branch)
    if base.revision is None:
        own = replace(own, source=HEAD if base.is_known else UNKNOWN)
        return Governing(own, own)
    tree = workspace.tree(base.revision)
    if isinstance(tree.read(PROJECT_FILE), Diagnostic):
        return Governing(own, own)  # the change that brings trueup; there is nothing to be judged by
    theirs, problems = read_project(tree)
    if theirs is None:
        return Invalid(problems)
    policies = replace(
        _policies(workspace, tree, theirs),
        source=BASE,
        revision=base.revision,
        settings=_settings_at(tree, theirs, loaded, environment),
    )
    if policies.digest == own.digest:
        return Governing(policies, policies)
    changed = _changed(own, policies)
    if (theirs.library, theirs.policies, theirs.bundles) != (project.library, project.policies, project.bundles):
        changed = (*changed, PROJECT_FILE)
    return Governing(replace(policies, changed=changed), own)


def approvers_in_force(workspace: Workspace, loaded: Loaded, environment: str) -> Approvers:
    """Return who may approve in *environment* by the branch that governs: a change makes nobody an approver.

    What is merged, or brings trueup into a repository, is governed by itself.
    """
    from trueup.policy.facts.approvers import Approvers, approvers_of

    declared = loaded.resources.get(ResourceId("Environment", environment))
    if declared is None or loaded.project is None:
        return Approvers()
    today, own = workspace.clock.now().date(), environment_facts(declared).settings
    base = workspace.base(loaded.tree.revision, loaded.project.default_branch)
    if base.revision is None:
        return approvers_of(own, today, trusted=base.is_known)
    tree = workspace.tree(base.revision)
    if isinstance(tree.read(PROJECT_FILE), Diagnostic):
        return approvers_of(own, today)
    project, _ = read_project(tree)
    found = _declared_at(tree, project, loaded, declared) if project else None
    return approvers_of(environment_facts(found).settings if found else own, today, trusted=found is not None)


def _declared_at(tree: SourceTree, project: ProjectSettings, loaded: Loaded, declared: Resource) -> Resource | None:
    """Return what *project* declared in *tree* under the address of *declared*."""
    path = declared.origin.path
    is_declared = loaded.project is not None and loaded.project.specs == project.specs
    there = tree.read(path)
    if is_declared and there == loaded.tree.read(path):
        return declared
    found = None
    if is_declared and isinstance(there, bytes):
        found = parse([SourceFile(path, declared.origin.blob, there)], tree.read).resources.get(declared.id)
    return found or load_tree(tree).resources.get(declared.id)


def _settings_at(tree: SourceTree, project: ProjectSettings, loaded: Loaded, environment: str) -> Settings | None:
    """Return the settings *environment* has in *tree*; one file is read when it was neither moved nor made new.

    What *project* does not declare there counts for nothing: a change may make a declaration of any file.
    """
    declared = loaded.resources.get(ResourceId("Environment", environment))
    if declared is None:
        return None
    found = _declared_at(tree, project, loaded, declared)
    if found is None or found is declared:
        return None
    from trueup.policy.enforcement import settings_of

    facts = environment_facts(found)
    return settings_of(facts.tier, facts.settings.get("policy") if isinstance(facts.settings, Mapping) else None)


def bundles_in_force(workspace: Workspace, revision: str = "") -> tuple[BundlePin, ...] | Invalid:
    """Return the bundles that judging *revision* needs: never those that only a change under review names."""
    tree = workspace.tree(revision)
    project, problems = read_project(tree)
    if project is None:
        return Invalid(problems)
    base = workspace.base(tree.revision if revision else Revision(""), project.default_branch)
    if base.revision:
        theirs, problems = read_project(workspace.tree(base.revision))
        return theirs.bundles if theirs else Invalid(problems)
    return project.bundles


def _policies(workspace: Workspace, tree: SourceTree, project: ProjectSettings) -> Policies:
    return workspace.policies(tree, library=project.library, folders=project.policies, bundles=project.bundles)


def _changed(own: Policies, theirs: Policies) -> tuple[str, ...]:
    """Return the paths of files that only one side has, or that differ; tests change no decision."""
    from trueup.policy.results import LIBRARY

    contents = [{f.path: f.content for f in p.files if not f.path.endswith("_test.rego")} for p in (own, theirs)]
    paths = {p for p in contents[0].keys() | contents[1].keys() if not p.startswith(f"{LIBRARY}/")}
    return tuple(sorted(p for p in paths if contents[0].get(p) != contents[1].get(p)))
