"""Desired and observed states built from the few words a test is about; everything else is the same everywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from trueup.core.digests import BlobId, Digest, Revision, digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json, canonical
from trueup.desired.manifest import manifest_of
from trueup.desired.state import (
    ArtifactPin,
    BuildPin,
    DesiredDeployment,
    DesiredState,
    EnvironmentFacts,
    Pin,
    Release,
    RequiredEvaluation,
    RouteSpec,
    ServerSpec,
)
from trueup.evidence.evidence import Evidence, GateResult, Measurement
from trueup.observed.state import (
    Health,
    ObservedRoute,
    ObservedServer,
    ObservedState,
    ObservedTarget,
    VerifiedRelease,
)
from trueup.spec.resource import Origin, Reference, Resource

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
REVISION = Revision("8f2a1c0d9e8b7a6f5e4d3c2b1a09f8e7d6c5b4a3")
PROMPTS = {
    "1": "You are the assistant of a small shop. Answer in one short sentence.",
    "2": "You are the friendly assistant of a small shop. Answer in one short, complete sentence.",
}


@dataclass(frozen=True)
class Want:
    """What one deployment asks for."""

    name: str = "support"
    environment: str = "dev"
    model: str = "tiny@1"
    weights: str = ""
    prompt: str = "support@1"
    text: str = ""
    max_tokens: int = 48
    quantization: str | None = "Q8_0"
    threads: int = 1
    replicas: int = 1
    evaluations: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()


def document(kind: str, name: str, version: str, spec: Mapping[str, Json], **metadata: Json) -> dict[str, Json]:
    about: dict[str, Json] = {"name": name, "owner": "ml-platform", **metadata}
    if version:
        about["version"] = version
    return {"apiVersion": "trueup/v1alpha1", "kind": kind, "metadata": about, "spec": dict(spec)}


def resource(id_: ResourceId, content: Json, references: Sequence[Reference] = ()) -> Resource:
    folder = f"spec/{id_.kind.lower()}s/"
    path = f"{folder}{id_.environment}/{id_.name}.yaml" if id_.environment else f"{folder}{id_.name}.yaml"
    origin = Origin(path, BlobId(""), 0, 1)
    return Resource(id_, digest_of(content), canonical(content), origin, tuple(references))


def _versioned(kind: str, address: str) -> ResourceId:
    name, _, version = address.partition("@")
    return ResourceId(kind, name, version)


def deployment(want: Want) -> DesiredDeployment:
    """Resolve *want* the way `desired` does."""
    model_id, prompt_id = _versioned("Model", want.model), _versioned("Prompt", want.prompt)
    weights = digest_of(want.weights or want.model)
    uri = f"file:models/{model_id.name}/v{model_id.version}"
    model = resource(
        model_id,
        document("Model", model_id.name, model_id.version, {"source": {"uri": uri, "digest": weights}}),
    )
    text = want.text or PROMPTS.get(prompt_id.version, "Be brief.")
    decoding: dict[str, Json] = {"max_tokens": want.max_tokens, "temperature": 0}
    prompt = resource(
        prompt_id,
        document(
            "Prompt", prompt_id.name, prompt_id.version, {"type": "text", "template": text, "modelConfig": decoding}
        ),
    )
    parameters = () if want.quantization is None else (("quantization", want.quantization),)
    mode = "none" if want.quantization is None else "gguf"
    build_key = digest_of({"source": weights, "mode": mode, "parameters": dict(parameters)})
    build_id = ResourceId("Build", f"{model_id.name}-{(want.quantization or 'as-is').lower()}", "1")
    release = Release(
        model=Pin(model_id, model.digest),
        artifact=ArtifactPin(uri, weights, "safetensors"),
        build=BuildPin(build_id, digest_of(dict(parameters)), mode, parameters, build_key),
        prompt=Pin(prompt_id, prompt.digest),
    )
    evaluations, documents = _evaluations(want, release)
    id_ = ResourceId("Deployment", want.name, environment=want.environment)
    declared: dict[str, Json] = {
        "system": "support-assistant",
        "environment": want.environment,
        "release": {"model": want.model, "prompt": want.prompt},
        "runtime": {"engine": "llama.cpp", "threads": want.threads},
        "replicas": want.replicas,
    }
    own = resource(id_, document("Deployment", want.name, "", declared, annotations=dict(want.annotations)))
    return DesiredDeployment(
        id=id_,
        release=release,
        server=ServerSpec(
            "llama.cpp",
            weights if mode == "none" else build_key,
            (("context", 512), ("threads", want.threads)),
            replicas=want.replicas,
        ),
        route=RouteSpec(want.name, (("system", text),), decoding=tuple(sorted(decoding.items())), keys=want.keys),
        evaluations=evaluations,
        resources=tuple(sorted((own, model, prompt, *documents), key=lambda r: r.id)),
    )


def _evaluations(want: Want, release: Release) -> tuple[tuple[RequiredEvaluation, ...], list[Resource]]:
    required, documents = [], []
    for address in want.evaluations:
        evaluation_id, dataset_id = _versioned("Evaluation", address), ResourceId("Dataset", "facts", "1")
        data = ArtifactPin("file:models/tiny/facts.jsonl", digest_of("facts"), "jsonl")
        dataset = resource(
            dataset_id, document("Dataset", "facts", "1", {"source": {"uri": data.uri, "digest": data.digest}})
        )
        evaluation = resource(
            evaluation_id,
            document("Evaluation", evaluation_id.name, evaluation_id.version, {"dataset": "facts@1"}),
            [Reference(("spec", "dataset"), dataset_id)],
        )
        documents += [evaluation, dataset]
        key = digest_of({"release": release.digest, "evaluation": evaluation.digest})
        required.append(RequiredEvaluation(Pin(evaluation_id, evaluation.digest), key, data))
    return tuple(required), list({d.id: d for d in documents}.values())


def environment(name: str = "dev", **changes: Json) -> EnvironmentFacts:
    tiers = {"dev": "dev", "staging": "staging", "prod": "production"}
    upstream = {"staging": "dev", "prod": "staging"}.get(name, "")
    facts = EnvironmentFacts(
        name=name,
        tier=tiers.get(name, "dev"),
        upstream=upstream,
        target="process",
        host="127.0.0.1",
        port=8180,
        evaluate="before" if name == "prod" else "during",
        settings={"tier": tiers.get(name, "dev")},
    )
    return replace(facts, **changes)  # type: ignore[arg-type]  # fields of the dataclass


def desired(*wants: Want, revision: Revision = REVISION, **changes: Json) -> DesiredState:
    """Return the state of the environment that *wants* belong to; dev when there are none."""
    name = wants[0].environment if wants else "dev"
    deployments = tuple(sorted((deployment(w) for w in wants), key=lambda d: d.id))
    return DesiredState(environment(name, **changes), revision, deployments)


def passing(required: RequiredEvaluation, *, value: float = 0.91) -> Evidence:
    """Return evidence under the evaluation's key; it passes from 0.6."""
    return Evidence(
        evaluation=str(required.evaluation.id),
        key=required.key,
        subject=(("dataset", required.dataset.digest),),
        measurements=(Measurement("exact_match", value, "ratio", 59),),
        gates=(GateResult("exact_match", ">=", 0.6, value, value >= 0.6),),
        tool="trueup",
        started_at=NOON,
        completed_at=NOON,
    )


