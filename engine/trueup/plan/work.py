"""The work that a change makes: which evaluations have to be run for it, why, and what they will take.

Nothing is run for what a change does not touch: an evaluation is due when one of its inputs changed, when its result
is too old, or when there is none that passed.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json, mapping_of
from trueup.desired.state import DesiredDeployment, DesiredState
from trueup.diff.changes import Change, Create, Impact, Update
from trueup.diff.differences import created_impacts, declared_differences, heaviest_first
from trueup.diff.documents import document_changes
from trueup.diff.manifests import desired_manifest
from trueup.evidence.costs import RunEstimate, estimate_of
from trueup.evidence.evidence import Evidence
from trueup.evidence.prices import PROVIDER, Prices, Rates, prices_of
from trueup.evidence.staleness import Staleness, closest, staleness
from trueup.plan.cheapest import cheapest_first


@dataclass(frozen=True, slots=True)
class Work:
    """One evaluation of one deployment.

    Attributes:
        deployment: What it is run for.
        evaluation: What is run: an Evaluation, or the Prompt whose tests are.
        key: What its result has to carry.
        staleness: What is known, and why it has to be run.
        impacts: What kind of thing the change of the deployment touches, the heaviest first; none without a change.
        estimate: What it will take, by what an earlier run took; None when there was none.
    """

    deployment: ResourceId
    evaluation: ResourceId
    key: Digest
    staleness: Staleness
    impacts: tuple[Impact, ...] = ()
    estimate: RunEstimate | None = None

    @property
    def is_due(self) -> bool:
        """Whether it has to be run."""
        return self.staleness.is_due


@dataclass(frozen=True, slots=True)
class WorkTotal:
    """What is due, taken together; what nobody can estimate is counted and not guessed.

    Attributes:
        due: Evaluations that have to be run.
        fresh: Evaluations that need not.
        unknown: Those of `due` that nobody can estimate.
        tokens: Tokens of the others, as far as they were counted.
        seconds: Time of the others, one after the other.
        costs: Money of the others by currency, as far as it was priced.
        unpriced: Those of the others that had no price.
    """

    due: int
    fresh: int
    unknown: int
    tokens: int
    seconds: float
    costs: tuple[tuple[str, float], ...]
    unpriced: int


def work_list(
    desired: DesiredState,
    evidence: Iterable[Evidence],
    older: Sequence[Evidence],
    impacts: Mapping[ResourceId, tuple[Impact, ...]],
    now: datetime,
    deployments: Collection[ResourceId] | None = None,
) -> tuple[Work, ...]:
    """Return every required evaluation with what is known of it, by deployment, the cheapest first.

    Args:
        desired: What is declared.
        evidence: Results that were found under the keys that are required, newest first.
        older: Results of any key, newest first: what says why there is none, and what a run takes.
        impacts: What kind of thing the change of each deployment touches (`impacts_of`, `declared_impacts`).
        now: The time.
        deployments: Only these; all when None.
    """
    found = {e.key: e for e in reversed(tuple(evidence))}
    prices = prices_of(desired.environment.settings)
    work: list[Work] = []
    for deployment in desired.deployments:
        if deployments is not None and deployment.id not in deployments:
            continue
        documents = _documents(deployment)
        rates, accelerators = _paid(deployment, documents, prices)
        for required in cheapest_first(deployment.measured, documents):
            before = closest(required, older)
            known = found.get(required.key)
            work.append(
                Work(
                    deployment.id,
                    required.evaluation.id,
                    required.key,
                    staleness(required, known, before, now),
                    impacts.get(deployment.id, ()),
                    _estimate(known or before, rates, accelerators),
                )
            )
    return tuple(work)


def total_of(work: Iterable[Work]) -> WorkTotal:
    """Add up *work*; a result that several deployments wait for is measured once and counted once."""
    once = {w.key: w for w in work}
    due = [w for w in once.values() if w.is_due]
    known = [w.estimate for w in due if w.estimate is not None]
    costs: dict[str, float] = {}
    for one in known:
        if one.cost is not None:
            costs[one.currency] = costs.get(one.currency, 0.0) + one.cost
    return WorkTotal(
        due=len(due),
        fresh=len(once) - len(due),
        unknown=len(due) - len(known),
        tokens=sum(e.tokens or 0 for e in known),
        seconds=sum(e.seconds for e in known),
        costs=tuple(sorted(costs.items())),
        unpriced=sum(e.cost is None for e in known),
    )


def _estimate(known: Evidence | None, rates: Rates, accelerators: int) -> RunEstimate | None:
    # The results of a double say nothing of what the real thing takes.
    return None if known is None or known.simulated else estimate_of(known, rates, accelerators)


def _paid(deployment: DesiredDeployment, documents: Mapping[str, Json], prices: Prices) -> tuple[Rates, int]:
    """Return what a run is paid by, and the accelerators of the one server that it needs."""
    spec = mapping_of(mapping_of(documents.get(str(deployment.id))).get("spec"))
    resources = mapping_of(spec.get("resources"))
    count = resources.get("count")
    accelerators = count if isinstance(count, int) else 0
    sku = str(resources.get("accelerator") or "?") if accelerators else ""
    by_tokens = deployment.release.artifact.uri.startswith(PROVIDER)
    return prices.rates(sku=sku, by_tokens=by_tokens), accelerators


def _documents(deployment: DesiredDeployment) -> Mapping[str, Json]:
    """Return the document of *deployment* and those that declare what is measured of it, by address."""
    wanted = {deployment.id, *(required.evaluation.id for required in deployment.measured)}
    return {str(r.id): json.loads(r.canonical) for r in deployment.resources if r.id in wanted}


def impacts_of(changes: Iterable[Change]) -> dict[ResourceId, tuple[Impact, ...]]:
    """Return what kind of thing each of *changes* of a plan touches, by deployment."""
    return {c.address: c.impacts for c in changes if isinstance(c, Create | Update)}


def declared_impacts(desired: DesiredState, base: DesiredState) -> dict[ResourceId, tuple[Impact, ...]]:
    """Return what kind of thing differs between two declarations, by deployment, whatever runs."""
    before = {d.id: d for d in base.deployments}
    found: dict[ResourceId, tuple[Impact, ...]] = {}
    for deployment in desired.deployments:
        was, now = before.get(deployment.id), desired_manifest(deployment)
        if was is None:
            found[deployment.id] = created_impacts(now)
        elif was.digest != deployment.digest:
            then = desired_manifest(was)
            differences = declared_differences(then, now, document_changes(then, now))
            found[deployment.id] = heaviest_first(d.impact for d in differences)
    return found


def changed_deployments(desired: DesiredState, base: DesiredState | None) -> tuple[ResourceId, ...]:
    """Return the deployments of *desired* that differ from those of *base*: all when there is no base."""
    before = {d.id: d.digest for d in base.deployments} if base is not None else {}
    return tuple(d.id for d in desired.deployments if before.get(d.id) != d.digest)
