"""What policy may know around a plan: where its change comes from, what was declared before, what is installed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from trueup.builds.network import Network
from trueup.core.digests import Digest, Revision
from trueup.core.errors import TrueupError
from trueup.desired.resolve import resolve
from trueup.desired.state import DesiredDeployment, DesiredState
from trueup.diff.changes import Create, Update
from trueup.observed.state import ObservedState
from trueup.plan.plan import Plan
from trueup.policy.document import Surroundings
from trueup.policy.facts.approving import Reviews, given_in
from trueup.policy.facts.base import BaseResources
from trueup.policy.facts.change import ChangedFile, ChangeFacts
from trueup.policy.facts.fit import subject_of, takes_accelerator
from trueup.policy.facts.reviews import PolicyFacts
from trueup.ports import SourceTree
from trueup.spec.groups import INCLUDING, members
from trueup.spec.parse import read_unchecked
from trueup.spec.resource import Resources, document_of
from trueup.workflows.governing import approvers_in_force
from trueup.workflows.loading import PROJECT_FILE, SUFFIXES, Loaded, lies_below, load_tree, read_project
from trueup.workflows.networks import network_for
from trueup.workflows.overlay import Overlay
from trueup.workflows.retiring import retirement
from trueup.workflows.workspace import Policies, Workspace

_FEW = 200
"""Files that git is asked for by name; of more, it lists the folders they are in."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything around a plan that its states do not say."""

    change: ChangeFacts
    policies: PolicyFacts
    around: Surroundings


def circumstances(  # noqa: PLR0913 - all that a plan is made from
    workspace: Workspace,
    policies: Policies,
    loaded: Loaded,
    plan: Plan,
    desired: DesiredState,
    observed: ObservedState,
    *,
    remembered: bool = False,
) -> Circumstances:
    """Find out what is known around *plan*; what cannot be found out stays unknown.

    What rules say of themselves may be *remembered* from an earlier run where the plan is only shown.
    """
    change = change_of(workspace, loaded, plan, observed)
    base = _base(workspace, loaded, change)
    return Circumstances(
        change,
        PolicyFacts(
            digest=policies.digest,
            revision=policies.revision or desired.revision,
            origin=policies.source,
            changed=policies.changed,
            rules=workspace.rules(policies, remembered=remembered),
        ),
        Surroundings(
            declared=loaded.resources,
            base=base,
            installed=workspace.installed(desired.environment.target),
            written_by=workspace.writers(desired.revision, desired.exceptions),
            networks=_networks(workspace, loaded, plan, desired),
            retiring=retirement(workspace, loaded, plan, base),
        ),
    )


def _networks(workspace: Workspace, loaded: Loaded, plan: Plan, desired: DesiredState) -> dict[str, Network]:
    """Return the networks of what the plan rolls out on accelerators, as far as a configuration is at hand."""
    rolled_out = {c.address for c in plan.changes if isinstance(c, Create | Update)}
    found: dict[str, Network] = {}
    for deployment in desired.deployments:
        model = loaded.resources.get(deployment.release.model.id)
        if deployment.id not in rolled_out or model is None or str(model.id) in found:
            continue
        if _takes_accelerator(deployment, desired):
            known = network_for(model, loaded.tree, workspace.store).network
            found |= {str(model.id): known} if isinstance(known, Network) else {}
    return found


def _takes_accelerator(deployment: DesiredDeployment, desired: DesiredState) -> bool:
    declared = [r for r in deployment.resources if r.id.kind in ("Build", "Deployment")]
    # Most deployments of many ask for nothing, and their documents need not be read again to see that.
    if not any(b'"resources"' in r.canonical or b'"accelerator"' in r.canonical for r in declared):
        return False
    documents = {str(r.id): document_of(r) for r in declared}
    return takes_accelerator(subject_of(deployment, documents, desired.environment.settings, {}))


def change_of(workspace: Workspace, loaded: Loaded, plan: Plan, observed: ObservedState) -> ChangeFacts:
    """Return where *plan* comes from, with the approvals that were given, whether they count or not.

    Keys, roles and people are those of the branch that governs, never of the change.
    """
    change = _change(workspace, loaded, plan, observed)
    if change.commits is None:
        return change
    approvers = approvers_in_force(workspace, loaded, plan.environment)
    if not plan.changes:
        return replace(change, approvers=approvers)
    # What is only proposed has no commit yet, and may have been approved by the id that its plan will have.
    revisions = [c.revision for c in change.commits] or [r for r in (change.revision,) if r]
    # Where nothing was applied yet, the commit before may be the one that was approved, and this one voids it.
    before = [change.base] if revisions and change.base and not replaced_revisions(plan, observed) else []
    found = workspace.approvals(approvers.keys, plan.id, [*revisions, *before])
    given = tuple(g for g in found if g.plan == plan.id or g.environment in {"", plan.environment})
    if revisions and "review" in approvers.sources:
        reviews = workspace.reviews(tuple(dict.fromkeys(map(Revision, (plan.revision, *revisions)))))
        given = (*given, *given_in(reviews, _declaring_the_same(workspace, plan, reviews), plan.revision, plan.id))
    return replace(change, given=given, approvers=approvers)


