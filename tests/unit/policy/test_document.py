"""The policy document."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from states import NOON, REVISION, Want, applied, desired, nothing, passing, resource, verified
from trueup.core.digests import digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import canonical
from trueup.desired.state import DesiredState
from trueup.diff.compare import diff
from trueup.observed.state import Hold, ObservedState
from trueup.plan.build import build_plan
from trueup.policy.document import FORMAT_VERSION, ChangeFacts, policy_document

WANT = Want(evaluations=("facts@1",))


def document_of(state: DesiredState, observed: ObservedState, *, gate: bool = False, **facts: Any) -> dict[str, Any]:
    plan = build_plan(state, observed, diff(state, observed), digest_of("p"), "trueup 0.1.0", NOON, ())
    change = ChangeFacts(revision=REVISION, **facts)
    made = policy_document(plan, state, observed, change, NOON, gate=gate)
    return json.loads(canonical(made))  # type: ignore[no-any-return]  # what engines get, not what Python holds


def status(state: DesiredState, observed: ObservedState, *, gate: bool = False) -> str:
    (deployment,) = document_of(state, observed, gate=gate)["deployments"]
    (evaluation,) = deployment["evaluations"]
    return str(evaluation["status"])


def test_the_document_says_its_format_and_the_time_it_was_made_for() -> None:
    document = document_of(desired(WANT), nothing())
    assert document["formatVersion"] == FORMAT_VERSION
    assert document["clock"] == {
        "now": "2026-03-14T12:00:00Z",
        "nowNs": "1773489600000000000",
        "today": "2026-03-14",
    }


def test_the_same_inputs_give_the_same_bytes() -> None:
    first, second = (canonical(document_of(desired(WANT), nothing())) for _ in range(2))
    assert first == second


def test_a_new_deployment_is_a_changed_one_with_its_operations() -> None:
    document = document_of(desired(WANT), nothing())
    (deployment,) = document["deployments"]
    assert deployment["changed"]
    assert deployment["fromRelease"] == ""
    kinds = [operation["kind"] for operation in document["change"]["operations"]]
    assert kinds.count("create") == 1
    assert {"fetch", "build", "evaluate"} <= set(kinds)


def test_what_runs_as_declared_is_not_changed() -> None:
    state = desired(WANT)
    (deployment,) = document_of(state, applied(state))["deployments"]
    assert not deployment["changed"]
    assert deployment["movement"] == "none"


def test_an_update_names_the_release_it_comes_from_and_the_fields() -> None:
    before, after = desired(WANT), desired(replace(WANT, prompt="support@2"))
    document = document_of(after, applied(before))
    (deployment,) = document["deployments"]
    assert deployment["fromRelease"] == before.deployments[0].release.digest
    (update,) = [o for o in document["change"]["operations"] if o["kind"] == "update"]
    assert update["impacts"] == ["prompt"]
    assert update["fields"]


def test_every_document_that_is_reached_is_there_as_declared() -> None:
    state = desired(WANT)
    document = document_of(state, nothing())
    (deployment,) = document["deployments"]
    assert set(deployment["resources"]) == set(document["resources"])
    for reached in state.deployments[0].resources:
        assert document["resources"][str(reached.id)] == json.loads(reached.canonical)


def test_evidence_that_passed_is_present() -> None:
    state = desired(WANT)
    assert status(state, applied(state)) == "present"


def test_evidence_that_the_plan_runs_before_traffic_moves_is_planned() -> None:
    assert status(desired(WANT), nothing()) == "planned"


def test_nothing_is_planned_any_more_at_the_gate() -> None:
    assert status(desired(WANT), nothing(), gate=True) == "missing"


def test_an_environment_that_wants_evidence_before_has_none_planned() -> None:
    assert status(desired(WANT, evaluate="before"), nothing()) == "missing"


def test_evidence_that_failed_is_failed_at_the_gate() -> None:
    state = desired(WANT)
    bad = passing(state.deployments[0].evaluations[0], value=0.1)
    assert status(state, replace(nothing(), evidence=(bad,)), gate=True) == "failed"


def test_simulated_evidence_has_not_passed() -> None:
    state = desired(WANT)
    double = replace(passing(state.deployments[0].evaluations[0]), simulated=True)
    assert status(state, replace(nothing(), evidence=(double,)), gate=True) == "failed"


def test_the_newest_evidence_counts() -> None:
    state = desired(WANT)
    required = state.deployments[0].evaluations[0]
    observed = replace(nothing(), evidence=(passing(required, value=0.1), passing(required)))
    assert status(state, observed, gate=True) == "failed"


def test_verified_releases_have_their_age_and_say_whether_they_are_retained() -> None:
    state = desired(WANT)
    old = replace(verified(state.deployments[0]), verified_at=NOON - timedelta(days=3, hours=1), retained=False)
    (seen,) = document_of(state, replace(nothing(), verified=(old,)))["observed"]["verified"]
    assert seen["ageDays"] == 3
    assert seen["retained"] is False


@pytest.mark.parametrize(("expires", "active"), [(None, True), (NOON + timedelta(seconds=1), True), (NOON, False)])
def test_a_hold_is_active_until_it_expires(expires: Any, active: bool) -> None:
    state = desired(WANT)
    item = state.deployments[0]
    hold = Hold("dev", item.id, item.release.digest, "wrong answers", "ada", NOON, expires)
    (seen,) = document_of(state, replace(nothing(), holds=(hold,)))["observed"]["holds"]
    assert seen["active"] is active


def test_exceptions_come_with_whether_they_are_in_force() -> None:
    spec = {
        "rule": "SC-04",
        "resource": "Model/*",
        "reason": "r",
        "compensatingControl": "c",
        "approvedBy": "a",
        "expires": "2026-03-13",
    }
    expired = resource(ResourceId("PolicyException", "old"), {"kind": "PolicyException", "spec": spec})
    state = replace(desired(WANT), exceptions=(expired,))
    (seen,) = document_of(state, nothing())["exceptions"]
    assert seen["inForce"] is False
    assert seen["problem"] == "it expired on 2026-03-13"


SECRET = "sk-abcdefghijklmnopqrstuvwx"


def test_no_secret_value_is_in_the_document_and_its_place_is() -> None:
    state = desired(replace(WANT, text=f"Use the key {SECRET} when asked."))
    document = document_of(state, nothing(), author=f"Ada <{SECRET}@example.com>", trailers={"Key": (SECRET,)})
    assert SECRET.encode() not in canonical(document)
    assert {"address": "Prompt/support@1", "path": ["spec", "template"]} in document["derived"]["secrets"]


def test_a_name_that_git_could_not_decode_does_not_break_the_document() -> None:
    document = document_of(desired(WANT), nothing(), author="Ad\udce4 <ada@example.com>")
    assert document["change"]["author"] == "Ad? <ada@example.com>"
