"""What is known of the parts of a release, whatever was measured of the whole: which evidence to look for."""

import json
from collections.abc import Mapping

from trueup.core.digests import Digest
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment
from trueup.evidence.data import data_keys
from trueup.evidence.scans import PICKLE_FORMATS, pickle_scan_key
from trueup.evidence.signatures import signature_key


def proofs_of(deployment: DesiredDeployment) -> dict[Digest, str]:
    """Return the keys of evidence about the parts of *deployment*, with its type: `pickle-scan`, `data-scan`, ..."""
    artifact = deployment.release.artifact
    found: dict[Digest, str] = {}
    if artifact.format in PICKLE_FORMATS:
        found[pickle_scan_key(artifact.digest)] = "pickle-scan"
    declared = declared_signature(deployment)
    if declared:
        found[signature_key(artifact.digest, declared)] = "signature"
    return found | data_keys(deployment.resources, (e.dataset.digest for e in deployment.evaluations))


def declared_signature(deployment: DesiredDeployment) -> Mapping[str, Json]:
    """Return what the Model of *deployment* declares of its signature; empty when it is to have none."""
    model = next((r for r in deployment.resources if r.id == deployment.release.model.id), None)
    declared = json.loads(model.canonical)["spec"].get("signature") if model is not None else None
    return declared if isinstance(declared, Mapping) else {}
