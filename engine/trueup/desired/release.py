"""Pins one deployment: its release, server and route, from the documents it names.

What no document says has its default here and nowhere else, so that a plan shows the resolved value.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from trueup.core.digests import Digest, digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.build_key import build_key
from trueup.desired.parity import MODES, NEUTRAL_TEXT, RequiredParity, parity_key
from trueup.desired.state import (
    Access,
    ArtifactPin,
    BuildPin,
    Pin,
    Release,
    RouteSpec,
    ServerSpec,
)
from trueup.spec import kinds
from trueup.spec.resource import Resource, Resources, content_digest

if TYPE_CHECKING:
    from trueup.spec.kinds.base import Source
    from trueup.spec.kinds.builds import BuildSpec
    from trueup.spec.kinds.deployments import Deployment
    from trueup.spec.kinds.models import Model
    from trueup.spec.kinds.prompts import Prompt

LLAMA_CPP = "llama.cpp"

DEFAULT_SLOTS = 2
"""Requests one llama.cpp server answers at once: enough that a health check never waits behind an answer."""

DEFAULT_CONTEXT = 2048
"""Tokens of context a slot gets when nobody says: memory grows with slots times context."""


def version_id(kind: str, reference: str) -> ResourceId:
    """Return the id that `name@version` names."""
    name, _, version = reference.partition("@")
    return ResourceId(kind, name, version)


def pin(resource: Resource) -> Pin:
    """Return the resource with the digest of its content."""
    return Pin(resource.id, content_digest(resource))


def pin_release(declared: "Deployment", resources: Resources) -> Release:
    """Return the release of *declared*; every reference in it is known to exist."""
    release = declared.spec.release
    model = resources[version_id("Model", release.model)]
    source = kinds.model(model)
    artifact = artifact_of(source.spec.source, source.spec.format)
    return Release(
        model=pin(model),
        artifact=artifact,
        build=_build(declared, source, artifact, resources),
        prompt=pin(resources[version_id("Prompt", release.prompt)]) if release.prompt else None,
        adapters=tuple(pin(resources[version_id("Adapter", a)]) for a in release.adapters),
    )


def artifact_of(source: "Source", format_: str) -> ArtifactPin:
    """Return the pin of a source; an undeclared digest stays empty, which nothing can satisfy."""
    return ArtifactPin(source.uri, Digest(source.digest or ""), format_, access_of(source))


def access_of(source: "Source") -> Access:
    """Return how a source is asked for its bytes."""
    return Access(source.revision or "", tuple(source.files), source.endpoint or "", source.credentials or "")


def _build(declared: "Deployment", model: "Model", artifact: ArtifactPin, resources: Resources) -> BuildPin:
    named = declared.spec.release.build
    if named is not None:
        return pin_build(resources[version_id("Build", named)], artifact, resources)
    return _implied_build(model, artifact, declared.spec.runtime.engine)


def _implied_build(model: "Model", artifact: ArtifactPin, runtime: str) -> BuildPin:
    """Return the build that *runtime* needs and nobody declared."""
    name = ResourceId("Build", model.metadata.name, model.metadata.version)
    if model.spec.format == "safetensors" and runtime == LLAMA_CPP:
        parameters = {"quantization": "F16"}
        implied = ResourceId("Build", f"{name.name}-gguf-f16", name.version)
        return _pinned(implied, digest_of(parameters), "gguf", parameters, artifact.digest, implicit=True)
    return _pinned(name, digest_of({}), "none", {}, artifact.digest, implicit=True)


def pin_build(resource: Resource, artifact: ArtifactPin, resources: Resources) -> BuildPin:
    """Return the pin of what the Build *resource* makes from *artifact*."""
    spec = kinds.build(resource).spec
    settings = spec.to_json(defaults=True)
    # A gate says what is accepted, not what is made: another gate must not make another artifact.
    parameters = {k: v for k, v in settings.items() if k not in ("mode", "parity") and v is not None}
    inputs = (*_calibration(settings, resources), *_built_in(settings, resources))
    pinned = _pinned(resource.id, content_digest(resource), spec.mode, parameters, artifact.digest, inputs=inputs)
    return replace(pinned, parity=_parity(spec, pinned, artifact.digest, resources))


def _calibration(settings: Mapping[str, Json], resources: Resources) -> tuple[ArtifactPin, ...]:
    """Return the dataset that scales are measured on, if there is one."""
    match settings.get("quantization"):
        case {"calibration": {"dataset": str(name)}}:
            return (artifact_of(kinds.dataset(resources[version_id("Dataset", name)]).spec.source, "dataset"),)
        case _:
            return ()


def _parity(spec: "BuildSpec", build: BuildPin, source: Digest, resources: Resources) -> RequiredParity | None:
    """Return the logits gate that a Build declares, if it has one and what its mode makes can be computed."""
    declared = None if spec.mode == "none" or spec.mode not in MODES else spec.parity
    gate = declared.logits if declared else None
    if gate is None:
        return None
    # A gate's own dataset, else the one that scales were measured on, else our text.
    text = next(iter(build.inputs), None)
    if gate.dataset is not None:
        text = artifact_of(kinds.dataset(resources[version_id("Dataset", gate.dataset)]).spec.source, "dataset")
    return RequiredParity(
        parity_key(build.key, source, text.digest if text else NEUTRAL_TEXT, gate.sequences, gate.seq_len),
        text,
        gate.sequences,
        gate.seq_len,
        gate.max_kl,
        gate.min_top1,
        gate.max_perplexity_ratio,
    )


def _built_in(settings: Mapping[str, Json], resources: Resources) -> tuple[ArtifactPin, ...]:
    """Return the adapters that are compiled in, in their order."""
    match settings.get("adapters"):
        case [*names]:
            found = [kinds.adapter(resources[version_id("Adapter", str(name))]).spec for name in names]
            return tuple(artifact_of(spec.source, spec.format) for spec in found)
        case _:
            return ()


def _pinned(  # noqa: PLR0913 - a pin is exactly these
    id_: ResourceId,
    digest: Digest,
    mode: str,
    parameters: Mapping[str, Json],
    source: Digest,
    *,
    implicit: bool = False,
    inputs: tuple[ArtifactPin, ...] = (),
) -> BuildPin:
    key = build_key(source, mode, parameters, [pin.digest for pin in inputs])
    return BuildPin(id_, digest, mode, tuple(sorted(parameters.items())), key, implicit, inputs)


def pin_model(model: Resource) -> Release:
    """Return the release of a model that llama.cpp serves without anything else, as a judge is served."""
    source = kinds.model(model)
    artifact = artifact_of(source.spec.source, source.spec.format)
    return Release(pin(model), artifact, _implied_build(source, artifact, LLAMA_CPP))


def server_of_model(model: "Model", release: Release) -> ServerSpec:
    """Return the llama.cpp server of a release that `pin_model` made."""
    context = min(model.spec.context_length or DEFAULT_CONTEXT, DEFAULT_CONTEXT)
    arguments: dict[str, Json] = {"threads": 1, "slots": DEFAULT_SLOTS, "contextPerSlot": context}
    return ServerSpec(LLAMA_CPP, release.build.key, tuple(sorted(arguments.items())))


def server_of(declared: "Deployment", model: "Model", release: Release) -> ServerSpec:
    """Return the server process that serves *release*."""
    runtime = declared.spec.runtime
    arguments: dict[str, Json] = {"threads": runtime.threads or 1}
    if runtime.engine == LLAMA_CPP:
        arguments["slots"] = runtime.slots or DEFAULT_SLOTS
        arguments["contextPerSlot"] = runtime.context_per_slot or min(
            model.spec.context_length or DEFAULT_CONTEXT, DEFAULT_CONTEXT
        )
    elif runtime.slots or runtime.context_per_slot:
        arguments |= {"slots": runtime.slots, "contextPerSlot": runtime.context_per_slot}
    if runtime.args:
        arguments["args"] = dict(sorted(runtime.args.items()))
    scaling = declared.spec.scaling
    replicas = scaling.min_replicas if scaling else declared.spec.replicas
    return ServerSpec(
        runtime=runtime.engine,
        artifact=release.build.key,
        arguments=tuple(sorted(arguments.items())),
        interpreter=runtime.interpreter or "",
        replicas=1 if replicas is None else replicas,
    )


def route_of(declared: "Deployment", prompt: "Prompt | None") -> RouteSpec:
    """Return what the gateway does for *declared*."""
    gateway = declared.spec.gateway
    return replace(
        route_of_prompt(gateway.model_name or declared.metadata.name, prompt),
        limits=tuple(sorted(gateway.limits.to_json().items())),
        keys=tuple(gateway.keys),
    )


def route_of_prompt(name: str, prompt: "Prompt | None") -> RouteSpec:
    """Return a route under the model name *name* that puts *prompt* first."""
    return RouteSpec(
        model_name=name,
        messages=prompt.spec.chat if prompt else (),
        template_format=prompt.spec.template_format if prompt else "mustache",
        variables=tuple(v.to_json() for v in prompt.spec.variables) if prompt else (),
        decoding=tuple(sorted(prompt.spec.decoding.to_json().items())) if prompt else (),
    )
