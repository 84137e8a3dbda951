"""The bill of materials: valid CycloneDX of both versions, equal for equal content, with what the documents say."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from fakes import FakeTree
from trueup.builds.bom import SPEC_VERSIONS, Measured, Subject, bill_of
from trueup.builds.bom_components import Stored, licenses_of
from trueup.builds.provenance import Artifact, Result, Run, spelled, statement
from trueup.core.digests import Digest, digest_of, digest_of_bytes
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.resolve import resolve
from trueup.desired.state import Release
from trueup.spec.parse import parse
from trueup.spec.resource import Resources
from workspaces import document

WEIGHTS, DATA, LORA, BASE = (digest_of(name) for name in ("weights", "data", "lora", "base"))
SOURCE: dict[str, Json] = {"uri": "hf://Acme/Shop/sub", "revision": "ABC123", "digest": WEIGHTS}
MODEL: dict[str, Json] = {
    "source": SOURCE,
    "format": "safetensors",
    "vendor": "Acme",
    "architecture": "LlamaForCausalLM",
    "architectureFamily": "transformer",
    "paramSize": 1000,
    "task": "text-generation",
    "licenses": ["Apache-2.0", "MIT OR BSD-3-Clause"],
    "baseModel": ["base@1"],
    "relation": "finetune",
    "datasets": ["train@1"],
    "capabilities": {"inputTypes": ["text"], "outputTypes": ["text"]},
    "card": "For a small shop.",
    "bom": {"uri": "https://acme.example/bom.json", "digest": DATA},
    "provenance": {"uri": "https://acme.example/slsa.json"},
}
TRAINING: dict[str, Json] = {
    "source": {"uri": "file:data/train.jsonl", "digest": DATA},
    "purpose": "finetune",
    "license": "CC-BY-4.0",
    "card": "Questions of customers.",
    "confidentialityLevel": "amber",
    "personalData": {"present": True, "categories": ["names"]},
    "governance": {"owners": ["Data office"]},
    "knownBias": ["short", "English"],
}
DOCUMENTS: dict[str, bytes] = {
    "base.yaml": document(
        "Model",
        "base",
        {
            "source": {"uri": "file:b", "digest": BASE},
            "format": "gguf",
            "licenseName": "Acme",
            "licenseLink": "https://a.example",
        },
        version="1",
    ),
    "shop.yaml": document("Model", "shop", MODEL, version="2"),
    "train.yaml": document("Dataset", "train", TRAINING, version="1"),
    "calib.yaml": document(
        "Dataset",
        "calib",
        {"source": {"uri": "file:c"}, "purpose": "calibration", "personalData": {"present": True}},
        version="1",
    ),
    "tone.yaml": document(
        "Adapter",
        "tone",
        {
            "baseModel": "shop@2",
            "method": "lora",
            "rank": 8,
            "source": {"uri": "file:t", "digest": LORA},
            "card": "Kind.",
        },
        version="1",
    ),
    "support.yaml": document("Prompt", "support", {"type": "text", "template": "Be kind."}, version="1"),
    "facts.yaml": document(
        "Evaluation",
        "facts",
        {
            "category": "quality",
            "dataset": "train@1",
            "metricDecisionThreshold": [
                {"metric": "exact", "op": ">=", "value": 0.6},
                {"metric": "exact", "op": ">", "value": 0.5, "slice": "new"},
            ],
        },
        version="1",
    ),
    "outside.yaml": document(
        "Evaluation", "outside", {"category": "safety", "suite": {"tool": "external"}}, version="1"
    ),
    "q8.yaml": document("Build", "q8", {"mode": "gguf", "quantization": "Q8_0"}, version="1"),
    "fp8.yaml": document(
        "Build",
        "fp8",
        {
            "mode": "pytorch",
            "quantization": {"format": "fp8", "calibration": {"dataset": "calib@1"}},
            "toolchain": {"modelopt": "0.47.0", "transformers": "5.23.0", "torch": "2.13.0"},
        },
        version="1",
    ),
    "help.yaml": document(
        "System",
        "help",
        {
            "intendedPurpose": "Answers.",
            "operatorRole": "deployer",
            "riskClass": "minimal",
            "users": ["Customers"],
            "ethicalConsiderations": ["Wrong answers"],
        },
    ),
    "dev.yaml": document("Environment", "dev", {"tier": "dev", "target": {"type": "process"}}),
}
MODEL_ID, FACTS, OUTSIDE = (
    ResourceId("Model", "shop", "2"),
    ResourceId("Evaluation", "facts", "1"),
    ResourceId("Evaluation", "outside", "1"),
)


def declared(build: str = "q8@1", **changes: bytes) -> Resources:
    release: Json = {"model": "shop@2", "prompt": "support@1", "adapters": ["tone@1"], "build": build}
    spec: dict[str, Json] = {"environment": "dev", "release": release, "runtime": {"engine": "llama.cpp"}}
    files = {f"spec/{name}": text for name, text in (DOCUMENTS | changes).items()}
    tree = FakeTree(files | {"spec/d.yaml": document("Deployment", "d", spec)})
    parsed = parse(tree.files(["spec"], [".yaml"]), tree.read)
    assert not parsed.diagnostics, parsed.diagnostics
    return parsed.resources


def released(resources: Resources) -> Release:
    state, problems = resolve(resources, "dev", "")  # type: ignore[arg-type]  # uncommitted
    assert state is not None, problems
    return state.deployments[0].release


def served(resources: Resources, **changes: object) -> Subject:
    release = released(resources)
    stored = {
        release.build.key: Stored(digest_of_bytes(b"made"), (("m.gguf", digest_of_bytes(b"made")),), is_folder=False),
        WEIGHTS: Stored(WEIGHTS, (("a", digest_of("a")), ("b", digest_of("b"))), is_folder=True),
    }
    made = Artifact("m.gguf", digest_of_bytes(b"made"))
    run = Run(datetime(2026, 3, 14, 12, tzinfo=UTC), datetime(2026, 3, 14, 13, tzinfo=UTC), "0.1.0", {"gguf": "0.17"})
    subject = Subject(
        model=MODEL_ID,
        release=release,
        system="help",
        runtime="llama.cpp",
        evaluations=(FACTS, OUTSIDE),
        measured=(Measured("Evaluation/facts@1", "exact", 0.75, "ratio"),),
        stored=stored,
        provenance=spelled(statement(release.build, (), Result((made,), made), run)),
    )
    return replace(subject, **changes)  # type: ignore[arg-type]  # fields of the dataclass


RESOURCES = declared()
BARE = {"bare.yaml": document("Model", "bare", {"source": {"uri": "api://x/y"}, "format": "api"}, version="1")}
CASES: Mapping[str, tuple[Subject, Resources]] = {
    "model": (Subject(MODEL_ID), RESOURCES),
    "model with evaluations": (Subject(MODEL_ID, evaluations=(FACTS,)), RESOURCES),
    "deployment": (served(RESOURCES), RESOURCES),
    "deployment whose build is not here": (served(RESOURCES, stored={}, provenance=b""), RESOURCES),
    "without a prompt": (served(RESOURCES, release=replace(released(RESOURCES), prompt=None)), RESOURCES),
    "checkpoint": (served(declared("fp8@1")), declared("fp8@1")),
    "simulated": (
        served(RESOURCES, provenance=served(RESOURCES).provenance.replace(b'"simulated":false', b'"simulated":true')),
        RESOURCES,
    ),
    "bare model": (Subject(ResourceId("Model", "bare", "1")), declared(**BARE)),
}


def bill(name: str, spec_version: str = "1.6") -> dict[str, Json]:
    subject, resources = CASES[name]
    return json.loads(json.dumps(bill_of(subject, resources, "0.1.0", spec_version)))


def main(name: str) -> dict[str, Json]:
    found = bill(name)["metadata"]
    assert isinstance(found, dict)
    return found["component"]  # type: ignore[return-value]  # JSON


@pytest.mark.parametrize("spec_version", SPEC_VERSIONS)
@pytest.mark.parametrize("name", CASES)
def test_a_bill_is_valid_by_the_published_schema(name: str, spec_version: str) -> None:
    validator = JsonStrictValidator(SchemaVersion.from_version(spec_version))
    assert validator.validate_str(json.dumps(bill(name, spec_version))) is None


def test_what_is_no_bill_is_found_by_the_same_check() -> None:
    broken = {**bill("model"), "components": [{"type": "model"}]}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(broken)) is not None


@pytest.mark.parametrize("name", CASES)
def test_equal_content_gives_an_equal_bill_whose_number_is_its_own(name: str) -> None:
    assert bill(name) == bill(name)
    others = {bill(other)["serialNumber"] for other in CASES}
    assert len(others) == len(CASES)


@pytest.mark.parametrize("name", CASES)
def test_every_reference_leads_to_a_component(name: str) -> None:
    value = bill(name)
    components = value["components"]
    dependencies = value["dependencies"]
    assert isinstance(components, list)
    assert isinstance(dependencies, list)
    known = {"subject", *(c["bom-ref"] for c in components)}
    assert {d["ref"] for d in dependencies} == known
    assert set(dependencies[0].get("dependsOn", ())) == known - {"subject"}
    card = main(name)["modelCard"]["modelParameters"]  # type: ignore[index, call-overload]  # JSON
    assert {d["ref"] for d in card.get("datasets", ())} <= known


def test_a_model_says_where_it_is_from_whose_and_under_what_licence() -> None:
    found = main("model")
    assert found["supplier"] == {"name": "Acme"}
    assert found["description"] == "For a small shop."
    assert found["purl"] == "pkg:huggingface/Acme/Shop@abc123"
    assert found["licenses"] == [{"expression": "Apache-2.0 AND (MIT OR BSD-3-Clause)"}]
    assert [(r["type"], r["url"]) for r in found["externalReferences"]] == [  # type: ignore[union-attr, index, call-overload]
        ("distribution", "hf://Acme/Shop/sub"),
        ("bom", "https://acme.example/bom.json"),
        ("attestation", "https://acme.example/slsa.json"),
    ]
    pedigree = found["pedigree"]
    assert [a["name"] for a in pedigree["ancestors"]] == ["base"]  # type: ignore[index, call-overload, union-attr]
    assert pedigree["notes"] == "relation to its ancestors: finetune"  # type: ignore[index, call-overload]


def test_a_folder_lists_its_files_and_a_file_has_its_hash() -> None:
    found = main("deployment")
    assert found["hashes"] == [{"alg": "SHA-256", "content": digest_of_bytes(b"made").removeprefix("sha256:")}]
    (source,) = found["pedigree"]["ancestors"]  # type: ignore[index, call-overload]
    assert "hashes" not in source
    assert [(f["type"], f["name"]) for f in source["components"]] == [("file", "a"), ("file", "b")]
    assert {"name": "trueup:digest", "value": WEIGHTS} in source["properties"]


def test_a_card_has_what_was_measured_what_had_to_be_reached_and_what_it_is_for() -> None:
    card = main("deployment")["modelCard"]
    assert isinstance(card, dict)
    assert card["quantitativeAnalysis"] == {
        "performanceMetrics": [{"type": "exact", "value": "0.75 ratio", "slice": "Evaluation/facts@1"}]
    }
    assert card["properties"] == [
        {"name": "trueup:threshold:facts@1:exact", "value": ">= 0.6"},
        {"name": "trueup:threshold:facts@1:exact:new", "value": "> 0.5"},
    ]
    assert card["considerations"] == {
        "users": ["Customers"],
        "useCases": ["Answers."],
        "ethicalConsiderations": [{"name": "Wrong answers"}],
    }


def test_a_dataset_says_what_is_sensitive_and_who_answers_for_it() -> None:
    components = bill("checkpoint")["components"]
    assert isinstance(components, list)
    found = {c["bom-ref"]: c for c in components}
    assert {"Dataset/train@1", "Dataset/calib@1", "Adapter/tone@1", "Prompt/support@1", "runtime"} == found.keys()
    (described,) = found["Dataset/train@1"]["data"]
    assert (described["classification"], described["sensitiveData"]) == ("amber", ["names"])
    assert described["governance"] == {"owners": [{"organization": {"name": "Data office"}}]}
    assert found["Dataset/calib@1"]["data"][0]["sensitiveData"] == ["personal data"]
    assert "licenses" not in found["Dataset/calib@1"]


def test_a_build_is_told_by_its_provenance() -> None:
    found = bill("deployment")
    key = released(RESOURCES).build.key
    (formula,) = found["formulation"]  # type: ignore[misc]
    assert {c["name"] for c in formula["components"]} == {"gguf", "trueup"}  # type: ignore[index, call-overload, union-attr]
    (workflow,) = formula["workflows"]  # type: ignore[index, call-overload, misc]
    assert (workflow["uid"], workflow["timeStart"]) == (key, "2026-03-14T12:00:00Z")  # type: ignore[index, call-overload]
    (reference,) = main("deployment")["externalReferences"]  # type: ignore[misc]
    digest = digest_of_bytes(CASES["deployment"][0].provenance)
    assert reference["url"] == f"urn:trueup:provenance:{digest}"  # type: ignore[index, call-overload]
    assert "formulation" not in bill("deployment whose build is not here")


def test_what_a_double_built_says_so() -> None:
    (workflow,) = bill("simulated")["formulation"][0]["workflows"]  # type: ignore[index, call-overload, misc]
    assert {"name": "trueup:simulated", "value": "true"} in workflow["properties"]  # type: ignore[index, call-overload, operator]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (([],), {}),
        ((["MIT"],), {"licenses": [{"expression": "MIT"}]}),
        ((["MIT OR ISC"],), {"licenses": [{"expression": "MIT OR ISC"}]}),
        ((["MIT"], "Acme"), {"licenses": [{"license": {"name": "Acme"}}, {"license": {"name": "MIT"}}]}),
    ],
)
def test_licences_are_one_expression_or_named(arguments: tuple[list[str], str], expected: Json) -> None:
    assert licenses_of(*arguments) == expected


def test_the_digest_of_a_source_stands_there_when_the_store_has_nothing() -> None:
    found: Digest = WEIGHTS
    assert {"name": "trueup:digest", "value": found} in main("model")["properties"]  # type: ignore[operator]


def gaps(name: str) -> list[str]:
    properties = bill(name)["metadata"]["properties"]  # type: ignore[index, call-overload]
    return [p["value"] for p in properties if p["name"] == "trueup:gap"]  # type: ignore[union-attr, index, call-overload]


def composition(name: str) -> str:
    (found,) = bill(name)["compositions"]  # type: ignore[misc]
    return found["aggregate"]  # type: ignore[index, call-overload, return-value]


def test_what_a_bill_cannot_say_is_marked_in_it() -> None:
    assert "Model/bare@1 declares no spec.licenses or spec.licenseName" in gaps("bare model")
    assert "Model/bare@1 declares no spec.source.digest" in gaps("bare model")
    assert composition("bare model") == "incomplete"
    assert not [g for g in gaps("model") if g.startswith("Model/")]
    assert "Dataset/calib@1 declares no spec.license or spec.licenseLink" in gaps("checkpoint")


def test_a_bill_of_what_is_served_marks_what_was_not_measured_and_what_is_not_here() -> None:
    key = released(RESOURCES).build.key
    assert "nothing was measured by Evaluation/outside@1 of what is served" in gaps("deployment")
    assert not [g for g in gaps("deployment") if "facts@1 of" in g or key in g]
    missing = gaps("deployment whose build is not here")
    assert f"nothing here says how the build with the key {key} was made" in missing
    assert f"the store here has no build with the key {key}, so its files are not listed" in missing
    assert not [g for g in gaps("model with evaluations") if "measured" in g]


def test_a_system_that_nobody_declares_and_no_build_are_no_gaps() -> None:
    alone = replace(served(RESOURCES), system="nobody", evaluations=())
    plain = replace(alone.release, build=replace(alone.release.build, mode="none"))  # type: ignore[type-var, union-attr]
    found = bill_of(replace(alone, release=plain, stored={}, provenance=b""), RESOURCES, "0.1.0")
    said = [p["value"] for p in found["metadata"]["properties"]]  # type: ignore[index, call-overload, union-attr]
    assert not [g for g in said if "build" in g or "System" in g]


def test_a_bill_without_a_gap_is_not_called_complete() -> None:
    full = declared(
        **{
            "full.yaml": document(
                "Model",
                "full",
                {k: v for k, v in MODEL.items() if k not in {"datasets", "baseModel", "relation"}}
                | {"datasets": ["own@1"]},
                version="1",
            ),
            "own.yaml": document("Dataset", "own", TRAINING, version="1"),
        }
    )
    found = bill_of(Subject(ResourceId("Model", "full", "1")), full, "0.1.0")
    assert found["metadata"]["properties"] == []  # type: ignore[index, call-overload]
    assert found["compositions"] == [{"aggregate": "unknown", "assemblies": ["subject"]}]
