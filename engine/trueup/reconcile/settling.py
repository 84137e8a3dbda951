"""Brings traffic to rest where a rollout was left half way: all of it to the stable release."""

from collections.abc import Iterator

from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.desired.state import EnvironmentFacts
from trueup.observed.state import Health, ObservedRoute
from trueup.ports import Store, Target
from trueup.reconcile import codes
from trueup.reconcile.making_room import served_spec
from trueup.reconcile.routing import Routing


def settle(environment: EnvironmentFacts, target: Target, store: Store) -> Iterator[tuple[ResourceId, str]]:
    """Give the stable releases all their traffic, on servers that run; yield each deployment and what was done.

    A release that was swapped in place is started again first, after the one that was to take its room has ended.

    Raises:
        PermanentError: A stable release cannot be started again, because its artifact is gone.
    """
    observed = target.observe(environment.name)
    left = [r for r in observed.routes if r.split is not None or r.held]
    if not left:
        return
    routing = Routing(environment, target, observed.routes)
    live = {s.key for s in observed.servers if s.health is Health.HEALTHY}
    ended = {r.server for r in left} - live
    beside = {key for r in left for key in r.beside} - {r.server for r in observed.routes}
    if ended:  # one that was swapped in place: requests wait, for there is room for one of the two
        routing.give_back_at_once(ended)
        running = {s.key for s in observed.servers}
        target.stop(environment.name, tuple(sorted((beside | running) - {r.server for r in observed.routes})))
        for route in left:
            if route.server in ended:
                _revive(route, target, store)
    routing.give_back_at_once()
    if beside:
        target.stop(environment.name, tuple(sorted(beside)))
    for route in left:
        yield route.deployment, "all traffic is back at the release that served before"


def _revive(route: ObservedRoute, target: Target, store: Store) -> None:
    spec = served_spec(route)
    artifact = store.find(spec.artifact) if spec is not None else None
    if spec is None or artifact is None:
        raise PermanentError(codes.NO_WAY_BACK, f"{route.deployment}: its artifact is not in the store.")
    target.start(str(route.deployment.environment), spec, artifact)
