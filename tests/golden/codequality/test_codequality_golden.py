"""What GitLab is told of problems; `--update-golden` rewrites it and review reads the difference."""

import json
from dataclasses import replace
from pathlib import Path

from trueup.cli.views.codequality import codequality
from trueup.cli.views.findings import Finding, Level
from trueup.core.diagnostics import Span

PLACE = Span("spec/deployments/prod/chat.yaml", 12, 5)
DENIED = Finding(
    "LI-01",
    "Licence must be allowed",
    Level.ERROR,
    "`tiny` has no licence that is allowed",
    remedy="Declare another model.",
    span=PLACE,
    address="Deployment/prod/chat",
    path=("spec", "release", "model"),
    severity="critical",
)
FINDINGS = (
    DENIED,
    replace(DENIED, span=Span(PLACE.path, 40, 5)),
    replace(DENIED, severity="high", message="another", excepted_by="PolicyException/launch"),
    replace(DENIED, severity="high", message="high"),
    replace(
        DENIED, severity="", level=Level.WARNING, rule="SPEC020", message="old\n::error::\u202e", address="", remedy=""
    ),
    replace(DENIED, level=Level.NOTE, message="tried out"),
    Finding("POLICY-ERROR", "A policy could not be evaluated", Level.ERROR, "no rule", span=None),
)


def test_a_merge_request_is_told_what_and_where(update_golden: bool) -> None:
    file = Path(__file__).parent / "expected.json"
    text = codequality(FINDINGS) + "\n"
    if update_golden:
        file.write_text(text)
    assert text == file.read_text()


def test_a_problem_keeps_its_fingerprint_when_its_line_moves_and_equal_ones_differ() -> None:
    first, second, *rest = (issue["fingerprint"] for issue in json.loads(codequality(FINDINGS)))
    moved = replace(DENIED, span=Span(PLACE.path, 99, 1))
    assert json.loads(codequality([moved]))[0]["fingerprint"] == first
    assert len({first, second, *rest}) == len(FINDINGS)


def test_no_problem_is_an_empty_list() -> None:
    assert codequality([]) == "[]"
