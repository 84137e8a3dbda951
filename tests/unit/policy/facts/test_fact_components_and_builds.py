"""Programs behind deployments, and what builds fit."""

from dataclasses import replace
from typing import Any

import pytest

from states import Want, desired, nothing
from trueup.builds.accelerators import product_of
from trueup.core.json import Json
from trueup.core.versions import version_key
from trueup.desired.state import DesiredDeployment
from trueup.policy.facts.builds import build_facts
from trueup.policy.facts.components import components, images, runtime_version

ITEM = desired(Want()).deployments[0]
ADDRESS = str(ITEM.id)
DIGEST = "sha256:" + "a" * 64


def runs(runtime: str = "llama.cpp", *, mode: str = "gguf", format_: str = "safetensors") -> DesiredDeployment:
    release = ITEM.release
    build = replace(release.build, mode=mode)
    artifact = replace(release.artifact, format=format_)
    server = replace(ITEM.server, runtime=runtime)
    return replace(ITEM, server=server, release=replace(release, build=build, artifact=artifact))


def quantized(runtime: str, format_: str, mode: str = "pytorch") -> DesiredDeployment:
    item = runs(runtime, mode=mode)
    build = replace(item.release.build, parameters=(("quantization", {"format": format_}),))
    return replace(item, release=replace(item.release, build=build))


def named(item: DesiredDeployment, spec: Json, installed: dict[str, str] | None = None) -> list[tuple[str, str]]:
    found: Any = components((item,), {ADDRESS: {"spec": spec}}, installed or {})
    return [(c["name"], c["version"]) for c in found]


HERE = {"xllamacpp": "2026.8.0", "transformers": "5.1.0", "torch": "2.12.0"}


@pytest.mark.parametrize(
    ("runtime", "spec", "expected"),
    [
        ("llama.cpp", {}, [("xllamacpp", "2026.8.0")]),
        ("llama.cpp", {"runtime": {"version": "2026.7.0"}}, [("xllamacpp", "2026.7.0"), ("xllamacpp", "2026.8.0")]),
        ("transformers", {}, [("transformers", "5.1.0"), ("torch", "2.12.0")]),
        ("vllm", {}, [("vllm", "")]),
        ("vllm", {"runtime": {"version": "0.11.0"}}, [("vllm", "0.11.0")]),
        ("trtllm", {}, [("tensorrt-llm", "")]),
        ("My_Own.runtime", {}, [("my-own-runtime", "")]),
    ],
)
def test_runtimes_are_named_as_packages_with_what_is_declared_and_installed(
    runtime: str, spec: Json, expected: list[tuple[str, str]]
) -> None:
    assert named(runs(runtime), spec, HERE) == expected


def test_another_interpreter_has_packages_of_its_own() -> None:
    item = replace(ITEM, server=replace(ITEM.server, interpreter="venv/bin/python"))
    assert named(item, {}, HERE) == [("xllamacpp", "")]
    assert runtime_version({}, item.server, HERE) is None
    assert runtime_version({}, ITEM.server, HERE) == "2026.8.0"
    assert runtime_version({"runtime": {"version": "1"}}, item.server, HERE) == "1"


def test_tools_of_builds_and_harnesses_are_components() -> None:
    documents: dict[str, Json] = {
        "Build/b@1": {"spec": {"toolchain": {"tensorrtLlm": "1.2.1", "modelopt": "0.47.0", "image": "x"}}},
        "Evaluation/e@1": {"spec": {"suite": {"tool": "lm-eval", "version": "0.4.9"}}},
        "Evaluation/f@1": {"spec": {"suite": {"tool": "inspect"}}},
        "Evaluation/g@1": {"spec": {"suite": {"tool": "builtin"}}},
        "Evaluation/h@1": {"spec": {}},
    }
    found: Any = components((), documents, {})
    assert [(c["address"], c["path"], c["name"], c["version"]) for c in found] == [
        ("Build/b@1", ["spec", "toolchain", "tensorrtLlm"], "tensorrt-llm", "1.2.1"),
        ("Build/b@1", ["spec", "toolchain", "modelopt"], "nvidia-modelopt", "0.47.0"),
        ("Evaluation/e@1", ["spec", "suite", "version"], "lm-eval", "0.4.9"),
        ("Evaluation/f@1", ["spec", "suite", "version"], "inspect-ai", ""),
    ]


