"""The mistakes users make, and what they are told: `tests/golden/spec/<case>/` holds files and the expected text."""

from pathlib import Path

import pytest

from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.digests import BlobId
from trueup.spec.codes import INCLUDE_UNREADABLE
from trueup.spec.parse import parse
from trueup.spec.resource import SourceFile

GOLDEN = Path(__file__).parents[2] / "golden" / "spec"
CASES = sorted(p.name for p in GOLDEN.iterdir() if p.is_dir())


def told(case: Path) -> str:
    files = sorted(p for p in case.rglob("*.yaml"))
    sources = [SourceFile(p.relative_to(case).as_posix(), BlobId("b" * 40), p.read_bytes()) for p in files]

    def included(path: str) -> bytes | Diagnostic:
        place = case / path
        if not place.is_file():
            return Diagnostic(INCLUDE_UNREADABLE, "There is no such file in this revision.", Span(path))
        return place.read_bytes()

    parsed = parse(sources, included)
    lines = []
    for d in parsed.diagnostics:
        lines += [f"{d.span}: {d.severity.value} {d.code.id}: {d.code.summary}", f"  {d.detail}", f"  hint: {d.hint}"]
    accepted = ", ".join(sorted(map(str, parsed.resources))) or "nothing"
    return "\n".join([*lines, f"accepted: {accepted}", ""])


@pytest.mark.parametrize("case", CASES)
def test_every_mistake_is_told_with_its_place_and_what_to_do(case, update_golden):
    expected = GOLDEN / case / "expected.txt"
    text = told(GOLDEN / case)
    if update_golden:
        expected.write_text(text)
    assert text == expected.read_text()


def test_no_secret_is_repeated():
    text = told(GOLDEN / "secret-value")
    assert "SPEC150" in text
    assert "51Habcdef" not in text
    assert "notarealtoken" not in text
    assert "12345678" not in text


def test_what_is_told_never_speaks_of_the_library_behind_it():
    for case in CASES:
        text = told(GOLDEN / case).lower()
        assert "pydantic" not in text
        assert "input should" not in text
        assert "\0" not in text
