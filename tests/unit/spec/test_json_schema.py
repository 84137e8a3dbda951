"""The published JSON Schemas accept what the models accept."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from trueup.spec.kinds import KINDS
from trueup.spec.reference_docs import reference_page
from trueup.spec.schema import combined_schema, editor_header, json_schema
from trueup.spec.yaml.load import load_documents

ROOT = Path(__file__).parents[3]
EXAMPLES = [*sorted((ROOT / "spec").rglob("*.yaml")), ROOT / "trueup.yaml"]
COMBINED = Draft202012Validator(combined_schema())


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_a_schema_and_explains_every_field(kind):
    schema = json_schema(kind)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:trueup:v1alpha1:{kind}"
    objects = [schema, *schema["$defs"].values()]
    fields = [f for o in objects for f in o.get("properties", {}).items()]
    assert [name for name, field in fields if not (field.get("description") or field.get("$ref"))] == []
    assert [o["title"] for o in objects if "properties" in o and not o.get("description")] == []
    assert all(o.get("additionalProperties") is False for o in objects if "properties" in o)


def test_the_combined_schema_is_a_schema():
    Draft202012Validator.check_schema(COMBINED.schema)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_example_fits_its_published_schema(path):
    for document in load_documents(path.read_bytes(), path.name).documents:
        own = Draft202012Validator(json_schema(document.value["kind"]))
        assert [e.message for e in own.iter_errors(document.value)] == []
        assert [e.message for e in COMBINED.iter_errors(document.value)] == []


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"kind": "Model"},
        {"apiVersion": "v1", "kind": "Model", "metadata": {"name": "a", "version": "1"}, "spec": {}},
        {"apiVersion": "trueup/v1alpha1", "kind": "Nope", "metadata": {"name": "a"}, "spec": {}},
        {"apiVersion": "trueup/v1alpha1", "kind": "Build", "metadata": {"name": "a", "version": "1"}, "spec": {}},
    ],
)
def test_the_combined_schema_refuses_what_is_no_resource(document):
    assert not COMBINED.is_valid(document)


def test_the_editor_header_names_a_schema():
    assert editor_header("../schemas/Model.json") == "# yaml-language-server: $schema=../schemas/Model.json"


def test_the_reference_page_is_what_the_kinds_say(update_golden):
    page = ROOT / "docs" / "reference" / "spec.md"
    if update_golden:
        page.write_text(reference_page())
    assert page.read_text() == reference_page()


def test_the_reference_page_has_every_field_of_every_kind():
    page = reference_page()
    for name in ("spec.release.model", "spec.rollout.steps[].setWeight", "spec.toolchain.tensorrtLlm"):
        assert f"| `{name}` |" in page
    assert "any value |  |  |" not in page
