"""Asks policy: about a plan before it is applied, and about one deployment at its gate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.digests import digest_of_bytes
from trueup.core.json import Json, canonical
from trueup.desired.state import DesiredDeployment, DesiredState
from trueup.diff.changes import Evaluate
from trueup.observed.state import ObservedState
from trueup.plan.plan import Plan
from trueup.policy.decision import Decision, Outcome
from trueup.policy.document import policy_document
from trueup.policy.judge import judge
from trueup.policy.results import Locate
from trueup.spec.resource import Path
from trueup.spec.yaml.positions import locate as find_place
from trueup.workflows.loading import Loaded
from trueup.workflows.workspace import Policies, Workspace

NO_POLICIES = "none (the project has no policies)"
"""Named as the engine of a decision that nobody was asked for."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision and the document it was made on, as canonical JSON."""

    decision: Decision
    document: bytes


def judge_plan(  # noqa: PLR0913 - a decision is a function of exactly these
    workspace: Workspace,
    policies: Policies,
    loaded: Loaded,
    plan: Plan,
    desired: DesiredState,
    observed: ObservedState,
    *,
    gate: bool = False,
) -> Judged:
    """Return what policy says of *plan*; only the deployments it is narrowed to are looked at."""
    narrowed = desired
    if plan.targets:
        narrowed = replace(desired, deployments=tuple(d for d in desired.deployments if d.id in plan.targets))
    now = workspace.clock.now()
    facts = workspace.change(desired.revision)
    document = policy_document(plan, narrowed, observed, facts, now, gate=gate)
    return _ask(workspace, policies, document, locate_in(loaded))


def _ask(workspace: Workspace, policies: Policies, document: dict[str, Json], locate: Locate) -> Judged:
    spelled = canonical(document)
    if not policies.files and _is_before_production(document):
        decision = Decision(Outcome.ALLOW, (), (), policies.digest, digest_of_bytes(spelled), NO_POLICIES)
        return Judged(decision, spelled)
    evaluation = workspace.engine.evaluate(policies.files, [spelled], workspace.clock.now())[0]
    return Judged(judge(evaluation, document, policies.digest, locate), spelled)


def _is_before_production(document: Mapping[str, Json]) -> bool:
    """Tell whether a project may do without policies here: where people outside are served, none is a denial."""
    match document.get("environment"):
        case {"tier": "dev" | "staging"}:
            return True
        case _:
            return False


@dataclass(slots=True)
class Gate:
    """Judges one deployment of an apply again, with what is observed then; keeps the documents for the record."""

    judge: Callable[[DesiredDeployment], Decision]
    documents: list[bytes] = field(default_factory=list)


def gate_of(
    workspace: Workspace,
    policies: Policies,
    loaded: Loaded,
    plan: Plan,
    desired: DesiredState,
    observe_again: Callable[[], ObservedState],
) -> Gate:
    """Return the gate of an apply of *plan*."""
    documents: list[bytes] = []

    def judge_again(deployment: DesiredDeployment) -> Decision:
        changes = tuple(
            c for c in plan.changes if (c.deployment if isinstance(c, Evaluate) else c.address) == deployment.id
        )
        narrowed = replace(plan, changes=changes, targets=(deployment.id,))
        judged = judge_plan(workspace, policies, loaded, narrowed, desired, observe_again(), gate=True)
        documents.append(judged.document)
        return judged.decision

    return Gate(judge_again, documents)


def locate_in(loaded: Loaded) -> Locate:
    """Return what finds file, line and column of a field; a file is read again only when a message needs it."""
    resources = {str(id_): resource for id_, resource in loaded.resources.items()}

    def locate(address: str, path: Path) -> Span | None:
        resource = resources.get(address)
        if resource is None:
            return None
        origin = resource.origin
        content = loaded.tree.read(origin.path)
        if isinstance(content, Diagnostic):
            return origin.span
        return Span(origin.path, *find_place(content, origin.document, path))

    return locate