@pytest.mark.parametrize(
    ("image", "registry", "digest"),
    [
        (f"nvcr.io/nvidia/tensorrt-llm/release@{DIGEST}", "nvcr.io", DIGEST),
        (f"NVCR.io/a:1.2@{DIGEST}", "nvcr.io", DIGEST),
        ("localhost:5000/a:1", "localhost:5000", ""),
        ("localhost/a", "localhost", ""),
        ("vllm/vllm-openai:latest", "docker.io", ""),
        ("ubuntu", "docker.io", ""),
        (f"ubuntu@{DIGEST[:-1]}", "docker.io", ""),
        (f"ubuntu@{DIGEST}:latest", "docker.io", ""),
    ],
)
def test_an_image_says_where_it_is_from_and_which_it_is(image: str, registry: str, digest: str) -> None:
    documents: dict[str, Json] = {ADDRESS: {"spec": {"runtime": {"image": image}}}, "Build/b@1": {"spec": {}}}
    assert images(documents) == [
        {
            "address": ADDRESS,
            "path": ["spec", "runtime", "image"],
            "image": image,
            "registry": registry,
            "digest": digest,
        }
    ]


def test_the_image_of_a_toolchain_is_one() -> None:
    (found,) = images({"Build/b@1": {"spec": {"toolchain": {"image": "a/b"}}}})
    assert isinstance(found, dict)
    assert found["path"] == ["spec", "toolchain", "image"]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("1.9", "1.10"),
        ("1.2.1", "1.3.0rc1"),
        ("1.3.0rc20", "1.3.0"),
        ("1.3.0a1", "1.3.0b1"),
        ("1.0.dev1", "1.0a1"),
        ("1.0", "1.0.post1"),
        ("0.19", "v0.20"),
    ],
)
def test_versions_are_ordered_by_number(earlier: str, later: str) -> None:
    one, other = version_key(earlier), version_key(later)
    assert one is not None
    assert other is not None
    assert one < other


def test_equal_versions_are_equal_however_long_and_what_is_none_is_none() -> None:
    assert version_key("1.2") == version_key("1.2.0") == version_key("v1.2+cu128")
    assert version_key("0") == version_key("0.0")
    assert version_key("latest") is version_key("") is version_key("1.2-custom-build") is None


def facts(item: DesiredDeployment, build: Json = None, deployment: Json = None, settings: Json = None) -> Any:
    documents: dict[str, Json] = {
        str(item.release.build.id): {"spec": build or {}},
        ADDRESS: {"spec": deployment or {}},
    }
    return build_facts(item, documents, settings or {}, HERE, {})


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.18.2", False),
        ("0.19", True),
        ("0.19.0", True),
        ("1.2.1", True),
        ("1.2.2", False),
        ("1.3.0rc14", False),
        ("latest", None),
        (None, None),
    ],
)
def test_an_engine_is_built_only_by_versions_that_have_the_mode(version: str | None, expected: bool | None) -> None:
    found = facts(runs("trtllm", mode="engine"), {"toolchain": {"tensorrtLlm": version}})
    assert found["window"] == {"from": "0.19", "until": "1.2.1"}
    assert (found["toolVersion"], found["inWindow"]) == (version, expected)


def test_a_mode_without_an_end_has_an_open_window_and_one_of_all_versions_has_none() -> None:
    checkpoint = facts(runs("vllm", mode="pytorch"), {"toolchain": {"tensorrtLlm": "2.0"}})
    assert (checkpoint["window"], checkpoint["inWindow"]) == ({"from": "1.0", "until": ""}, True)
    assert facts(runs())["window"] is None
    assert facts(runs(mode="of a plugin"))["inWindow"] is None


@pytest.mark.parametrize(
    ("runtime", "mode", "format_", "expected"),
    [
        ("llama.cpp", "gguf", "safetensors", True),
        ("vllm", "gguf", "safetensors", False),
        ("llama.cpp", "pytorch", "safetensors", False),
        ("vllm", "pytorch", "safetensors", True),
        ("trtllm", "autodeploy", "safetensors", True),
        ("llama.cpp", "none", "gguf", True),
        ("llama.cpp", "none", "safetensors", False),
        ("transformers", "none", "safetensors", True),
        ("transformers", "none", "onnx", None),
        ("a-plugin", "gguf", "safetensors", None),
        ("trtllm", "engine", "safetensors", None),
        ("vllm", "engine", "safetensors", False),
        ("llama.cpp", "none", "api", None),
    ],
)
def test_a_runtime_loads_what_it_can(runtime: str, mode: str, format_: str, expected: bool | None) -> None:
    assert facts(runs(runtime, mode=mode, format_=format_))["runtimeLoads"] is expected


