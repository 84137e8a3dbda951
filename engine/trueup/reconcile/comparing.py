"""Compares what is measured of new releases with what was measured of those they replace, example by example."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trueup.core.digests import Digest
from trueup.core.json import Json, mapping_of
from trueup.evidence.evidence import Evidence
from trueup.ledger.history import newest_evidence
from trueup.ledger.record import Record
from trueup.observed.baselines import baseline_key
from trueup.observed.state import Compared, ObservedRoute, VerifiedRelease

if TYPE_CHECKING:
    from trueup.core.ids import ResourceId
    from trueup.desired.state import DesiredDeployment, RequiredEvaluation
    from trueup.evidence.examples import ExampleResult
    from trueup.ports import LedgerReader

UPSTREAM = "upstream"
"""`regression.baseline` of an Evaluation that compares with what the environment before serves."""
Trusted = Callable[[Iterable[tuple[Record, Evidence]]], Collection[Digest]]
"""Returns which of some results a trusted key signed, by their digests."""


@dataclass(frozen=True, slots=True)
class _Baseline:
    """A release that is compared with: which, and the key of its result."""

    release: Digest
    key: Digest


@dataclass(frozen=True, slots=True)
class _Wanted:
    deployment: DesiredDeployment
    required: RequiredEvaluation
    declared: Mapping[str, Json]
    baselines: tuple[_Baseline, ...]


def comparisons(
    deployments: Iterable[DesiredDeployment],
    routes: Sequence[ObservedRoute],
    upstream: Sequence[VerifiedRelease],
    ledger: LedgerReader,
    records: Sequence[Record],
    trusted: Trusted | None = None,
) -> tuple[Compared, ...]:
    """Return each comparison that an Evaluation declares, where both sides were measured; sorted as the deployments.

    Without a baseline, without results of single examples on both sides, there is none: policy denies what is absent.

    Args:
        deployments: What is to run.
        routes: What runs.
        upstream: What was verified upstream.
        ledger: Where results of single examples are.
        records: What it holds, newest first.
        trusted: Tells which results a trusted key signed, where only those count; None where all do.
    """
    serving: dict[ResourceId, list[ObservedRoute]] = {}
    for route in routes:
        serving.setdefault(route.deployment, []).append(route)
    above: dict[str, list[VerifiedRelease]] = {}
    for release in upstream:
        above.setdefault(release.deployment.name, []).append(release)
    wanted = [w for d in deployments for w in _wanted(d, serving.get(d.id, ()), above.get(d.id.name, ()))]
    keys = {key for w in wanted for key in (w.required.key, *(b.key for b in w.baselines))}
    found, _ = newest_evidence(records, keys) if keys else ((), ())
    if trusted is not None:
        signed = trusted(found)
        found = tuple((record, one) for record, one in found if one.digest in signed)
    measured = {one.key: (record, one) for record, one in found}
    results = _Results(ledger)
    made = (_compared(w, measured, results) for w in wanted)
    return tuple(c for c in made if c is not None)


def _wanted(
    deployment: DesiredDeployment, routes: Sequence[ObservedRoute], upstream: Sequence[VerifiedRelease]
) -> Iterator[_Wanted]:
    """Yield what *deployment* is compared by, with its own *routes* and what is verified *upstream* of it."""
    digest = deployment.release.digest
    replaced = [r for r in routes if r.release != digest]
    above = [v for v in upstream if v.release != digest]
    # Most deployments of a plan change nothing, and reading their documents would cost with the repository.
    for required in deployment.evaluations if replaced or above else ():
        document = next((r.canonical for r in deployment.resources if r.id == required.evaluation.id), b"{}")
        declared = mapping_of(mapping_of(json.loads(document)).get("spec"))
        regression = declared.get("regression")
        if not isinstance(regression, Mapping):
            continue
        served: list[tuple[Digest, Json, Json]] = [(r.release, r.manifest, r.route) for r in replaced]
        if regression.get("baseline") == UPSTREAM:
            served = [(v.release, v.manifest, None) for v in above]
        keys = ((release, baseline_key(manifest, route, required)) for release, manifest, route in served)
        baselines = tuple(_Baseline(release, key) for release, key in keys if key is not None)
        if baselines:
            yield _Wanted(deployment, required, declared, baselines)


def _compared(
    wanted: _Wanted, measured: Mapping[Digest, tuple[Record, Evidence]], results: _Results
) -> Compared | None:
    new = measured.get(wanted.required.key)
    baseline = next((b for b in wanted.baselines if b.key in measured), None)
    if new is None or baseline is None:
        return None
    old = measured[baseline.key]
    after, before = results.of(*new), results.of(*old)
    if after is None or before is None:
        return None
    from trueup.evidence.comparison import compare
    from trueup.evidence.terms import compared_metrics, terms_of

    terms, metrics = terms_of(wanted.declared), compared_metrics(wanted.declared, after)
    return Compared(
        deployment=wanted.deployment.id,
        evaluation=wanted.required.evaluation.id,
        key=wanted.required.key,
        baseline=baseline.release,
        settings=old[1].settings,
        comparison=compare(after, before, terms, metrics),
    )


class _Results:
    """Results of single examples, each read once."""

    def __init__(self, ledger: LedgerReader) -> None:
        self._ledger = ledger
        self._read: dict[Digest, tuple[ExampleResult, ...] | None] = {}

    def of(self, record: Record, evidence: Evidence) -> tuple[ExampleResult, ...] | None:
        """Return the results behind *evidence*; None where none are kept, or nobody can read them."""
        if evidence.examples and evidence.examples not in self._read:
            self._read[evidence.examples] = self._decoded(evidence.examples, record)
        return self._read.get(evidence.examples)

    def _decoded(self, digest: Digest, record: Record) -> tuple[ExampleResult, ...] | None:
        from trueup.evidence.examples import NotExamplesError, decode

        content = self._ledger.attachment(digest, record)
        try:
            return None if content is None else decode(content)
        except NotExamplesError:
            return None
