"""Laws of build keys: what does not change the bytes never enters, each thing that does gives another key."""

import json
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from fakes import FakeTree
from trueup.core.digests import Digest, Revision, digest_of
from trueup.core.json import Json
from trueup.desired.build_key import build_key
from trueup.desired.resolve import resolve
from trueup.workflows.loading import load_tree
from workspaces import Declared, repository_files

SOURCE, DATA, LORA = (digest_of(name) for name in ("source", "data", "lora"))
WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
VERSIONS = st.builds("{}.{}.{}".format, st.integers(0, 9), st.integers(0, 99), st.integers(0, 9))
FORMATS = st.sampled_from(["fp8", "fp8_rowwise", "int8_sq", "int8_wo", "int4_awq", "w4a8_awq"])


@st.composite
def quantizations(draw: st.DrawFn) -> dict[str, Json]:
    return {
        "format": draw(FORMATS),
        "kvCache": draw(st.sampled_from(["none", "fp8"])),
        "groupSize": draw(st.none() | st.sampled_from([64, 128])),
        "excludeModules": draw(st.lists(WORDS, max_size=2)),
        "quantizeLmHead": draw(st.booleans()),
        "calibration": {
            "dataset": draw(WORDS) + "@1",
            "size": draw(st.integers(1, 512)),
            "seqLen": draw(st.integers(1, 512)),
            "batchSize": draw(st.integers(1, 8)),
            "seed": draw(st.integers(0, 9999)),
        },
    }


@st.composite
def settings(draw: st.DrawFn) -> dict[str, Json]:
    tools = ("modelopt", "transformers", "torch", "cuda", "tensorrt", "tensorrtLlm", "tensorrtEdgellm")
    return {
        "quantization": draw(quantizations()),
        "dtype": draw(st.sampled_from(["auto", "float16", "bfloat16"])),
        "toolchain": {name: draw(VERSIONS) for name in tools},
        "parallelism": {n: draw(st.integers(1, 8)) for n in ("tensor", "pipeline", "context", "data", "expert")},
        "accelerator": {"gpu": draw(WORDS), "computeCapability": draw(VERSIONS), "tuning": "product", "count": 1},
        "adapters": ["tone@1"],
        "build": {"max_batch_size": draw(st.integers(1, 64)), "gemm_plugin": draw(st.sampled_from(["auto", "fp8"]))},
    }


MODES = st.sampled_from(["pytorch", "autodeploy", "engine", "edge_engine"])
ENGINE_MODES = st.sampled_from(["engine", "edge_engine"])


def key(mode: str, parameters: Mapping[str, Json], source: Digest = SOURCE) -> Digest:
    return build_key(source, mode, parameters, [DATA, LORA])


def turned(value: Json) -> Json:
    """Return *value* with the keys of every mapping the other way round."""
    if isinstance(value, dict):
        return {k: turned(value[k]) for k in reversed(list(value))}
    return value


def changed(value: Json, *place: str, to: Json) -> dict[str, Json]:
    assert isinstance(value, dict)
    first, *rest = place
    return {**value, first: changed(value[first], *rest, to=to) if rest else to}


@given(MODES, settings())
def test_the_order_of_keys_does_not_matter_at_any_depth(mode: str, parameters: dict[str, Json]) -> None:
    other = turned(parameters)
    assert isinstance(other, dict)
    assert key(mode, other) == key(mode, parameters)


UNKEYED = st.fixed_dictionaries(
    {},
    optional={
        "output_dir": WORDS,
        "workers": st.integers(1, 8),
        "log_level": st.sampled_from(["info", "verbose", "error"]),
        "input_timing_cache": WORDS,
        "output_timing_cache": WORDS,
        "dry_run": st.booleans(),
        "visualize_network": WORDS,
        "monitor_memory": st.booleans(),
    },
)


@given(MODES, settings(), UNKEYED)
def test_paths_workers_and_log_level_change_no_key(
    mode: str, parameters: dict[str, Json], unkeyed: dict[str, Json]
) -> None:
    build = parameters["build"]
    assert isinstance(build, dict)
    assert key(mode, {**parameters, "build": {**build, **unkeyed}}) == key(mode, parameters)


@given(MODES, settings(), WORDS, st.integers(2, 9))
def test_names_gates_and_copies_change_no_key(mode: str, parameters: dict[str, Json], word: str, number: int) -> None:
    other = changed(parameters, "quantization", "calibration", "dataset", to=word + "@2")
    other = changed(other, "adapters", to=[word + "@2"])
    other = changed(other, "parallelism", "data", to=number)
    other = changed(other, "accelerator", "count", to=number)
    assert key(mode, {**other, "parity": {"alpha": 0.1}}) == key(mode, parameters)


@given(settings(), settings())
def test_how_a_checkpoint_is_served_changes_no_key(one: dict[str, Json], other: dict[str, Json]) -> None:
    serving = {name: other[name] for name in ("parallelism", "accelerator", "build")}
    versions = changed(one, "toolchain", "tensorrtLlm", to="9.9.9")
    assert key("pytorch", {**versions, **serving}) == key("pytorch", one)


