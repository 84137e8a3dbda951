"""Finds out what versions are on their way out in a plan, which step each takes, and what needs them still."""

from collections.abc import Callable

from trueup.core.errors import TrueupError
from trueup.core.ids import ResourceId
from trueup.ledger.needs import needs
from trueup.plan.plan import Plan
from trueup.policy.facts.base import BaseResources
from trueup.policy.facts.retirement import Retiring, retiring
from trueup.spec.lifecycle import has_lifecycle
from trueup.spec.parse import read_unchecked
from trueup.spec.resource import Resource
from trueup.workflows.loading import SUFFIXES, Loaded
from trueup.workflows.overlay import Overlay
from trueup.workflows.workspace import Workspace

_PARTS = ("Model", "Adapter", "Prompt", "Build")


def may_retire(loaded: Loaded) -> bool:
    """Tell whether any version says where it is in its life; most projects have none, and are asked nothing more."""
    return any(has_lifecycle(resource) for resource in loaded.resources.values())


def retirement(workspace: Workspace, loaded: Loaded, plan: Plan, base: BaseResources | None) -> tuple[Retiring, ...]:
    """Return the versions on their way out.

    A step is what the change under review makes of the branch it is to be merged into, or what a merged commit makes
    of its first parent: what was applied last may be many steps ago.
    """
    removed = tuple(id_ for id_ in base.then if id_.kind in _PARTS and id_ not in loaded.resources) if base else ()
    if not removed and not may_retire(loaded):
        return ()
    records = workspace.ledger.records()
    before = _before(workspace, loaded, plan, base)
    return retiring(loaded.resources, before, removed, needs(records, workspace.clock.now()))


def _before(
    workspace: Workspace, loaded: Loaded, plan: Plan, base: BaseResources | None
) -> Callable[[ResourceId], Resource | None] | None:
    branch = loaded.project.default_branch if loaded.project else ""
    if isinstance(loaded.tree, Overlay) or workspace.base(plan.revision, branch).revision is not None:
        return base.find if base else None
    paths = sorted({r.origin.path for r in loaded.resources.values() if has_lifecycle(r)})
    try:
        tree = workspace.tree(f"{plan.revision}^" if plan.revision else "HEAD")
        found = read_unchecked(tree.files(paths, SUFFIXES), tree.read)
    except TrueupError:  # the first commit of all, or one whose parent is not in this clone
        return None
    return None if found is None else lambda id_: found.get(id_) or (base.then.get(id_) if base else None)
