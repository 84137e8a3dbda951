"""Exceptions in every format."""

import json
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator

from trueup.cli.output import Format, Style
from trueup.cli.views.exception_notes import exception_notes
from trueup.cli.views.exceptions import exceptions_schema, render, summary
from trueup.core.diagnostics import Span
from trueup.core.digests import digest_of
from trueup.policy.decision import Decision, ExceptionUse, Outcome
from trueup.policy.exceptions import Waiver
from trueup.policy.waiver_list import LastUse, ListedWaiver, WaiverState

USE = LastUse("prod", datetime(2026, 3, 1, tzinfo=UTC), 12)
GOOD = Waiver(
    "PolicyException/legacy",
    "SC-04",
    "Model/legacy@1",
    "spec.format",
    "2026-04-01",
    "",
    "platform-team",
    "No other weights exist.",
    "Scanned.",
    "Bob <bob@example.org>",
    18,
)
BAD = Waiver("PolicyException/\x1b[31m|x", "SC-4", "*/*", "", "soon", "`expires` is not a day")
LISTED = (
    ListedWaiver(BAD, WaiverState.INVALID, BAD.problem, Span("spec/e.yaml", 3, 1)),
    ListedWaiver(GOOD, WaiverState.IN_FORCE, last_use=USE),
)


def test_text_tells_state_why_how_long_by_whom_and_when_it_was_used() -> None:
    shown = render(LISTED, Format.TEXT, Style(), 80)
    assert "invalid   PolicyException/\\x1b[31m|x  SC-4 on */*" in shown
    assert "          spec/e.yaml:3:1: `expires` is not a day" in shown
    assert "in force  PolicyException/legacy  SC-04 on Model/legacy@1 at spec.format" in shown
    assert "expires in 18 days, 2026-04-01" in shown
    assert "last used 2026-03-01 in prod (record 12)" in " ".join(shown.split())
    assert shown.endswith("2 exceptions: 1 invalid, 1 in force")
    assert max(map(len, shown.splitlines())) <= 80


def test_json_fits_its_schema() -> None:
    for listed in ((), LISTED):
        document = json.loads(render(listed, Format.JSON, Style()))
        Draft202012Validator(exceptions_schema()).validate(document)
    assert document["exceptions"][1]["last_used"]["record"] == 12


def test_markdown_is_a_table_that_hostile_text_does_not_leave() -> None:
    shown = render(LISTED, Format.MARKDOWN, Style())
    rows = [line for line in shown.splitlines() if line.startswith("| ")]
    assert len(rows) == 4
    assert "\x1b" not in shown


@pytest.mark.parametrize(("count", "said"), [(0, "No exceptions."), (1, "1 exception: 1 invalid")])
def test_the_summary_counts(count: int, said: str) -> None:
    assert summary(LISTED[:count]) == said
    assert render(LISTED[:count], Format.MARKDOWN, Style()).startswith("**")


def test_a_decision_reminds_of_what_it_stands_on_and_of_what_lifts_nothing() -> None:
    uses = (
        ExceptionUse("PolicyException/a", "used", "", "2026-03-14", 0),
        ExceptionUse("PolicyException/b", "used", "", "2026-03-15", 1),
        ExceptionUse("PolicyException/c", "used", "", "2026-03-29", 15),
        ExceptionUse("PolicyException/d", "unused", "", "2026-03-15", 1),
        ExceptionUse("PolicyException/e", "used"),
        ExceptionUse("PolicyException/f", "invalid", "`owner` is missing"),
    )
    decision = Decision(Outcome.ALLOW, (), (), digest_of("b"), digest_of("i"), "e", (), uses)
    assert [*exception_notes(decision)] == [
        "PolicyException/a expires today (2026-03-14)",
        "PolicyException/b expires in 1 day (2026-03-15)",
        "PolicyException/f lifts nothing: `owner` is missing",
    ]
