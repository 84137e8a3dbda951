"""Resolving: every input pinned, defaults in one place, keys that change with what they must and nothing else."""

import json
from dataclasses import replace

import pytest

from fakes import FakeTree
from trueup.core.digests import Digest, Revision, is_digest
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.codes import (
    NO_REPLICAS,
    SHARED_NAME,
    UNKNOWN_ENVIRONMENT,
    UNKNOWN_EVALUATION,
    UNPINNED_TOOLCHAIN,
    UNSUPPORTED_TARGET,
)
from trueup.desired.resolve import resolve
from trueup.desired.state import Access, DesiredDeployment, DesiredState, RouteSpec
from trueup.workflows.loading import load_tree
from workspaces import Declared, Stage, document, repository_files

Files = dict[str, bytes]
SUPPORT = Declared(build="q8@1")


def declared(files: Files) -> DesiredState:
    state, problems = resolved(files)
    assert problems == []
    assert state is not None
    return state


def resolved(files: Files, environment: str = "dev") -> tuple[DesiredState | None, list[str]]:
    loaded = load_tree(FakeTree(files, "1" * 40))
    assert loaded.is_valid, loaded.diagnostics
    state, problems = resolve(loaded.resources, environment, Revision("1" * 40))
    return state, [p.code.id for p in problems]


def one(*changes: Declared, files: Files | None = None, **stages: Stage) -> DesiredDeployment:
    """Resolve the first of *changes*; *files* replace files of the repository."""
    made = repository_files(changes or (SUPPORT,), stages or {"dev": Stage(evaluations=("facts@1",))})
    return declared(made | (files or {})).deployments[0]


def edited(path: str, *place: str, value: object, **stages: Stage) -> Files:
    """Return *path* with the value at *place* replaced."""
    made = repository_files((SUPPORT,), stages or {"dev": Stage(evaluations=("facts@1",))})
    content = json.loads(made[path])
    inner = content
    for key in place[:-1]:
        inner = inner.setdefault(key, {})
    inner[place[-1]] = value
    return {path: json.dumps(content).encode()}


def test_every_input_is_pinned() -> None:
    found = one()
    release = found.release
    pins = [release.model.digest, release.artifact.digest, release.build.digest, release.build.key]
    pins += [release.digest, found.server.key, found.evaluations[0].key, found.evaluations[0].dataset.digest]
    assert release.prompt is not None
    assert all(is_digest(p) for p in [*pins, release.prompt.digest])
    assert len(set(pins)) == len(pins)


@pytest.mark.parametrize(
    ("model", "engine", "mode"),
    [("tiny@1", "llama.cpp", "gguf"), ("smol@1", "llama.cpp", "none"), ("tiny@1", "transformers", "none")],
)
def test_a_build_appears_only_for_safetensors_under_llama_cpp(model: str, engine: str, mode: str) -> None:
    release = one(Declared(model=model, engine=engine)).release
    assert release.build.mode == mode
    assert release.build.implicit
    if mode == "none":
        assert release.build.key == release.artifact.digest


def test_an_implicit_build_is_the_one_somebody_could_have_declared() -> None:
    f16 = document("Build", "f16", {"mode": "gguf"}, version="1")
    explicit = one(Declared(build="f16@1"), files={"spec/builds/f16.yaml": f16})
    assert one(Declared()).release.build.key == explicit.release.build.key


def test_a_parity_gate_makes_no_other_artifact() -> None:
    gated = one(files=edited("spec/builds/q8.yaml", "spec", "parity", value={"task": "mmlu"}))
    assert gated.release.build.key == one().release.build.key
    assert gated.release.build.digest != one().release.build.digest


def test_another_quantization_makes_another_artifact() -> None:
    other = one(files=edited("spec/builds/q8.yaml", "spec", "quantization", value="Q4_0"))
    assert other.release.build.key != one().release.build.key


def test_a_release_is_the_same_in_every_environment() -> None:
    stages = {"dev": Stage(), "prod": Stage(tier="production", upstream="dev", port=8181)}
    made = repository_files((SUPPORT, replace(SUPPORT, environment="prod")), stages)
    loaded = load_tree(FakeTree(made))
    digests = set()
    for name in stages:
        state, _ = resolve(loaded.resources, name, Revision(""))
        assert state is not None
        digests.add(state.deployments[0].release.digest)
    assert len(digests) == 1


