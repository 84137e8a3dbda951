"""Evidence that a model's declared signature was verified: bound to the bytes and to what is declared of the signer."""

from collections.abc import Mapping
from datetime import datetime

from trueup.core.digests import Digest, digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.evidence.evidence import Evidence, GateResult, Measurement

VERIFIED = "verified"


def signature_key(artifact: Digest, declared: Mapping[str, Json]) -> Digest:
    """Return the key of the evidence that *artifact* is signed as *declared*."""
    return digest_of({"schema": 1, "signature": dict(declared), "artifact": artifact})


def signature_evidence(
    subject: ResourceId, artifact: Digest, declared: Mapping[str, Json], tool: str, times: tuple[datetime, datetime]
) -> Evidence:
    """Return the evidence that *tool* verified the signature."""
    return Evidence(
        evaluation=str(subject),
        key=signature_key(artifact, declared),
        subject=(("artifact", artifact),),
        measurements=(Measurement(VERIFIED, 1.0, "signatures", 1),),
        gates=(GateResult(VERIFIED, "==", 1.0, 1.0, passed=True),),
        tool=tool,
        started_at=times[0],
        completed_at=times[1],
    )