def keyed_in_both(parameters: dict[str, Json]) -> dict[str, dict[str, Json]]:
    quantization = ("kvCache", "groupSize", "quantizeLmHead", "excludeModules", "format")
    others = {f"quantization {n}": changed(parameters, "quantization", n, to="other") for n in quantization}
    for name in ("size", "seqLen", "batchSize", "seed"):
        others[f"calibration {name}"] = changed(parameters, "quantization", "calibration", name, to=-1)
    for name in ("modelopt", "transformers", "torch", "cuda"):
        others[f"version of {name}"] = changed(parameters, "toolchain", name, to="other")
    image = "x@" + digest_of("image")
    tools = parameters["toolchain"]
    assert isinstance(tools, dict)
    others["image"] = {**parameters, "toolchain": {**tools, "image": image}}
    return {**others, "dtype": changed(parameters, "dtype", to="float32")}


@given(MODES, settings())
def test_each_input_of_a_checkpoint_gives_a_key_of_its_own(mode: str, parameters: dict[str, Json]) -> None:
    others = {name: key(mode, other) for name, other in keyed_in_both(parameters).items()}
    others["source"] = key(mode, parameters, digest_of("another source"))
    others["data"] = build_key(SOURCE, mode, parameters, [digest_of("other data"), LORA])
    others["itself"] = key(mode, parameters)
    assert len(set(others.values())) == len(others)


@given(ENGINE_MODES, settings())
def test_each_input_of_an_engine_gives_a_key_of_its_own(mode: str, parameters: dict[str, Json]) -> None:
    tool = {"engine": "tensorrtLlm", "edge_engine": "tensorrtEdgellm"}[mode]
    others = {
        "compiler": changed(parameters, "toolchain", tool, to="other"),
        "tensorrt": changed(parameters, "toolchain", "tensorrt", to="other"),
        "gpu": changed(parameters, "accelerator", "gpu", to="another one"),
        "capability": changed(parameters, "accelerator", "computeCapability", to="other"),
        "processor": {**parameters, "accelerator": {"gpu": "g", "processor": "aarch64"}},
        "batch": changed(parameters, "build", "max_batch_size", to=65),
        "plugin": changed(parameters, "build", "gemm_plugin", to="disable"),
        **{n: changed(parameters, "parallelism", n, to=9) for n in ("tensor", "pipeline", "context", "expert")},
    }
    keys = {name: key(mode, other) for name, other in others.items()}
    keys["adapter"] = build_key(SOURCE, mode, parameters, [DATA, digest_of("other lora")])
    keys["itself"] = key(mode, parameters)
    assert len(set(keys.values())) == len(keys)


@given(settings())
def test_keys_of_different_modes_never_collide(parameters: dict[str, Json]) -> None:
    modes = ("none", "gguf", "pytorch", "autodeploy", "engine", "edge_engine", "of-a-plugin")
    assert len({key(mode, parameters) for mode in modes}) == len(modes)


@given(st.randoms(use_true_random=False), st.lists(WORDS, max_size=4))
def test_order_and_comments_of_the_file_change_no_key(random: object, comments: list[str]) -> None:
    spec: dict[str, Json] = {
        "mode": "pytorch",
        "quantization": {"format": "fp8", "kvCache": "none", "calibration": {"dataset": "facts@1", "size": 8}},
        "toolchain": {"modelopt": "0.47.0", "transformers": "5.23.0", "torch": "2.13.0"},
    }
    assert resolved_key(written(spec, random, comments)) == resolved_key(written(spec, None, []))


def written(spec: Mapping[str, Json], random: object, comments: list[str]) -> bytes:
    """Spell a Build, its keys in an order of *random*'s with *comments* between them."""

    def order(names: list[str]) -> list[str]:
        if random is not None:
            random.shuffle(names)  # type: ignore[attr-defined]  # Hypothesis has no public name for it
        return names

    lines = [
        "apiVersion: trueup/v1alpha1",
        "kind: Build",
        'metadata: {name: fp8, version: "1", owner: someone}',
        "spec:",
    ]
    for name in order(list(spec)):
        lines += [f"  # {c}" for c in comments]
        value = spec[name]
        if isinstance(value, dict):
            lines.append(f"  {name}:  # {''.join(comments)}")
            lines += [f"    {inner}: {json.dumps(value[inner])}" for inner in order(list(value))]
        else:
            lines.append(f"  {name}: {value}")
    return "\n".join([*lines, ""]).encode()


def resolved_key(build: bytes) -> Digest:
    files = repository_files((Declared(build="fp8@1", engine="vllm"),)) | {"spec/builds/fp8.yaml": build}
    loaded = load_tree(FakeTree(files, "1" * 40))
    assert loaded.is_valid, loaded.diagnostics
    state, problems = resolve(loaded.resources, "dev", Revision("1" * 40))
    assert state is not None, problems
    return state.deployments[0].release.build.key
