"""Evidence in the one shape that rules see, whatever measured it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from trueup.core.digests import Digest
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment
from trueup.evidence.evidence import Evidence
from trueup.evidence.proofs import proofs_of
from trueup.policy.facts.lineage import spec_of


def evidence_facts(
    deployments: Iterable[DesiredDeployment],
    evidence: Iterable[Evidence],
    documents: Mapping[str, Json],
    now: datetime,
) -> list[Json]:
    """Return what was measured about the releases of *deployments*, each result once."""
    subjects: dict[Digest, DesiredDeployment] = {}
    proofs: dict[Digest, str] = {}
    for deployment in deployments:
        proofs |= proofs_of(deployment)
        for required in deployment.evaluations:
            subjects.setdefault(required.key, deployment)
    found: list[Json] = []
    for one in evidence:
        if one.key in subjects:
            found.append(_evaluation(one, subjects[one.key], documents.get(one.evaluation), now))
        elif one.key in proofs:
            found.append(_proof(one, proofs[one.key], now))
    return found


def _proof(evidence: Evidence, type_: str, now: datetime) -> Json:
    about: dict[str, Json] = {"type": type_, "address": evidence.evaluation, "subject": dict(evidence.subject)}
    return {**about, **_run(evidence, now), "signed": evidence.passed if type_ == "signature" else None}


def _evaluation(evidence: Evidence, about: DesiredDeployment, declared: Json, now: datetime) -> Json:
    return {
        "type": "evaluation",
        "subject": {
            # The key binds the result to these parts of the deployment, whatever the evidence itself names.
            "build": about.release.build.key,
            "server": about.server.key,
            "prompt": about.release.prompt.digest if about.release.prompt else "",
            **dict(evidence.subject),
        },
        "address": str(about.id),
        "key": evidence.key,
        "evaluation": evidence.evaluation,
        "category": spec_of(declared).get("category"),
        "settings": None,
        "comparison": None,
        "attacks": [],
        **_run(evidence, now),
    }


def _run(evidence: Evidence, now: datetime) -> dict[str, Json]:
    return {
        "passed": evidence.passed,
        "simulated": evidence.simulated,
        "signed": None,
        "completedAt": evidence.completed_at.isoformat(),
        "ageDays": (now - evidence.completed_at).days,
        "tool": evidence.tool,
        "measurements": [{"slice": "", **m.to_json()} for m in evidence.measurements],
        "gates": [{"slice": "", **g.to_json()} for g in evidence.gates],
    }
