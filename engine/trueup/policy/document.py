"""The policy document: one JSON value with everything a rule may look at, and nothing that is secret.

Facts that engines compute differently (ages, licence algebra, lineage, cost) are computed in `facts` and `derived`.
The format is described in `docs/policy/document.md` and versioned: a field may be added, none changes its meaning.
What is unknown is left out or null, never zero or false, so that a rule that needs it denies.
"""

import json
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime

from trueup.builds.network import Network
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json, mapping_of
from trueup.desired.closure import reachable
from trueup.desired.state import DesiredDeployment, DesiredState, EnvironmentFacts
from trueup.diff.changes import Create, Update
from trueup.diff.compare import drifted
from trueup.diff.masks import masked
from trueup.observed.state import ObservedState
from trueup.plan.plan import Plan
from trueup.policy.deletion_budget import deletions_of, marks_in
from trueup.policy.derived import Documents, Subject, derive
from trueup.policy.exceptions import read_waivers
from trueup.policy.facts.base import BaseResources, base_documents
from trueup.policy.facts.change import ChangeFacts as ChangeFacts  # noqa: PLC0414 - callers speak of it
from trueup.policy.facts.change import approvals, change_facts, not_counted
from trueup.policy.facts.change import shown as written
from trueup.policy.facts.deployments import deployment_facts
from trueup.policy.facts.fit import fit_evidence, subject_of
from trueup.policy.facts.lineage import generators
from trueup.policy.facts.measured import evidence_facts
from trueup.policy.facts.observed import observed_facts
from trueup.policy.facts.operations import operation
from trueup.policy.facts.retirement import Retiring
from trueup.policy.facts.reviews import PolicyFacts as PolicyFacts  # noqa: PLC0414 - callers speak of it
from trueup.policy.facts.reviews import policy_facts
from trueup.spec.resource import Resource, Resources, document_of