def route_of(item: DesiredDeployment) -> ObservedRoute:
    return ObservedRoute(
        deployment=item.id,
        release=item.release.digest,
        server=item.server.key,
        route=item.route.to_json(),
        manifest=manifest_of(item),
        revision=REVISION,
        applied_at=NOON,
    )


def servers_of(item: DesiredDeployment) -> tuple[ObservedServer, ...]:
    return tuple(
        ObservedServer(item.server.key, replica, Health.HEALTHY, item.server.to_json(), pid=100 + replica)
        for replica in range(item.server.replicas)
    )


def store_of(item: DesiredDeployment) -> set[Digest]:
    return {item.release.artifact.digest, item.release.build.key, *(e.dataset.digest for e in item.evaluations)}


def nothing(name: str = "dev") -> ObservedState:
    """Return an environment where nothing ever ran."""
    return ObservedState(ObservedTarget(name, Health.STOPPED, ""))


def applied(state: DesiredState) -> ObservedState:
    """Return what is observed after *state* was applied and nothing happened since."""
    servers = {(s.key, s.replica): s for d in state.deployments for s in servers_of(d)}
    return ObservedState(
        target=ObservedTarget(
            state.environment.name,
            Health.HEALTHY if state.deployments else Health.STOPPED,
            "http://127.0.0.1:8180",
            tuple(servers[k] for k in sorted(servers)),
            tuple(route_of(d) for d in state.deployments),
        ),
        artifacts=frozenset().union(*(store_of(d) for d in state.deployments)),
        evidence=tuple(passing(e) for d in state.deployments for e in d.evaluations),
        verified=tuple(verified(d) for d in state.deployments),
    )


def verified(item: DesiredDeployment) -> VerifiedRelease:
    return VerifiedRelease(item.id, item.release.digest, manifest_of(item), REVISION, digest_of("record"), NOON)


def with_server(state: ObservedState, index: int, **changes: object) -> ObservedState:
    """Return *state* with one server changed."""
    servers = list(state.target.servers)
    servers[index] = replace(servers[index], **changes)  # type: ignore[arg-type]  # fields of the dataclass
    return replace(state, target=replace(state.target, servers=tuple(servers)))
