"""Facts that documents are drafted from, made by hand: a system with much declared, and a bare one."""

from dataclasses import replace
from typing import Any

from exported import broken, header
from records import applied, newest_first
from records import measured as measured_draft
from trueup.core.ids import parse_address
from trueup.core.json import Json
from trueup.ledger.audit import AuditVerification
from trueup.ledger.bodies import evidence_of
from trueup.ledger.documents.drafts import Declared, Facts, Measured
from trueup.ledger.history import ServedAt, serving_at

SYSTEM, MODEL, DEPLOYMENT = "System/support", "Model/shop@2", "Deployment/prod/support"
_ANNOTATIONS: dict[str, Json] = {
    "annex-iv.8": "https://acme.example/conformity.pdf",
    "annex-iv.provider": "Acme Ltd",
}
_EVALUATION: dict[str, Json] = {"dataset": "facts@1", "metricDecisionThreshold": [{"metric": "accuracy", "op": ">="}]}


def declared(kind: str, address: str, spec: dict[str, Json], **annotations: Json) -> Declared:
    """Return a declared resource."""
    metadata: dict[str, Json] = {
        "name": address.rsplit("/", 1)[-1],
        "owner": "support-team",
        "annotations": annotations,
    }
    return Declared(kind, address, {"kind": kind, "metadata": metadata, "spec": spec})


def everything() -> tuple[Declared, ...]:
    """Return a system that says much of what is asked."""
    return (
        declared("Dataset", "Dataset/facts@1", {"source": {"uri": "hf://acme/facts"}, "knownBias": ["short"]}),
        declared(
            "Deployment",
            DEPLOYMENT,
            {
                "runtime": {"engine": "llama.cpp", "version": "1.2"},
                "release": {"model": "shop@2", "prompt": "support@1"},
                "onCall": {"contact": "support@example.com"},
            },
        ),
        declared("Evaluation", "Evaluation/attacks@1", {"category": "security"}),
        declared("Evaluation", "Evaluation/facts@1", {"category": "quality", **_EVALUATION}),
        declared("Model", "Model/base@1", {"source": {"uri": "hf://Acme/Base"}}),
        declared(
            "Model",
            MODEL,
            {
                "source": {"uri": "file:models/shop", "digest": "sha256:" + "a" * 64},
                "baseModel": ["base@1"],
                "licenses": ["Apache-2.0"],
                "task": "text-generation",
                "datasets": ["facts@1"],
                "paramSize": 885888,
                "capabilities": {"languages": ["en"]},
            },
        ),
        declared(
            "PolicyException",
            "PolicyException/no-rota",
            {"rule": "OP-02", "reason": "No rota", "compensatingControl": "Office hours", "expires": "2026-06-01"},
        ),
        declared("System", SYSTEM, {"intendedPurpose": "Answers questions.", "riskClass": "minimal"}, **_ANNOTATIONS),
    )


def facts(*, bare: bool = False, **changes: Any) -> Facts:
    """Return facts of a system that says much, or next to nothing."""
    sparse = (declared("Model", MODEL, {}), declared("System", SYSTEM, {}))
    made = Facts(
        subject=SYSTEM,
        revision=applied("a").revision,
        tool="trueup 0.1.0",
        made_on="2026-03-14",
        declared=sparse if bare else everything(),
        ledger=header().ledger,
        required=() if bare else ((DEPLOYMENT, "Evaluation/attacks@1"), (DEPLOYMENT, "Evaluation/facts@1")),
        measured=() if bare else (measured(),),
    )
    return replace(made, **changes)


def measured(value: float = 0.9, *, simulated: bool = False) -> Measured:
    """Return evidence of the deployment by `Evaluation/facts@1`."""
    (record,) = newest_first(measured_draft("k", value))
    return Measured(DEPLOYMENT, replace(evidence_of(record), simulated=simulated), 7, record.digest)


def serving() -> tuple[ServedAt, ...]:
    """Return what the deployment serves."""
    (record,) = newest_first(applied("a", environment="prod"))
    found = serving_at([record], record.draft.at)
    assert parse_address(DEPLOYMENT) == found[0].deployment
    return found


def broken_ledger() -> AuditVerification:
    """Return how it ended to verify a ledger that somebody changed."""
    return header(broken()).ledger
