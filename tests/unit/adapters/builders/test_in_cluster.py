"""The steps of a build's Job, run one after the other as the pod would, with a double in place of the toolchain."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from artifacts import TINY, build_pin, silent
from trtllm_double import IMAGE, ROOT, Double, install
from trueup.adapters.builders.tensorrt import probe
from trueup.adapters.builders.tensorrt.in_cluster import main, read_order
from trueup.adapters.sources.file import FileSource
from trueup.adapters.stores.directory import DirectoryStore
from trueup.adapters.stores.layout import Layout, read_manifest
from trueup.builds.command import engine_build
from trueup.builds.job import JobOptions, JobSubject, render_job, to_yaml
from trueup.builds.network import Network, network_of
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.desired.state import ArtifactPin, BuildPin

SPEC: dict[str, Json] = {
    "toolchain": {"tensorrtLlm": "1.2.1", "image": IMAGE},
    "accelerator": {"gpu": "NVIDIA-H100-80GB-HBM3", "count": 1, "tuning": "product"},
    "dtype": "float16",
    "parallelism": {"tensor": 2, "pipeline": 1, "context": 1},
    "build": {"max_batch_size": 8},
}
PLACES = {"build": "config/build.json", "store": "store", "scratch": "scratch"}
OPTIONS = JobOptions("store", "registry.example/trueup@sha256:" + "cd" * 32)


@dataclass
class Cluster:
    """A pod's folders on this disk, and a store with what the build reads."""

    folder: Path
    double: Double
    store: DirectoryStore
    pin: BuildPin
    job: Any

    def steps(self) -> Iterator[tuple[str, list[str], dict[str, str]]]:
        """Yield name, command and environment of each container, with places of this disk."""
        pod = self.job["spec"]["template"]["spec"]
        for container in [*pod["initContainers"], *pod["containers"]]:
            is_toolchain = container["image"] == IMAGE
            command = [self.here(word) for word in container["command"]]
            command[0] = str(self.double.bin / command[0]) if is_toolchain else sys.executable
            given = {e["name"]: self.here(e["value"]) for e in container["env"]}
            path = f"{self.double.bin}:/usr/bin:/bin"
            yield container["name"], command, {**given, "PATH": path, "PYTHONPATH": str(ROOT / "engine")}

    def here(self, word: str) -> str:
        for inside in ("/store", "/scratch", "/config"):
            word = word.replace(f"={inside}", f"={self.folder}{inside}")
            if word == inside or word.startswith(f"{inside}/"):
                word = f"{self.folder}{word}"
        examples = "/app/tensorrt_llm/examples"
        return word.replace(examples, str(self.double.home / "examples"))

    def run(self) -> tuple[str, subprocess.CompletedProcess[str]]:
        """Run the steps until one fails; return the last with how it ended."""
        done = ("", subprocess.CompletedProcess[str]([], 0))
        for name, command, environment in self.steps():
            ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            done = (name, ended)
            if ended.returncode:
                return done
        return done


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return made(tmp_path)


def made(folder: Path, gpu: str = "NVIDIA H100 80GB HBM3, 9.0, 575.57.08, 81559, Disabled") -> Cluster:
    double = install(folder / "toolchain", gpu=gpu)
    for name in ("scratch", "config"):
        (folder / name).mkdir()
    store = DirectoryStore(folder / "store", {"file": FileSource(ROOT)}, {})
    source = fetched(store, "file:models/tiny/v2", "safetensors")
    pin = build_pin("engine", source, **SPEC)
    network = network_of(json.loads((TINY / "v2" / "config.json").read_bytes()))
    assert isinstance(network, Network)
    full = {"mode": "engine", **SPEC}
    subject = JobSubject(engine_build(full, network), full, network, pin.to_json(), source)
    rendered = render_job(subject, OPTIONS, Path(probe.__file__).read_text())
    assert rendered.findings == ()
    config, job = yaml.safe_load_all(to_yaml(rendered.objects))
    for name, text in config["data"].items():
        (folder / "config" / name).write_text(text)
    return Cluster(folder, double, store, pin, job)


def fetched(store: DirectoryStore, uri: str, format_: str) -> Digest:
    """Bring *uri* into the store; its digest is found out as people do, from the error."""
    try:
        store.fetch(ArtifactPin(uri, Digest("sha256:" + "0" * 64), format_), silent)
    except PermanentError as error:
        digest = Digest(error.detail.partition(" has ")[2].split(",")[0])
        store.fetch(ArtifactPin(uri, digest, format_), silent)
        return digest
    raise AssertionError("it has another digest")


