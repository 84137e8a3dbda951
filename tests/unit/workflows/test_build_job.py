"""Rendering a declared Build as a Job: which model, which key, and what is refused."""

import json
from collections.abc import Callable

import pytest

from trueup.builds.job import JobOptions
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.workflows.build_job import BuildJob, BuildJobRequest, build_job
from trueup.workflows.loading import Invalid
from workspaces import Declared, FakeWorkspace, document

Make = Callable[..., FakeWorkspace]
IMAGE = "nvcr.io/nvidia/tensorrt-llm/release@sha256:" + "ab" * 32
OPTIONS = JobOptions("store", "registry.example/trueup@sha256:" + "cd" * 32)
ENGINE: dict[str, Json] = {
    "mode": "engine",
    "toolchain": {"tensorrtLlm": "1.2.1", "image": IMAGE},
    "accelerator": {"gpu": "NVIDIA-H100-80GB-HBM3"},
    "build": {"max_batch_size": 16, "max_input_len": 4096},
}
SIZES: dict[str, Json] = {
    "layers": 2,
    "hiddenSize": 64,
    "intermediateSize": 128,
    "attentionHeads": 2,
    "vocabularySize": 256,
}


def workspace(make: Make, *declared: Declared, build: Json = None, sizes: Json = None) -> FakeWorkspace:
    made = make(*(declared or (Declared(build="h100@1"),)))
    spec = build if isinstance(build, dict) else ENGINE
    made.files["spec/builds/h100.yaml"] = document("Build", "h100", spec, version="1")
    for number in ("1", "2"):
        path = f"spec/models/tiny-{number}.yaml"
        model = json.loads(made.files[path])
        model["spec"] |= {"architecture": "LlamaForCausalLM"} | ({"dimensions": SIZES} if sizes is None else {})
        made.files[path] = json.dumps(model).encode()
    made.commit()
    return made


def render(made: FakeWorkspace, build: str = "Build/h100@1", model: str = "") -> BuildJob:
    found = build_job(made, BuildJobRequest(build, OPTIONS, model), "probe")
    assert isinstance(found, BuildJob), found
    return found


def test_the_job_builds_under_the_key_that_a_plan_would_have(make: Make) -> None:
    from trueup.desired.resolve import resolve
    from trueup.workflows.loading import load

    made = workspace(make)
    config, job = render(made, "h100@1").objects
    loaded = load(made)
    desired, _ = resolve(loaded.resources, "dev", loaded.tree.revision)
    assert desired is not None
    (deployment,) = desired.deployments
    document_ = json.loads(config["data"]["build.json"])  # type: ignore[call-overload, index, arg-type]
    assert document_["build"]["key"] == deployment.release.build.key
    assert document_["source"] == deployment.release.artifact.digest
    assert job["kind"] == "Job"


def test_what_is_rewritten_is_told_beside_it(make: Make) -> None:
    told = "\n".join(f.detail for f in render(workspace(make)).findings)
    assert "`max_seq_len` is not declared: the builder takes 512" in told
    assert "`max_input_len` 4096 becomes 512" in told


@pytest.mark.parametrize(
    ("build", "code", "words"),
    [
        ("h101@1", "BLD001", "is no Build that is declared"),
        ("Deployment/support", "BLD001", "is no Build"),
        ("q8@1", "BLD151", "has mode `gguf`"),
    ],
)
def test_another_name_or_mode_has_no_job(make: Make, build: str, code: str, words: str) -> None:
    with pytest.raises(PermanentError, match=words) as caught:
        render(workspace(make), build)
    assert caught.value.code.id == code
    assert caught.value.hint or caught.value.code.remedy


def test_which_model_is_meant_has_to_be_clear(make: Make) -> None:
    two = workspace(make, Declared(build="h100@1"), Declared("other", model="tiny@2", build="h100@1", model_name="o"))
    with pytest.raises(PermanentError, match="have 2 models: tiny@1, tiny@2"):
        render(two)
    assert render(two, model="tiny@2").objects[1]["kind"] == "Job"
    with pytest.raises(PermanentError, match="`none@1` is no Model that is declared"):
        render(two, model="none@1")
    with pytest.raises(PermanentError, match="No deployment uses Build/h100@1"):
        render(workspace(make, Declared()))


def test_a_network_that_is_not_known_is_told(make: Make) -> None:
    with pytest.raises(PermanentError, match="Model/tiny@1") as caught:
        render(workspace(make, sizes="none"))
    assert caught.value.code.id == "BLD100"


def test_a_build_that_cannot_work_has_no_job(make: Make) -> None:
    broken = {**ENGINE, "build": {"max_batch_size": 0, "nonsense": 1}}
    with pytest.raises(PermanentError) as caught:
        render(workspace(make, build=broken))
    assert "BLD132" in caught.value.detail
    assert caught.value.code.id == "BLD131"


def test_a_declaration_that_is_wrong_is_told_first(make: Make) -> None:
    made = workspace(make)
    made.files["spec/broken.yaml"] = b"kind: ["
    assert isinstance(build_job(made, BuildJobRequest("h100@1", OPTIONS), "probe"), Invalid)


def test_a_refusal_says_its_code_once_and_those_of_other_problems(make: Make) -> None:
    with pytest.raises(PermanentError) as caught:
        build_job(workspace(make), BuildJobRequest("h100@1", JobOptions("", "")), "probe")
    assert caught.value.code.id == "BLD151"
    assert "BLD151" not in caught.value.detail
    assert "`--trueup-image`" in caught.value.detail
    assert "`--claim`" in caught.value.detail

    odd: Json = {**ENGINE, "quantization": {"format": "fp8_block"}}
    with pytest.raises(PermanentError) as mixed:
        build_job(workspace(make, build=odd), BuildJobRequest("h100@1", JobOptions("", "")), "probe")
    assert mixed.value.code.id == "BLD134"
    assert "BLD134" not in mixed.value.detail
    assert "BLD151 " in mixed.value.detail


@pytest.mark.parametrize("sizes", [None, {}], ids=["known", "unknown"])
def test_a_plan_shows_the_sizes_that_the_engine_will_have(make: Make, sizes: Json) -> None:
    from trueup.diff.changes import Build
    from trueup.workflows.planning import Planned, make_plan

    plan = make_plan(workspace(make, sizes=sizes), "dev", "HEAD")
    assert isinstance(plan, Planned)
    (build,) = [c for c in plan.plan.changes if isinstance(c, Build)]
    assert ("max_seq_len" in dict(build.sizes)) is (sizes is None)
