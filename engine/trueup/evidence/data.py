"""What was found out about datasets: the results of checks, and the evidence made of them. Bound to exact bytes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property, lru_cache

from trueup.core.digests import Digest, digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json, mapping_of
from trueup.evidence.evidence import Evidence, GateResult, Measurement
from trueup.spec.resource import Resource

DATA_SCAN, DATA_CHECKS, DATA_OVERLAP = "data-scan", "data-checks", "data-overlap"
"""Types of evidence: secrets and personal data, the declared checks, what is shared with other data."""

SCHEMA = 1
"""Counts up when a check comes to another result on the same data, so that what was found before is stale."""

SECRETS, PERSONAL_DATA, MALFORMED, OVERLAP = "secrets", "personal_data", "malformed_records", "overlap"
"""Metrics that rules know by name."""

TRAINING = frozenset({"train", "finetune", "preference", "calibration"})
"""Purposes by which weights come to know data."""

MAX_OVERLAP = 0.01
"""Share of records that may be in what was trained on when the Dataset declares nothing else."""


OTHERS = {"overlap": "against", "drift": "baseline"}
"""The parameter by which a check of each type names other datasets, as `name@version`."""


class Outcome(StrEnum):
    """How a check came out. `undecided`: there is too little to tell, which never passes."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class DataCheck:
    """A check that a Dataset declares, or that is made of every one.

    Attributes:
        type: Its name, `not_null`, ...
        column: Field it looks at; empty for the whole record.
        params: Its parameters, sorted by name.
        tolerated: A failure is shown and denies nothing (severity `warning`).
    """

    type: str
    column: str = ""
    params: tuple[tuple[str, Json], ...] = ()
    tolerated: bool = False

    @property
    def others(self) -> tuple[str, ...]:
        """The datasets it needs besides its own, as `name@version`."""
        named = dict(self.params).get(OTHERS.get(self.type, ""))
        listed = [named] if isinstance(named, str) else named if isinstance(named, list | tuple) else []
        return tuple(str(name) for name in listed)

    def to_json(self) -> dict[str, Json]:
        """Return the check as JSON."""
        return {"type": self.type, "column": self.column, "params": dict(self.params), "tolerated": self.tolerated}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: where (`file:line`), and what, without any secret or personal datum."""

    place: str
    what: str

    def to_json(self) -> dict[str, Json]:
        """Return the finding as JSON."""
        return {"place": self.place, "what": self.what}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of one check.

    Attributes:
        check: The check.
        outcome: How it came out.
        value: The number it was decided by; None when there is none.
        operator: How that was compared.
        threshold: With what.
        samples: Records it is over.
        found: How many things are wrong; `findings` has the first of them.
        measurements: What was measured, without the column.
        findings: Examples of what is wrong.
        note: What else is to be known of the result, in words.
        more_samples: About how many more records would decide it; None when nobody can tell.
    """

    check: DataCheck
    outcome: Outcome
    value: float | None
    operator: str
    threshold: float
    samples: int
    found: int = 0
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()
    note: str = ""
    more_samples: int | None = None

    @property
    def gate(self) -> GateResult:
        """The result as a gate: its metric is the type of the check, its slice the column."""
        return GateResult(
            self.check.type,
            self.operator,
            self.threshold,
            self.value,
            self.outcome is Outcome.PASSED,
            slice=self.check.column,
            undecided=self.outcome is Outcome.UNDECIDED,
            more_samples=self.more_samples,
            tolerated=self.check.tolerated,
        )


@dataclass(frozen=True, slots=True)
class DataRun:
    """One way through a dataset.

    Attributes:
        records: Records that were read.
        size_bytes: Bytes that were read.
        malformed: Rows and files that could not be read.
        problems: The first of them.
        results: What came of each check, in the order they were asked for.
        fields: Name and JSON type of each field that was seen, in the order they came.
    """

    records: int
    size_bytes: int
    malformed: int
    problems: tuple[Finding, ...]
    results: tuple[CheckResult, ...]
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ScannedData:
    """What was found of one dataset, and the evidence that was made of it."""

    id: ResourceId
    digest: Digest
    run: DataRun
    evidence: tuple[Evidence, ...]

    @property
    def passed(self) -> bool:
        """Whether all of it opens its gates."""
        return all(e.passed for e in self.evidence)


@dataclass(frozen=True)
class DeclaredData:
    """What a Dataset declares, as far as checks need it.

    Without slots: it remembers its keys, because every deployment that reaches it asks for them.
    """

    id: ResourceId
    digest: Digest
    purpose: str
    checks: tuple[DataCheck, ...]
    has_personal_data: bool

    @property
    def overlap(self) -> DataCheck:
        """The comparison with data that was trained on: by the declared parameters, if there are any."""
        declared = next((c for c in self.checks if c.type == OVERLAP), DataCheck(OVERLAP))
        return DataCheck(OVERLAP, declared.column, tuple(p for p in declared.params if p[0] != "against"))

    @cached_property
    def scan_key(self) -> Digest:
        """The key of the evidence of a scan for secrets and personal data."""
        return _key(DATA_SCAN, self.digest, {"personalData": self.has_personal_data})

    @cached_property
    def checks_key(self) -> Digest:
        """The key of the evidence of the declared checks; other datasets are in it by `name@version`."""
        return _key(DATA_CHECKS, self.digest, {"checks": [c.to_json() for c in self.checks]})


def declared_data(resource: Resource) -> DeclaredData:
    """Return what a Dataset declares."""
    return _declared(resource.id, resource.canonical)


