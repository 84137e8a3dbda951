"""How planned releases behave beside those that serve, from what the ledger keeps. Runs nothing and changes nothing."""

import json
from collections.abc import Iterator
from dataclasses import replace

from trueup.core.digests import Digest, short
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import mapping_of
from trueup.desired.state import DesiredDeployment, DesiredState, RequiredEvaluation
from trueup.diff.behaviour.behaviour import BehaviourDiff, Side, Terms, evaluation_diff
from trueup.diff.behaviour.parts import can_be_read, changed_parts
from trueup.diff.behaviour.usage import TokenPrices
from trueup.diff.behaviour.verdicts import GateDeltas
from trueup.evidence.catalogue import METRICS
from trueup.evidence.evidence import Evidence
from trueup.evidence.examples import ExampleResult, NotExamplesError, decode
from trueup.ledger.history import newest_evidence
from trueup.ledger.record import Record
from trueup.observed.baselines import baseline_key
from trueup.observed.state import ObservedRoute
from trueup.ports import LedgerReader
from trueup.workflows.planning import Planned


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One evaluation of one deployment, and the keys of both results."""

    required: RequiredEvaluation
    old_key: Digest | None


def behaviour(planned: Planned, ledger: LedgerReader, limit: int) -> tuple[BehaviourDiff, ...]:
    """Return a diff for each planned deployment that is not served as planned; an empty result means that all are.

    Args:
        planned: The plan.
        ledger: Asked only where a deployment differs.
        limit: Most changed examples of each evaluation.
    """
    serving = {r.deployment: r for r in planned.observed.target.routes}
    chosen = [d for d in planned.desired.deployments if not planned.plan.targets or d.id in planned.plan.targets]
    moved = [d for d in chosen if changed_parts(serving.get(d.id), d)]
    wanted = {d.id: tuple(_wanted(serving.get(d.id), d)) for d in moved}
    keys = {key for items in wanted.values() for w in items for key in (w.required.key, w.old_key) if key}
    reading = _Reading(ledger, keys)
    terms = Terms(prices=_prices(planned.desired), limit=limit)
    made = _Made(planned.desired, terms, reading)
    return tuple(made.diff(d, serving.get(d.id), wanted[d.id]) for d in moved)


def _wanted(serving: ObservedRoute | None, deployment: DesiredDeployment) -> Iterator[_Wanted]:
    for required in deployment.evaluations:
        key = baseline_key(serving.manifest, serving.route, required) if serving is not None else None
        yield _Wanted(required, key)


class _Reading:
    """Results by key; examples are read when they are asked for."""

    def __init__(self, ledger: LedgerReader, keys: set[Digest]) -> None:
        self._ledger = ledger
        # All of them, as `observe` reads them: a reading of the ledger that is left half way leaves git running.
        found, _ = newest_evidence(ledger.records(), keys) if keys else ((), ())
        self._found = {one.key: (record, one) for record, one in found}

    def side(self, key: Digest | None, how_to_get: str) -> Side:
        """Return what is kept under *key*."""
        if key is None or key not in self._found:
            return Side(how_to_get=how_to_get)
        record, evidence = self._found[key]
        return Side(evidence, self._examples(record, evidence))

    def _examples(self, record: Record, evidence: Evidence) -> tuple[ExampleResult, ...] | None:
        kept = self._ledger.attachment(evidence.examples, record) if evidence.examples else None
        if kept is None:
            return None
        try:
            return decode(kept)
        except NotExamplesError:
            # Written by a later release, or damaged; whether it is damaged is for `audit verify` to say.
            return None


@dataclass(frozen=True, slots=True)
class _Made:
    desired: DesiredState
    terms: Terms
    reading: _Reading

    def diff(
        self, deployment: DesiredDeployment, serving: ObservedRoute | None, wanted: tuple[_Wanted, ...]
    ) -> BehaviourDiff:
        """Compare *deployment* with what serves, by every evaluation."""
        evaluations = tuple(
            evaluation_diff(
                str(w.required.evaluation.id),
                self.reading.side(w.old_key, self._measure_old(deployment, serving)),
                self.reading.side(w.required.key, self._measure_new(deployment)),
                self._terms(deployment, w.required.evaluation.id),
            )
            for w in (wanted if serving is not None else ())
        )
        return BehaviourDiff(
            deployment=str(deployment.id),
            old_release=serving.release if serving is not None else Digest(""),
            new_release=deployment.release.digest,
            parts=changed_parts(serving, deployment),
            evaluations=evaluations,
            notes=tuple(self._notes(deployment, serving)),
        )

    def _notes(self, deployment: DesiredDeployment, serving: ObservedRoute | None) -> Iterator[str]:
        name = self.desired.environment.name
        if serving is None:
            yield f"Nothing serves {deployment.id} yet, so there is nothing to compare its behaviour with."
        elif not can_be_read(serving):
            yield "What serves does not say what it is made of, so its results cannot be found."
        if not deployment.evaluations:
            yield (
                f"Environment/{name} requires no evaluation (`evaluations.required`), so nobody measures how behaviour "
                "changes."
            )

    def _measure_new(self, deployment: DesiredDeployment) -> str:
        name, revision = self.desired.environment.name, self.desired.revision
        if not revision:
            return f"Commit the change, then `trueup evaluate -e {name} {deployment.id.name}` measures it."
        return f"`trueup evaluate -e {name} {deployment.id.name} --revision {short(revision)}` measures it."

    def _measure_old(self, deployment: DesiredDeployment, serving: ObservedRoute | None) -> str:
        name = self.desired.environment.name
        if serving is None or not serving.revision:
            return ""
        command = f"trueup evaluate -e {name} {deployment.id.name} --revision {short(serving.revision)}"
        return f"`{command}` measures it, if that revision requires this very evaluation."

    def _terms(self, deployment: DesiredDeployment, evaluation: ResourceId) -> Terms:
        document = next(r.canonical for r in deployment.resources if r.id == evaluation)
        spec = mapping_of(mapping_of(json.loads(document)).get("spec"))
        metrics = spec.get("metrics")
        declared = [mapping_of(m) for m in metrics] if isinstance(metrics, list) else []
        higher = {name: known.higher_is_better for name, known in METRICS.items()}
        higher |= {str(m.get("name")): m.get("higherIsBetter") is not False for m in declared}
        return replace(self.terms, deltas=GateDeltas(spec, higher), higher_is_better=higher)


def _prices(desired: DesiredState) -> TokenPrices | None:
    settings = mapping_of(desired.environment.settings)
    prices, budget = mapping_of(settings.get("prices")), mapping_of(settings.get("budget"))
    read, written = prices.get("perMillionInputTokens"), prices.get("perMillionOutputTokens")
    if not isinstance(read, int | float) or not isinstance(written, int | float):
        return None
    return TokenPrices(float(read), float(written), str(budget.get("currency") or "USD"))
