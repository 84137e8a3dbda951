"""`trueup build REF --render-job`, as it is typed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from workspaces import Declared, document, repository_files

TRUEUP = [sys.executable, "-c", "import sys; from trueup.cli.main import main; sys.exit(main())"]
TOOLCHAIN = "nvcr.io/nvidia/tensorrt-llm/release@sha256:" + "ab" * 32
WHERE = ("--claim", "store", "--trueup-image", "registry.example/trueup@sha256:" + "cd" * 32)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    files = repository_files([Declared(build="h100@1")])
    files["spec/builds/h100.yaml"] = document(
        "Build",
        "h100",
        {
            "mode": "engine",
            "toolchain": {"tensorrtLlm": "1.2.1", "image": TOOLCHAIN},
            "accelerator": {"gpu": "NVIDIA-H100-80GB-HBM3"},
            "build": {"max_batch_size": 8, "max_num_tokens": 100000},
        },
        version="1",
    )
    model = json.loads(files["spec/models/tiny-1.yaml"])
    sizes = {"layers": 2, "hiddenSize": 64, "intermediateSize": 128, "attentionHeads": 2, "vocabularySize": 256}
    model["spec"] |= {"architecture": "LlamaForCausalLM", "dimensions": sizes}
    files["spec/models/tiny-1.yaml"] = json.dumps(model).encode()
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def build(repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [*TRUEUP, "build", "h100@1", *words]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


def test_the_manifest_goes_to_standard_output_and_what_is_worth_knowing_beside_it(repository: Path) -> None:
    done = build(repository, "--render-job", *WHERE)
    assert done.returncode == 0, done.stderr
    config, job = yaml.safe_load_all(done.stdout)
    assert (config["kind"], job["kind"]) == ("ConfigMap", "Job")
    assert "`max_num_tokens` 100000 becomes 4096" in done.stderr
    assert build(repository, "--render-job", *WHERE).stdout == done.stdout
    listed = json.loads(build(repository, "--render-job", *WHERE, "-o", "json").stdout)
    assert listed["items"] == [config, job]


def test_what_is_missing_is_told_at_once(repository: Path) -> None:
    done = build(repository, "--render-job")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "--trueup-image" in done.stderr
    assert "--claim" in done.stderr


def test_one_thing_is_asked_for_at_a_time(repository: Path) -> None:
    assert build(repository, "--render-job", "--check", *WHERE).returncode == 1
    assert build(repository, "--gpu", "all").returncode == 1
