"""Where a target differs from what was applied to it, told apart from what a plan would do."""

from dataclasses import replace

from states import Want, applied, desired, nothing, servers_of, with_server
from trueup.diff.compare import diff, drifted
from trueup.observed.state import Health


def test_what_runs_as_applied_has_not_drifted() -> None:
    state = desired(Want())
    assert drifted(state, applied(state)) == drifted(state, nothing()) == ()


def test_drift_is_told_also_where_a_declared_change_hides_it() -> None:
    before, after = desired(Want()), desired(Want(prompt="support@2"))
    broken = with_server(applied(before), 0, health=Health.UNHEALTHY)
    (update,) = [c for c in diff(after, broken) if str(c.address) == "Deployment/dev/support"]
    assert not getattr(update, "drift", False)
    ((address, reason),) = drifted(after, broken)
    assert str(address) == "Deployment/dev/support"
    assert "is unhealthy" in reason


def test_a_deployment_that_is_not_declared_any_more_can_have_drifted() -> None:
    broken = with_server(applied(desired(Want())), 0, health=Health.STOPPED)
    assert "was stopped" in drifted(desired(), broken)[0][1]


def test_a_server_that_no_release_needs_is_drift_and_a_new_one_is_not() -> None:
    state, other = desired(Want()), desired(Want(threads=2))
    seen = applied(state)
    stray = servers_of(other.deployments[0])
    running = replace(seen, target=replace(seen.target, servers=(*seen.target.servers, *stray)))
    ((address, reason),) = drifted(state, running)
    assert (address.kind, reason) == ("Server", "no release needs this server")
    # In the middle of an apply, the new servers run beside the old ones.
    assert drifted(other, running) == ()


def test_a_route_without_manifest_says_nothing() -> None:
    state = desired(Want())
    seen = applied(state)
    route = replace(seen.target.routes[0], manifest=None)
    assert drifted(state, replace(seen, target=replace(seen.target, routes=(route,)))) == ()


def test_a_deployment_that_shares_its_server_has_not_drifted() -> None:
    state = desired(Want("a", replicas=1), Want("b", replicas=2))
    assert drifted(state, applied(state)) == ()