def test_a_release_does_not_depend_on_where_its_files_are() -> None:
    made = repository_files((SUPPORT,))
    moved = {p.replace("spec/models/", "spec/weights/").replace("spec/builds/", "spec/b/"): c for p, c in made.items()}
    assert declared(moved).deployments[0].release.digest == declared(made).deployments[0].release.digest


def test_the_data_a_build_is_calibrated_on_is_pinned_and_part_of_its_key() -> None:
    declared = b"""apiVersion: trueup/v1alpha1
kind: Build
metadata: {name: fp8, version: "1", owner: ml-platform}
spec:
  mode: pytorch
  toolchain: {modelopt: 0.47.0, transformers: 5.23.0, torch: 2.13.0}
  quantization: {format: fp8, calibration: {dataset: facts@1, size: 8}}
"""
    fp8 = {"spec/builds/fp8.yaml": declared}
    release = one(Declared(build="fp8@1", engine="vllm"), files=fp8).release
    (read,) = release.build.inputs
    assert (read.uri, is_digest(read.digest)) == ("file:models/facts@1", True)
    other = {"spec/builds/fp8.yaml": declared.replace(b"facts@1", b"tone@1")}
    assert one(Declared(build="fp8@1", engine="vllm"), files=other).release.build.key != release.build.key


def test_a_build_that_does_not_say_its_versions_is_refused_at_its_file() -> None:
    build = document("Build", "fp8", {"mode": "pytorch", "quantization": {"format": "fp8"}}, version="1")
    made = repository_files((Declared(build="fp8@1", engine="vllm"),)) | {"spec/builds/fp8.yaml": build}
    _, problems = resolve(load_tree(FakeTree(made, "1" * 40)).resources, "dev", Revision("1" * 40))
    (problem,) = problems
    assert problem.code is UNPINNED_TOOLCHAIN
    assert problem.span is not None
    assert problem.span.path == "spec/builds/fp8.yaml"
    assert "`modelopt`, `transformers`, `torch`" in problem.detail


def test_adapters_that_are_compiled_in_are_read_by_the_build_and_part_of_its_key() -> None:
    def files(digest: str) -> Files:
        lora = {"baseModel": "tiny@1", "method": "lora", "source": {"uri": "file:a", "digest": digest}}
        spec: dict[str, Json] = {
            "mode": "engine",
            "toolchain": {"tensorrtLlm": "1.2.1", "tensorrt": "10.13.3.9"},
            "accelerator": {"gpu": "NVIDIA-H200"},
            "adapters": ["tone@1"],
        }
        return {
            "spec/adapters/tone.yaml": document("Adapter", "tone", lora, version="1"),
            "spec/builds/h200.yaml": document("Build", "h200", spec, version="1"),
        }

    one_, two = (f"sha256:{digit * 64}" for digit in "12")
    release = one(Declared(build="h200@1", engine="trtllm"), files=files(one_)).release
    assert [pin.digest for pin in release.build.inputs] == [one_]
    other = one(Declared(build="h200@1", engine="trtllm"), files=files(two)).release
    assert other.build.key != release.build.key


def test_how_a_source_is_asked_reaches_the_pin_and_makes_no_other_artifact() -> None:
    asked = {"revision": "main", "files": ["*.gguf"], "endpoint": "https://mirror.example", "credentials": "env:TOKEN"}
    plain = one().release.artifact
    files = edited(
        "spec/models/tiny-1.yaml", "spec", "source", value={"uri": "hf://a/b", "digest": plain.digest, **asked}
    )
    found = one(files=files).release
    assert found.artifact.access == Access("main", ("*.gguf",), "https://mirror.example", "env:TOKEN")
    assert plain.access == Access()
    assert found.artifact.to_json() == {"uri": "hf://a/b", "digest": plain.digest, "format": plain.format}
    assert found.build.key == one().release.build.key


GATE = {"maxKl": 0.01, "minTop1": 0.95, "maxPerplexityRatio": 1.02, "sequences": 8, "seqLen": 128}


def gated(spec: dict[str, Json], **gate: Json) -> DesiredDeployment:
    build = document("Build", "gated", {**spec, "parity": {"logits": {**GATE, **gate}}}, version="1")
    return one(Declared(build="gated@1", engine="vllm"), files={"spec/builds/gated.yaml": build})