@lru_cache(maxsize=1024)
def _declared(id_: ResourceId, canonical: str | bytes) -> DeclaredData:
    spec = mapping_of(json.loads(canonical).get("spec"))
    checks = spec.get("checks")
    return DeclaredData(
        id_,
        Digest(str(mapping_of(spec.get("source")).get("digest") or "")),
        str(spec.get("purpose") or ""),
        tuple(_check(mapping_of(c)) for c in checks) if isinstance(checks, Sequence) else (),
        mapping_of(spec.get("personalData")).get("present") is True,
    )


def _check(declared: Mapping[str, Json]) -> DataCheck:
    return DataCheck(
        str(declared["type"]),
        str(declared.get("column") or ""),
        tuple(sorted(mapping_of(declared.get("params")).items())),
        tolerated=declared.get("severity") == "warning",
    )


def overlap_key(data: DeclaredData, against: Digest) -> Digest:
    """Return the key of the evidence of a comparison with the data of digest *against*."""
    return _key(DATA_OVERLAP, data.digest, {"against": against, "check": data.overlap.to_json()})


def _key(type_: str, dataset: Digest, what: Mapping[str, Json]) -> Digest:
    return digest_of({"schema": SCHEMA, "type": type_, "dataset": dataset, **what})


def data_keys(resources: Iterable[Resource], held: Iterable[Digest]) -> dict[Digest, str]:
    """Return the keys of the evidence that a release needs about its data, with its type.

    Args:
        resources: What the release reaches.
        held: Digests of the data that it is measured on.
    """
    found: dict[Digest, str] = {}
    reached = [d for d in map(declared_data, (r for r in resources if r.id.kind == "Dataset")) if d.digest]
    measured = frozenset(held)
    for data in reached:
        found[data.scan_key] = DATA_SCAN
        if data.checks:
            found[data.checks_key] = DATA_CHECKS
        if data.digest in measured:
            found |= {overlap_key(data, other.digest): DATA_OVERLAP for other in trained_on(reached, data)}
    return found


def trained_on(among: Iterable[DeclaredData], held: DeclaredData) -> tuple[DeclaredData, ...]:
    """Return those of *among* whose purpose is to change weights, without *held* itself under any name."""
    return tuple(d for d in among if d.purpose in TRAINING and d.digest and d.digest != held.digest)


def scan_evidence(data: DeclaredData, run: DataRun, tool: str, times: tuple[datetime, datetime]) -> Evidence:
    """Return the evidence of a scan: no secret, all of it read, and no personal data where none is declared.

    The first results of *run* are those for `SECRETS` and `PERSONAL_DATA`.
    """
    counts = [(name, _found(run, name)) for name in (SECRETS, PERSONAL_DATA)]
    strict = [(name, count) for name, count in counts if name == SECRETS or not data.has_personal_data]
    return Evidence(
        evaluation=str(data.id),
        key=data.scan_key,
        subject=(("dataset", data.digest),),
        measurements=tuple(Measurement(name, float(count), "findings", run.records) for name, count in counts),
        gates=(*(_none_of(name, count, run.records) for name, count in strict), _readable(run)),
        tool=tool,
        started_at=times[0],
        completed_at=times[1],
        type=DATA_SCAN,
        inputs=(("dataset", data.digest),),
    )


def checks_evidence(
    data: DeclaredData, run: DataRun, results: Sequence[CheckResult], tool: str, times: tuple[datetime, datetime]
) -> Evidence:
    """Return the evidence of the declared checks, whose *results* are a gate each."""
    return Evidence(
        evaluation=str(data.id),
        key=data.checks_key,
        subject=(("dataset", data.digest),),
        measurements=tuple(_named(m, r) for r in results for m in r.measurements),
        gates=(*(r.gate for r in results), _readable(run)),
        tool=tool,
        started_at=times[0],
        completed_at=times[1],
        type=DATA_CHECKS,
        inputs=(("dataset", data.digest),),
    )


def overlap_evidence(
    data: DeclaredData,
    against: Digest,
    run: DataRun,
    result: CheckResult,
    tool: str,
    times: tuple[datetime, datetime],
) -> Evidence:
    """Return the evidence of a comparison of *data* with what has the digest *against*."""
    return Evidence(
        evaluation=str(data.id),
        key=overlap_key(data, against),
        subject=(("against", against), ("dataset", data.digest)),
        measurements=result.measurements,
        gates=(result.gate, _readable(run)),
        tool=tool,
        started_at=times[0],
        completed_at=times[1],
        type=DATA_OVERLAP,
        inputs=(("against", against), ("dataset", data.digest)),
    )


def _found(run: DataRun, name: str) -> int:
    return next(r.found for r in run.results if r.check.type == name)


def _none_of(name: str, count: int, records: int) -> GateResult:
    """Nothing in nothing proves nothing."""
    return GateResult(name, "==", 0.0, float(count), count == 0 and records > 0, undecided=records == 0 == count)


def _readable(run: DataRun) -> GateResult:
    return GateResult(MALFORMED, "==", 0.0, float(run.malformed), run.malformed == 0)


def _named(measurement: Measurement, result: CheckResult) -> Measurement:
    """Return *measurement* under the name of its check, with the column as its slice where it has none."""
    return Measurement(
        f"{result.check.type}.{measurement.metric}" if measurement.metric != result.check.type else measurement.metric,
        measurement.value,
        measurement.unit,
        measurement.samples,
        slice=measurement.slice or result.check.column,
    )
