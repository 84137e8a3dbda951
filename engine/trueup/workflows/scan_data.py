"""Scans datasets: secrets, personal data, the declared checks, and what is shared with data that was trained on.

One way through the bytes for all of it, and a record of the ledger for each piece of evidence.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.core.json import mapping_of
from trueup.core.suggestions import did_you_mean
from trueup.desired.release import artifact_of
from trueup.desired.resolve import resolve
from trueup.evidence.data import (
    PERSONAL_DATA,
    SECRETS,
    DataCheck,
    DataRun,
    DeclaredData,
    ScannedData,
    checks_evidence,
    data_keys,
    declared_data,
    overlap_evidence,
    overlap_key,
    scan_evidence,
    trained_on,
)
from trueup.evidence.evidence import Evidence
from trueup.ledger import history
from trueup.ports import STORE_LOCK, DataFiles
from trueup.spec import kinds
from trueup.spec.resource import Resources
from trueup.workflows import codes
from trueup.workflows.loading import Invalid, Loaded, load
from trueup.workflows.noting import note_evidence
from trueup.workflows.workspace import Workspace

_PATIENCE_SECONDS = 600.0
"""How long a removal of artifacts is waited for."""


@dataclass(frozen=True, slots=True)
class DataRequest:
    """What to scan.

    Attributes:
        reference: One dataset, `Dataset/name@version`; empty for all that an environment reaches.
        environment: The environment; empty for one dataset.
        against: Datasets to compare with, `Dataset/name@version`. Empty: data that is measured on is compared with all
            data of the repository that weights may come to know.
        revision: What declares them.
        again: Also what has passing evidence, in an environment.
    """

    reference: str = ""
    environment: str = ""
    against: tuple[str, ...] = ()
    revision: str = "HEAD"
    again: bool = False


@dataclass(frozen=True, slots=True)
class _Work:
    """One dataset, and the data it is compared with."""

    data: DeclaredData
    against: tuple[DeclaredData, ...]


def scan_data(workspace: Workspace, request: DataRequest) -> tuple[ScannedData, ...] | Invalid:
    """Bring the data here, check it and record the evidence; in an environment, what lacks passing evidence.

    Raises:
        PermanentError: A name is no Dataset (WRK020), has no digest (WRK021), or a check cannot be made.
    """
    what = f"scan {request.reference or '-e ' + request.environment}"
    with workspace.lock.share(STORE_LOCK, what, _PATIENCE_SECONDS):
        loaded = load(workspace, request.revision)
        if not loaded.is_valid:
            return Invalid(loaded.diagnostics)
        works = _one(loaded, request) if request.reference else _reached(workspace, loaded, request)
        if isinstance(works, Invalid):
            return works
        return tuple(_scan(workspace, loaded, work) for work in works)


def _one(loaded: Loaded, request: DataRequest) -> tuple[_Work, ...]:
    data = _named(loaded.resources, request.reference)
    if request.against:
        others = tuple(_named(loaded.resources, name) for name in request.against)
    elif data.purpose == "eval":
        others = trained_on(_all(loaded.resources), data)
    else:
        others = ()
    return (_Work(data, _distinct(others)),)


def _reached(workspace: Workspace, loaded: Loaded, request: DataRequest) -> tuple[_Work, ...] | Invalid:
    """Return what the environment reaches and has no passing evidence."""
    desired, problems = resolve(loaded.resources, request.environment, loaded.tree.revision)
    if desired is None:
        return Invalid(problems)
    needed: dict[Digest, str] = {}
    reached: dict[ResourceId, DeclaredData] = {}
    for deployment in desired.deployments:
        needed |= data_keys(deployment.resources, (e.dataset.digest for e in deployment.evaluations))
        reached |= {r.id: declared_data(r) for r in deployment.resources if r.id.kind == "Dataset"}
    known = history.evidence(tuple(workspace.ledger.records()), needed)
    passed = frozenset() if request.again else frozenset(e.key for e in known if e.passed)
    works = []
    for _, data in sorted(reached.items()):
        against = _distinct(d for d in trained_on(reached.values(), data) if overlap_key(data, d.digest) in needed)
        keys = {data.scan_key, *(overlap_key(data, d.digest) for d in against)}
        if (keys | ({data.checks_key} if data.checks else set())) - passed:
            works.append(_Work(_pinned(data), against))
    return tuple(works)


def _scan(workspace: Workspace, loaded: Loaded, work: _Work) -> ScannedData:
    data = work.data
    overlaps = tuple(
        replace(data.overlap, params=(*data.overlap.params, ("against", _name(other.id)))) for other in work.against
    )
    checks = (DataCheck(SECRETS), DataCheck(PERSONAL_DATA), *data.checks, *overlaps)
    others = {n: _files(workspace, loaded.resources, n) for n in dict.fromkeys(n for c in checks for n in c.others)}
    files = _files(workspace, loaded.resources, _name(data.id))
    began = workspace.clock.now()
    run = workspace.datasets.check(files, checks, others, workspace.progress)
    evidence = _evidence(work, run, workspace.datasets.checker, (began, workspace.clock.now()))
    for one in evidence:
        note_evidence(workspace, one, loaded.tree.revision)
    return ScannedData(data.id, data.digest, run, evidence)


def _evidence(work: _Work, run: DataRun, tool: str, times: tuple[datetime, datetime]) -> tuple[Evidence, ...]:
    data, end = work.data, 2 + len(work.data.checks)
    found = [scan_evidence(data, run, tool, times)]
    if data.checks:
        found.append(checks_evidence(data, run, run.results[2:end], tool, times))
    for other, result in zip(work.against, run.results[end:], strict=True):
        found.append(overlap_evidence(data, other.digest, run, result, tool, times))
    return tuple(found)


def _files(workspace: Workspace, resources: Resources, name: str) -> DataFiles:
    """Bring the bytes of the Dataset of that `name@version` here."""
    data = _named(resources, f"Dataset/{name}")
    resource = resources[data.id]
    spec = kinds.dataset(resource).spec
    place = workspace.store.fetch(artifact_of(spec.source, "dataset"), workspace.progress)
    declared = mapping_of(json.loads(resource.canonical)["spec"])
    return DataFiles(name, place, spec.source.uri, spec.format or "", declared)


def _named(resources: Resources, reference: str) -> DeclaredData:
    """Return the Dataset of that address.

    Raises:
        PermanentError: There is none (WRK020), or it has no digest (WRK021).
    """
    known = {str(id_): resource for id_, resource in resources.items() if id_.kind == "Dataset"}
    if reference not in known:
        hint = did_you_mean(reference, known)
        raise PermanentError(codes.NO_DATA, f"`{reference}` is no Dataset of this revision.", hint=hint)
    return _pinned(declared_data(known[reference]))


def _pinned(data: DeclaredData) -> DeclaredData:
    if not data.digest:
        raise PermanentError(codes.UNPINNED_DATA, f"{data.id} declares no `source.digest`.")
    return data


def _all(resources: Resources) -> list[DeclaredData]:
    return [declared_data(r) for id_, r in sorted(resources.items()) if id_.kind == "Dataset"]


def _distinct(datasets: Iterable[DeclaredData]) -> tuple[DeclaredData, ...]:
    """Return each content once, under the first of its names."""
    found: dict[Digest, DeclaredData] = {}
    for data in datasets:
        found.setdefault(data.digest, data)
    return tuple(found.values())


def _name(id_: ResourceId) -> str:
    return str(id_).partition("/")[2]