GGUF: dict[str, Json] = {"mode": "gguf", "quantization": "Q8_0"}
CALIBRATED: dict[str, Json] = {
    "mode": "pytorch",
    "quantization": {"format": "fp8", "calibration": {"dataset": "facts@1"}},
    "toolchain": {"modelopt": "0.47.0", "transformers": "5.23.0", "torch": "2.13.0"},
}


def test_a_gate_says_what_is_compared_and_what_is_accepted() -> None:
    parity = gated(GGUF).release.build.parity
    assert parity is not None
    assert (parity.sequences, parity.seq_len, parity.text) == (8, 128, None)
    assert (parity.max_kl, parity.min_top1, parity.max_perplexity_ratio) == (0.01, 0.95, 1.02)
    assert one().release.build.parity is None


def test_bounds_are_no_part_of_what_is_measured_and_tokens_are() -> None:
    def key(**gate: Json) -> str:
        parity = gated(GGUF, **gate).release.build.parity
        assert parity is not None
        return parity.key

    assert key() == key(maxKl=0.5, minTop1=0.1, maxPerplexityRatio=None)
    assert len({key(), key(sequences=9), key(seqLen=64), key(dataset="facts@1"), key(dataset="tone@1")}) == 5


@pytest.mark.parametrize(
    ("spec", "gate", "uri"),
    [
        (CALIBRATED, {}, "file:models/facts@1"),
        (CALIBRATED, {"dataset": "tone@1"}, "file:models/tone@1"),
        (GGUF, {"dataset": "tone@1"}, "file:models/tone@1"),
    ],
)
def test_the_gates_own_text_goes_before_that_of_the_calibration(
    spec: dict[str, Json], gate: dict[str, Json], uri: str
) -> None:
    parity = gated(spec, **gate).release.build.parity
    assert parity is not None
    assert parity.text is not None
    assert parity.text.uri == uri


def test_an_engine_cannot_be_compared_here() -> None:
    engine: dict[str, Json] = {
        "mode": "engine",
        "toolchain": {"tensorrtLlm": "1.2.1", "tensorrt": "10.13.3.9"},
        "accelerator": {"gpu": "NVIDIA-H100-80GB-HBM3"},
    }
    assert gated(engine).release.build.parity is None


def test_a_release_does_not_depend_on_the_name_of_its_build() -> None:
    again = document("Build", "quick", {"mode": "gguf", "quantization": "Q8_0"}, version="7")
    other = one(Declared(build="quick@7"), files={"spec/builds/quick.yaml": again})
    assert other.release.digest == one().release.digest


@pytest.mark.parametrize(
    "files",
    [
        edited("spec/models/tiny-1.yaml", "metadata", "owner", value="somebody-else"),
        edited("spec/models/tiny-1.yaml", "spec", "lifecycle", value={"phase": "deprecated"}),
        edited("spec/prompts/support-1.yaml", "metadata", "labels", value={"team": "a"}),
    ],
)
def test_what_may_change_after_a_merge_makes_no_other_release(files: Files) -> None:
    assert one(files=files).release.digest == one().release.digest
    assert one(files=files).evaluations[0].key == one().evaluations[0].key
    assert one(files=files).digest != one().digest


MATTERS = {
    "the weights": edited("spec/models/tiny-1.yaml", "spec", "source", "digest", value="sha256:" + "1" * 64),
    "the prompt": edited("spec/prompts/support-1.yaml", "spec", "template", value="Be terse."),
    "the decoding": edited("spec/prompts/support-1.yaml", "spec", "modelConfig", "temperature", value=0.5),
    "the build": edited("spec/builds/q8.yaml", "spec", "quantization", value="Q4_0"),
    "the data": edited("spec/datasets/facts.yaml", "spec", "source", "digest", value="sha256:" + "2" * 64),
    "the threshold": edited(
        "spec/evaluations/facts.yaml",
        "spec",
        "metricDecisionThreshold",
        value=[{"metric": "exact_match", "op": ">=", "value": 0.9}],
    ),
}
IRRELEVANT = {
    "who owns the evaluation": edited("spec/evaluations/facts.yaml", "metadata", "owner", value="qa"),
    "what is said of the data": edited("spec/datasets/facts.yaml", "spec", "knownBias", value=["English only."]),
    "the port": edited("spec/environments/dev.yaml", "spec", "target", "port", value=9000),
    "another prompt": edited("spec/prompts/support-2.yaml", "spec", "template", value="Never used."),
    "the system": edited("spec/system.yaml", "spec", "intendedPurpose", value="Something else."),
}


