"""A Build whose key would stand for more than one artifact is refused, with what to add."""

import json

import pytest

from fakes import FakeTree
from trueup.core.json import Json
from trueup.desired.build_pins import build_problems, missing_versions
from trueup.desired.codes import UNPINNED_ARGUMENT, UNPINNED_CAPABILITY, UNPINNED_TOOLCHAIN
from trueup.spec.parse import parse
from workspaces import document

FP8: dict[str, Json] = {"quantization": {"format": "fp8"}}
VERSIONS: dict[str, Json] = {"modelopt": "0.47.0", "transformers": "5.23.0", "torch": "2.13.0"}
COMPILER: dict[str, Json] = {"tensorrtLlm": "1.2.1", "tensorrt": "10.13.3.9"}
H200: dict[str, Json] = {"gpu": "NVIDIA-H200"}
IMAGE = "nvcr.io/nvidia/tensorrt-llm/release@sha256:" + "1" * 64


def problems(spec: dict[str, Json]) -> list[tuple[object, str, str]]:
    content = document("Build", "b", spec, version="1")
    tree = FakeTree({"spec/b.yaml": content})
    parsed = parse(tree.files(["spec"], [".yaml"]), tree.read)
    assert not parsed.diagnostics, json.loads(content)
    return [(p.code, p.detail, p.hint) for p in build_problems(parsed.resources.values())]


@pytest.mark.parametrize(
    "spec",
    [
        {"mode": "none"},
        {"mode": "gguf"},
        {"mode": "pytorch"},
        {"mode": "pytorch", "dtype": "float16"},
        {"mode": "engine", "dtype": "float16", "accelerator": H200, "toolchain": COMPILER},
        {"mode": "autodeploy", "quantization": {"format": "none"}},
        {"mode": "pytorch", **FP8, "toolchain": VERSIONS},
        {"mode": "pytorch", **FP8, "toolchain": {"image": IMAGE}},
        {"mode": "engine", "accelerator": H200, "toolchain": COMPILER, "build": {"max_batch_size": 8}},
        {"mode": "engine", "accelerator": H200, "toolchain": {**COMPILER, **VERSIONS}, **FP8},
        {"mode": "edge_engine", "accelerator": H200, "toolchain": {"tensorrtEdgellm": "0.11.0", "tensorrt": "10.16"}},
    ],
)
def test_a_build_that_says_what_decides_its_bytes_is_accepted(spec: dict[str, Json]) -> None:
    assert problems(spec) == []


@pytest.mark.parametrize(
    ("spec", "missing"),
    [
        ({"mode": "pytorch", **FP8}, ("modelopt", "transformers", "torch")),
        ({"mode": "pytorch", **FP8, "toolchain": {"torch": "2.13.0"}}, ("modelopt", "transformers")),
        (
            {"mode": "pytorch", **FP8, "toolchain": {"image": "nvcr.io/nvidia/x:1"}},
            ("modelopt", "transformers", "torch"),
        ),
        ({"mode": "engine", "accelerator": H200, "toolchain": {}}, ("tensorrtLlm", "tensorrt")),
        ({"mode": "engine", "accelerator": H200, "toolchain": COMPILER, **FP8}, ("modelopt", "transformers", "torch")),
        ({"mode": "edge_engine", "accelerator": H200, "toolchain": {}}, ("tensorrtEdgellm", "tensorrt")),
    ],
)
def test_versions_that_are_not_declared_are_named(spec: dict[str, Json], missing: tuple[str, ...]) -> None:
    ((code, detail, hint),) = problems(spec)
    assert code is UNPINNED_TOOLCHAIN
    assert all(f"`{name}`" in detail and f"{name}: ..." in hint for name in missing)
    assert missing_versions(str(spec["mode"]), spec) == missing


def test_an_engine_for_a_capability_has_to_say_it() -> None:
    tuned: dict[str, Json] = {"mode": "engine", "accelerator": {**H200, "tuning": "capability"}, "toolchain": COMPILER}
    assert [code for code, _, _ in problems(tuned)] == [UNPINNED_CAPABILITY]


def test_files_that_no_digest_pins_are_all_refused_with_their_other_way() -> None:
    arguments: Json = {"lora_dir": ["lora"], "build_config": "c.json", "output_dir": "out"}
    found = problems({"mode": "engine", "accelerator": H200, "toolchain": COMPILER, "build": arguments})
    assert [code for code, _, _ in found] == [UNPINNED_ARGUMENT] * 2
    assert "`adapters`" in found[1][2]
