"""The table of one run: moved as a whole, taken over by name, given back when the target has another."""

from dataclasses import replace

from states import NOON, Want, applied, deployment, desired, environment
from trueup.core.digests import Revision
from trueup.desired.state import DesiredDeployment
from trueup.ports import Route
from trueup.reconcile.routing import Routing
from workspaces import Fuse, WorkedTarget

A, B = deployment(Want(name="a")), deployment(Want(name="b"))


def route(item: DesiredDeployment, name: str = "") -> Route:
    spec = replace(item.route, model_name=name) if name else item.route
    return Route(item.id, item.release.digest, item.server.key, spec, {}, Revision(""), NOON)


def routing(target: WorkedTarget, *wants: Want) -> Routing:
    return Routing(environment(), target, applied(desired(*wants)).target.routes)


def test_what_had_a_route_and_has_none_is_removed() -> None:
    found = routing(WorkedTarget(Fuse()), Want(name="a"), Want(name="b"))
    assert found.removed == ()
    found.remove(A.id)
    assert found.removed == (A.id,)
    found.move(route(A))
    assert found.removed == ()


def test_a_model_name_belongs_to_the_last_it_was_moved_to() -> None:
    target = WorkedTarget(Fuse())
    found = routing(target, Want(name="a"))
    assert found.move(route(B, "a")) == (A.id,)
    assert [r.deployment for r in target.observe("dev").routes] == [B.id]
    assert found.removed == (A.id,)


def test_moving_within_a_deployment_takes_nothing_over() -> None:
    assert routing(WorkedTarget(Fuse()), Want(name="a")).move(route(A)) == ()


def test_a_table_the_target_still_has_is_not_given_back_again() -> None:
    target = WorkedTarget(Fuse())
    found = routing(target, Want(name="a"))
    found.move(route(A))
    found.begin()
    calls = len(target.calls)
    assert not found.give_back()
    assert len(target.calls) == calls
    found.move(route(B))
    assert found.give_back()
    assert [r.deployment for r in target.observe("dev").routes] == [A.id]


def test_a_route_that_cannot_be_read_cannot_be_given_back() -> None:
    observed = applied(desired(Want(name="a"), Want(name="b")))
    odd = replace(observed.target.routes[0], route={"modelName": 1})
    state = replace(observed, target=replace(observed.target, routes=(odd, observed.target.routes[1])))
    assert Routing(environment(), WorkedTarget(Fuse()), state.target.routes).servers == {B.server.key}
    empty = replace(
        state, target=replace(state.target, routes=(replace(odd, route={**A.route.to_json(), "limits": 1}),))
    )
    assert Routing(environment(), WorkedTarget(Fuse()), empty.target.routes).servers == set()