@pytest.mark.parametrize("what", MATTERS)
def test_evidence_is_stale_when_what_it_measured_changes(what: str) -> None:
    assert one(files=MATTERS[what]).evaluations[0].key != one().evaluations[0].key


@pytest.mark.parametrize("change", [{"threads": 2}, {"model": "tiny@2"}, {"prompt": "support@2"}, {"prompt": ""}])
def test_evidence_is_stale_when_the_deployment_serves_otherwise(change: dict[str, object]) -> None:
    changed = replace(SUPPORT, **change)  # type: ignore[arg-type]  # fields of the dataclass
    assert one(changed).evaluations[0].key != one().evaluations[0].key


def test_evidence_is_stale_under_another_runtime() -> None:
    plain = replace(SUPPORT, build="", model="smol@1")
    keys = {one(replace(plain, engine=e)).evaluations[0].key for e in ("llama.cpp", "transformers")}
    assert len(keys) == 2


@pytest.mark.parametrize("what", IRRELEVANT)
def test_evidence_stays_fresh_when_something_else_changes(what: str) -> None:
    assert one(files=IRRELEVANT[what]).evaluations[0].key == one().evaluations[0].key


@pytest.mark.parametrize("change", [{"replicas": 3}, {"name": "other"}, {"model_name": "shop"}])
def test_evidence_stays_fresh_for_another_size_or_name(change: dict[str, object]) -> None:
    changed = replace(SUPPORT, **change)  # type: ignore[arg-type]  # fields of the dataclass
    assert one(changed).evaluations[0].key == one().evaluations[0].key


@pytest.mark.parametrize(("declared_age", "demanded", "days"), [("30d", "", 30), ("", "7d", 7), ("30d", "7d", 7)])
def test_the_shorter_age_counts(declared_age: str, demanded: str, days: int) -> None:
    files: Files = {}
    if declared_age:
        files |= edited("spec/evaluations/facts.yaml", "spec", "maxAge", value=declared_age)
    if demanded:
        files |= edited("spec/environments/dev.yaml", "spec", "evaluations", "maxAge", value=demanded)
    (required,) = one(files=files).evaluations
    assert required.max_age is not None
    assert required.max_age.days == days
    assert one().evaluations[0].max_age is None


def test_an_evaluation_of_another_tool_needs_no_dataset() -> None:
    files = edited("spec/evaluations/facts.yaml", "spec", "suite", value={"tool": "garak", "version": "0.9"})
    document_ = json.loads(files["spec/evaluations/facts.yaml"])
    del document_["spec"]["dataset"]
    files["spec/evaluations/facts.yaml"] = json.dumps(document_).encode()
    assert one(files=files).evaluations[0].dataset.uri == ""


def test_a_deployment_reaches_its_documents_and_no_other_environment() -> None:
    stages = {"dev": Stage(), "prod": Stage(upstream="dev", evaluations=("facts@1",), port=8181)}
    made = repository_files((SUPPORT, replace(SUPPORT, environment="prod")), stages)
    state, _ = resolve(load_tree(FakeTree(made)).resources, "prod", Revision(""))
    assert state is not None
    reached = {str(r.id) for r in state.deployments[0].resources}
    assert reached == {
        "Build/q8@1",
        "Dataset/facts@1",
        "Deployment/prod/support",
        "Environment/prod",
        "Evaluation/facts@1",
        "Model/tiny@1",
        "Prompt/support@1",
        "System/assistant",
    }


def test_a_change_of_the_upstream_environment_is_none_here() -> None:
    def prod(port: int) -> Digest:
        stages = {"dev": Stage(port=port), "prod": Stage(upstream="dev", port=8181)}
        made = repository_files((replace(SUPPORT, environment="prod"),), stages)
        state, _ = resolve(load_tree(FakeTree(made)).resources, "prod", Revision(""))
        assert state is not None
        return state.digest

    assert prod(8180) == prod(9000)


