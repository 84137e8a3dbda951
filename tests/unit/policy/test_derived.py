"""Facts computed for rules."""

from typing import Any

import pytest

from states import NOON, desired, nothing
from trueup.core.json import Json
from trueup.policy.derived import Documents, Subject, derive, secret_places
from trueup.policy.facts.reviews import PolicyFacts

KEY = "hf_abcdefghijklmnopqrstuv"


def facts(kind: str, **spec: Json) -> Any:
    documents = {f"{kind}/x@1": {"kind": kind, "spec": spec}}
    subject = Subject(desired(), {}, (), nothing(), {})
    return derive(subject, Documents(documents, documents), PolicyFacts(), None, NOON)


def test_secrets_are_found_by_issuers_prefix_and_by_field_name() -> None:
    document = {"spec": {"text": f"use {KEY}", "nested": [{"apiKey": "plain"}], "fine": "text"}}
    assert list(secret_places(document)) == [("spec", "text"), ("spec", "nested", 0, "apiKey")]


def test_a_secret_used_as_a_key_is_found() -> None:
    assert list(secret_places({"spec": {KEY: 1}})) == [("spec", KEY)]


def test_references_to_secrets_are_no_secrets() -> None:
    assert list(secret_places({"credentials": "env:TOKEN", "keys": ["file:keys.txt"]})) == []


def test_a_deep_document_is_walked_without_recursion() -> None:
    document: Json = KEY
    for _ in range(5_000):
        document = [document]
    # The path alone is 5,000 steps long; what matters is that it is found.
    (path,) = secret_places(document)
    assert len(path) == 5_000


def test_licence_expressions_are_given_as_alternatives() -> None:
    found = facts("Model", licenses=["MIT OR (Apache-2.0 AND BSD-3-Clause)", "(("])["licenses"]["Model/x@1"]
    assert found == {
        "field": "licenses",
        "expressions": [
            {
                "expression": "MIT OR (Apache-2.0 AND BSD-3-Clause)",
                "alternatives": [["Apache-2.0", "BSD-3-Clause"], ["MIT"]],
            },
            {"expression": "((", "alternatives": None},
        ],
    }


def test_a_dataset_has_one_licence_and_a_prompt_needs_none() -> None:
    assert facts("Dataset", license="MIT")["licenses"]["Dataset/x@1"]["field"] == "license"
    assert facts("Prompt")["licenses"] == {}


def test_a_model_without_licence_has_no_expression() -> None:
    assert facts("Model")["licenses"]["Model/x@1"]["expressions"] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"uri": "https://example.com/a/model.PT?token=1"}, ("https", "pt", True)),
        ({"uri": "file:models/tiny/v2"}, ("file", "", False)),
        ({"uri": "package://x/model.Q4.gguf"}, ("package", "gguf", False)),
        ({"uri": "hf://org/model", "files": ["*.safetensors", "pytorch_model.bin"]}, ("hf", "", True)),
    ],
)
def test_what_an_address_says_of_its_bytes(source: Json, expected: tuple[str, str, bool]) -> None:
    found = facts("Model", source=source)["artifacts"]["Model/x@1"]
    assert (found["scheme"], found["suffix"], found["runsCode"]) == expected
