"""TU-03: what a Build declares of its parity is held, whatever the policies of the repository are."""

from typing import Any

import pytest

from trueup.policy.decision import Enforcement
from trueup.policy.parity_gate import RULE, unproven

EVIDENCE = {"simulated": False}
FAILED = {
    "build": "Build/q4@1",
    "status": "failed",
    "summary": "KL 0.03400, top-1 80.7 %",
    "refusals": ["KL 0.03400 is not at most 0.01000"],
    "evidence": EVIDENCE,
}


def document(parity: Any, **more: Any) -> dict[str, Any]:
    return {"deployments": [{"address": "Deployment/dev/support", "changed": True, "parity": parity, **more}]}


def test_a_build_outside_its_bounds_is_denied_with_what_was_measured() -> None:
    (violation,) = unproven(document(FAILED))
    assert (violation.rule, violation.enforcement, violation.severity) == (RULE, Enforcement.DENY, "critical")
    assert violation.address == "Deployment/dev/support"
    assert violation.message == (
        "Build/q4@1 is not the equal of its source: KL 0.03400 is not at most 0.01000 (KL 0.03400, top-1 80.7 %)."
    )


@pytest.mark.parametrize("status", ["missing", "failed", "", None])
def test_what_was_not_compared_is_denied(status: str | None) -> None:
    (violation,) = unproven(document({**FAILED, "status": status, "evidence": None, "refusals": []}))
    assert "was not compared with its source" in violation.message


@pytest.mark.parametrize("status", ["present", "planned"])
def test_what_was_compared_or_will_be_passes(status: str) -> None:
    assert not list(unproven(document({**FAILED, "status": status})))


def test_a_simulated_measurement_is_none() -> None:
    (violation,) = unproven(document({**FAILED, "refusals": [], "evidence": {"simulated": True}}))
    assert "the measurement is simulated" in violation.message


@pytest.mark.parametrize("refusals", [None, "x", []])
def test_a_failure_without_a_reason_is_still_one(refusals: Any) -> None:
    (violation,) = unproven(document({**FAILED, "refusals": refusals}))
    assert "no bound was held" in violation.message


@pytest.mark.parametrize(
    "without",
    [
        {},
        {"deployments": None},
        {"deployments": ["x"]},
        document(None),
        document(FAILED, changed=False),
    ],
)
def test_what_is_not_rolled_out_or_declares_no_gate_is_not_judged(without: dict[str, Any]) -> None:
    assert not list(unproven(without))
