"""Queries of an analysis, filled in for one release."""

from datetime import timedelta

from trueup.core.digests import Digest
from trueup.core.ids import ResourceId


def filled_in(query: str, deployment: ResourceId, release: Digest, window: timedelta) -> str:
    """Return *query* with its placeholders filled in.

    Args:
        query: With any of `{{deployment}}`, `{{release}}`, `{{environment}}` and `{{window}}`.
        deployment: Whose release it is; its environment too.
        release: Digest of the release.
        window: Time the analysis looks back, spelled in whole seconds, at least one.
    """
    values = {
        "deployment": deployment.name,
        "environment": deployment.environment,
        "release": release,
        "window": f"{max(1, int(window.total_seconds()))}s",
    }
    for name, value in values.items():
        query = query.replace(f"{{{{{name}}}}}", value)
    return query
