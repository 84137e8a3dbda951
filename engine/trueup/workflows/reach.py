"""Which environments a change reaches: those whose desired state or whose rules it makes another one."""

from collections.abc import Iterator

from trueup.core.digests import Revision
from trueup.core.frozen import dataclass
from trueup.desired.resolve import resolve
from trueup.desired.state import DesiredState
from trueup.workflows.governing import governing_policies
from trueup.workflows.loading import PROJECT_FILE, Invalid, Loaded, ProjectSettings, environments, load_tree
from trueup.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Reach:
    """What a change reaches.

    Attributes:
        base: The commit it is compared with; empty when there is none, and everything counts as reached.
        reached: Environments to plan, by name, with why.
        untouched: The others.
        gone: Environments that the base declares and the change does not.
    """

    base: str
    reached: tuple[tuple[str, str], ...]
    untouched: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def reach_of(workspace: Workspace, loaded: Loaded, project: ProjectSettings) -> Reach:
    """Return what *loaded* reaches, compared with where it left the branch that governs it."""
    base, before = base_of(workspace, loaded, project.default_branch)
    names = environments(loaded.resources)
    if before is None:
        return Reach(base, tuple((name, "there is nothing to compare with") for name in names))
    wide = _everywhere(workspace, loaded, before, project)
    found = {name: wide or _why(loaded, before, name) for name in names}
    reached = tuple((name, why) for name, why in found.items() if why)
    gone = tuple(name for name in environments(before.resources) if name not in found)
    return Reach(base, reached, tuple(name for name, why in found.items() if not why), gone)


def base_of(workspace: Workspace, loaded: Loaded, branch: str) -> tuple[str, Loaded | None]:
    """Return the commit that a revision is compared with, and what was declared there; none when it cannot be."""
    governed_by = workspace.base(loaded.tree.revision, branch)
    if governed_by.revision is None:
        return "", None  # merged already, or nobody knows where to: everything has to be looked at
    # What the other branch took in meanwhile is no part of this change.
    base = workspace.change(loaded.tree.revision, governed_by).base or governed_by.revision
    before = load_tree(workspace.tree(Revision(base)))
    return (base, before) if before.is_valid else ("", None)


def _everywhere(workspace: Workspace, loaded: Loaded, before: Loaded, project: ProjectSettings) -> str:
    """Return why every environment is reached: rules and the project's own settings judge in all of them."""
    if loaded.tree.read(PROJECT_FILE) != before.tree.read(PROJECT_FILE):
        return "the project's settings change"
    name = next(iter(environments(loaded.resources)), "")
    governing = governing_policies(workspace, loaded, project, name)
    if isinstance(governing, Invalid) or governing.policies.changed:
        return "policies change"
    return ""


def _why(loaded: Loaded, before: Loaded, name: str) -> str:
    now = resolve(loaded.resources, name, loaded.tree.revision)[0]
    then = resolve(before.resources, name, before.tree.revision)[0]
    if now is None:
        return "it cannot be resolved"
    if then is None:
        return "it is new"
    return "" if now.digest == then.digest else " and ".join(_parts(now, then)) + " change"


def _parts(now: DesiredState, then: DesiredState) -> Iterator[str]:
    if now.environment.settings != then.environment.settings:
        yield "its settings"
    if [d.digest for d in now.deployments] != [d.digest for d in then.deployments]:
        yield "its deployments"
    if {str(e.id): e.digest for e in now.exceptions} != {str(e.id): e.digest for e in then.exceptions}:
        yield "exceptions"