def test_a_job_hands_its_engine_to_the_store(cluster: Cluster) -> None:
    name, ended = cluster.run()
    assert (name, ended.returncode) == ("deliver", 0), ended.stderr + ended.stdout
    path = cluster.store.find(cluster.pin.key)
    assert path is not None
    assert {p.name for p in path.iterdir()} == {
        "config.json",
        "rank0.engine",
        "rank1.engine",
        "tokenizer",
        "trueup-build.json",
    }
    manifest = read_manifest(Layout(cluster.folder / "store").object(cluster.pin.key))
    assert manifest is not None
    origin: Any = manifest.origin
    assert origin["simulated"] is True
    entry = cluster.store.entry(cluster.pin.key)
    assert entry is not None
    made = json.loads(entry.provenance)["predicate"]["buildDefinition"]
    assert IMAGE.rpartition(":")[2] in json.dumps(made["resolvedDependencies"])
    assert made["internalParameters"]["accelerator"]["product"] == "NVIDIA-H100-80GB-HBM3"
    held = json.loads((path / "trueup-build.json").read_text())
    assert held["gpus"][0]["name"] == "NVIDIA H100 80GB HBM3"


def test_a_job_that_runs_again_finds_that_all_is_done(cluster: Cluster) -> None:
    assert cluster.run()[1].returncode == 0
    before = cluster.store.find(cluster.pin.key)
    arguments = [f"--{name}={cluster.folder / place}" for name, place in PLACES.items()]
    assert main(["deliver", *arguments]) == 0
    assert cluster.store.find(cluster.pin.key) == before


def test_another_gpu_is_refused_before_anything_is_converted(tmp_path: Path) -> None:
    cluster = made(tmp_path, gpu="NVIDIA A100-SXM4-80GB, 8.0, 575.57.08, 81920, Disabled")
    name, ended = cluster.run()
    assert (name, ended.returncode) == ("prepare", 1)
    assert "ART403" in ended.stderr
    assert cluster.double.calls() == []


def test_an_engine_that_is_not_whole_is_not_handed_over(cluster: Cluster) -> None:
    cluster.double.behave(program="trtllm-build", result="rank-missing")
    name, ended = cluster.run()
    assert (name, ended.returncode) == ("deliver", 1)
    assert "missing: `rank0.engine`" in ended.stderr
    assert cluster.store.find(cluster.pin.key) is None
    assert list((cluster.folder / "store" / "partial").iterdir()) == []


def test_a_source_that_the_store_does_not_have_is_told(cluster: Cluster) -> None:
    order = cluster.folder / "config" / "build.json"
    document = json.loads(order.read_text())
    document["source"] = "sha256:" + "9" * 64
    order.write_text(json.dumps(document))
    name, ended = cluster.run()
    assert (name, ended.returncode) == ("prepare", 1)
    assert "The store has no artifact sha256:9999" in ended.stderr


def test_texts_for_calibration_are_laid_out_from_the_store(tmp_path: Path) -> None:
    data, plain = tmp_path / "repository", tmp_path / "plain"
    for folder in (data, plain):
        folder.mkdir()
    cluster = made(plain)
    (data / "texts.jsonl").write_text("\n".join(json.dumps({"text": f"t {n}"}) for n in range(8)))
    store = DirectoryStore(cluster.folder / "store", {"file": FileSource(data)}, {})
    digest = fetched(store, "file:texts.jsonl", "dataset")
    order = cluster.folder / "config" / "build.json"
    document = json.loads(order.read_text())
    document["inputs"] = [digest]
    document["build"]["parameters"]["quantization"] = {
        "format": "fp8",
        "calibration": {"dataset": "texts@1", "size": 8},
    }
    order.write_text(json.dumps(document))
    steps = list(cluster.steps())[:2]
    for _, command, environment in steps:
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
    assert len((cluster.folder / "scratch" / "data" / "train.jsonl").read_text().splitlines()) == 8


@pytest.mark.parametrize(
    "text",
    ["", "{", "{}", '{"inputs": [], "source": "x", "held": {}, "build": {"address": "no address", "parameters": {}}}'],
)
def test_a_file_that_trueup_did_not_render_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "build.json"
    path.write_text(text)
    with pytest.raises(PermanentError, match="is not what trueup rendered"):
        read_order(path)


def test_the_probe_answers_on_a_machine_without_anything(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": "/nowhere"}
    ran = subprocess.run([sys.executable, probe.__file__], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)["gpus"] == []
    subprocess.run([sys.executable, probe.__file__, str(tmp_path / "said")], env=environment, check=True)
    assert json.loads((tmp_path / "said").read_text()) == json.loads(ran.stdout)
