"""Which steps a plan takes, in which order."""

from dataclasses import replace

import pytest

from states import NOON, Want, applied, deployment, desired, nothing
from trueup.core.digests import Digest, digest_of
from trueup.desired.state import ArtifactPin, DesiredDeployment, DesiredState
from trueup.diff.changes import Fetch
from trueup.diff.compare import diff
from trueup.observed.state import ObservedState
from trueup.plan.build import build_plan
from trueup.rollout.events import Event, Status
from trueup.rollout.steps import (
    EvaluateStep,
    FetchStep,
    Rollout,
    ScaleStep,
    StartStep,
    StopStep,
    inherit,
    rollouts,
    step_name,
)

SUPPORT = Want(evaluations=("facts@1",))
CHAT = Want(name="chat")


def planned(state: DesiredState, observed: ObservedState) -> tuple[Rollout, ...]:
    plan = build_plan(state, observed, diff(state, observed), Digest(""), "trueup 0", NOON)
    return rollouts(plan, state, observed)


def names(rollout: Rollout) -> list[str]:
    return [step_name(s) for s in rollout.steps]


def stopped(rollout: Rollout) -> set[Digest]:
    return {key for s in rollout.steps if isinstance(s, StopStep) for key in s.servers}


def test_traffic_moves_after_everything_that_can_fail() -> None:
    (rollout,) = planned(desired(SUPPORT), nothing())
    assert names(rollout) == ["fetch", "fetch", "build", "start", "evaluate", "gate", "route", "verify"]


def test_the_old_server_ends_last() -> None:
    (rollout,) = planned(desired(replace(SUPPORT, threads=2)), applied(desired(SUPPORT)))
    assert names(rollout)[-3:] == ["route", "verify", "stop"]
    assert stopped(rollout) == {deployment(SUPPORT).server.key}


def test_no_change_takes_no_step() -> None:
    assert planned(desired(SUPPORT), applied(desired(SUPPORT))) == ()


def test_what_two_deployments_need_is_fetched_and_built_once() -> None:
    first, second = planned(desired(CHAT, Want()), nothing())
    assert names(first) == ["fetch", "build", "start", "gate", "route", "verify"]
    assert names(second) == ["start", "gate", "route", "verify"]


def calibrated(want: Want) -> DesiredDeployment:
    """Return *want* with a build that reads a dataset besides the model."""
    plain = deployment(want)
    read = ArtifactPin("file:data/calibration.jsonl", digest_of("calibration"), "dataset")
    build = replace(plain.release.build, inputs=(read,), key=digest_of(["calibrated", plain.release.build.key]))
    return replace(plain, release=replace(plain.release, build=build), server=replace(plain.server, artifact=build.key))


def test_what_a_build_reads_besides_is_fetched_before_it_once() -> None:
    state = replace(desired(CHAT, Want()), deployments=(calibrated(CHAT), calibrated(Want())))
    first, second = planned(state, nothing())
    assert names(first) == ["fetch", "fetch", "build", "start", "gate", "route", "verify"]
    assert names(second) == ["start", "gate", "route", "verify"]
    owed = [s for s in first.steps if step_name(s) in ("fetch", "build")]
    assert names(inherit(second, owed)) == ["fetch", "fetch", "build", *names(second)]  # type: ignore[arg-type]  # told by name
    fetches = [c for c in diff(state, nothing()) if isinstance(c, Fetch)]
    assert [(str(c.address), c.reason) for c in fetches if "calibration" in c.uri] == [
        ("Build/tiny-q8_0@1", "not in the store; needed by tiny-q8_0@1")
    ]


def test_deployments_come_in_order_and_deletions_after_all_of_them() -> None:
    before = applied(desired(CHAT, Want(name="a-first", model="tiny@2")))
    found = planned(desired(Want(name="zoo"), CHAT), before)
    assert [r.address.name for r in found] == ["zoo", "a-first"]
    assert names(found[-1]) == ["route", "stop"]


