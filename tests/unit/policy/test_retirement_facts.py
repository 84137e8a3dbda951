"""Retirement, step by step."""

from itertools import pairwise

import pytest

from trueup.core.json import Json
from trueup.observed.needs import GOES_BACK, HELD, SERVES
from trueup.policy.decision import Enforcement, Violation
from trueup.policy.retirement import RULE, not_retired_by_steps
from trueup.spec.lifecycle import STEPS

MODEL = "Model/tiny@1"
PROD = "Deployment/prod/support"


def document(phase: str, before: str | None, *needed: str, declared_by: tuple[str, ...] = ()) -> dict[str, Json]:
    needs: Json = [{"deployment": PROD, "release": "sha256:" + "a" * 64, "why": why} for why in needed]
    one: Json = {"address": MODEL, "phase": phase, "before": before, "declaredBy": list(declared_by), "neededBy": needs}
    return {"derived": {"retirement": [one]}}


def found(facts: dict[str, Json]) -> list[Violation]:
    violations = [*not_retired_by_steps(facts)]
    assert all(v.rule == RULE and v.remediation for v in violations)
    return violations


@pytest.mark.parametrize(("before", "phase"), [*pairwise(STEPS), ("candidate", "deprecated")])
def test_each_step_alone_is_fine(before: str, phase: str) -> None:
    assert not found(document(phase, before))


@pytest.mark.parametrize(
    ("before", "phase"),
    [
        ("active", "drained"),
        ("candidate", "archived"),
        ("deprecated", "archived"),
        ("drained", "deleted"),
        ("archived", "deprecated"),
        ("drained", "active"),
        ("drained", "candidate"),
    ],
)
def test_no_step_is_left_out_forwards_or_backwards(before: str, phase: str) -> None:
    (violation,) = found(document(phase, before))
    assert (violation.address, violation.path) == (MODEL, ("spec", "lifecycle", "phase"))
    assert f"goes from {before} to {phase} in one step; the way is active -> deprecated -> drained" in violation.message


@pytest.mark.parametrize(("before", "phase"), [("drained", "deprecated"), ("archived", "drained")])
def test_one_step_back_is_fine(before: str, phase: str) -> None:
    assert not found(document(phase, before))


@pytest.mark.parametrize("phase", ["archived", "active", "candidate"])
def test_what_was_deleted_stays_deleted(phase: str) -> None:
    (violation,) = found(document(phase, "deleted"))
    assert "was deleted, and its artifact may be gone" in violation.message


@pytest.mark.parametrize("before", ["", None])
@pytest.mark.parametrize("phase", STEPS[2:])
def test_of_what_is_new_or_unknown_no_step_is_asked(before: str | None, phase: str) -> None:
    assert not found(document(phase, before))


@pytest.mark.parametrize(
    ("phase", "denying"),
    [
        ("drained", ()),
        ("archived", (SERVES, GOES_BACK)),
        ("deleted", (SERVES, GOES_BACK, HELD)),
        ("", (SERVES, GOES_BACK, HELD)),
    ],
)
@pytest.mark.parametrize("before", [None, "deprecated"])
def test_what_is_needed_is_told_by_the_step_that_ends_it(
    phase: str, denying: tuple[str, ...], before: str | None
) -> None:
    for why in (SERVES, GOES_BACK, HELD):
        told = [v for v in found(document(phase, before, why)) if "needed still" in v.message]
        assert len(told) == (why in denying)
        assert all(PROD in v.message and "(release aaaaaaaaaaaa)" in v.message and v.denies for v in told)


def test_no_step_asks_again_what_still_needs_it() -> None:
    assert not found(document("archived", "archived", GOES_BACK))


def test_what_is_declared_no_more_and_needed_is_told_at_the_document() -> None:
    (violation,) = found(document("", "archived", HELD))
    assert violation.path == ()
    assert f"{MODEL} is declared no more, and it is needed still" in violation.message


@pytest.mark.parametrize(
    ("phase", "before", "enforcement"),
    [
        ("drained", "deprecated", Enforcement.DENY),
        ("drained", None, Enforcement.DENY),
        ("drained", "drained", Enforcement.WARN),
        ("archived", "archived", Enforcement.DENY),
        ("deleted", "deleted", Enforcement.DENY),
    ],
)
def test_what_still_declares_it_is_told(phase: str, before: str | None, enforcement: Enforcement) -> None:
    (violation,) = found(document(phase, before, declared_by=(PROD, "Evaluation/judged@1")))
    assert violation.message == f"{MODEL} is {phase}, and {PROD}, Evaluation/judged@1 uses it."
    assert violation.enforcement is enforcement


def test_what_is_deprecated_may_be_declared() -> None:
    assert not found(document("deprecated", "drained", declared_by=(PROD,)))


def rolling_out(phase: str, **deployment: Json) -> dict[str, Json]:
    release: Json = {"model": {"address": MODEL}}
    one: Json = {"address": PROD, "release": release, "movement": "change", **deployment}
    return {**document(phase, phase), "deployments": [one]}


@pytest.mark.parametrize("phase", ["drained", "archived", "deleted"])
def test_nothing_new_uses_it(phase: str) -> None:
    (violation,) = found(rolling_out(phase))
    assert violation.address == PROD
    assert violation.message == f"{PROD} would use {MODEL}, which is {phase}."
    assert not found(rolling_out(phase, changed=False))
    assert not found(rolling_out(phase, release={"model": {"address": "Model/tiny@2"}}))


def test_a_drained_one_can_be_gone_back_to_and_an_archived_one_cannot() -> None:
    assert not found(rolling_out("drained", movement="rollback"))
    assert found(rolling_out("archived", movement="rollback"))
    assert not found(rolling_out("deprecated"))


@pytest.mark.parametrize("facts", [{}, {"derived": 3}, {"derived": {"retirement": 3}, "deployments": 3}])
def test_a_document_without_it_says_nothing(facts: dict[str, Json]) -> None:
    assert not found(facts)
