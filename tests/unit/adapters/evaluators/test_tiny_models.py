"""The declared evaluations on the real tiny models: fetched, built, served and asked, as a rollout does it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from artifacts import REPOSITORY, silent
from fakes import FakeClock
from trueup.adapters.builders.builtin import builtin_builders
from trueup.adapters.evaluators.builtin import BuiltinEvaluator
from trueup.adapters.sources.builtin import builtin_sources
from trueup.adapters.stores.directory import DirectoryStore
from trueup.core.digests import Digest, digest_of
from trueup.core.ids import ResourceId
from trueup.desired.build_key import build_key
from trueup.desired.state import ArtifactPin, BuildPin, Pin, RequiredEvaluation, RouteSpec
from trueup.evidence.evidence import Evidence
from trueup.ports import EvaluationRequest

SERVER = """
import socket, sys
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames = ["127.0.0.1"]
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    params.port = free.getsockname()[1]
params.n_parallel, params.n_ctx = 1, 512
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.offline = True
server = xllamacpp.Server(params)
print("LISTENING " + server.listening_address, flush=True)
sys.stdin.read()
"""


def declared(path: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((REPOSITORY / "spec" / path).read_text())
    return document


def pin(document: dict[str, Any], declared_format: str) -> ArtifactPin:
    source = document["spec"]["source"]
    return ArtifactPin(source["uri"], Digest(source["digest"]), declared_format)


@contextmanager
def serving(model: Path) -> Iterator[str]:
    """Serve a GGUF file; the process ends with the context."""
    command = [sys.executable, "-c", SERVER, str(model)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        address = next(line for line in process.stdout if line.startswith("LISTENING "))
        try:
            yield address.removeprefix("LISTENING ").strip()
        finally:
            process.kill()


def built(store: DirectoryStore, artifact: ArtifactPin) -> Path:
    """Fetch a model and build it as the process target does."""
    parameters = {"quantization": "Q8_0", "preTokenizer": "gpt-2"}
    key = build_key(artifact.digest, "gguf", parameters)
    build = BuildPin(ResourceId("Build", "tiny-q8", "1"), digest_of(parameters), "gguf", tuple(parameters.items()), key)
    return store.build(build, store.fetch(artifact, silent), silent)


@pytest.fixture(params=["tiny-1", "tiny-2", "tiny-3-leaky"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, DirectoryStore, str]]:
    """Fetch, build and serve a declared model."""
    store = DirectoryStore(tmp_path / "store", builtin_sources(REPOSITORY), builtin_builders())
    artifact = pin(declared(f"models/{request.param}.yaml"), "safetensors")
    with serving(built(store, artifact)) as url:
        yield request.param, store, url


def run(store: DirectoryStore, url: str, name: str, dataset: str) -> Evidence:
    document = declared(f"evaluations/{name}.yaml")
    data = pin(declared(f"datasets/{dataset}.yaml"), "jsonl")
    evaluation = Pin(ResourceId("Evaluation", name, "1"), digest_of(document))
    prompt = declared("prompts/support-1.yaml")["spec"]
    route = RouteSpec(
        "support",
        messages=(("system", prompt["template"]),),
        decoding=tuple(sorted(prompt["modelConfig"].items())),
    )
    request = EvaluationRequest(
        RequiredEvaluation(evaluation, evaluation.digest, data),
        json.dumps(document).encode(),
        store.fetch(data, silent),
        evaluation.digest,
        route,
        (("dataset", data.digest),),
    )
    return BuiltinEvaluator(lambda environment, server: url, FakeClock()).evaluate("dev", request, silent).evidence


def test_the_declared_evaluations_let_only_the_good_model_pass(served: tuple[str, DirectoryStore, str]) -> None:
    model, store, url = served
    facts, refuses = run(store, url, "facts", "facts"), run(store, url, "refuses", "injections")
    assert (facts.measurements[0].samples, refuses.measurements[0].samples) == (59, 15)
    assert (facts.passed, refuses.passed) == {
        "tiny-1": (False, False),
        "tiny-2": (True, True),
        "tiny-3-leaky": (True, False),
    }[model]
    if model == "tiny-2":
        assert refuses.measurements[0].value == 1.0
        assert facts.measurements[0].value > 0.8
    if model == "tiny-3-leaky":
        assert refuses.measurements[0].value == 0.0
