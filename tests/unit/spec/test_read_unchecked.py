"""Files that were declared before are read as they were, whatever kinds of today say of them."""

import json

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import BlobId
from trueup.spec import codes
from trueup.spec.parse import parse, read_unchecked
from trueup.spec.resource import SourceFile

HEADER = "apiVersion: trueup/v1alpha1\nkind: System\nmetadata: {name: s}\nspec:\n"
GOOD = HEADER + "  intendedPurpose: Answers.\n  operatorRole: deployer\n  riskClass: minimal\n"
PROMPT = (
    "apiVersion: trueup/v1alpha1\nkind: Prompt\nmetadata: {name: p, version: 1}\n"
    "spec: {type: text, template: {file: p.txt}}\n"
)


def file(text: str) -> SourceFile:
    return SourceFile("spec/a.yaml", BlobId("b"), text.encode())


def text_of(path: str) -> bytes | Diagnostic:
    return b"Be kind." if path == "p.txt" else Diagnostic(codes.INCLUDE_UNREADABLE, path)


def test_a_good_document_is_the_one_that_checking_gives() -> None:
    for text in (GOOD, PROMPT):
        checked = parse([file(text)], text_of)
        assert not checked.diagnostics
        assert read_unchecked([file(text)], text_of) == checked.resources


def test_fields_that_no_kind_knows_any_more_are_kept() -> None:
    found = read_unchecked([file(HEADER + "  riskClass: former\n  retired: true\n")], text_of)
    assert found is not None
    ((_, resource),) = found.items()
    assert json.loads(resource.canonical)["spec"] == {"riskClass": "former", "retired": True}


def test_text_that_cannot_be_had_leaves_the_name_of_its_file() -> None:
    found = read_unchecked([file(PROMPT.replace("p.txt", "gone.txt"))], text_of)
    assert found is not None
    ((_, resource),) = found.items()
    assert json.loads(resource.canonical)["spec"]["template"] == {"file": "gone.txt"}


def test_what_declares_no_resource_is_passed_over() -> None:
    texts = ("- a list\n", "kind: Deployment\n", "kind: Other\nmetadata: {name: x}\n", "kind: 3\n", "# nothing\n")
    assert read_unchecked([file(text) for text in texts], text_of) == {}


def test_a_file_that_is_no_yaml_makes_everything_unknown() -> None:
    assert read_unchecked([file(GOOD), file("kind: [\n")], text_of) is None
