"""`trueup build --check` on a repository of its own: a tiny model of this repository, and an 8B and a 70B by sizes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from repositories import git
from trueup.cli.views.schemas import OUTPUTS

TINY = Path(__file__).parents[2] / "models" / "tiny" / "v2"
LLAMA = """
---
apiVersion: trueup/v1alpha1
kind: Model
metadata: {{name: {name}, version: "1", owner: ml-platform}}
spec:
  source: {{uri: "hf://acme/{name}", revision: 0e9e39f249a16976918f6564b8830bc894c89659, digest: "sha256:{zeros}"}}
  format: safetensors
  architecture: LlamaForCausalLM
  precision: bfloat16
  contextLength: 131072
  licenses: [Apache-2.0]
  dimensions:
    layers: {layers}
    hiddenSize: {hidden}
    intermediateSize: {width}
    attentionHeads: {heads}
    keyValueHeads: 8
    vocabularySize: 128256
"""
MODELS = "".join(
    LLAMA.format(name=name, layers=layers, hidden=hidden, width=width, heads=heads, zeros="a" * 64)
    for name, layers, hidden, width, heads in (("llama-8b", 32, 4096, 14336, 32), ("llama-70b", 80, 8192, 28672, 64))
)
SMALL = f"""
---
apiVersion: trueup/v1alpha1
kind: Model
metadata: {{name: tiny, version: "2", owner: ml-platform}}
spec:
  source: {{uri: "file:models/tiny", digest: "sha256:{"b" * 64}"}}
  format: safetensors
  licenses: [Apache-2.0]
"""
BUILDS = """
apiVersion: trueup/v1alpha1
kind: Build
metadata: {name: as-is, version: "1", owner: ml-platform}
spec:
  mode: pytorch
  toolchain: {tensorrtLlm: 1.2.1}
---
apiVersion: trueup/v1alpha1
kind: Build
metadata: {name: engine, version: "1", owner: ml-platform}
spec:
  mode: engine
  toolchain:
    tensorrtLlm: 1.3.0
    transformers: 4.57.6
  accelerator: {gpu: NVIDIA-H100-80GB-HBM3, computeCapability: "9.0"}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check") / "models"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    trueup(folder.parent, "init", str(folder))
    shutil.copytree(TINY, folder / "models" / "tiny")
    (folder / "spec" / "builds").mkdir()
    (folder / "spec" / "builds" / "gpu.yaml").write_text(BUILDS.lstrip())
    (folder / "spec" / "models" / "big.yaml").write_text((MODELS + SMALL).removeprefix("\n---\n"))
    return folder


def trueup(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "trueup", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_table_says_on_how_many_of_which_and_for_how_many_sequences(project: Path) -> None:
    small = trueup(project, "build", "as-is@1", "--check", "--model", "llama-8b@1", "--gpu", "H100")
    assert small.returncode == 0, small.stdout + small.stderr
    assert "fits on 1x H100 SXM up to 55 sequences of 8k" in small.stdout
    large = trueup(project, "build", "as-is@1", "--check", "--model", "llama-70b@1", "--gpu", "all")
    # Whether the disk of this machine has room for two copies of it is another question.
    assert large.returncode == (8 if "BLD118" in large.stdout and "are free" in large.stdout else 0)
    assert "fits on 2x H100 SXM up to 6 sequences of 8k" in large.stdout
    assert "does not fit on 8x L4" in large.stdout


def test_a_mode_outside_its_window_is_refused_with_the_other_mode_and_where_it_stands(project: Path) -> None:
    refused = trueup(project, "build", "Build/engine@1", "--check", "--model", "llama-70b@1")
    assert refused.returncode == 8
    words = " ".join(refused.stdout.split())
    assert "spec/builds/gpu.yaml:14:18: error BLD101" in words
    assert "0.19 to 1.2.1" in words
    assert "declare `mode: pytorch`, which 1.3.0 has" in words
    assert "error BLD116" in words
    assert "fits on 2x H100 SXM" in words


def test_the_tiny_model_is_read_from_its_configuration_and_json_has_its_schema(project: Path) -> None:
    printed = trueup(project, "build", "as-is@1", "--check", "--model", "tiny@2", "--gpu", "L4", "-o", "json")
    assert printed.returncode == 0
    document = json.loads(printed.stdout)
    Draft202012Validator(OUTPUTS["build-check"].schema()).validate(document)
    assert document["sizes_from"] == "models/tiny/config.json"
    (row,) = document["fit"]
    assert (row["fits"], row["longest"], row["bytes_per_token"]) == (True, 512, 4 * 2 * 64 * 2)
    assert row["weights_bytes"] == pytest.approx(2 * 885_888, rel=0.01)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["build", "nobody@1", "--check"], "BLD001"),
        (["build", "as-is@1", "--check"], "BLD002"),
        (["build", "as-is@1", "--check", "--model", "tiny@2", "--gpu", "h101"], "BLD003"),
        (["build", "as-is@1"], "BLD002"),
        (["build", "as-is@1", "--model", "tiny@2", "--gpu", "all"], "CLI002"),
    ],
)
def test_what_cannot_be_checked_says_what_to_do(project: Path, words: list[str], code: str) -> None:
    failed = trueup(project, *words)
    assert failed.returncode == 1
    assert code in failed.stderr
    assert "hint:" in failed.stderr
    assert "Traceback" not in failed.stderr