FORMAT_VERSION = 2


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known besides plan, states and change.

    Attributes:
        declared: Every resource of the revision: a document may name one that no reference leads to.
        base: Resources at the base of the change; None when nobody knows them.
        installed: Versions of packages where the target runs, by their names; empty when nobody knows.
        written_by: By address of a PolicyException, who last changed its file.
        networks: Networks that were read from configurations, by address of the Model.
        retiring: Versions on their way out.
    """

    declared: Resources = field(default_factory=dict)
    base: BaseResources | None = None
    installed: Mapping[str, str] = field(default_factory=dict)
    written_by: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, Network] = field(default_factory=dict)
    retiring: tuple[Retiring, ...] = ()


def policy_document(  # noqa: PLR0913 - a document is a function of exactly these
    plan: Plan,
    desired: DesiredState,
    observed: ObservedState,
    change: ChangeFacts,
    now: datetime,
    *,
    gate: bool = False,
    policies: PolicyFacts | None = None,
    around: Surroundings | None = None,
) -> dict[str, Json]:
    """Return the document that policy judges.

    Args:
        plan: What would be done; only the deployments it is narrowed to are shown.
        desired: What it was made from.
        observed: What it was made from; at the gate, observed again after the evaluations ran.
        change: Where the change comes from.
        now: The time, aware.
        gate: The evaluations have run: none is `planned` any more.
        policies: Who judges.
        around: What else is known.
    """
    now, policies, around = now.astimezone(UTC), policies or PolicyFacts(), around or Surroundings()
    shown = tuple(d for d in desired.deployments if not plan.targets or d.id in plan.targets)
    rolled_out = {c.address for c in plan.changes if isinstance(c, Create | Update)}
    changed = tuple(d for d in shown if d.id in rolled_out)
    resources = _resources(shown, around.declared)
    documents, settings = _documents(resources), masked(desired.environment.settings)
    drift = drifted(desired, observed)
    document: dict[str, Json] = {
        "formatVersion": FORMAT_VERSION,
        "gate": gate,
        "clock": {
            "now": now.isoformat().replace("+00:00", "Z"),
            "nowNs": str(_nanoseconds(now)),
            "today": now.date().isoformat(),
        },
        "plan": {"id": plan.id, "environment": plan.environment, "targets": [str(t) for t in plan.targets]},
        "policies": policy_facts(policies, now.date()),
        "change": {**change_facts(change), "operations": [operation(c) for c in plan.changes]},
        "environment": _environment(desired.environment, settings, around.declared),
        "deployments": deployment_facts(plan, desired, observed, shown, gate=gate),
        "resources": documents.shown,
        "observed": observed_facts(observed, drift, now),
        "evidence": [
            *evidence_facts(changed, observed, documents.shown, now),
            *_fits(plan, changed, documents.shown, settings, around, now),
        ],
        "artifacts": sorted(observed.artifacts),
        "exceptions": [w.to_json() for w in read_waivers(desired.exceptions, now, change.authors, around.written_by)],
        "derived": derive(
            Subject(desired, settings, changed, observed, around.installed, around.networks),
            documents,
            policies,
            around.base,
            now,
        ),
    }
    deleted, derived = deletions_of(document), mapping_of(document["derived"])
    document["derived"] = {
        **derived,
        **({"deletions": deleted.to_json()} if deleted else {}),
        **({"retirement": [r.to_json() for r in around.retiring]} if around.retiring else {}),
    }
    approved = approvals(change, desired.environment.settings, plan.id)
    if approved is not None:
        document["approvals"] = approved
    if refused := not_counted(change, desired.environment.settings, plan.id):
        document["approvalsNotCounted"] = refused
    if around.base is not None:
        document["base"] = {"resources": base_documents(around.base, resources)}
    return document


def deniable(plan: Plan, desired: DesiredState, observed: ObservedState, around: Surroundings) -> dict[str, Json]:
    """Return the parts of the document that are judged where a project has no policies, each as in the whole one."""
    shown = tuple(d for d in desired.deployments if not plan.targets or d.id in plan.targets)
    rolled_out = {c.address: c for c in plan.changes if isinstance(c, Create | Update)}
    routes = observed.target.routes
    return {
        "environment": _environment(desired.environment, masked(desired.environment.settings), around.declared),
        "change": {"operations": [operation(c) for c in plan.changes]},
        "deployments": [
            {
                "address": str(d.id),
                "changed": d.id in rolled_out,
                "movement": rolled_out[d.id].movement.value if d.id in rolled_out else "none",
                "release": {**mapping_of(masked(d.release.to_json())), "digest": d.release.digest},
            }
            for d in shown
        ],
        "observed": {
            "routes": [{"deployment": str(r.deployment), "release": r.release} for r in routes],
            "holds": [masked({**h.to_json(), "active": True}) for h in observed.holds],
        },
        "derived": {"retirement": [r.to_json() for r in around.retiring]},
    }


def _fits(
    plan: Plan,
    changed: tuple[DesiredDeployment, ...],
    documents: Mapping[str, Json],
    settings: Json,
    around: Surroundings,
    now: datetime,
) -> list[Json]:
    """Return an estimate for each deployment that takes an accelerator and whose network is known."""
    subjects = ((d, subject_of(d, documents, settings, around.networks)) for d in changed)
    return [found for d, s in subjects if (found := fit_evidence(s, d, plan.inputs.tool, now)) is not None]


def _resources(shown: tuple[DesiredDeployment, ...], declared: Resources) -> dict[ResourceId, Resource]:
    """Return what *shown* reaches, sorted, and the models that datasets name as what generated them."""
    found = {r.id: r for d in shown for r in d.resources}
    waiting = [r for r in found.values() if r.id.kind == "Dataset"]
    while waiting:
        named = {name for r in waiting if b'"generatedBy"' in r.canonical for name in generators([document_of(r)])}
        made = [id_ for id_ in declared if str(id_) in named] if named else []
        new = [r for r in reachable(made, declared) if r.id not in found]
        found |= {r.id: r for r in new}
        waiting = [r for r in new if r.id.kind == "Dataset"]
    return dict(sorted(found.items()))


def _documents(resources: Mapping[ResourceId, Resource]) -> Documents:
    declared: dict[str, Json] = {str(id_): json.loads(r.canonical) for id_, r in resources.items()}
    return Documents(declared, {address: _masked_if_needed(document) for address, document in declared.items()})


def _masked_if_needed(document: Json) -> Json:
    """Return *document* itself when nothing in it is secret: two copies of thousands would lie in memory."""
    shown = masked(document)
    return document if shown == document else shown


def _environment(facts: EnvironmentFacts, settings: Json, declared: Resources) -> Json:
    resource = declared.get(ResourceId("Environment", facts.name))
    metadata = mapping_of(mapping_of(document_of(resource)).get("metadata")) if resource else {}
    marks = marks_in(mapping_of(metadata.get("annotations")))
    return {
        "name": facts.name,
        **({"path": written(resource.origin.path)} if resource else {}),
        "tier": facts.tier,
        "upstream": facts.upstream,
        "target": facts.target,
        "evaluate": facts.evaluate,
        "settings": settings,
        **({"confirmedDeletions": list(marks)} if marks else {}),
    }


def _nanoseconds(moment: datetime) -> int:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