def test_two_deployments_may_not_claim_one_model_name() -> None:
    made = repository_files((SUPPORT, Declared(name="chat", model_name="support")))
    state, problems = resolved(made)
    assert state is None
    assert problems == [SHARED_NAME.id]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ({"name": "facts/exact_match"}, []),
        ({"name": "facts@1/exact_match"}, []),
        ({"name": "fact/exact_match"}, [UNKNOWN_EVALUATION.id]),
        ({"name": "facts@2/exact_match"}, [UNKNOWN_EVALUATION.id]),
        ({"name": "fact/exact_match", "query": "sum(x)"}, []),
        ({"name": "error_rate"}, []),
    ],
)
def test_an_analysis_watches_only_evaluations_that_are_run(metric: dict[str, Json], expected: list[str]) -> None:
    dev = Stage(evaluations=("facts@1",))
    analysis: Json = {"minRequests": 9, "metrics": [{**metric, "successCondition": ">= 0.5"}]}
    made = repository_files((SUPPORT,), {"dev": dev})
    made["spec/deployments/dev/support.yaml"] += f"  rollout: {json.dumps({'analysis': analysis})}\n".encode()
    _, problems = resolved(made)
    assert problems == expected


def test_a_deployment_without_a_replica_is_refused_because_nothing_would_answer() -> None:
    made = repository_files((replace(SUPPORT, replicas=0),))
    state, problems = resolved(made)
    assert state is None
    assert problems == [NO_REPLICAS.id]


def test_an_environment_that_is_not_declared_is_named_with_the_closest() -> None:
    loaded = load_tree(FakeTree(repository_files((SUPPORT,))))
    state, (problem,) = resolve(loaded.resources, "def", Revision(""))
    assert state is None
    assert problem.code is UNKNOWN_ENVIRONMENT
    assert problem.hint == "did you mean `dev`?"
    _, (far,) = resolve(loaded.resources, "zzzzzz", Revision(""))
    assert "declared are dev" in far.detail
    _, (empty,) = resolve({}, "dev", Revision(""))
    assert "none is declared" in empty.detail


def test_a_target_that_is_not_built_in_is_refused_at_its_file() -> None:
    files = edited("spec/environments/dev.yaml", "spec", "target", value={"type": "kubernetes"})
    loaded = load_tree(FakeTree(repository_files((SUPPORT,)) | files))
    state, (problem,) = resolve(loaded.resources, "dev", Revision(""))
    assert state is None
    assert problem.code is UNSUPPORTED_TARGET
    assert problem.span is not None
    assert problem.span.path == "spec/environments/dev.yaml"


def with_spec(**changes: object) -> DesiredDeployment:
    """Resolve a deployment with parts of its spec replaced."""
    spec: dict[str, object] = {
        "environment": "dev",
        "release": {"model": "smol@1"},
        "runtime": {"engine": "llama.cpp"},
        **changes,
    }
    made = repository_files(()) | {"spec/deployments/x.yaml": document("Deployment", "x", spec)}  # type: ignore[arg-type]  # JSON
    return declared(made).deployments[0]


def test_evidence_is_stale_under_another_interpreter_which_has_another_runtime() -> None:
    environment = edited("spec/environments/dev.yaml", "spec", "evaluations", value={"required": ["facts@1"]})
    keys = set()
    for interpreter in ("", "/opt/a/bin/python", "/opt/b/bin/python"):
        runtime = {"engine": "llama.cpp", **({"interpreter": interpreter} if interpreter else {})}
        spec: dict[str, Json] = {"environment": "dev", "release": {"model": "smol@1"}, "runtime": runtime}
        files = repository_files(()) | environment | {"spec/deployments/x.yaml": document("Deployment", "x", spec)}
        keys.add(declared(files).deployments[0].evaluations[0].key)
    assert len(keys) == 3


def test_a_server_has_the_declared_arguments_and_the_defaults_of_its_runtime() -> None:
    assert dict(with_spec().server.arguments) == {"threads": 1, "slots": 2, "contextPerSlot": 512}
    full = {"engine": "llama.cpp", "threads": 4, "slots": 1, "contextPerSlot": 99, "args": {"b": 1, "a": True}}
    assert dict(with_spec(runtime=full).server.arguments) == {
        "threads": 4,
        "slots": 1,
        "contextPerSlot": 99,
        "args": {"a": True, "b": 1},
    }


