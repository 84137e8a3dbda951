"""What a bill of materials cannot say: nothing declares it, nothing measured it, or nobody has the bytes here."""

from collections.abc import Collection, Iterator, Mapping

from trueup.core.digests import Digest
from trueup.core.ids import ResourceId
from trueup.core.json import Json, mapping_of
from trueup.spec.resource import Resource, Resources, document_of

_ASKED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "Model": (
        ("spec.source.digest",),
        ("spec.licenses", "spec.licenseName"),
        ("spec.vendor",),
        ("spec.architecture",),
        ("spec.task",),
        ("spec.datasets",),
    ),
    "Adapter": (("spec.source.digest",), ("spec.licenses",), ("spec.datasets",)),
    "Dataset": (
        ("spec.source.digest",),
        ("spec.license", "spec.licenseLink"),
        ("spec.governance",),
        ("spec.personalData",),
    ),
    "System": (("spec.users",), ("spec.technicalLimitations",), ("spec.ethicalConsiderations",)),
}
"""What those who take a bill ask of a kind; any field of a row answers it."""


def declared_gaps(id_: ResourceId, resources: Resources) -> Iterator[str]:
    """Yield what *id_* does not declare that a bill would say."""
    resource = resources.get(id_)
    if resource is None:
        return
    for row in _ASKED.get(id_.kind, ()):
        if not any(_has(resource, path) for path in row):
            yield f"{id_} declares no {' or '.join(row)}"


def unmeasured_gaps(required: Collection[ResourceId], measured: Collection[str]) -> Iterator[str]:
    """Yield the evaluations of *required* that gave nothing for what is served."""
    yield from (f"nothing was measured by {id_} of what is served" for id_ in required if str(id_) not in measured)


def unstored_gaps(key: Digest, stored: Collection[Digest], provenance: bytes) -> Iterator[str]:
    """Yield what is not known of a build with *key*: its bytes, and how it was made."""
    if key not in stored:
        yield f"the store here has no build with the key {key}, so its files are not listed"
    if not provenance:
        yield f"nothing here says how the build with the key {key} was made"


def _has(resource: Resource, path: str) -> bool:
    value: Json = document_of(resource)
    for key in path.split("."):
        value = mapping_of(value).get(key)
    return value not in (None, "", [], {})
