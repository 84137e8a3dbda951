"""Asks policy: about a plan before it is applied, and about one deployment at its gate.

What rules are told and asked is imported when there are rules: a project without policies has plans all the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.ids import parse_address
from trueup.core.json import Json, canonical, canonical_by_parts, mapping_of
from trueup.diff.changes import Delete, Evaluate
from trueup.plan.effects import Effects, read_effects
from trueup.policy.deletion_budget import deletions_of
from trueup.policy.without_rules import judge_without_rules
from trueup.workflows.retiring import may_retire

if TYPE_CHECKING:
    from trueup.desired.state import DesiredDeployment, DesiredState
    from trueup.observed.state import ObservedState
    from trueup.plan.plan import Plan
    from trueup.policy.decision import Decision
    from trueup.policy.document import Surroundings
    from trueup.policy.enforcement import Enforcing
    from trueup.policy.results import Evaluation, Locate
    from trueup.ports import PolicyEngine
    from trueup.spec.resource import Path
    from trueup.workflows.circumstances import Circumstances
    from trueup.workflows.loading import Loaded
    from trueup.workflows.workspace import Policies, Workspace

NO_POLICIES = "none (the project has no policies)"
"""Named as the engine of a decision that nobody was asked for."""

_BEFORE_PRODUCTION = ("dev", "staging")
"""Tiers in which a project may do without policies; where people outside are served, none is a denial."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision and what it was made on.

    Attributes:
        decision: The decision.
        document: The document, as canonical JSON.
        evaluation: What the rules gave; None when nobody was asked.
        at: The time the rules saw.
        took: What evaluating took.
        gate: It was made at the gate.
        enforcing: The settings that counted; None when those of the document did.
        effects: What the plan does to the cost of a month and to what releases are held to.
        known: What was found out around the plan; None when nobody was asked.
    """

    decision: Decision
    document: bytes
    evaluation: Evaluation | None = None
    at: datetime | None = None
    took: timedelta = timedelta(0)
    gate: bool = False
    enforcing: Enforcing | None = None
    effects: Effects = field(default_factory=Effects)
    known: Circumstances | None = field(default=None, compare=False, repr=False)


def judge_plan(  # noqa: PLR0913 - a decision is a function of exactly these
    workspace: Workspace,
    policies: Policies,
    loaded: Loaded,
    plan: Plan,
    desired: DesiredState,
    observed: ObservedState,
    *,
    gate: bool = False,
    engine: PolicyEngine | None = None,
    now: datetime | None = None,
    known: Circumstances | None = None,
) -> Judged:
    """Return what policy says of *plan*; only the deployments it is narrowed to are looked at.

    Without *engine*, the workspace's own is asked, which evaluates and looks nothing up; without *now*, it is now.
    What is *known* around the plan is found out when it is not given.
    """
    if not policies.files and desired.environment.tier in _BEFORE_PRODUCTION:
        if known is None and may_retire(loaded):
            from trueup.workflows.circumstances import circumstances

            known = circumstances(workspace, policies, loaded, plan, desired, observed)
        return _unasked(policies, loaded, plan, desired, observed, known.around if known else None)
    from trueup.policy.document import policy_document

    if known is None:
        from trueup.workflows.circumstances import circumstances

        known = circumstances(workspace, policies, loaded, plan, desired, observed, remembered=engine is not None)
    now = now or workspace.clock.now()
    document = policy_document(
        plan, desired, observed, known.change, now, gate=gate, policies=known.policies, around=known.around
    )
    judged = _ask(workspace, engine or workspace.engine, policies, document, locate_in(loaded), now)
    return replace(judged, known=known)


def judge_again(workspace: Workspace, policies: Policies, loaded: Loaded, judged: Judged) -> Decision:
    """Return what *policies*, which do not count yet, say of a document that others have judged."""
    from trueup.policy.judge import judge

    document = json.loads(judged.document)
    now = judged.at or workspace.clock.now()
    evaluation = workspace.engine.evaluate(policies.files, [judged.document], now)[0]
    return judge(evaluation, document, policies.digest, locate_in(loaded))


def _ask(
    workspace: Workspace,
    engine: PolicyEngine,
    policies: Policies,
    document: dict[str, Json],
    locate: Locate,
    now: datetime,
) -> Judged:
    """Judge *document*; its own time is what rules are told, or nobody could evaluate it again."""
    from trueup.policy.enforcement import Enforcing, enforcing_of, stricter_of
    from trueup.policy.judge import judge

    spelled = canonical_by_parts(document)
    began = workspace.clock.now()
    evaluation = engine.evaluate(policies.files, [spelled], now)[0]
    took = max(workspace.clock.now() - began, timedelta(0))
    enforcing = None
    if policies.settings is not None:
        enforcing = stricter_of(enforcing_of(document), Enforcing((policies.settings,)))
    decision = judge(evaluation, document, policies.digest, locate, enforcing)
    return Judged(decision, spelled, evaluation, now, took, document["gate"] is True, enforcing, _effects(document))


def _effects(document: Mapping[str, Json]) -> Effects:
    """Return what people are shown of what was derived for rules: no cost where nothing has a price."""
    from trueup.policy.facts.cost import is_priced

    effects = read_effects(document["derived"])
    settings = mapping_of(document["environment"]).get("settings")
    return effects if is_priced(settings) else replace(effects, cost=None)


def _unasked(
    policies: Policies,
    loaded: Loaded,
    plan: Plan,
    desired: DesiredState,
    observed: ObservedState,
    around: Surroundings | None,
) -> Judged:
    """Return the decision of a project without policies.

    Its document names the plan and what could be denied all the same, and nothing more: the whole one has no reader,
    and takes a fifth of a plan's time.
    """
    document: dict[str, Json] = {"plan": {"id": plan.id, "environment": plan.environment}}
    deleted = any(isinstance(c, Delete) and c.address.kind == "Deployment" for c in plan.changes)
    if deleted or observed.holds or (around and around.retiring):
        from trueup.policy.document import Surroundings, deniable

        document |= deniable(plan, desired, observed, around or Surroundings(declared=loaded.resources))
    decision = judge_without_rules(document, policies.digest, NO_POLICIES, locate_in(loaded))
    deletions = deletions_of(document)
    facts: dict[str, Json] = {"cost": _cost(desired, observed), "deletions": deletions.to_json() if deletions else None}
    return Judged(decision, canonical(document), effects=read_effects(facts))


def _cost(desired: DesiredState, observed: ObservedState) -> Json:
    """Return what a month costs; None where nothing has a price."""
    settings = desired.environment.settings
    if not (mapping_of(settings).get("prices") or mapping_of(settings).get("accelerators")):
        return None
    from trueup.policy.facts.capacity import demands
    from trueup.policy.facts.cost import environment_cost, is_priced

    if not is_priced(settings):
        return None
    return environment_cost(desired, observed, settings, demands(desired.deployments, {}), {})


@dataclass(slots=True)
class Gate:
    """Judges one deployment of an apply again, with what is observed then."""

    judge: Callable[[DesiredDeployment], Decision]


def gate_of(  # noqa: PLR0913 - a gate is a plan's, judged again
    workspace: Workspace,
    policies: Policies,
    loaded: Loaded,
    plan: Plan,
    desired: DesiredState,
    observe_again: Callable[[], ObservedState],
    *,
    note: Callable[[Judged], None],
) -> Gate:
    """Return the gate of an apply of *plan*, which has each decision noted before it counts."""
    asked: list[Circumstances] = []

    def judge_again(deployment: DesiredDeployment) -> Decision:
        changes = tuple(
            c for c in plan.changes if (c.deployment if isinstance(c, Evaluate) else c.address) == deployment.id
        )
        narrowed = replace(plan, changes=changes, targets=(deployment.id,))
        observed = observe_again()
        if not asked:  # once, before anything moved: the change is the same at every gate
            from trueup.workflows.circumstances import circumstances

            asked.append(circumstances(workspace, policies, loaded, plan, desired, observed))
        judged = judge_plan(workspace, policies, loaded, narrowed, desired, observed, gate=True, known=asked[0])
        note(judged)
        return judged.decision

    return Gate(judge_again)


def locate_in(loaded: Loaded) -> Locate:
    """Return what finds file, line and column of a field; a file is read again only when a message needs it."""
    read = cache(loaded.tree.read)

    def locate(address: str, path: Path) -> Span | None:
        id_ = parse_address(address)
        resource = loaded.resources.get(id_) if id_ else None
        if resource is None:
            return None
        origin = resource.origin
        content = read(origin.path)
        if isinstance(content, Diagnostic):
            return origin.span
        from trueup.spec.yaml.positions import locate as find_place

        return Span(origin.path, *find_place(content, origin.document, path))

    return locate
