"""Models, adapters, data and prompts as components of a CycloneDX bill of materials.

Source of the format: CycloneDX 1.6 and 1.7, JSON (cyclonedx.org/docs/1.6/json). What it has no field for is a property
whose name starts with `trueup:`.
"""

from collections.abc import Iterable, Mapping, Sequence

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.spec import kinds
from trueup.spec.kinds.base import Attachment, Source, text_of
from trueup.spec.resource import Resource, Resources

Component = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Stored:
    """An artifact as the store has it: path and digest of each file."""

    digest: Digest
    files: tuple[tuple[str, Digest], ...]
    is_folder: bool


def hashes_of(digest: str) -> Json:
    """Return *digest* as the one hash of a file."""
    return [{"alg": "SHA-256", "content": digest.removeprefix("sha256:")}]


def properties_of(values: Mapping[str, Json]) -> list[Json]:
    """Return the values that are there as properties, in the order of their names."""
    said = ((name, value) for name, value in sorted(values.items()) if value not in (None, ""))
    return [{"name": f"trueup:{name}", "value": _text(value)} for name, value in said]


def content_of(declared: str, stored: Stored | None) -> tuple[Component, dict[str, Json]]:
    """Return fields and properties that say which bytes an artifact has.

    A file has a hash of its own. A folder has none that other tools know: its files are listed where the store has
    them, and the digest that trueup knows it by is a property.
    """
    digest = stored.digest if stored else declared
    if stored is None:
        return {}, {"digest": digest}
    if not stored.is_folder:
        return {"hashes": hashes_of(digest)}, {"digest": digest}
    files: list[Json] = [{"type": "file", "name": path, "hashes": hashes_of(found)} for path, found in stored.files]
    return {"components": files}, {"digest": digest}


def model_component(resource: Resource, resources: Resources, stored: Stored | None = None) -> Component:
    """Return a Model with what it was made from; its card is for the caller to add."""
    model = kinds.model(resource)
    spec = model.spec
    fields, about = content_of(spec.source.digest or "", stored)
    about |= {
        "address": str(resource.id),
        "format": spec.format,
        "owner": model.metadata.owner,
        "paramSize": spec.param_size,
        "precision": spec.precision,
        "quantization": spec.quantization,
        "contextLength": spec.context_length,
        "lifecycle": spec.lifecycle.phase,
    }
    named = tuple(ResourceId("Model", *reference.split("@", 1)) for reference in spec.base_model)
    return {
        "type": "machine-learning-model",
        "name": resource.id.name,
        "version": resource.id.version,
        **({"supplier": {"name": spec.vendor}} if spec.vendor else {}),
        **({"description": text_of(spec.card)} if spec.card else {}),
        **fields,
        **licenses_of(spec.licenses, spec.license_name, spec.license_link),
        **_package_url(spec.source),
        **_pedigree(named, spec.relation or "base", resources),
        "externalReferences": [
            *_origin(spec.source),
            *_attached(spec.bom, "bom"),
            *_attached(spec.provenance, "attestation"),
        ],
        "properties": properties_of(about),
    }


def adapter_component(resource: Resource, resources: Resources, stored: Stored | None = None) -> Component:
    """Return an Adapter with the model that it was trained on."""
    adapter = kinds.adapter(resource)
    spec = adapter.spec
    fields, about = content_of(spec.source.digest or "", stored)
    about |= {"address": str(resource.id), "owner": adapter.metadata.owner, "method": spec.method, "rank": spec.rank}
    base = ResourceId("Model", *spec.base_model.split("@", 1))
    return {
        "type": "machine-learning-model",
        "name": resource.id.name,
        "version": resource.id.version,
        **({"description": text_of(spec.card)} if spec.card else {}),
        **fields,
        **licenses_of(spec.licenses),
        **_package_url(spec.source),
        **_pedigree((base,), "adapter", resources),
        "externalReferences": [*_origin(spec.source), *_attached(spec.provenance, "attestation")],
        "properties": properties_of(about),
    }