def test_missing_evidence_alone_moves_no_traffic() -> None:
    state = desired(SUPPORT)
    (rollout,) = planned(state, replace(applied(state), evidence=()))
    assert names(rollout) == ["start", "evaluate", "gate"]


def test_a_server_that_another_route_needs_is_not_stopped() -> None:
    before = applied(desired(CHAT, Want()))
    (moved,) = planned(desired(replace(CHAT, threads=2), Want()), before)
    assert stopped(moved) == set()
    (gone,) = planned(desired(Want()), before)
    assert names(gone) == ["route"]


def test_a_shared_server_is_stopped_by_the_last_that_leaves_it() -> None:
    before = applied(desired(CHAT, Want()))
    first, last = planned(desired(replace(CHAT, threads=2), replace(Want(), threads=2)), before)
    assert (stopped(first), stopped(last)) == (set(), {deployment(CHAT).server.key})
    first, last = planned(desired(Want(name="other", model="tiny@2")), before)[1:]
    assert (stopped(first), stopped(last)) == (set(), {deployment(CHAT).server.key})


def test_a_shared_server_is_started_as_large_as_the_largest_wants() -> None:
    found = planned(desired(replace(CHAT, replicas=3), Want()), nothing())
    assert [s.server.replicas for r in found for s in r.steps if isinstance(s, StartStep)] == [3, 3]


def test_fewer_servers_are_left_only_after_traffic_moved() -> None:
    (rollout,) = planned(desired(replace(CHAT, replicas=1)), applied(desired(replace(CHAT, replicas=3))))
    assert names(rollout) == ["start", "gate", "route", "verify", "scale"]
    (start,) = (s for s in rollout.steps if isinstance(s, StartStep))
    (scale,) = (s for s in rollout.steps if isinstance(s, ScaleStep))
    assert (start.server.replicas, scale.server.replicas) == (3, 1)


def test_a_stray_server_is_stopped_without_a_route() -> None:
    state = desired(CHAT)
    stray = applied(desired(replace(CHAT, threads=2))).target.servers
    before = applied(state)
    target = replace(before.target, servers=(*before.target.servers, *stray))
    (rollout,) = planned(state, replace(before, target=target))
    assert names(rollout) == ["stop"]
    assert rollout.deployment is None


def test_a_deployment_inherits_what_it_needs_of_a_failed_one_and_nothing_else() -> None:
    first, second = planned(desired(CHAT, Want()), nothing())
    (other,) = planned(desired(Want(model="tiny@2")), nothing())
    owed = [s for s in (*first.steps, *other.steps) if step_name(s) in ("fetch", "build")]
    assert names(inherit(second, owed)) == ["fetch", "build", *names(second)]  # type: ignore[arg-type]  # told by name


def test_the_data_of_an_evaluation_is_inherited_too() -> None:
    first, second = planned(desired(replace(CHAT, evaluations=("facts@1",)), SUPPORT), nothing())
    owed = [s for s in first.steps if isinstance(s, FetchStep)]
    assert any(isinstance(s, EvaluateStep) for s in second.steps)
    assert names(inherit(second, owed))[:2] == ["fetch", "fetch"]


def test_a_deletion_inherits_nothing() -> None:
    before = applied(desired(CHAT))
    (gone,) = planned(desired(), before)
    (first,) = planned(desired(CHAT), nothing())
    assert inherit(gone, [s for s in first.steps if isinstance(s, FetchStep)]) == gone


@pytest.mark.parametrize("status", list(Status))
def test_an_event_keeps_its_facts_as_json(status: Status) -> None:
    event = Event(NOON, "fetch", "Model/tiny@1", status, "slow", (("bytes", 3),))
    assert event.to_json() == {
        "at": "2026-03-14T12:00:00+00:00",
        "step": "fetch",
        "address": "Model/tiny@1",
        "status": status.value,
        "detail": "slow",
        "facts": {"bytes": 3},
    }
