"""What every target does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes import FakeTarget
from serving import gguf, process_target, route, server, table
from trueup.core.errors import PermanentError
from trueup.observed.state import Health
from trueup.ports import Target

SMALL = server("v1")
OTHER = server("v2")


@pytest.fixture(params=["process", "fake"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    if request.param == "fake":
        yield FakeTarget()
        return
    with process_target(tmp_path / "targets") as made:
        yield made


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
