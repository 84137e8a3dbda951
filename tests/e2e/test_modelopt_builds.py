"""Quantized checkpoints and ONNX by the real tools, on the processor: the same bytes twice, and nothing half done."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from artifacts import TINY, pin, safetensors, silent
from checkpoints_by_modelopt import python_with, toolchain
from trueup.adapters.builders.builder import BuildTask, Built
from trueup.adapters.builders.builtin import builtin_builders
from trueup.adapters.builders.gguf.weights import load, locate
from trueup.adapters.builders.modelopt.formats import FORMATS
from trueup.adapters.sources.file import FileSource
from trueup.adapters.stores.directory import DirectoryStore
from trueup.adapters.stores.hashing import digest_of_artifact, digest_of_file, files_below, hash_files
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.build_key import build_key
from trueup.desired.state import BuildPin

TOOLS = ("modelopt", "transformers", "torch")
CALIBRATION: dict[str, Json] = {"dataset": "facts@1", "size": 6, "seqLen": 32, "batchSize": 1, "seed": 1234}
LAYER = "model.layers.0.mlp.down_proj"


@pytest.fixture(scope="module")
def python() -> str:
    return python_with("modelopt", "TRUEUP_TEST_MODELOPT_PYTHON")


@pytest.fixture(scope="module")
def edge_python() -> str:
    return python_with("tensorrt_edgellm", "TRUEUP_TEST_EDGELLM_PYTHON")


def asked(python: str, format_: str, *names: str, **settings: Json) -> dict[str, Json]:
    quantization: dict[str, Json] = {"format": format_, "calibration": CALIBRATION, **settings}
    return {"quantization": quantization, "toolchain": toolchain(python, *(names or TOOLS))}


def build(parameters: dict[str, Json], target: Path, model: Path = TINY / "v2", mode: str = "pytorch") -> Built:
    target.mkdir(parents=True)
    inputs = {Digest("sha256:0"): TINY / "facts.jsonl"}
    return builtin_builders()[mode].build(BuildTask(model, target, parameters, inputs), silent)


def digest(folder: Path) -> Digest:
    return digest_of_artifact(hash_files(folder, files_below(folder), digest_of_file), is_folder=True)


@pytest.mark.modelopt
@pytest.mark.slow
@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_is_built_the_same_in_two_processes(python: str, tmp_path: Path, format_: str) -> None:
    one, two = (build(asked(python, format_), tmp_path / name) for name in ("one", "two"))
    assert digest(one.path) == digest(two.path)
    assert one.tools["nvidia-modelopt"] == toolchain(python, "modelopt")["modelopt"]
    tensors = locate(one.path)
    kind = FORMATS[format_]
    assert tensors[f"{LAYER}.weight"].tensor.dtype == kind.stored
    assert all(f"{LAYER}.{scale}" in tensors for scale in kind.scales)
    assert tensors["model.embed_tokens.weight"].tensor.dtype == "F16"
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"):
        assert (one.path / name).read_bytes() == (TINY / "v2" / name).read_bytes()
    before, after = (json.loads((p / "config.json").read_text()) for p in (TINY / "v2", one.path))
    assert after["rope_parameters"] == before["rope_parameters"]


@pytest.mark.modelopt
@pytest.mark.slow
@pytest.mark.parametrize("format_", ["fp8", "int8_sq", "int4_awq", "w4a8_awq"])
def test_a_build_that_goes_on_from_what_was_measured_is_the_same(python: str, tmp_path: Path, format_: str) -> None:
    kept, said = tmp_path / "kept", []
    kept.mkdir()

    def told(what: str, done: int, total: int) -> None:
        said.append(what)

    def made(name: str) -> Digest:
        said.clear()
        parameters, inputs = asked(python, format_, kvCache="fp8"), {Digest("sha256:0"): TINY / "facts.jsonl"}
        (tmp_path / name).mkdir()
        task = BuildTask(TINY / "v2", tmp_path / name, parameters, inputs, kept)
        return digest(builtin_builders()["pytorch"].build(task, told).path)

    first = made("first")
    assert any("calibrating" in what for what in said)
    assert [f.name for f in kept.iterdir()] == ["measured.pt"]
    assert made("second") == first
    assert not any("calibrating" in what for what in said)
    (kept / "measured.pt").write_bytes((kept / "measured.pt").read_bytes()[:1000])
    assert made("third") == first
    assert any("calibrating" in what for what in said)


@pytest.mark.modelopt
@pytest.mark.slow
def test_weights_of_8_bits_times_their_scales_are_the_sources(python: str, tmp_path: Path) -> None:
    folder = build(asked(python, "int8_wo"), tmp_path / "out").path
    located = locate(folder)
    tensor = located[f"{LAYER}.weight"].tensor
    stored = np.fromfile(folder / "model.safetensors", "i1", tensor.size_bytes, offset=tensor.offset)
    rebuilt = stored.reshape(tensor.shape) * load(located[f"{LAYER}.weight_scale"])[:, None]
    source = load(locate(TINY / "v2")[f"{LAYER}.weight"])
    # Half a step of 127 on the largest weight of a row.
    assert float(np.abs(rebuilt - source).max()) <= float(np.abs(source).max()) / 127


@pytest.mark.modelopt
@pytest.mark.slow
def test_a_cache_in_fp8_has_scales_with_a_format_and_without(python: str, tmp_path: Path) -> None:
    for format_ in ("fp8", "none"):
        folder = build(asked(python, format_, kvCache="fp8"), tmp_path / format_).path
        tensors = locate(folder)
        assert {n for n in tensors if n.endswith("_scale") and "self_attn.k" in n and "k_scale" in n}
        declared = json.loads((folder / "hf_quant_config.json").read_text())["quantization"]
        assert declared["kv_cache_quant_algo"] == "FP8"
        assert (tensors[f"{LAYER}.weight"].tensor.dtype == "F16") == (format_ == "none")


@pytest.fixture(scope="module")
def untied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 2 with an output head of its own, and rotary positions that are scaled."""
    model = tmp_path_factory.mktemp("untied") / "model"
    shutil.copytree(TINY / "v2", model)
    content: dict[str, tuple[str, tuple[int, ...], bytes]] = {}
    for name, located in locate(TINY / "v2").items():
        tensor = located.tensor
        raw = located.file.read_bytes()[tensor.offset : tensor.offset + tensor.size_bytes]
        content[name] = (tensor.dtype, tensor.shape, raw)
    content["lm_head.weight"] = content["model.embed_tokens.weight"]
    (model / "model.safetensors").write_bytes(safetensors(content))
    config = json.loads((model / "config.json").read_text())
    config["tie_word_embeddings"] = False
    config["rope_parameters"] = {
        "rope_type": "llama3",
        "rope_theta": 500000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 256,
    }
    (model / "config.json").write_text(json.dumps(config))
    return model