def test_another_runtime_gets_slots_only_when_somebody_asks() -> None:
    other = with_spec(runtime={"engine": "transformers", "interpreter": "/opt/python"}).server
    assert (dict(other.arguments), other.interpreter) == ({"threads": 1}, "/opt/python")
    asked = with_spec(runtime={"engine": "transformers", "slots": 3}).server
    assert dict(asked.arguments) == {"threads": 1, "slots": 3, "contextPerSlot": None}


def test_scaling_gives_the_fewest_servers() -> None:
    assert with_spec(scaling={"minReplicas": 3, "maxReplicas": 5}).server.replicas == 3
    assert with_spec(replicas=2).server.replicas == 2
    assert with_spec().server.replicas == 1


def test_the_number_of_servers_does_not_make_another_server() -> None:
    assert with_spec(replicas=2).server.key == with_spec(replicas=1).server.key


def test_a_route_has_the_prompt_its_decoding_and_what_clients_are_granted() -> None:
    route = one(SUPPORT).route
    assert route.model_name == "support"
    assert route.messages == (("system", "Be kind, version 1."),)
    assert dict(route.decoding) == {"temperature": 0, "max_tokens": 16}
    plain = with_spec(gateway={"modelName": "shop", "keys": ["env:KEY"], "limits": {"maxTokens": 9}}).route
    assert (plain.model_name, plain.messages, plain.keys) == ("shop", (), ("env:KEY",))
    assert dict(plain.limits)["maxTokens"] == 9


def test_adapters_are_part_of_the_release() -> None:
    adapter = document(
        "Adapter",
        "kind",
        {
            "baseModel": "smol@1",
            "method": "lora",
            "rank": 8,
            "alpha": 16,
            "source": {"uri": "file:adapters/kind", "digest": "sha256:" + "3" * 64},
            "licenses": ["MIT"],
        },
        version="1",
    )
    spec = {
        "environment": "dev",
        "release": {"model": "smol@1", "adapters": ["kind@1"]},
        "runtime": {"engine": "llama.cpp"},
    }
    made = repository_files(()) | {
        "spec/adapters/kind.yaml": adapter,
        "spec/deployments/x.yaml": document("Deployment", "x", spec),  # type: ignore[arg-type]  # JSON
    }
    release = declared(made).deployments[0].release
    assert [str(a.id) for a in release.adapters] == ["Adapter/kind@1"]
    assert release.digest != with_spec().release.digest


def test_exceptions_of_the_repository_are_part_of_every_environment() -> None:
    exception = document(
        "PolicyException",
        "tiny-license",
        {
            "rule": "LI-01",
            "resource": "Model/tiny@1",
            "reason": "A trial.",
            "compensatingControl": "Internal only.",
            "approvedBy": "risk@example.com",
            "expires": "2026-05-01",
        },
    )
    made = repository_files((SUPPORT,)) | {"spec/exceptions/a.yaml": exception}
    assert [str(e.id) for e in declared(made).exceptions] == ["PolicyException/tiny-license"]
    assert declared(made).digest != declared(repository_files((SUPPORT,))).digest


def test_the_revision_is_no_part_of_the_desired_state() -> None:
    loaded = load_tree(FakeTree(repository_files((SUPPORT,))))
    digests = set()
    for revision in ("1" * 40, "2" * 40, ""):
        state, _ = resolve(loaded.resources, "dev", Revision(revision))
        assert state is not None
        digests.add(state.digest)
    assert len(digests) == 1


def test_only_deployments_of_the_environment_are_resolved_in_order() -> None:
    stages = {"dev": Stage(), "test": Stage(port=8181)}
    made = repository_files((SUPPORT, Declared(name="b"), Declared(name="a"), Declared("x", "test")), stages)
    assert [d.id for d in declared(made).deployments] == [
        ResourceId("Deployment", name, environment="dev") for name in ("a", "b", "support")
    ]


def test_a_route_reads_back_what_it_wrote() -> None:
    route = one(SUPPORT).route
    assert RouteSpec.from_json(json.loads(json.dumps(route.to_json()))) == route


@pytest.mark.parametrize(
    "change",
    [{"modelName": 1}, {"messages": ["hello"]}, {"messages": [{"role": "user"}]}, {"decoding": []}, {"limits": None}],
)
def test_what_is_no_route_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        RouteSpec.from_json({**one(SUPPORT).route.to_json(), **change})  # type: ignore[dict-item]  # wrong on purpose
