"""What a new release is compared with: the release that serves, measured in the same way."""

from collections.abc import Mapping

from trueup.core.digests import Digest
from trueup.core.json import Json, mapping_of
from trueup.desired.evaluations import key_of, served_inputs, with_decoding_input
from trueup.desired.state import RequiredEvaluation, RouteSpec

_OF_THE_MEASURE = ("evaluation", "dataset", "judge", "suite")
"""Inputs that are the same for both sides."""


def baseline_inputs(manifest: Json, route: Json, required: RequiredEvaluation) -> tuple[tuple[str, Digest], ...] | None:
    """Return the inputs that a result of *required* has for the release that serves; None when they cannot be told.

    Args:
        manifest: What apply left of it (`ObservedRoute.manifest`, `VerifiedRelease.manifest`).
        route: The route spec in force, as JSON; the manifest's own when it has none.
        required: What the new release is measured by.
    """
    served = mapping_of(mapping_of(manifest).get("deployment"))
    release, server = mapping_of(served.get("release")), mapping_of(served.get("server"))
    try:
        spec = RouteSpec.from_json(route or served.get("route"))
    except (ValueError, TypeError):
        return None
    if not release or not server:
        return None
    measured: Mapping[str, Digest] = {n: d for n, d in required.inputs if n in _OF_THE_MEASURE}
    inputs = {**served_inputs(release, server, spec), **measured}
    return with_decoding_input(inputs, {**dict(spec.decoding), **dict(required.decoding)})


def baseline_key(manifest: Json, route: Json, required: RequiredEvaluation) -> Digest | None:
    """Return the key of the result that *required* would have for the release that serves; arguments as above."""
    inputs = baseline_inputs(manifest, route, required)
    return None if inputs is None else key_of(inputs)
