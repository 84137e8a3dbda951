"""Estimates of memory and checks before a build, as rules see them."""

from dataclasses import replace
from typing import Any

import pytest

from states import NOON, Want, desired
from trueup.builds.network import Network
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment
from trueup.policy.facts.builds import build_facts
from trueup.policy.facts.fit import fit_evidence, subject_of, takes_accelerator

ITEM = desired(Want()).deployments[0]
ADDRESS, MODEL = str(ITEM.id), str(ITEM.release.model.id)
EIGHT = Network("LlamaForCausalLM", 32, 4096, 14336, 32, 8, 128, 128256, 131072)
SIZES: dict[str, Json] = {
    "architecture": "LlamaForCausalLM",
    "contextLength": 131072,
    "precision": "bfloat16",
    "dimensions": {
        "layers": 32,
        "hiddenSize": 4096,
        "intermediateSize": 14336,
        "attentionHeads": 32,
        "keyValueHeads": 8,
        "vocabularySize": 128256,
    },
}
VLLM: dict[str, Json] = {"runtime": {"engine": "vllm"}, "resources": {"accelerator": "h100_sxm", "count": 1}}


def built(mode: str) -> DesiredDeployment:
    release = replace(ITEM.release, build=replace(ITEM.release.build, mode=mode))
    return replace(ITEM, release=release)


def about(
    item: DesiredDeployment,
    build: Json = None,
    deployment: Json = None,
    model: Json = None,
    settings: Json = None,
    networks: dict[str, Network] | None = None,
) -> Any:
    documents: dict[str, Json] = {
        str(item.release.build.id): {"spec": build or {}},
        ADDRESS: {"spec": deployment or {}},
        MODEL: {"spec": model or {}},
    }
    subject = subject_of(item, documents, settings, networks or {})
    return (
        subject,
        fit_evidence(subject, item, "trueup 1.0", NOON),
        build_facts(item, documents, settings, {}, networks or {}),
    )


def test_a_server_without_accelerator_takes_none_and_has_no_estimate() -> None:
    subject, evidence, facts = about(ITEM)
    assert not takes_accelerator(subject)
    assert evidence is None
    assert (facts["errors"], facts["fitUnknown"]) == ([], None)
    assert subject.build.format == "Q8_0", "what the pin says, where nothing is declared"
    assert subject.runtime == "llama.cpp"


def test_an_estimate_is_bound_to_release_and_server() -> None:
    _, evidence, facts = about(built("none"), deployment=VLLM, model=SIZES)
    assert evidence["subject"] == {"release": built("none").release.digest, "server": ITEM.server.key}
    assert (evidence["type"], evidence["tool"], evidence["simulated"], evidence["passed"]) == (
        "fit",
        "trueup 1.0",
        False,
        True,
    )
    required, available = evidence["measurements"]
    assert (required["metric"], required["unit"], available["value"]) == ("required", "MiB", 81559)
    assert 18_000 < required["value"] < 25_000
    assert evidence["completedAt"] == NOON.isoformat()
    assert (facts["errors"], facts["fitUnknown"]) == ([], None)


def test_one_that_is_too_large_does_not_pass_and_is_an_error() -> None:
    l4: dict[str, Json] = {
        "runtime": {"engine": "vllm", "args": {"max_model_len": 131072}},
        "resources": {"accelerator": "l4", "count": 1},
    }
    _, evidence, facts = about(built("pytorch"), deployment=l4, model=SIZES)
    assert evidence["passed"] is False
    (error,) = facts["errors"]
    assert (error["code"], error["address"], error["path"]) == ("BLD116", ADDRESS, ["spec", "resources", "accelerator"])
    assert error["hint"]


def test_a_network_that_was_read_wins_over_what_is_declared() -> None:
    small = replace(EIGHT, layers=1)
    (_, read, _), (_, declared, _) = (
        about(built("none"), deployment=VLLM, model=SIZES, networks=networks) for networks in ({MODEL: small}, {})
    )
    assert read["measurements"][0]["value"] < declared["measurements"][0]["value"]


@pytest.mark.parametrize(
    ("deployment", "model", "settings", "words"),
    [
        (VLLM, {}, None, "the Model does not declare"),
        ({"resources": {"count": 1}}, SIZES, None, "the deployment names no accelerator"),
        ({"resources": {"accelerator": "tpu-v6", "count": 1}}, SIZES, None, "how much memory tpu-v6 has"),
        (VLLM, {**SIZES, "quantization": "ternary"}, None, "how many bytes a weight takes as `ternary`"),
        (
            {"resources": {"count": 1}},
            SIZES,
            {"accelerators": [{"sku": "l4"}, {"sku": "h100"}]},
            "names no accelerator",
        ),
    ],
)
def test_why_there_is_no_estimate_is_said(deployment: Json, model: Json, settings: Json, words: str) -> None:
    _, evidence, facts = about(built("none"), deployment=deployment, model=model, settings=settings)
    assert evidence is None
    assert words in facts["fitUnknown"]


def test_the_only_accelerator_of_an_environment_is_meant_where_a_count_stands_alone() -> None:
    settings: Json = {"accelerators": [{"sku": "h100_sxm", "count": 8}, "?"]}
    counted: Json = {"resources": {"count": 1}}
    _, evidence, _ = about(built("none"), deployment=counted, model=SIZES, settings=settings)
    assert evidence["measurements"][1]["value"] == 81559


def test_an_engine_takes_an_accelerator_whatever_its_deployment_says() -> None:
    engine: Json = {"mode": "engine", "accelerator": {"gpu": "NVIDIA-H100-80GB-HBM3"}, "parallelism": {"tensor": 3}}
    subject, evidence, facts = about(built("engine"), build=engine, model=SIZES)
    assert takes_accelerator(subject)
    assert evidence is not None
    assert {"BLD104", "BLD117"} <= {e["code"] for e in facts["errors"]}
    assert "BLD115" in facts["unknown"]
    build = str(ITEM.release.build.id)
    assert {e["address"] for e in facts["errors"] if e["code"] == "BLD104"} == {build}


def test_a_network_that_nobody_knows_has_no_reason_of_its_own() -> None:
    subject, _, _ = about(built("none"), deployment=VLLM)
    assert fit_evidence(replace(subject, network=()), ITEM, "t", NOON) is None
