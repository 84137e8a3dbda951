"""Status: how each deployment stands, and what is left over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from states import NOON, REVISION, Want, applied, deployment, desired, nothing, passing, with_server
from trueup.core.digests import Digest, digest_of
from trueup.desired.state import DesiredState
from trueup.diff.compare import diff
from trueup.diff.status import DeploymentStatus, Status, Sync, status, to_json
from trueup.observed.state import Health, Hold, ObservedCandidate, ObservedServer, ObservedSplit, ObservedState

SUPPORT = Want()
MEASURED = Want(evaluations=("facts@1",))


def compare(state: DesiredState, observed: ObservedState) -> Status:
    return status(state, observed, diff(state, observed))


def row(state: DesiredState, observed: ObservedState) -> DeploymentStatus:
    (found,) = compare(state, observed).deployments
    return found


def test_what_was_applied_is_in_sync() -> None:
    found = compare(desired(SUPPORT), applied(desired(SUPPORT)))
    assert found.is_in_sync
    (support,) = found.deployments
    assert (support.sync, support.reason, support.is_verified) == (Sync.IN_SYNC, "", True)
    assert (support.revision, support.applied_at) == (REVISION, NOON)
    assert support.release == support.observed_release


@pytest.mark.parametrize("want", [SUPPORT, MEASURED])
def test_what_was_never_applied_is_missing(want: Want) -> None:
    found = row(desired(want), nothing())
    assert (found.sync, found.health, found.observed_release) == (Sync.MISSING, Health.STOPPED, "")
    assert "not served" in found.reason


def test_what_is_declared_otherwise_is_to_be_applied() -> None:
    found = row(desired(replace(SUPPORT, prompt="support@2")), applied(desired(SUPPORT)))
    assert (found.sync, found.reason) == (Sync.CHANGED, "prompt support changed 1 -> 2")
    assert found.release != found.observed_release


def test_missing_evidence_alone_is_to_be_applied() -> None:
    state = desired(MEASURED)
    found = row(state, replace(applied(state), evidence=()))
    assert (found.sync, found.reason) == (Sync.CHANGED, "no evidence for this release")


@pytest.mark.parametrize("want", [SUPPORT, MEASURED])
def test_what_differs_although_nobody_declared_it_has_drifted(want: Want) -> None:
    state = desired(want)
    broken = with_server(replace(applied(state), evidence=()), 0, health=Health.UNHEALTHY, detail="it hangs")
    found = row(state, broken)
    assert (found.sync, found.health) == (Sync.DRIFTED, Health.UNHEALTHY)
    assert "it hangs" in found.reason


def test_what_runs_and_is_not_declared_is_told_so() -> None:
    found = row(desired(), applied(desired(SUPPORT)))
    assert (found.sync, found.desired, found.release) == (Sync.UNDECLARED, (), "")
    assert found.servers


def test_a_row_is_about_its_own_changes_only() -> None:
    state = desired(SUPPORT, Want(name="chat"))
    found = compare(desired(replace(SUPPORT, threads=2), Want(name="chat")), applied(state))
    assert {d.id.name: d.sync for d in found.deployments} == {"chat": Sync.IN_SYNC, "support": Sync.CHANGED}


def test_a_stray_server_is_left_over_and_belongs_to_nobody() -> None:
    state = desired(SUPPORT)
    before = applied(state)
    stray = ObservedServer(digest_of("stray"), 0, Health.HEALTHY, None, pid=7)
    found = compare(state, replace(before, target=replace(before.target, servers=(*before.target.servers, stray))))
    assert found.strays == (stray,)
    assert not found.is_in_sync


def test_work_left_by_a_killed_run_is_not_in_sync() -> None:
    state = desired(SUPPORT)
    found = status(state, applied(state), (), unfinished="an apply did not end", unpushed=2)
    assert not found.is_in_sync
    assert found.unpushed == 2


def test_the_worst_server_is_the_health_of_all() -> None:
    state = desired(replace(SUPPORT, replicas=2))
    found = row(state, with_server(applied(state), 1, health=Health.STARTING))
    assert found.health is Health.STARTING


@pytest.mark.parametrize(("value", "expected"), [(0.91, "passed"), (0.1, "failed")])
def test_evidence_shows_what_was_measured(value: float, expected: str) -> None:
    state = desired(MEASURED)
    (required,) = state.deployments[0].evaluations
    (found,) = row(state, replace(applied(state), evidence=(passing(required, value=value),))).evidence
    assert (found.state, found.measured, found.at) == (expected, (f"exact_match {value} ratio",), NOON)
    (missing,) = row(state, replace(applied(state), evidence=())).evidence
    assert (missing.state, missing.measured, missing.at) == ("missing", (), None)


def test_evidence_shows_what_thresholds_are_about_and_when_it_is_too_little() -> None:
    state = desired(MEASURED)
    (required,) = state.deployments[0].evaluations
    whole = passing(required, value=0.9)
    part = replace(whole.measurements[0], slice="day", value=0.5)
    gate = replace(whole.gates[0], slice="day", value=0.5, passed=False, undecided=True)
    tokens = replace(whole.measurements[0], metric="prompt_tokens", unit="tokens")
    little = replace(whole, measurements=(*whole.measurements, part, tokens), gates=(*whole.gates, gate))
    (found,) = row(state, replace(applied(state), evidence=(little,))).evidence
    assert found.state == "undecided"
    assert found.measured == ("exact_match 0.9 ratio", "exact_match in day 0.5 ratio")


def test_what_is_declared_is_named_by_its_parts() -> None:
    assert row(desired(SUPPORT), nothing()).desired == ("model tiny@1", "prompt support@1", "build tiny-q8_0@1")
    plain = deployment(replace(SUPPORT, quantization=None))
    release = replace(plain.release, prompt=None, adapters=(plain.release.model,))
    state = replace(desired(SUPPORT), deployments=(replace(plain, release=release),))
    assert row(state, nothing()).desired == ("model tiny@1", "adapter tiny@1")


def test_the_json_says_everything() -> None:
    state = desired(MEASURED)
    address = state.deployments[0].id
    hold = Hold("dev", address, digest_of("bad"), "wrong", "Ada", NOON, NOON + timedelta(days=1))
    observed = with_server(replace(applied(state), holds=(hold,)), 0, started_at=NOON, restarts=2)
    found = to_json(compare(state, observed))
    assert (found["format_version"], found["in_sync"], found["gateway"]) == ("1.0", True, "healthy")
    (support,) = found["deployments"]  # type: ignore[misc, union-attr, str-unpack]  # a list of objects
    assert support["sync"] == "in sync"
    assert support["servers"][0]["started_at"] == "2026-03-14T12:00:00+00:00"
    assert support["evidence"][0] == {
        "evaluation": "Evaluation/facts@1",
        "state": "passed",
        "measured": ["exact_match 0.91 ratio"],
    }
    assert support["holds"][0]["reason"] == "wrong"
    assert to_json(compare(state, nothing()))["deployments"][0]["applied_at"] is None  # type: ignore[index, call-overload]  # a list of objects


def test_a_rollout_under_way_is_told_with_its_shares() -> None:
    state = desired(Want("a"))
    seen = applied(state)
    (route,) = seen.target.routes
    beside = ObservedCandidate("new", Digest("sha256:" + "b" * 64), Digest("sha256:" + "c" * 64), None, None, weight=25)
    split = ObservedSplit((beside,), "user", {"stage": 1})
    seen = replace(seen, target=replace(seen.target, routes=(replace(route, split=split),)))
    found = status(state, seen, diff(state, seen), pending=("git pending: x",))
    (row,) = to_json(found)["deployments"]  # type: ignore[misc]
    assert row["rollout"] == {  # type: ignore[index, call-overload]
        "candidates": [{"name": "new", "release": beside.release, "weight": 25, "mirror": 0.0}],
        "sticky": "user",
        "progress": {"stage": 1},
    }
    assert to_json(found)["git_pending"] == ["git pending: x"]
    assert not found.is_in_sync
    assert found.deployments[0].reason.endswith("has 25 % of the traffic in a rollout under way")
