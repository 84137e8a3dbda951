"""Approval: the only way to a plan that may be applied."""

from dataclasses import replace

import pytest

from states import NOON, Want, desired, nothing
from trueup.core.digests import Digest
from trueup.plan.build import build_plan
from trueup.policy.decision import ApprovedPlan, Decision, EngineError, Outcome, approve

PLAN = build_plan(desired(Want()), nothing(), (), Digest(""), "trueup 0", NOON)
ALLOWED = Decision(Outcome.ALLOW, (), (), Digest(""), Digest(""), "python")


def test_what_policy_allows_is_approved() -> None:
    approved = approve(PLAN, ALLOWED)
    assert isinstance(approved, ApprovedPlan)
    assert (approved.plan, approved.decision) == (PLAN, ALLOWED)


@pytest.mark.parametrize(
    "decision",
    [
        replace(ALLOWED, outcome=Outcome.DENY),
        replace(ALLOWED, outcome=Outcome.ERROR),
        replace(ALLOWED, errors=(EngineError("the worker died"),)),
    ],
)
def test_everything_else_is_the_decision_itself(decision: Decision) -> None:
    assert approve(PLAN, decision) is decision


def test_nobody_else_makes_an_approved_plan() -> None:
    with pytest.raises(TypeError, match="from approve"):
        ApprovedPlan(PLAN, ALLOWED, token=object())
