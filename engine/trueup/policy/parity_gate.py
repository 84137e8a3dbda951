"""The parity gate of a build: what is not shown to be as good as its source, within the declared bounds, is denied.

Judged from the policy document and by no Rego: a build that declares a gate must not pass because the rule was
missing or softened. A PolicyException lifts it. Before the gate of an apply, a measurement may still be planned.
"""

from collections.abc import Iterator, Mapping

from trueup.core.json import Json
from trueup.policy.decision import Enforcement, Violation

RULE = "TU-03"
"""An id like those of the library, so that a PolicyException can name it."""
TITLE = "Builds within their parity gate"


def unproven(document: Mapping[str, Json]) -> Iterator[Violation]:
    """Yield a violation for each deployment that the plan rolls out without the parity that its Build declares."""
    deployments = document.get("deployments")
    for deployment in deployments if isinstance(deployments, list | tuple) else ():
        if not isinstance(deployment, Mapping) or deployment.get("changed") is False:
            continue
        parity = deployment.get("parity")
        if isinstance(parity, Mapping) and parity.get("status") not in ("present", "planned"):
            yield _violation(str(deployment.get("address")), parity)


def _violation(address: str, parity: Mapping[str, Json]) -> Violation:
    return Violation(
        rule=RULE,
        title=TITLE,
        severity="critical",
        enforcement=Enforcement.DENY,
        address=address,
        path=("spec", "release", "build"),
        message=f"{parity.get('build')} {_said(parity)}.",
        remediation="Build in a format that keeps more of the source, raise the bounds in a new version of the Build "
        "if this loss is acceptable, or declare a PolicyException.",
    )


def _said(parity: Mapping[str, Json]) -> str:
    refusals, evidence = parity.get("refusals"), parity.get("evidence")
    if evidence is None:
        return "declares a parity gate, and this artifact was not compared with its source"
    said = "; ".join(str(r) for r in refusals) if isinstance(refusals, list | tuple) else ""
    simulated = "the measurement is simulated" if isinstance(evidence, Mapping) and evidence.get("simulated") else ""
    return f"is not the equal of its source: {said or simulated or 'no bound was held'} ({parity.get('summary')})"