def _declaring_the_same(workspace: Workspace, plan: Plan, reviews: Reviews) -> set[Revision]:
    """Return the commits that were reviewed and declare what *plan* was made from, byte for byte what it means."""
    commits = {r.commit for r in reviews.found if r.state == "approved" and r.commit}
    return {c for c in commits if c == plan.revision or _desired(workspace, plan, c) == plan.inputs.desired}


def _desired(workspace: Workspace, plan: Plan, commit: Revision) -> Digest | None:
    try:
        loaded = load_tree(workspace.tree(commit))
    except TrueupError:
        return None  # it is not in this clone
    desired, _ = resolve(loaded.resources, plan.environment, commit) if loaded.is_valid else (None, ())
    return desired.digest if desired else None


def _change(workspace: Workspace, loaded: Loaded, plan: Plan, observed: ObservedState) -> ChangeFacts:
    tree = loaded.tree
    if isinstance(tree, Overlay):
        edited = ChangedFile(tree.path, "modified")
        return ChangeFacts(base=tree.base.revision, actor=workspace.actor, commits=(), files=(edited,))
    branch = loaded.project.default_branch if loaded.project else ""
    return workspace.change(plan.revision, workspace.base(plan.revision, branch), replaced_revisions(plan, observed))


def replaced_revisions(plan: Plan, observed: ObservedState) -> tuple[str, ...]:
    """Return the commits from which what *plan* replaces was applied, oldest first.

    When it replaces nothing: the one that was applied last. The plan's own commit is none of them, or a second run
    would see no change in what the first one has not rolled out yet.
    """
    updated = {c.address for c in plan.changes if isinstance(c, Update)}
    routes = [r for r in observed.target.routes if r.applied_at and r.revision not in {"", plan.revision}]
    routes.sort(key=lambda r: (r.applied_at.timestamp() if r.applied_at else 0.0, r.revision))
    replaced = tuple(dict.fromkeys(r.revision for r in routes if r.deployment in updated))
    if replaced:
        return replaced
    served = tuple(v.revision for v in observed.verified if v.revision not in {"", plan.revision})
    return tuple(r.revision for r in routes[-1:]) or served[:1]


def _base(workspace: Workspace, loaded: Loaded, change: ChangeFacts) -> BaseResources | None:
    """Read the declared files that the change makes differ, as they were at its base; None when nobody can."""
    if change.files is None or loaded.project is None:
        return None
    files = {file.path for file in change.files}
    if not change.base:
        return BaseResources(loaded.resources, frozenset(files), {})
    tree = workspace.tree(change.base)
    specs, before = set(loaded.project.specs), _specs(tree) if PROJECT_FILE in files else None
    declared = {path for path in files if path.endswith(SUFFIXES) and _lies_below(path, specs | (before or set()))}
    paths = declared | set(_including(loaded.resources, files - declared))
    if before is not None and before != specs:
        # What is declared today in a file that did not change may have been no declaration, and so be new.
        paths |= {r.origin.path for r in loaded.resources.values()}
        specs = before
    then = _read(tree, {path for path in paths if _lies_below(path, specs)}, sorted(specs))
    return None if then is None else BaseResources(loaded.resources, frozenset(paths), then)


def _specs(tree: SourceTree) -> set[str]:
    """Return the folders that *tree* declares resources in; none when it has no project that can be read."""
    project, _ = read_project(tree)
    return set(project.specs) if project else set()


def _read(tree: SourceTree, paths: set[str], folders: list[str]) -> Resources | None:
    if not paths:
        return {}
    # A path that git spells with escapes is found by its folder only.
    is_by_name = len(paths) <= _FEW and not any("\\" in path for path in paths)
    files = tree.files(sorted(paths) if is_by_name else folders, SUFFIXES)
    return read_unchecked((file for file in files if file.path in paths), tree.read)


def _lies_below(path: str, folders: Iterable[str]) -> bool:
    return any(lies_below(path, folder) for folder in folders)


def _including(resources: Resources, files: set[str]) -> Iterable[str]:
    """Yield the files of *resources* that include the text of one of *files*."""
    names = {path.rsplit("/", 1)[-1].encode() for path in files}
    if not names:
        return
    for resource in members(resources, INCLUDING):
        if any(name in resource.canonical for name in names):
            yield resource.origin.path