def data_component(resource: Resource, stored: Stored | None = None) -> Component:
    """Return a Dataset: what is in it, who answers for it, what is sensitive."""
    dataset = kinds.dataset(resource)
    spec = dataset.spec
    fields, about = content_of(spec.source.digest or "", stored)
    about |= {
        "address": str(resource.id),
        "owner": dataset.metadata.owner,
        "purpose": spec.purpose,
        "split": spec.split,
        "records": spec.dataset_size,
        "collection": spec.data_collection_process,
        "intendedUse": spec.intended_use,
        "knownBias": "; ".join(spec.known_bias),
        "generatedBy": spec.generated_by,
    }
    personal = spec.personal_data
    sensitive: list[Json] = list(personal.categories) or ["personal data"] if personal and personal.present else []
    governance = spec.governance
    parties = {
        name: [{"organization": {"name": party}} for party in found]
        for name in ("custodians", "stewards", "owners")
        if governance and (found := getattr(governance, name))
    }
    described: Component = {
        "type": "dataset",
        "name": resource.id.name,
        "contents": {"url": spec.source.uri},
        **({"classification": spec.confidentiality_level} if spec.confidentiality_level else {}),
        **({"sensitiveData": sensitive} if sensitive else {}),
        **({"governance": parties} if parties else {}),
    }
    return {
        "type": "data",
        "name": resource.id.name,
        "version": resource.id.version,
        **({"description": text_of(spec.card)} if spec.card else {}),
        **fields,
        **licenses_of((spec.license,) if spec.license else (), "", spec.license_link),
        **_package_url(spec.source),
        "externalReferences": [*_origin(spec.source), *_attached(spec.bom, "bom")],
        "data": [described],
        "properties": properties_of(about),
    }


def prompt_component(resource: Resource) -> Component:
    """Return a Prompt by its digest; its text stays in the repository."""
    owner = kinds.prompt(resource).metadata.owner
    about: dict[str, Json] = {"address": str(resource.id), "owner": owner, "digest": resource.digest}
    return {
        "type": "data",
        "name": resource.id.name,
        "version": resource.id.version,
        "data": [{"type": "configuration", "name": resource.id.name, "description": "Prompt and decoding parameters."}],
        "properties": properties_of(about),
    }


def licenses_of(expressions: Sequence[str], name: str | None = None, link: str | None = None) -> Component:
    """Return the licences; all of several hold, and one that SPDX does not list is named with its address."""
    if name:
        named: Component = {"name": name, **({"url": link} if link else {})}
        return {"licenses": [{"license": named}, *({"license": {"name": e}} for e in expressions)]}
    if not expressions:
        return {}
    joined = expressions[0] if len(expressions) == 1 else " AND ".join(_bracketed(e) for e in expressions)
    return {"licenses": [{"expression": joined}]}


def _bracketed(expression: str) -> str:
    return f"({expression})" if " " in expression else expression


def _pedigree(named: Iterable[ResourceId], relation: str, resources: Resources) -> Component:
    """Return what a model was made from, and what that was made from; references lead in no circle."""
    known = [model_component(resources[id_], resources) for id_ in named if id_ in resources]
    return {"pedigree": {"ancestors": known, "notes": f"relation to its ancestors: {relation}"}} if known else {}


def _origin(source: Source) -> list[Json]:
    comment = {"comment": f"revision {source.revision}"} if source.revision else {}
    return [{"type": "distribution", "url": source.uri, **comment}]


def _attached(attachment: Attachment | None, kind: str) -> list[Json]:
    if attachment is None:
        return []
    hashes = {"hashes": hashes_of(attachment.digest)} if attachment.digest else {}
    return [{"type": kind, "url": attachment.uri, **hashes}]


def _package_url(source: Source) -> Component:
    """Return the package URL of a model on the Hugging Face Hub [purl-spec, type `huggingface`]."""
    if not source.uri.startswith("hf://"):
        return {}
    name = "/".join(source.uri.removeprefix("hf://").split("/")[:2])
    return {"purl": f"pkg:huggingface/{name}" + (f"@{source.revision.lower()}" if source.revision else "")}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else str(value)
