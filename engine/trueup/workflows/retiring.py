"""Finds out what versions are on their way out in a plan, which step each takes, and what needs them still."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from trueup.core.errors import TrueupError
from trueup.core.ids import ResourceId, parse_address
from trueup.core.json import mapping_of
from trueup.spec.groups import LEAVING, members
from trueup.spec.lifecycle import KINDS, UNUSABLE, has_lifecycle, is_leaving, parts_of, phase_of
from trueup.spec.parse import read_unchecked
from trueup.spec.resource import Resource, Resources
from trueup.workflows.loading import SUFFIXES, Loaded

if TYPE_CHECKING:
    from trueup.observed.state import VerifiedRelease
    from trueup.plan.plan import Plan
    from trueup.policy.facts.base import BaseResources
    from trueup.policy.facts.retirement import Retiring
    from trueup.workflows.workspace import Workspace

_PARTS = ("Model", "Adapter", "Prompt", "Build")


def may_retire(loaded: Loaded) -> bool:
    """Tell whether any version is drained or further; most projects have none, and are asked nothing more."""
    return bool(members(loaded.resources, LEAVING))


def retirement(workspace: Workspace, loaded: Loaded, plan: Plan, base: BaseResources | None) -> tuple[Retiring, ...]:
    """Return the versions on their way out.

    A step is what the change under review makes of the branch it is to be merged into, or what a merged commit makes
    of its first parent: what was applied last may be many steps ago.
    """
    removed = tuple(id_ for id_ in base.then if id_.kind in _PARTS and id_ not in loaded.resources) if base else ()
    came_back = base is not None and any(is_leaving(resource) for resource in base.then.values())
    if not removed and not came_back and not may_retire(loaded):
        return ()
    from trueup.ledger.needs import needs
    from trueup.policy.facts.retirement import retiring

    records = workspace.ledger.records()
    before = _before(workspace, loaded, plan, base)
    return retiring(loaded.resources, before, removed, needs(records, workspace.clock.now()))


def unusable(release: VerifiedRelease, resources: Resources) -> str:
    """Say why nothing can go back to *release*: a part of it is archived, deleted or not declared; empty if it can."""
    made = mapping_of(mapping_of(mapping_of(release.manifest).get("deployment")).get("release"))
    for address in parts_of(made):
        id_ = parse_address(address)
        part = resources.get(id_) if id_ else None
        if part is None:
            return f"{address} is declared no more"
        if part.id.kind in KINDS and phase_of(part) in UNUSABLE:
            return f"{address} is {phase_of(part)}"
    return ""


def _before(
    workspace: Workspace, loaded: Loaded, plan: Plan, base: BaseResources | None
) -> Callable[[ResourceId], Resource | None] | None:
    from trueup.workflows.overlay import Overlay

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
