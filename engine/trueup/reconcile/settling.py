"""Brings traffic to rest where a rollout was left half way: all of it to the stable release."""

from collections.abc import Iterator

from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.desired.state import EnvironmentFacts
from trueup.observed.state import Health, ObservedRoute, ObservedTarget
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
    stable = {r.server for r in observed.routes}
    beside = tuple(sorted({key for r in left for key in r.beside} - stable))
    for route in left:
        if route.held:
            _revive(route, observed, target, store)
    routing = Routing(environment, target, observed.routes)
    routing.give_back_at_once()
    if beside:
        target.stop(environment.name, beside)
    for route in left:
        yield route.deployment, "all traffic is back at the release that served before"


def _revive(route: ObservedRoute, observed: ObservedTarget, target: Target, store: Store) -> None:
    spec = served_spec(route)
    live = [s for s in observed.servers if s.key == route.server and s.health is Health.HEALTHY]
    if spec is None or spec.key != route.server or len(live) >= spec.replicas:
        return
    artifact = store.find(spec.artifact)
    if artifact is None:
        raise PermanentError(codes.NO_WAY_BACK, f"{route.deployment}: artifact {spec.artifact} is not in the store.")
    routed: set[Digest] = {r.server for r in observed.routes}
    others = tuple(sorted({s.key for s in observed.servers} - routed))
    if others:  # there is no room for both
        target.stop(observed.environment, others)
    target.start(observed.environment, spec, artifact)
