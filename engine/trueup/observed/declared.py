"""What would be observed if a declaration had been applied and nothing had happened since."""

from datetime import datetime

from trueup.desired.manifest import manifest_of
from trueup.desired.state import DesiredDeployment, DesiredState
from trueup.observed.state import Health, ObservedRoute, ObservedServer, ObservedState, ObservedTarget


def as_declared(desired: DesiredState | None, environment: str, at: datetime) -> ObservedState:
    """Return *desired* as if it ran since *at*; None is an environment in which nothing ever ran.

    What only measuring tells stays unknown: there is no evidence, and no release was verified.
    """
    if desired is None:
        return ObservedState(ObservedTarget(environment, Health.STOPPED, ""))
    servers = {
        (d.server.key, replica): ObservedServer(d.server.key, replica, Health.HEALTHY, d.server.to_json())
        for d in desired.deployments
        for replica in range(d.server.replicas)
    }
    target = ObservedTarget(
        environment=environment,
        gateway=Health.HEALTHY if desired.deployments else Health.STOPPED,
        address="",
        servers=tuple(servers[key] for key in sorted(servers)),
        routes=tuple(_route(d, str(desired.revision), at) for d in desired.deployments),
    )
    keys = (k for d in desired.deployments for k in (d.release.artifact.digest, d.release.build.key))
    data = (e.dataset.digest for d in desired.deployments for e in d.evaluations)
    return ObservedState(target, artifacts=frozenset((*keys, *data)))


def _route(deployment: DesiredDeployment, revision: str, at: datetime) -> ObservedRoute:
    return ObservedRoute(
        deployment=deployment.id,
        release=deployment.release.digest,
        server=deployment.server.key,
        route=deployment.route.to_json(),
        manifest=manifest_of(deployment),
        revision=revision,
        applied_at=at,
    )
