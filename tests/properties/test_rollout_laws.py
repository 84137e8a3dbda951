"""Laws of rollouts: whatever is planned, no step takes away what something still needs."""

from hypothesis import given, settings
from test_diff_laws import observations, states

from states import NOON, applied
from trueup.core.digests import Digest
from trueup.desired.state import DesiredState
from trueup.diff.changes import Build, Delete, Fetch
from trueup.diff.compare import diff
from trueup.observed.state import ObservedState
from trueup.plan.build import build_plan
from trueup.plan.plan import Plan
from trueup.rollout.steps import (
    BuildStep,
    FetchStep,
    GateStep,
    RouteStep,
    ScaleStep,
    StopStep,
    VerifyStep,
    rollouts,
    step_name,
)

calmly = settings(deadline=None)


def planned(state: DesiredState, observed: ObservedState) -> Plan:
    return build_plan(state, observed, diff(state, observed), Digest(""), "trueup 0", NOON)


@calmly
@given(states, observations())
def test_every_fetch_and_build_happens_exactly_once(state: DesiredState, observed: ObservedState) -> None:
    plan = planned(state, observed)
    steps = [s for r in rollouts(plan, state, observed) for s in r.steps]
    fetched = [s.artifact.digest for s in steps if isinstance(s, FetchStep)]
    built = [s.build.key for s in steps if isinstance(s, BuildStep)]
    assert sorted(fetched) == sorted(c.digest for c in plan.changes if isinstance(c, Fetch))
    assert sorted(built) == sorted(c.key for c in plan.changes if isinstance(c, Build))


@calmly
@given(states, observations())
def test_no_server_is_stopped_that_a_route_points_at(state: DesiredState, observed: ObservedState) -> None:
    routed = {r.deployment: r.server for r in observed.target.routes}
    for rollout in rollouts(planned(state, observed), state, observed):
        for step in rollout.steps:
            if isinstance(step, RouteStep):
                routed.pop(rollout.address, None)
                if rollout.deployment:
                    routed[rollout.address] = rollout.deployment.server.key
            if isinstance(step, StopStep):
                assert not set(step.servers) & set(routed.values())
                assert not set(step.servers) & {d.server.key for d in state.deployments}


@calmly
@given(states, observations())
def test_the_gate_comes_before_traffic_and_only_clearing_up_after_it(
    state: DesiredState, observed: ObservedState
) -> None:
    for rollout in rollouts(planned(state, observed), state, observed):
        if rollout.deployment is None:
            continue
        kinds = [step_name(s) for s in rollout.steps]
        assert kinds.count("gate") == 1
        after = rollout.steps[kinds.index("gate") + 1 :]
        assert all(isinstance(s, RouteStep | VerifyStep | ScaleStep | StopStep) for s in after)
        assert not any(
            isinstance(s, GateStep | RouteStep | ScaleStep | StopStep) for s in rollout.steps[: kinds.index("gate")]
        )


@calmly
@given(states, observations())
def test_deletions_come_after_all_deployments(state: DesiredState, observed: ObservedState) -> None:
    found = rollouts(planned(state, observed), state, observed)
    kinds = [r.deployment is None for r in found]
    assert kinds == sorted(kinds)
    deleted = [c for c in planned(state, observed).changes if isinstance(c, Delete)]
    assert sum(kinds) == len(deleted)


@calmly
@given(states)
def test_what_is_in_sync_takes_no_step(state: DesiredState) -> None:
    observed = applied(state)
    assert rollouts(planned(state, observed), state, observed) == ()
