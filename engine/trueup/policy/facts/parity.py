"""Whether what a deployment serves was held against its source, and what came out."""

from collections.abc import Collection, Mapping

from trueup.core.digests import Digest
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment
from trueup.evidence.evidence import Evidence
from trueup.evidence.parity import in_words, judged, refusals


def parity_facts(
    deployment: DesiredDeployment, newest: Mapping[Digest, Evidence], planned: Collection[Digest]
) -> dict[str, Json]:
    """Return the parity of the build of *deployment* under `parity`; nothing when its Build declares no logits gate.

    Args:
        deployment: It.
        newest: Evidence by key, held to whatever bounds.
        planned: Keys that the apply will measure before its gate.
    """
    build = deployment.release.build
    required = build.parity
    if required is None:
        return {}
    measured = newest.get(required.key)
    # Another Build may have the same key and accept something else.
    evidence = judged(measured, required) if measured is not None else None
    status = "failed"
    if evidence is None:
        status = "planned" if required.key in planned else "missing"
    elif evidence.passed:
        status = "present"
    found: dict[str, Json] = {
        "build": str(build.id),
        "key": required.key,
        "status": status,
        "summary": in_words(evidence) if evidence else "",
        "refusals": list(refusals(evidence)) if evidence else [],
        "evidence": evidence.to_json() if evidence else None,
    }
    return {"parity": found}
