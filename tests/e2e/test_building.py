"""`trueup build` by real commands: built once, held against its source, recorded, refused before anything is spent."""

import json

import pytest
from jsonschema import Draft202012Validator
from scratch import Scratch

from trueup.cli.views.schemas import OUTPUTS

MODEL = "tiny@2"


def declare(scratch: Scratch, version: str, **spec: object) -> str:
    build = {
        "apiVersion": "trueup/v1alpha1",
        "kind": "Build",
        "metadata": {"name": "lone", "version": version, "owner": "ml-platform"},
        "spec": {"mode": "gguf", **spec},
    }
    scratch.write(f"spec/builds/lone-{version}.yaml", json.dumps(build))
    scratch.commit(f"Declare lone@{version}")
    return f"Build/lone@{version}"


def test_what_is_built_lies_in_the_store_and_the_ledger_says_how(scratch: Scratch) -> None:
    ref = declare(scratch, "1", quantization="Q8_0")
    report = scratch.trueup("build", ref, "--model", MODEL, "-o", "json").json
    Draft202012Validator(OUTPUTS["build"].schema()).validate(report)
    assert (report["cached"], report["refused"], report["parity"]) == (False, [], "")
    assert (scratch.folder / report["path"]).exists()
    (record,) = scratch.trueup("audit", "log", "--kind", "build", "-o", "json").json["records"]
    assert report["key"] in json.dumps(record)

    again = scratch.trueup("build", "lone@1", "--model", MODEL)
    assert "was in the store" in again.out
    assert len(scratch.trueup("audit", "log", "--kind", "build", "-o", "json").json["records"]) == 1
    scratch.trueup("audit", "verify")


def test_a_build_unlike_its_source_ends_denied_and_says_by_how_much(scratch: Scratch) -> None:
    gate = {"logits": {"maxKl": 0.00001, "minTop1": 0.8, "sequences": 4}}
    ref = declare(scratch, "1", quantization="Q4_0", parity=gate)
    refused = scratch.trueup("build", ref, "--model", MODEL, code=3)
    assert "refused, KL " in refused.out
    assert "is not at most 0.00001" in refused.out
    loose = declare(scratch, "2", quantization="Q4_0", parity={"logits": {**gate["logits"], "maxKl": 1.0}})
    accepted = scratch.trueup("build", loose, "--model", MODEL, "-o", "json").json
    assert (accepted["cached"], accepted["refused"]) == (True, [])
    assert accepted["parity"].startswith("KL ")
    assert accepted["measured"]["kl"] > 0.00001


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("Build/none@1",), 1, "BLD001"),
        (("lone@1",), 1, "BLD002"),
        (("lone@1", "--model", "none@1"), 1, "BLD001"),
        (("lone@1", "--gpu", "all"), 1, "--check"),
        (("lone@1", "--check", "--render-job"), 1, "exclude each other"),
        (("lone@1", "--claim", "store"), 1, "--render-job"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, tuple) else "",
)
def test_what_cannot_be_meant_is_said(scratch: Scratch, words: tuple[str, ...], code: int, said: str) -> None:
    declare(scratch, "1", quantization="Q8_0")
    done = scratch.trueup("build", *words, code=code)
    assert said in done.err


def test_what_cannot_work_is_refused_by_the_same_check_and_nothing_is_fetched(scratch: Scratch) -> None:
    ref = declare(
        scratch,
        "1",
        mode="engine",
        toolchain={"tensorrtLlm": "1.3.0", "tensorrt": "10.13.3.9", "transformers": "4.57.6"},
        accelerator={"gpu": "NVIDIA-H100-80GB-HBM3", "computeCapability": "9.0"},
    )
    refused = scratch.trueup("build", ref, "--model", MODEL, code=8)
    assert "BLD101" in refused.out
    assert not list((scratch.folder / ".trueup" / "store").rglob("content"))