@pytest.mark.modelopt
@pytest.mark.slow
def test_head_groups_modules_and_scaled_positions_are_as_asked(python: str, tmp_path: Path, untied: Path) -> None:
    settings: dict[str, Json] = {
        "groupSize": 64,
        "quantizeLmHead": True,
        "excludeModules": ["model.layers.1", "*.o_proj"],
    }
    folder = build(asked(python, "int4_awq", **settings), tmp_path / "out", untied).path
    tensors = locate(folder)
    assert tensors[f"{LAYER}.weight_scale"].tensor.shape == (128, 384 // 64)
    assert tensors["lm_head.weight"].tensor.dtype == "U8"
    assert tensors["model.layers.1.mlp.down_proj.weight"].tensor.dtype == "F16"
    assert tensors["model.layers.0.self_attn.o_proj.weight"].tensor.dtype == "F16"
    config = json.loads((folder / "config.json").read_text())
    assert config["rope_parameters"] == json.loads((untied / "config.json").read_text())["rope_parameters"]


@pytest.mark.modelopt
@pytest.mark.slow
def test_batches_and_other_examples_are_computed(python: str, tmp_path: Path) -> None:
    one = build(asked(python, "fp8"), tmp_path / "one").path
    many = asked(python, "fp8")
    many["quantization"] = {"format": "fp8", "calibration": {**CALIBRATION, "batchSize": 4, "seed": 7}}
    assert digest(build(many, tmp_path / "many").path) != digest(one)


@pytest.mark.modelopt
@pytest.mark.slow
def test_a_model_that_transformers_does_not_know_is_refused(python: str, tmp_path: Path) -> None:
    shutil.copytree(TINY / "v2", tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    changed = {**json.loads(path.read_text()), "model_type": "nobody", "architectures": ["NobodyForCausalLM"]}
    path.write_text(json.dumps(changed))
    with pytest.raises(PermanentError) as refused:
        build(asked(python, "fp8"), tmp_path / "out", tmp_path / "model")
    assert (refused.value.code.id, "nobody" in refused.value.detail) == ("ART201", True)


@pytest.mark.modelopt
@pytest.mark.slow
def test_weights_that_the_network_does_not_have_are_refused(python: str, tmp_path: Path) -> None:
    shutil.copytree(TINY / "v2", tmp_path / "model")
    edited = tmp_path / "model" / "model.safetensors"
    edited.write_bytes(edited.read_bytes().replace(b"layers.2.mlp.up_proj", b"layers.2.mlp.xp_proj"))
    with pytest.raises(PermanentError) as refused:
        build(asked(python, "fp8"), tmp_path / "out", tmp_path / "model")
    assert (refused.value.code.id, "layers.2.mlp" in refused.value.detail) == ("ART204", True)


@pytest.mark.modelopt
@pytest.mark.slow
def test_a_disk_that_is_full_is_told_and_nothing_is_admitted(python: str, tmp_path: Path) -> None:
    store = tmp_path / "store"
    # A limit on the size of files stands for a full disk: the weights do not fit, everything before them does.
    limited = tmp_path / "python"
    limited.write_text(f'#!/bin/sh\ntrap "" XFSZ\nulimit -f 400\nexec {python} "$@"\n')
    limited.chmod(0o755)
    parameters = asked(python, "fp8")
    parameters["toolchain"] = {**toolchain(python, *TOOLS), "interpreter": str(limited)}
    with pytest.raises(PermanentError) as full:
        admit(store, parameters)
    assert full.value.code.id == "ART002"
    assert nothing_is_in(store)


STORED = """
import sys
sys.path[:0] = {paths!r}
from test_modelopt_builds import admit
admit({store!r}, {parameters!r}, lambda what, done, total: print(what, done, flush=True))
"""


def admit(store: Path | str, parameters: dict[str, Json], progress: Any = silent) -> Path:
    """Fetch the model and the data into a store, and build."""
    place = DirectoryStore(Path(store), {"file": FileSource(TINY)}, builtin_builders())
    model = pin("file:v2", {p.name: p.read_bytes() for p in (TINY / "v2").iterdir()}, "safetensors")
    data = pin("file:facts.jsonl", (TINY / "facts.jsonl").read_bytes())
    source = place.fetch(model, silent)
    place.fetch(data, silent)
    key = build_key(model.digest, "pytorch", parameters, [data.digest])
    declared = BuildPin(ResourceId("Build", "fp8", "1"), key, "pytorch", tuple(parameters.items()), key, inputs=(data,))
    return place.build(declared, source, progress)


def nothing_is_in(store: Path) -> bool:
    """Tell whether there are a model and its data, and nothing that was built."""
    return len(list((store / "objects").glob("*/*"))) == 2


def start(store: Path, parameters: dict[str, Json]) -> tuple[subprocess.Popen[str], psutil.Process]:
    """Start a build in a process of its own and wait until it calibrates; return it and its worker."""
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    code = STORED.format(paths=paths, store=str(store), parameters=parameters)
    builder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert builder.stdout is not None
    for line in builder.stdout:
        if "calibrating" in line:
            break
    (worker,) = psutil.Process(builder.pid).children()
    return builder, worker


@pytest.fixture
def long(python: str) -> dict[str, Json]:
    """A build that is still calibrating when it is killed."""
    parameters = asked(python, "int4_awq")
    parameters["quantization"] = {"format": "int4_awq", "calibration": {**CALIBRATION, "size": 59, "seqLen": 128}}
    return parameters


@pytest.mark.modelopt
@pytest.mark.slow
def test_killed_with_its_builder_a_build_leaves_nothing_and_starts_again(long: dict[str, Json], tmp_path: Path) -> None:
    store = tmp_path / "store"
    builder, worker = start(store, long)
    os.kill(builder.pid, signal.SIGKILL)
    builder.communicate()
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.05)
    assert nothing_is_in(store)
    assert (admit(store, long) / "hf_quant_config.json").is_file()


@pytest.mark.modelopt
@pytest.mark.slow
def test_a_killed_worker_is_told_and_leaves_nothing(long: dict[str, Json], tmp_path: Path) -> None:
    builder, worker = start(tmp_path / "store", long)
    worker.kill()
    rest, _ = builder.communicate()
    assert builder.returncode != 0
    assert "calibrating" in rest or not rest
    assert nothing_is_in(tmp_path / "store")
    assert not list((tmp_path / "store" / "partial").glob("*"))


@pytest.mark.edgellm
@pytest.mark.slow
@pytest.mark.parametrize("format_", ["none", "fp8", "int8_sq", "int4_awq"])
def test_a_graph_for_edge_devices_is_the_same_twice(edge_python: str, tmp_path: Path, format_: str) -> None:
    tools = (*TOOLS, "tensorrtEdgellm") if format_ != "none" else ("transformers", "torch", "tensorrtEdgellm")
    parameters = {**asked(edge_python, format_, *tools), "stage": "onnx"}
    one, two = (build(parameters, tmp_path / name / "out", mode="edge_engine").path for name in ("one", "two"))
    assert digest(one) == digest(two)
    names = {"model.onnx", "model.onnx.data", "embedding.safetensors", "config.json", "tokenizer.json"}
    assert names < {p.name for p in (one / "llm").iterdir()}
    assert not [p for p in one.parent.iterdir() if p != one]
