"""Decisions as JSON that reads back whole."""

import json

import pytest

from trueup.core.diagnostics import Span
from trueup.core.digests import digest_of
from trueup.core.json import Json
from trueup.plan.shapes import ShapeError
from trueup.policy.codec import decision_from_json, decision_to_json
from trueup.policy.decision import Decision, Enforcement, EngineError, ExceptionUse, Notice, Outcome, Violation

SOFTENED = Violation(
    "DP-04",
    "Scanned",
    "critical",
    Enforcement.DRYRUN,
    "Dataset/d@1",
    ("spec", 0),
    "not scanned",
    "Scan it.",
    Span("spec/d.yaml", 3, 1),
    softened_by="policy.rules.DP-04",
    softened_from=Enforcement.DENY,
)
DECISION = Decision(
    Outcome.ERROR,
    (SOFTENED, Violation("X-01", "No x", "low", Enforcement.WARN, "", (), "x", excepted_by="PolicyException/w")),
    (EngineError("POL030 Rule could not be evaluated", Span("a.rego", 1, 1)), EngineError("no place")),
    digest_of("bundle"),
    digest_of("input"),
    "e 1",
    ("DP-04", "X-01"),
    (ExceptionUse("PolicyException/w", "used", "", "2026-04-01", -3), ExceptionUse("PolicyException/v", "unused")),
    (Notice("POL036 said", Span("spec/e.yaml", 2, 1)), Notice("said")),
)


def test_a_decision_reads_back_as_it_was() -> None:
    assert decision_from_json(json.loads(json.dumps(decision_to_json(DECISION)))) == DECISION


def test_a_decision_of_an_older_file_reads_without_what_it_lacks() -> None:
    spelled: dict[str, Json] = json.loads(json.dumps(decision_to_json(DECISION)))
    del spelled["notices"]
    for name, fields in (("violations", ("softenedBy", "softenedFrom")), ("exceptions", ("expires", "expiresInDays"))):
        for item in spelled[name]:  # type: ignore[union-attr]
            for field in fields:
                del item[field]  # type: ignore[union-attr, arg-type, index]
    read = decision_from_json(spelled)
    assert read.violations[0].softened_by == ""
    assert read.violations[0].softened_from is None
    assert read.exceptions[0] == ExceptionUse("PolicyException/w", "used")
    assert read.notices == ()


@pytest.mark.parametrize("change", [{"formatVersion": 2}, {"notices": 3}, {"exceptions": [3]}])
def test_a_decision_of_another_shape_is_refused(change: dict[str, Json]) -> None:
    with pytest.raises(ShapeError):
        decision_from_json(decision_to_json(DECISION) | change)
