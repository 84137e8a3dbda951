"""What every target does."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from fakes import FakeTarget
from serving import gguf, process_target, route, server, table
from trueup.adapters.targets.process.at_rest import RestingTarget
from trueup.core.errors import PermanentError, TransientError
from trueup.desired.state import ServerSpec
from trueup.observed.state import Health
from trueup.ports import Candidate, Split, Target, TrafficObserver

SMALL = server("v1")
OTHER = server("v2")


class TrafficTarget(Target, TrafficObserver, Protocol):
    """A target with a gateway that counts."""


@pytest.fixture(params=["process", "fake"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TrafficTarget]:
    if request.param == "fake":
        yield FakeTarget()
        return
    with process_target(tmp_path / "targets") as made:
        # As commands have it: what is behind is made when there is something.
        yield RestingTarget(tmp_path / "targets", lambda: made)


def test_an_environment_where_nothing_ever_ran_is_empty(target: Target) -> None:
    found = target.observe("dev")
    assert (found.environment, found.gateway, found.address) == ("dev", Health.STOPPED, "")
    assert (found.servers, found.routes) == ((), ())


def test_a_started_server_is_healthy_and_carries_its_spec(target: Target) -> None:
    target.start("dev", SMALL, gguf("v1"))
    (found,) = target.observe("dev").servers
    assert (found.key, found.replica, found.health, found.spec) == (SMALL.key, 0, Health.HEALTHY, SMALL.to_json())


def test_starting_a_running_server_changes_nothing(target: Target) -> None:
    target.start("dev", SMALL, gguf("v1"))
    before = target.observe("dev")
    target.start("dev", SMALL, gguf("v1"))
    assert target.observe("dev") == before


def test_replicas_are_added_and_taken_away(target: Target) -> None:
    for replicas in (1, 2, 1):
        target.start("dev", server("v1", replicas), gguf("v1"))
        found = target.observe("dev").servers
        assert [(s.replica, s.health) for s in found] == [(n, Health.HEALTHY) for n in range(replicas)]
        assert all(s.spec == server("v1", replicas).to_json() for s in found)


def test_an_artifact_that_cannot_be_loaded_leaves_nothing_behind(target: Target, tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"this is no model")
    target.start("dev", SMALL, gguf("v1"))
    before = target.observe("dev")
    with pytest.raises(PermanentError, match="RUN006"):
        target.start("dev", OTHER, tmp_path / "bad.gguf")
    assert target.observe("dev") == before


def test_a_route_is_observed_as_it_was_applied(target: Target) -> None:
    target.start("dev", SMALL, gguf("v1"))
    applied = route(SMALL, messages=(("system", "Be kind."),))
    target.route("dev", table(applied))
    found = target.observe("dev")
    assert found.gateway is Health.HEALTHY
    assert found.address.startswith("http://127.0.0.1:")
    (seen,) = found.routes
    assert (seen.deployment, seen.release, seen.server) == (applied.deployment, applied.release, applied.server)
    assert (seen.route, seen.manifest) == (applied.spec.to_json(), applied.manifest)
    assert (seen.revision, seen.applied_at) == (applied.revision, applied.applied_at)
    assert (seen.requests, seen.failures) == (0, 0)


def test_a_table_is_the_whole_truth(target: Target) -> None:
    target.start("dev", SMALL, gguf("v1"))
    target.route("dev", table(route(SMALL, "a"), route(SMALL, "b")))
    target.route("dev", table(route(SMALL, "c")))
    assert [r.deployment.name for r in target.observe("dev").routes] == ["c"]


def test_a_refused_table_leaves_the_one_in_force(target: Target) -> None:
    target.start("dev", SMALL, gguf("v1"))
    target.route("dev", table(route(SMALL, "a")))
    before = target.observe("dev")
    with pytest.raises(PermanentError, match="same model name"):
        target.route("dev", table(route(SMALL, "a"), route(SMALL, "b", model_name="a")))
    assert target.observe("dev") == before


def test_stopping_one_server_leaves_the_others_and_the_gateway(target: Target) -> None:
    target.start("dev", SMALL, gguf("v1"))
    target.start("dev", OTHER, gguf("v2"))
    target.route("dev", table(route(OTHER)))
    target.stop("dev", [SMALL.key])
    found = target.observe("dev")
    assert [(s.key, s.health) for s in found.servers] == [(OTHER.key, Health.HEALTHY)]
    assert found.gateway is Health.HEALTHY


def test_without_routes_and_servers_nothing_is_left(target: Target) -> None:
    target.start("dev", SMALL, gguf("v1"))
    target.route("dev", table(route(SMALL)))
    target.route("dev", table())
    target.stop("dev", [SMALL.key])
    found = target.observe("dev")
    assert (found.gateway, found.servers, found.routes) == (Health.STOPPED, (), ())


def test_stopping_what_does_not_run_is_no_error(target: Target) -> None:
    target.stop("dev", [SMALL.key])
    target.start("dev", SMALL, gguf("v1"))
    target.stop("dev", [OTHER.key])
    assert [s.key for s in target.observe("dev").servers] == [SMALL.key]


def test_an_empty_table_starts_nothing(target: Target) -> None:
    target.route("dev", table())
    assert target.observe("dev").gateway is Health.STOPPED


def test_two_environments_do_not_meet(target: Target) -> None:
    target.start("dev", SMALL, gguf("v1"))
    target.start("prod", SMALL, gguf("v1"))
    target.route("dev", table(route(SMALL)))
    target.route("prod", table(route(SMALL, environment="prod")))
    before = target.observe("prod")
    target.route("dev", table())
    target.stop("dev", [SMALL.key])
    assert target.observe("dev").servers == ()
    assert target.observe("prod") == before


def beside(spec: ServerSpec, **fields: Any) -> Candidate:
    r = route(spec, "beside")
    return Candidate("new", r.release, r.server, r.spec, r.manifest, r.revision, r.applied_at, **fields)


def test_a_split_is_observed_as_it_was_applied(target: Target) -> None:
    target.start("dev", SMALL, gguf("v1"))
    target.start("dev", OTHER, gguf("v2"))
    new = beside(OTHER, weight=12.5, mirror=50.0)
    target.route("dev", table(replace(route(SMALL), split=Split((new,), "user", {"step": 1}), held=True)))
    (seen,) = target.observe("dev").routes
    assert seen.held
    assert seen.split is not None
    assert (seen.split.sticky, seen.split.progress) == ("user", {"step": 1})
    (found,) = seen.split.candidates
    assert (found.name, found.release, found.server, found.route) == (
        "new",
        new.release,
        new.server,
        new.spec.to_json(),
    )
    assert (found.manifest, found.revision, found.applied_at) == (new.manifest, new.revision, new.applied_at)
    assert (found.weight, found.mirror) == (12.5, 50.0)
    target.route("dev", table(route(SMALL)))
    (seen,) = target.observe("dev").routes
    assert (seen.split, seen.held) == (None, False)


@pytest.mark.parametrize(
    "candidates",
    [
        (beside(OTHER, weight=101.0),),
        (beside(OTHER, weight=-1.0),),
        (beside(OTHER, mirror=101.0),),
        (beside(OTHER, weight=60.0), replace(beside(OTHER, weight=60.0), name="other")),
        (beside(OTHER), beside(OTHER)),
    ],
    ids=["above all", "below nothing", "more copies than requests", "sum above all", "one name twice"],
)
def test_a_split_that_cannot_be_served_leaves_the_table_in_force(
    target: Target, candidates: tuple[Candidate, ...]
) -> None:
    target.start("dev", SMALL, gguf("v1"))
    target.route("dev", table(route(SMALL)))
    before = target.observe("dev")
    with pytest.raises(PermanentError, match="GW005"):
        target.route("dev", table(replace(route(SMALL), split=Split(candidates))))
    assert target.observe("dev") == before


def test_traffic_of_a_deployment_that_nobody_asked_is_empty_since_then(target: TrafficTarget) -> None:
    target.start("dev", SMALL, gguf("v1"))
    target.route("dev", table(route(SMALL)))
    now = datetime.now(UTC)
    found = target.traffic("dev", route(SMALL).deployment, now)
    assert timedelta(0) <= found.since - now <= timedelta(microseconds=2)
    assert (found.served, found.copied) == ({}, {})


def test_nobody_can_tell_the_traffic_without_a_gateway(target: TrafficTarget) -> None:
    with pytest.raises(TransientError):
        target.traffic("dev", route(SMALL).deployment, datetime.now(UTC))
