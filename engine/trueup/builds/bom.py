"""A bill of materials of a model, or of what a deployment serves: CycloneDX ML-BOM, equal for equal content.

Source of the format: CycloneDX 1.6 and 1.7, JSON. It holds no time and no random number: its serial number is made from
its content, so that two bills of one thing are equal.
"""

import json
from collections.abc import Mapping
from dataclasses import field

from trueup.builds.bom_components import (
    Component,
    Stored,
    adapter_component,
    content_of,
    data_component,
    model_component,
    prompt_component,
    properties_of,
)
from trueup.builds.bom_gaps import declared_gaps, unmeasured_gaps, unstored_gaps
from trueup.builds.provenance import MEDIA_TYPE, summary
from trueup.core.digests import Digest, digest_of, digest_of_bytes, uuid_of
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId, parse_address
from trueup.core.json import Json
from trueup.desired.state import Release
from trueup.spec import kinds
from trueup.spec.resource import Resource, Resources

SPEC_VERSIONS = ("1.6", "1.7")


@dataclass(frozen=True, slots=True)
class Measured:
    """One number that was measured of what is served."""

    evaluation: str
    metric: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What the bill is of, and what is known of it.

    Attributes:
        model: The Model.
        release: What is served of it; None for the model itself.
        system: The use case it is served for; empty for none.
        runtime: What serves it; empty for none.
        evaluations: Evaluations that it has to pass.
        measured: What was measured of the release.
        stored: Artifacts in the store, by their key.
        provenance: Statement of how the build was made; empty when it is not built, or not here.
    """

    model: ResourceId
    release: Release | None = None
    system: str = ""
    runtime: str = ""
    evaluations: tuple[ResourceId, ...] = ()
    measured: tuple[Measured, ...] = ()
    stored: Mapping[Digest, Stored] = field(default_factory=dict)
    provenance: bytes = b""


def bill_of(subject: Subject, resources: Resources, tool: str, spec_version: str = "1.6") -> dict[str, Json]:
    """Return the bill of materials of *subject*.

    Args:
        subject: What it is of; everything it names is in *resources*.
        resources: Every declared resource.
        tool: Version of this tool.
        spec_version: One of `SPEC_VERSIONS`.
    """
    parts = _parts(subject, resources)
    gaps = _gaps(subject, resources, parts)
    main = {**_main(subject, resources, parts), "bom-ref": "subject"}
    components = [{**part, "bom-ref": reference} for reference, part in sorted(parts.items())]
    content: dict[str, Json] = {
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "trueup", "version": tool}]},
            "component": main,
            "properties": [{"name": "trueup:gap", "value": gap} for gap in gaps],
        },
        "components": components,
        "dependencies": [
            {"ref": "subject", "dependsOn": sorted(parts)},
            *({"ref": reference} for reference in sorted(parts)),
        ],
        # Without a gap it is still not known to be complete: what nobody declares cannot be missed.
        "compositions": [{"aggregate": "incomplete" if gaps else "unknown", "assemblies": ["subject"]}],
        **_formulation(subject),
    }
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{spec_version}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": spec_version,
        "serialNumber": f"urn:uuid:{uuid_of(digest_of(content))}",
        "version": 1,
        **content,
    }


def _gaps(subject: Subject, resources: Resources, parts: Mapping[str, Component]) -> list[str]:
    """Return what the bill cannot say, in the order of its parts."""
    named = [subject.model, *filter(None, map(parse_address, sorted(parts)))]
    if subject.system:
        named.append(ResourceId("System", subject.system))
    found = [gap for id_ in named for gap in declared_gaps(id_, resources)]
    release = subject.release
    if release is None:
        return found
    found += unmeasured_gaps(subject.evaluations, {m.evaluation for m in subject.measured})
    if release.build.mode != "none":
        found += unstored_gaps(release.build.key, subject.stored, subject.provenance)
    return found


def _parts(subject: Subject, resources: Resources) -> dict[str, Component]:
    """Return what takes part besides the model, by reference: data, adapters, the prompt and the runtime."""
    model = kinds.model(resources[subject.model])
    data = {_versioned("Dataset", name) for name in model.spec.datasets}
    for id_ in subject.evaluations:
        named = kinds.evaluation(resources[id_]).spec.dataset
        data |= {_versioned("Dataset", named)} if named else set()
    release = subject.release
    if release is not None and (calibration := _calibration(release)):
        data.add(_versioned("Dataset", calibration))
    parts = {str(id_): data_component(resources[id_], _stored_source(resources[id_], subject)) for id_ in data}
    if release is not None:
        for pin in release.adapters:
            adapter = resources[pin.id]
            parts[str(pin.id)] = adapter_component(adapter, resources, _stored_source(adapter, subject))
        if release.prompt is not None:
            parts[str(release.prompt.id)] = prompt_component(resources[release.prompt.id])
    if subject.runtime:
        parts["runtime"] = {"type": "application", "name": subject.runtime}
    return parts


def _main(subject: Subject, resources: Resources, parts: Mapping[str, Component]) -> Component:
    resource = resources[subject.model]
    source = model_component(resource, resources, _stored_source(resource, subject))
    card = _card(subject, resources, parts)
    release = subject.release
    if release is None or release.build.mode == "none":
        return {**source, "modelCard": card}
    build = release.build
    fields, about = content_of("", subject.stored.get(build.key))
    about |= {
        "address": str(build.id),
        "build:key": build.key,
        "build:mode": build.mode,
        **{f"build:{name}": _spelled(value) for name, value in build.parameters},
    }
    return {
        **{k: v for k, v in source.items() if k in {"type", "name", "version", "supplier", "description", "licenses"}},
        **fields,
        "modelCard": card,
        "pedigree": {"ancestors": [source], "notes": f"made from its ancestor by a build of mode {build.mode}"},
        "externalReferences": _statement(subject),
        "properties": properties_of(about),
    }


def _statement(subject: Subject) -> list[Json]:
    """Return where the provenance of the build is: beside it in the store, and in the ledger, under its digest."""
    if not subject.provenance:
        return []
    digest = digest_of_bytes(subject.provenance)
    return [
        {
            "type": "attestation",
            "url": f"urn:trueup:provenance:{digest}",
            "comment": f"SLSA provenance ({MEDIA_TYPE}): provenance.json in the store, and an attachment in the ledger",
            "hashes": [{"alg": "SHA-256", "content": digest.removeprefix("sha256:")}],
        }
    ]


def _card(subject: Subject, resources: Resources, parts: Mapping[str, Component]) -> Component:
    spec = kinds.model(resources[subject.model]).spec
    able = spec.capabilities
    data: list[Json] = [{"ref": ref} for ref, part in sorted(parts.items()) if ref.startswith("Dataset/")]
    said: dict[str, Json] = {
        "task": spec.task,
        "architectureFamily": spec.architecture_family,
        "modelArchitecture": spec.architecture,
        "datasets": data,
        "inputs": [{"format": kind} for kind in able.input_types] if able else [],
        "outputs": [{"format": kind} for kind in able.output_types] if able else [],
    }
    metrics: list[Json] = [
        {"type": m.metric, "value": f"{m.value:g} {m.unit}".strip(), "slice": m.evaluation} for m in subject.measured
    ]
    thresholds = {
        f"threshold:{id_.short}:{t.metric}{f':{t.slice}' if t.slice else ''}": f"{t.op} {t.value:g}"
        for id_ in subject.evaluations
        for t in kinds.evaluation(resources[id_]).spec.metric_decision_threshold
    }
    considered = _considerations(resources.get(ResourceId("System", subject.system)))
    return {
        "modelParameters": {k: v for k, v in said.items() if v},
        **({"quantitativeAnalysis": {"performanceMetrics": metrics}} if metrics else {}),
        **({"considerations": considered} if considered else {}),
        "properties": properties_of(thresholds),
    }


def _considerations(system: Resource | None) -> Component:
    """Return what the use case says of users, limits and risks."""
    if system is None:
        return {}
    spec = kinds.system(system).spec
    found: Component = {
        "users": list(spec.users),
        "useCases": [spec.intended_purpose, *spec.use_cases],
        "technicalLimitations": list(spec.technical_limitations),
        "performanceTradeoffs": list(spec.performance_tradeoffs),
        "ethicalConsiderations": [{"name": said} for said in spec.ethical_considerations],
    }
    return {name: value for name, value in found.items() if value}


def _formulation(subject: Subject) -> Component:
    """Return how the artifact was built, as its provenance says; nothing for what was not."""
    about = summary(subject.provenance)
    if about is None:
        return {}
    details = json.loads(subject.provenance)["predicate"]["runDetails"]
    tools = sorted(details["builder"]["version"].items())
    workflow: Component = {
        "bom-ref": "build",
        "uid": about["key"],
        "name": about["address"],
        "taskTypes": ["build"],
        "outputs": [{"type": "artifact", "resource": {"ref": "subject"}}],
        "timeStart": about["startedOn"],
        "timeEnd": about["finishedOn"],
        "properties": properties_of({"mode": about["mode"], "simulated": "true" if about["simulated"] else ""}),
    }
    components: list[Json] = [{"type": "application", "name": name, "version": version} for name, version in tools]
    return {"formulation": [{"bom-ref": "formula", "components": components, "workflows": [workflow]}]}


def _calibration(release: Release) -> str:
    """Return the dataset that the build measures its scales on; empty for none."""
    match dict(release.build.parameters).get("quantization"):
        case {"calibration": {"dataset": str(name)}}:
            return name
        case _:
            return ""


def _stored_source(resource: Resource, subject: Subject) -> Stored | None:
    match json.loads(resource.canonical):
        case {"spec": {"source": {"digest": str(digest)}}}:
            return subject.stored.get(Digest(digest))
        case _:
            return None


def _versioned(kind: str, reference: str) -> ResourceId:
    name, _, version = reference.partition("@")
    return ResourceId(kind, name, version)


def _spelled(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
