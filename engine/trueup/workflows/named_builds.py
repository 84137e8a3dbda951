"""Finds what a user names: a Build, and the model that it is to be made from."""

from collections.abc import Mapping, Sequence

from trueup.builds import codes
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId, parse_address
from trueup.core.json import Json, mapping_of
from trueup.core.suggestions import did_you_mean
from trueup.spec.resource import Resource, Resources, document_of


def find_named(address: str, kind: str, resources: Resources) -> Resource:
    """Return the resource of that *kind*; *address* may leave the kind out.

    Raises:
        PermanentError: None is called that (BLD001).
    """
    full = address if "/" in address else f"{kind}/{address}"
    id_ = parse_address(full)
    if id_ is not None and id_ in resources and id_.kind == kind:
        return resources[id_]
    hint = did_you_mean(full, [str(r) for r in resources if r.kind == kind])
    raise PermanentError(codes.UNKNOWN_BUILD, f"`{address}` is no {kind} that is declared.", hint=hint)


def users_of(build: ResourceId, resources: Resources) -> list[Resource]:
    """Return the deployments that use *build*, sorted."""
    found = [
        r for r in resources.values() if r.id.kind == "Deployment" and any(f.target == build for f in r.references)
    ]
    return sorted(found, key=lambda r: r.id)


def model_of(build: ResourceId, model: str, users: Sequence[Resource], resources: Resources) -> Resource:
    """Return the Model called *model*; if that is empty, the one that all of *users* have.

    Raises:
        PermanentError: No such Model is declared (BLD001), or it is not clear which one is meant (BLD002).
    """
    if model:
        return find_named(model, "Model", resources)
    named = sorted({str(release_of(d).get("model")) for d in users})
    if len(named) == 1:
        return find_named(named[0], "Model", resources)
    if named:
        detail = f"Deployments that use {build} have {len(named)} models: {', '.join(named)}."
        raise PermanentError(codes.UNCLEAR_MODEL, detail, hint=f"say `--model {named[0]}`, or another of them")
    raise PermanentError(codes.UNCLEAR_MODEL, f"No deployment uses {build}.")


def spec_of(resource: Resource) -> Mapping[str, Json]:
    """Return the `spec` of *resource* as it is declared."""
    return mapping_of(mapping_of(document_of(resource)).get("spec"))


def release_of(deployment: Resource) -> Mapping[str, Json]:
    """Return the `release` of *deployment* as it is declared."""
    return mapping_of(spec_of(deployment).get("release"))
