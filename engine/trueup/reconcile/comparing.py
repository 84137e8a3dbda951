"""Compares what is measured of new releases with what was measured of those they replace, example by example."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from trueup.core.digests import Digest
from trueup.core.json import Json, mapping_of
from trueup.desired.state import DesiredDeployment, RequiredEvaluation
from trueup.evidence.comparison import compare
from trueup.evidence.evidence import Evidence
from trueup.evidence.examples import ExampleResult, NotExamplesError, decode
from trueup.evidence.terms import compared_metrics, terms_of
from trueup.ledger.history import newest_evidence
from trueup.ledger.record import Record
from trueup.observed.baselines import baseline_key
from trueup.observed.state import Compared, ObservedRoute, VerifiedRelease
from trueup.ports import LedgerReader

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
    wanted = [w for d in deployments for w in _wanted(d, routes, upstream)]
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
    for required in deployment.evaluations:
        document = next((r.canonical for r in deployment.resources if r.id == required.evaluation.id), b"{}")
        declared = mapping_of(mapping_of(json.loads(document)).get("spec"))
        regression = declared.get("regression")
        if isinstance(regression, Mapping):
            is_upstream = regression.get("baseline") == "upstream"
            served: list[tuple[Digest, Json, Json]]
            if is_upstream:
                served = [(v.release, v.manifest, None) for v in upstream if v.deployment.name == deployment.id.name]
            else:
                served = [(r.release, r.manifest, r.route) for r in routes if r.deployment == deployment.id]
            baselines = [
                _Baseline(release, key)
                for release, manifest, route in served
                if release != deployment.release.digest and (key := baseline_key(manifest, route, required)) is not None
            ]
            if baselines:
                yield _Wanted(deployment, required, declared, tuple(baselines))


def _compared(
    wanted: _Wanted, measured: Mapping[Digest, tuple[Record, Evidence]], results: "_Results"
) -> Compared | None:
    new = measured.get(wanted.required.key)
    baseline = next((b for b in wanted.baselines if b.key in measured), None)
    if new is None or baseline is None:
        return None
    old = measured[baseline.key]
    after, before = results.of(*new), results.of(*old)
    if after is None or before is None:
        return None
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
        content = self._ledger.attachment(digest, record)
        try:
            return None if content is None else decode(content)
        except NotExamplesError:
            return None
