"""How long a release has served upstream, against how long it must have."""

from collections.abc import Mapping
from datetime import timedelta

from trueup.core.durations import parse_duration
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment, EnvironmentFacts
from trueup.observed.state import VerifiedRelease


def soak_facts(
    deployments: tuple[DesiredDeployment, ...], environment: EnvironmentFacts, upstream: tuple[VerifiedRelease, ...]
) -> dict[str, Json]:
    """Return required and served time of the release of each of *deployments*, by address."""
    settings = environment.settings if isinstance(environment.settings, Mapping) else {}
    required = parse_duration(str(settings.get("soakTime") or "")) or timedelta()
    if not environment.upstream and not required:
        return {}
    served = {(v.deployment.name, v.release): v for v in reversed(upstream)}
    return {
        str(d.id): _soak(required, environment.upstream, served.get((d.id.name, d.release.digest))) for d in deployments
    }


def _soak(required: timedelta, upstream: str, served: VerifiedRelease | None) -> Json:
    time = served.served if served else None
    return {
        "requiredSeconds": int(required.total_seconds()),
        "servedSeconds": None if time is None else int(time.total_seconds()),
        "upstream": upstream,
        "retired": None if served is None else not served.is_serving,
    }