@pytest.mark.parametrize(
    ("runtime", "format_", "expected"),
    [
        ("transformers", "none", True),
        ("transformers", "fp8", False),
        ("transformers", "int4_awq", False),
        ("tgi", "none", True),
        ("tgi", "fp8", False),
        ("vllm", "fp8", True),
        ("trtllm", "fp8", True),
        ("llama.cpp", "none", False),
    ],
)
def test_a_checkpoint_of_model_optimizer_loads_where_its_scales_do(runtime: str, format_: str, expected: bool) -> None:
    for mode in ("pytorch", "autodeploy"):
        if (runtime, mode) != ("vllm", "autodeploy"):
            assert facts(quantized(runtime, format_, mode))["runtimeLoads"] is expected


def test_a_model_that_model_optimizer_quantized_elsewhere_is_none_for_transformers() -> None:
    item = runs("transformers", mode="none")
    documents: dict[str, Json] = {str(item.release.model.id): {"spec": {"quantization": "ModelOpt FP8"}}}
    assert build_facts(item, documents, {}, HERE, {})["runtimeLoads"] is False
    documents = {str(item.release.model.id): {"spec": {"quantization": "gptq"}}}
    assert build_facts(item, documents, {}, HERE, {})["runtimeLoads"] is True


@pytest.mark.parametrize(("version", "expected"), [("1.2.1", True), ("1.3.0", False)])
def test_an_engine_loads_in_a_runtime_that_still_has_engines(version: str, expected: bool) -> None:
    found = facts(runs("trtllm", mode="engine"), deployment={"runtime": {"version": version}})
    assert (found["runtimeVersion"], found["runtimeLoads"]) == (version, expected)


@pytest.mark.parametrize(
    ("mode", "is_there", "is_double", "expected"),
    [
        ("gguf", True, False, False),
        ("gguf", True, True, True),
        ("gguf", False, False, None),
        ("none", False, False, False),
    ],
)
def test_what_a_double_built_is_known_once_it_is_there(
    mode: str, is_there: bool, is_double: bool, expected: bool | None
) -> None:
    item = runs(mode=mode)
    keys = frozenset({item.release.build.key})
    there = replace(
        nothing(), artifacts=keys if is_there else frozenset(), simulated=keys if is_double else frozenset()
    )
    found: Any = build_facts(item, {}, {}, HERE, {}, there)
    assert found["simulated"] is expected
    assert facts(runs())["simulated"] is None


H200: Json = {"accelerators": [{"sku": "h200_sxm", "count": 8}, {"sku": "l4", "count": 1}, "?"]}


@pytest.mark.parametrize(
    ("gpu", "capability", "deployment", "settings", "expected"),
    [
        ("NVIDIA-H200", "9.0", {}, H200, (True, True)),
        ("NVIDIA-H100-80GB-HBM3", "9.0", {}, H200, (False, True)),
        ("NVIDIA-B200", "10.0", {}, H200, (False, False)),
        ("NVIDIA-L4", "8.9", {"resources": {"accelerator": "h200_sxm"}}, H200, (False, False)),
        ("NVIDIA-H200", "9.0", {"resources": {"accelerator": "NVIDIA-H200"}}, H200, (True, True)),
        ("NVIDIA-H200", "9.0", {"resources": {"accelerator": "b200"}}, H200, (None, None)),
        ("NVIDIA-H200", None, {}, H200, (True, None)),
        ("NVIDIA-H200", "9.0", {}, {}, (None, None)),
        ("TPU v6", "9.0", {}, {"accelerators": [{"sku": "tpu-v6"}]}, (True, None)),
        (None, None, {}, H200, (None, None)),
    ],
)
def test_an_artifact_fits_accelerators_of_its_product_and_capability(
    gpu: str | None, capability: str | None, deployment: Json, settings: Json, expected: tuple[bool | None, bool | None]
) -> None:
    build: Json = {"accelerator": {"gpu": gpu, "computeCapability": capability}} if gpu else {}
    found = facts(runs("trtllm", mode="engine"), build, deployment, settings)
    assert (found["accelerator"], found["capability"]) == (gpu, capability)
    assert (found["acceleratorMatches"], found["capabilityMatches"]) == expected


def test_a_product_is_one_under_all_its_names() -> None:
    assert len({product_of(n) for n in ("NVIDIA-H100-80GB-HBM3", "h100_sxm", "H100 SXM", "nvidia h100")}) == 1
    assert product_of("H100 PCIe") != product_of("H100 SXM")
