"""Plans: load, resolve, observe, diff, judge. Changes nothing; apply calls the very same function under its lock."""

from dataclasses import dataclass

from trueup.desired.resolve import resolve
from trueup.desired.state import DesiredState
from trueup.diff.changes import Build
from trueup.diff.compare import diff
from trueup.diff.supply import ENGINE, with_sizes
from trueup.observed.state import ObservedState
from trueup.plan.build import build_plan, find_targets
from trueup.plan.plan import Plan
from trueup.policy.decision import Decision
from trueup.ports import PolicyEngine, Remembered
from trueup.reconcile.observe import observe
from trueup.workflows.governing import governing_policies
from trueup.workflows.judging import Judged, judge_again, judge_plan
from trueup.workflows.loading import Invalid as Invalid  # noqa: PLC0414 - what planning gives
from trueup.workflows.loading import Loaded, load
from trueup.workflows.workspace import Policies, Workspace


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with everything it was made from.

    `candidate` is what the policies that a change brings would decide; None when it changes none.
    """

    loaded: Loaded
    desired: DesiredState
    observed: ObservedState
    policies: Policies
    plan: Plan
    judged: Judged
    candidate: Decision | None = None


def make_plan(
    workspace: Workspace,
    environment: str,
    revision: str = "",
    targets: tuple[str, ...] = (),
    *,
    engine: PolicyEngine | None = None,
    known: Remembered | None = None,
) -> Planned | Invalid:
    """Plan *environment* at *revision* (the work tree when empty), narrowed to the deployments named in *targets*.

    A plan that is only shown may ask an *engine* that remembers, and take what is *known* of files; one that is carried
    out must not.
    """
    if known is None:
        loaded = load(workspace, revision)
    else:
        from trueup.workflows.incremental import load_for  # not needed where nothing may be remembered

        loaded = load_for(workspace, revision, environment, known)
    return plan_loaded(workspace, loaded, environment, targets, engine=engine)


def plan_loaded(
    workspace: Workspace,
    loaded: Loaded,
    environment: str,
    targets: tuple[str, ...] = (),
    *,
    engine: PolicyEngine | None = None,
) -> Planned | Invalid:
    """Plan *environment* from what was loaded."""
    if not loaded.is_valid or loaded.project is None:
        return Invalid(loaded.diagnostics)
    # Before the revision is asked for: policies with uncommitted changes make the whole plan uncommitted.
    governing = governing_policies(workspace, loaded, loaded.project, environment)
    if isinstance(governing, Invalid):
        return governing
    policies = governing.policies
    desired, problems = resolve(loaded.resources, environment, loaded.tree.revision)
    if desired is None:
        return Invalid(problems)
    now = workspace.clock.now()
    target = workspace.target(desired.environment.target)
    observed = observe(desired, target, workspace.store, workspace.ledger, now, workspace.seal)
    chosen, problems = find_targets(targets, desired, observed)
    if problems:
        return Invalid(problems)
    changes = diff(desired, observed)
    if any(isinstance(c, Build) and c.mode == ENGINE for c in changes):
        from trueup.workflows.networks import networks_of

        changes = with_sizes(changes, desired, networks_of(desired, loaded, workspace.store))
    plan = build_plan(desired, observed, changes, policies.digest, workspace.tool, now, chosen)
    judged = judge_plan(workspace, policies, loaded, plan, desired, observed, engine=engine)
    is_other = bool(policies.changed) and judged.evaluation is not None
    candidate = judge_again(workspace, governing.own, loaded, judged) if is_other else None
    return Planned(loaded, desired, observed, policies, plan, judged, candidate)
