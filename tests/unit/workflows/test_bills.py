"""A bill of materials of a workspace: which artifact it is of, and what the store and the ledger know of it."""

import json

import pytest

from trueup.builds.result import BuildResult
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.workflows.bom import bill
from trueup.workflows.build import BuildRequest, build
from trueup.workflows.planning import Invalid
from workspaces import Declared, FakeWorkspace, Stage

TINY = Declared(build="q8@1")
MEASURED = Stage(evaluations=("facts@1",))


def made(workspace: FakeWorkspace, reference: str, **options: str) -> dict[str, Json]:
    found = bill(workspace, reference, **options)
    assert isinstance(found, dict)
    return json.loads(json.dumps(found))


def main(value: dict[str, Json]) -> dict[str, Json]:
    return value["metadata"]["component"]  # type: ignore[index, call-overload, return-value]  # JSON


def test_what_a_deployment_serves_is_told_with_its_measurements_and_provenance(make) -> None:
    workspace = make(TINY, dev=MEASURED)
    before = made(workspace, "Deployment/dev/support")
    assert main(before)["externalReferences"] == []
    assert "quantitativeAnalysis" not in main(before)["modelCard"]  # type: ignore[operator]
    workspace.apply()
    after = made(workspace, "Deployment/dev/support")
    assert [r["type"] for r in main(after)["externalReferences"]] == ["attestation"]  # type: ignore[union-attr, index, call-overload]
    metrics = main(after)["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]  # type: ignore[index, call-overload]
    assert [m["slice"] for m in metrics] == ["Evaluation/facts@1"]  # type: ignore[union-attr, index, call-overload]
    assert after == made(workspace, "Deployment/dev/support")


def test_a_model_by_itself_has_thresholds_and_nothing_that_was_measured_of_a_build(make) -> None:
    workspace = make(TINY, dev=MEASURED)
    workspace.apply()
    card = main(made(workspace, "Model/tiny@1"))["modelCard"]
    assert isinstance(card, dict)
    assert "quantitativeAnalysis" not in card
    assert [p["name"] for p in card["properties"]] == ["trueup:threshold:facts@1:exact_match"]  # type: ignore[union-attr, index, call-overload]


def test_a_build_is_told_without_the_prompt_and_the_runtime_of_one_deployment(make) -> None:
    workspace = make(TINY)
    workspace.apply()
    value = made(workspace, "Build/q8@1", spec_version="1.7")
    assert value["specVersion"] == "1.7"
    assert main(value)["externalReferences"]
    assert "runtime" not in {c["bom-ref"] for c in value["components"]}  # type: ignore[union-attr, index, call-overload]


def test_a_build_that_nobody_serves_is_told_of_the_model_that_is_named(make) -> None:
    workspace = make(Declared(model="smol@1"))
    built = build(workspace, BuildRequest("q8@1", "tiny@1"))
    assert isinstance(built, BuildResult)
    value = made(workspace, "Build/q8@1", model="tiny@1")
    assert {"name": "trueup:build:key", "value": built.key} in main(value)["properties"]  # type: ignore[operator]  # JSON
    assert [r["type"] for r in main(value)["externalReferences"]] == ["attestation"]  # type: ignore[union-attr, index, call-overload]
    # One of several models, too; and what a deployment adds is not in it.
    served = make(TINY, Declared(name="chat", model="tiny@2", build="q8@1"))
    assert main(made(served, "Build/q8@1", model="Model/tiny@2"))["name"] == main(value)["name"]
    assert made(make(TINY), "Build/q8@1") == made(make(TINY), "Build/q8@1", model="tiny@1")


def test_a_model_is_named_for_a_build_alone(make) -> None:
    with pytest.raises(PermanentError, match="`--model` says what a Build is made of"):
        bill(make(TINY), "Deployment/dev/support", model="tiny@1")
    with pytest.raises(PermanentError, match="BLD001"):
        bill(make(TINY), "Build/q8@1", model="nobody@1")
    with pytest.raises(PermanentError) as caught:
        bill(make(Declared(model="smol@1")), "Build/q8@1")
    assert "--model" in caught.value.hint


def test_a_build_of_several_models_asks_for_the_deployment(make) -> None:
    workspace = make(TINY, Declared(name="chat", model="tiny@2", build="q8@1"))
    with pytest.raises(PermanentError, match="BOM001") as caught:
        bill(workspace, "Build/q8@1")
    assert "Deployment/dev/chat, Deployment/dev/support" in caught.value.hint


@pytest.mark.parametrize(
    ("reference", "code"), [("Build/q8@1", "BOM001"), ("Prompt/support@1", "BOM001"), ("Model/nobody@1", "APP009")]
)
def test_what_has_no_bill_says_what_has_one(make, reference: str, code: str) -> None:
    with pytest.raises(PermanentError, match=code):
        bill(make(Declared(model="smol@1")), reference)


def test_a_wrong_declaration_has_no_bill(make) -> None:
    workspace = make(TINY)
    workspace.files = {**workspace.files, "spec/z.yaml": b"{"}
    assert isinstance(bill(workspace, "Model/tiny@1"), Invalid)
    assert isinstance(bill(make(Declared(replicas=0)), "Model/tiny@1"), Invalid)


def test_a_bill_shows_no_secret_that_somebody_wrote_into_a_card(make) -> None:
    workspace = make(TINY)
    path = "spec/models/tiny-1.yaml"
    model = json.loads(workspace.files[path])
    model["spec"]["card"] = "The key is AKIAIOSFODNN7EXAMPLE."
    workspace.files = {**workspace.files, path: json.dumps(model).encode()}
    assert "AKIAIOSFODNN7EXAMPLE" not in json.dumps(made(workspace, "Model/tiny@1"))
