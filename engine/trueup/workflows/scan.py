"""Scans weights for what runs when they are loaded, before they are admitted, and records what was found."""

from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.suggestions import did_you_mean
from trueup.desired.release import artifact_of
from trueup.desired.state import ArtifactPin
from trueup.evidence.evidence import Evidence
from trueup.evidence.scans import pickle_scan
from trueup.ports import STORE_LOCK
from trueup.spec import kinds
from trueup.spec.resource import Resource
from trueup.workflows import codes
from trueup.workflows.loading import Invalid, load
from trueup.workflows.noting import note_evidence
from trueup.workflows.workspace import Workspace

_PATIENCE_SECONDS = 600.0
"""How long a removal of artifacts is waited for."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found of one artifact; empty findings are good news."""

    address: ResourceId
    artifact: ArtifactPin
    findings: tuple[str, ...]
    evidence: Evidence


def scan(workspace: Workspace, reference: str, revision: str = "HEAD") -> Scanned | Invalid:
    """Bring the weights of a Model or Adapter here, look into them, and record the evidence; nothing is admitted.

    Raises:
        PermanentError: *reference* names no Model or Adapter (WRK006), or its bytes cannot be had.
    """
    with workspace.lock.share(STORE_LOCK, f"scan {reference}", _PATIENCE_SECONDS):
        return _scan(workspace, reference, revision)


def _scan(workspace: Workspace, reference: str, revision: str) -> Scanned | Invalid:
    loaded = load(workspace, revision)
    if not loaded.is_valid:
        return Invalid(loaded.diagnostics)
    weights = {str(r.id): r for r in loaded.resources.values() if r.id.kind in ("Model", "Adapter")}
    resource = weights.get(reference)
    if resource is None:
        hint = did_you_mean(reference, weights)
        raise PermanentError(codes.NO_WEIGHTS, f"`{reference}` is no Model or Adapter of this revision.", hint=hint)
    artifact = _artifact(resource)
    scanner, began = workspace.scanner, workspace.clock.now()
    findings = tuple(scanner.scan(artifact, workspace.progress))
    evidence = pickle_scan(resource.id, artifact.digest, findings, scanner.scanner, (began, workspace.clock.now()))
    note_evidence(workspace, evidence, loaded.tree.revision)
    return Scanned(resource.id, artifact, findings, evidence)


def _artifact(resource: Resource) -> ArtifactPin:
    spec = kinds.model(resource).spec if resource.id.kind == "Model" else kinds.adapter(resource).spec
    return artifact_of(spec.source, spec.format)
