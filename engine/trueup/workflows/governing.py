"""Whose policies judge: those of the branch a change is to be merged into, never its own (promise 5).

What is merged is judged by its own policies. A change to policies takes effect when it is merged; until then it is
reported, with what the new ones would say.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from trueup.core.digests import Revision
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.resolve import environment_facts
from trueup.ports import SourceTree
from trueup.spec.bundles import BundlePin
from trueup.spec.parse import parse
from trueup.spec.resource import SourceFile
from trueup.workflows.loading import PROJECT_FILE, Invalid, Loaded, ProjectSettings, load_tree, read_project
from trueup.workflows.workspace import Policies, Workspace

HEAD, BASE, UNKNOWN = "head", "base", "unknown"
"""Whose policies judge: the change's own because it is merged, its base's, or its own because no base is here."""


@dataclass(frozen=True, slots=True)
class Governing:
    """The policies that judge a change.

    Attributes:
        policies: Those that judge.
        own: Those of the change itself; the same value when nothing differs.
        source: `HEAD`, `BASE` or `UNKNOWN`.
        revision: The base's commit; None when the change's own judge.
        changed: Policy files of the change that differ from those that judge, and `trueup.yaml` when it names
            other ones.
    """

    policies: Policies
    own: Policies
    source: str
    revision: Revision | None = None
    changed: tuple[str, ...] = ()


def governing_policies(workspace: Workspace, loaded: Loaded, project: ProjectSettings) -> Governing | Invalid:
    """Return the policies that judge what was *loaded*."""
    own = _policies(workspace, loaded.tree, project)
    base = workspace.base(loaded.tree.revision, project.default_branch)
    if not base.revision:
        return Governing(own, own, HEAD if base.is_known else UNKNOWN)
    tree = workspace.tree(base.revision)
    if not _is_adopted(tree):
        return Governing(own, own, HEAD)  # the change that brings trueup; there is nothing to be judged by
    theirs, problems = read_project(tree)
    if theirs is None:
        return Invalid(problems)
    policies = _policies(workspace, tree, theirs)
    if policies.digest == own.digest:
        return Governing(policies, policies, BASE, base.revision)
    changed = _changed(own, policies)
    names = (theirs.library, theirs.policies, theirs.bundles) != (project.library, project.policies, project.bundles)
    return Governing(policies, own, BASE, base.revision, (*changed, PROJECT_FILE) if names else changed)


def settings_at_base(
    workspace: Workspace, loaded: Loaded, governing: Governing, environment: str
) -> Mapping[str, Json] | None:
    """Return the settings that *environment* has at the base; None when it is the same there, or new."""
    declared = loaded.resources.get(ResourceId("Environment", environment))
    if not governing.revision or declared is None:
        return None
    tree = workspace.tree(governing.revision)
    path = declared.origin.path
    there, here = tree.read(path), loaded.tree.read(path)
    if there == here:
        return None
    found = None
    if isinstance(there, bytes):
        found = parse([SourceFile(path, declared.origin.blob, there)], tree.read).resources.get(declared.id)
    if found is None:  # it was moved, or is new
        found = load_tree(tree).resources.get(declared.id)
    settings = environment_facts(found).settings if found else None
    return settings if isinstance(settings, Mapping) else None


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


def _is_adopted(tree: SourceTree) -> bool:
    return isinstance(tree.read(PROJECT_FILE), bytes)


def _policies(workspace: Workspace, tree: SourceTree, project: ProjectSettings) -> Policies:
    return workspace.policies(tree, library=project.library, folders=project.policies, bundles=project.bundles)


def _changed(own: Policies, theirs: Policies) -> tuple[str, ...]:
    """Return the paths of files that only one side has, or that differ; tests change no decision."""
    contents = [{f.path: f.content for f in p.files if not f.path.endswith("_test.rego")} for p in (own, theirs)]
    paths = contents[0].keys() | contents[1].keys()
    return tuple(sorted(p for p in paths if contents[0].get(p) != contents[1].get(p) and not p.startswith("@")))
