"""What serves now beside what is to serve: the running release, and the parts of it that a plan replaces."""

from collections.abc import Mapping

from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment
from trueup.diff.fields import is_same
from trueup.diff.manifests import Manifest, read_manifest
from trueup.diff.masks import masked
from trueup.observed.state import ObservedRoute


def running(route: ObservedRoute) -> Json:
    """Return what serves for one deployment, as it was applied."""
    applied = read_manifest(route.manifest)
    release, build = _object(applied.part("release")), applied.part("release", "build")
    return {
        # Digests and addresses hold no secrets; parameters of a build are what somebody wrote.
        "release": {**release, **({"build": masked(build)} if build is not None else {}), "digest": route.release},
        "server": {**_object(masked(applied.part("server"))), "key": route.server},
        "revision": route.revision,
        "appliedAt": route.applied_at.isoformat().replace("+00:00", "Z") if route.applied_at else None,
    }


def _object(part: Json) -> Mapping[str, Json]:
    return part if isinstance(part, Mapping) else {}


def replaced_parts(deployment: DesiredDeployment, route: ObservedRoute) -> list[Json]:
    """Return the parts of what serves that *deployment* replaces, in the order of the document."""
    applied, release, server = read_manifest(route.manifest), deployment.release, deployment.server
    wanted = release.to_json()
    compared: dict[str, tuple[Json, Json]] = {
        "model": (_digest(applied.part("release", "model")), release.model.digest),
        "adapters": (applied.part("release", "adapters"), wanted["adapters"]),
        "prompt": (applied.part("release", "prompt"), wanted["prompt"]),
        "build": (_build(applied), {"mode": release.build.mode, "parameters": dict(release.build.parameters)}),
        "runtime": (_runtime(applied), [server.runtime, server.interpreter]),
        "arguments": (applied.part("server", "arguments"), dict(server.arguments)),
    }
    return [part for part, (before, after) in compared.items() if not is_same(before, after)]


def _digest(pin: Json) -> Json:
    return pin.get("digest") if isinstance(pin, Mapping) else None


def _build(applied: Manifest) -> Json:
    """Return how it was built; the key would differ with the model, too."""
    return {key: applied.part("release", "build", key) for key in ("mode", "parameters")}


def _runtime(applied: Manifest) -> Json:
    return [applied.part("server", "runtime"), applied.part("server", "interpreter")]
