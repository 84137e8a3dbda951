"""Evidence in the one shape that rules see, whatever measured it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from trueup.core.digests import Digest
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment
from trueup.evidence.evidence import Evidence
from trueup.policy.facts.lineage import spec_of


def evidence_facts(
    deployments: Iterable[DesiredDeployment],
    evidence: Iterable[Evidence],
    documents: Mapping[str, Json],
    now: datetime,
) -> list[Json]:
    """Return what was measured about the releases of *deployments*, each result once."""
    subjects: dict[Digest, DesiredDeployment] = {}
    for deployment in deployments:
        for required in deployment.evaluations:
            subjects.setdefault(required.key, deployment)
    return [_evaluation(e, subjects[e.key], documents.get(e.evaluation), now) for e in evidence if e.key in subjects]


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
        "passed": evidence.passed,
        "simulated": evidence.simulated,
        "signed": None,
        "completedAt": evidence.completed_at.isoformat(),
        "ageDays": (now - evidence.completed_at).days,
        "tool": evidence.tool,
        "measurements": [{**m.to_json(), "slice": ""} for m in evidence.measurements],
        "gates": [{**g.to_json(), "slice": ""} for g in evidence.gates],
    }
