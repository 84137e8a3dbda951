"""Evidence of looks into artifacts: bound to their bytes, whatever release they are in."""

from collections.abc import Sequence
from datetime import datetime

from trueup.core.digests import Digest, digest_of
from trueup.core.ids import ResourceId
from trueup.evidence.evidence import Evidence, GateResult, Measurement

PICKLE_FORMATS = frozenset({"pytorch", "pickle", "tensorflow", "keras"})
"""Formats whose files may run code when they are loaded."""
FINDINGS = "findings"


def pickle_scan_key(artifact: Digest) -> Digest:
    """Return the key of the evidence of a scan of *artifact*."""
    return digest_of({"schema": 1, "scan": "pickle", "artifact": artifact})


def pickle_scan(
    subject: ResourceId, artifact: Digest, findings: Sequence[str], tool: str, times: tuple[datetime, datetime]
) -> Evidence:
    """Return what a scan found of *artifact*; it passes when that is nothing."""
    number = float(len(findings))
    return Evidence(
        evaluation=str(subject),
        key=pickle_scan_key(artifact),
        subject=(("artifact", artifact),),
        measurements=(Measurement(FINDINGS, number, "findings", 1),),
        gates=(GateResult(FINDINGS, "==", 0.0, number, not findings),),
        tool=tool,
        started_at=times[0],
        completed_at=times[1],
    )
