"""Every document that a page shows is one that trueup accepts, and every Evaluation one that it can run."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_links import ROOT

from trueup.adapters.evaluators.declaration import read_declaration
from trueup.core.digests import BlobId
from trueup.desired.prompt_tests import prompt_problems
from trueup.spec import codes
from trueup.spec.parse import parse
from trueup.spec.resource import Parsed, SourceFile

EVALUATING = sorted((ROOT / "docs").glob("evaluate*.md"))
_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_FRAME = {
    "apiVersion": "trueup/v1alpha1",
    "kind": "Evaluation",
    "metadata": {"name": "shown", "version": "1", "owner": "somebody"},
}


def documents(page: Path) -> Iterator[Any]:
    for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        yield from yaml.safe_load_all(block)


def is_whole(document: Any) -> bool:
    return isinstance(document, dict) and {"apiVersion", "kind", "metadata", "spec"} <= set(document)


def read(document: Any) -> Parsed:
    """Read *document* alone: what it refers to need not be on the page."""
    text = yaml.safe_dump(document, allow_unicode=True)
    found = parse([SourceFile("page.yaml", BlobId("0" * 40), text.encode())], lambda path: path.encode())
    problems = [d for d in found.diagnostics if d.code is not codes.DANGLING_REFERENCE]
    assert [str(d) for d in problems] == []
    return found


def framed(document: Any) -> Any:
    """Return an Evaluation with the part of a `spec` that a page shows."""
    spec = {"category": "quality", "dataset": "facts@1", "tasks": [{"task": "exact_match"}], **document}
    return {**_FRAME, "spec": spec}


@pytest.mark.parametrize("page", EVALUATING, ids=lambda p: p.name)
def test_what_a_page_about_evaluations_shows_can_be_declared_and_run(page: Path) -> None:
    shown = list(documents(page))
    assert shown
    for document in shown:
        resources = read(document if is_whole(document) else framed(document)).resources
        assert list(prompt_problems(resources.values())) == []
        for resource in resources.values():
            if resource.id.kind == "Evaluation":
                read_declaration(resource.canonical)
