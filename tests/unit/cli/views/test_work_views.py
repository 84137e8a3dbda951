"""The evaluations that a change has to run, as people and programs read them."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jsonschema
import pytest

from states import NOON
from trueup.cli.output import Format, Style
from trueup.cli.views.work import EnvironmentReport, WorkReport, render, takes, work_schema
from trueup.core.digests import digest_of
from trueup.core.ids import ResourceId
from trueup.diff.changes import Impact
from trueup.evidence.costs import RunEstimate
from trueup.evidence.staleness import Staleness, State
from trueup.plan.effects import Loosened
from trueup.plan.work import Work

SUPPORT = ResourceId("Deployment", "support", environment="prod")
TOOK = RunEstimate(59, 4120, 130.0, 0.036, 0.25, "EUR", NOON)
STALE = Staleness(State.STALE, ("decoding", "prompt"), NOON, timedelta(days=3))


def work(name: str, known: Staleness = STALE, estimate: RunEstimate | None = TOOK) -> Work:
    key = digest_of(name)
    return Work(SUPPORT, ResourceId("Evaluation", name, "1"), key, known, (Impact.PROMPT,), estimate)


FRESH = work("tone", Staleness(State.FRESH, (), NOON, timedelta(hours=2)))
MISSING = work("refuses", Staleness(State.MISSING), None)
LOOSER = Loosened("Environment/prod", "requirement-removed", "leaks@1", None)


def report(*items: Work, loosened: tuple[Loosened, ...] = (), **changes: Any) -> WorkReport:
    environments = (EnvironmentReport("prod", items, loosened),)
    return replace(WorkReport("8f2a1c0d9e8b7a6f", "1c0d9e8b7a6f5e4d", environments), **changes)


def text(shown: WorkReport) -> list[str]:
    return render(shown, Format.TEXT, Style(), 100).splitlines()


def test_what_is_due_is_told_with_why_and_what_it_takes() -> None:
    assert text(report(work("facts"), MISSING, FRESH, loosened=(LOOSER,))) == [
        "2 evaluations to run, 1 fresh; about 2 min, 4,120 tokens, 0.25 EUR, and 1 evaluation that nobody",
        "measured yet",
        "revision 8f2a1c0d9e8b, compared with 1c0d9e8b7a6f",
        "",
        "environment prod",
        "  ~ evaluation-loosened Environment/prod: an evaluation is not required any more (leaks@1 to",
        "  nothing)",
        "  Deployment/prod/support (impact: prompt)",
        "    + Evaluation/facts@1: stale: decoding and prompt changed; last measured 3 days ago",
        "      takes 59 examples, 4,120 tokens, 2 min, 0.036 GPU hours, 0.25 EUR (as on 2026-03-14)",
        "    + Evaluation/refuses@1: no evidence for this release",
        "      takes an unknown time: nobody has measured it yet",
        "    = Evaluation/tone@1: passed 2 hours ago",
    ]


@pytest.mark.parametrize(
    ("shown", "first"),
    [
        (report(FRESH), "Nothing to evaluate: every required evaluation is fresh (1)."),
        (report(environments=()), "No deployment differs: nothing to evaluate."),
        (report(MISSING), "1 evaluation to run, 0 fresh; nobody knows what that takes"),
        (
            report(work("facts", estimate=replace(TOOK, tokens=None, cost=None, currency=""))),
            "1 evaluation to run, 0 fresh; about 2 min",
        ),
    ],
)
def test_the_first_line_says_how_much_there_is_to_do(shown: WorkReport, first: str) -> None:
    assert text(shown)[0] == first


def test_without_a_base_it_says_that_all_counts_as_changed() -> None:
    assert text(report(FRESH, base="", revision=""))[1] == (
        "revision the work tree, compared with nothing: all counts as changed"
    )


def test_a_deployment_that_needs_no_evaluation_says_so() -> None:
    assert text(report())[-1] == "  no evaluation is required"


def test_a_deployment_without_a_change_has_no_impact() -> None:
    assert "  Deployment/prod/support" in text(report(replace(FRESH, impacts=())))


def test_what_was_not_counted_is_not_said() -> None:
    assert (
        takes(replace(TOOK, examples=1, tokens=None, gpu_hours=None, cost=None))
        == "1 example, 2 min (as on 2026-03-14)"
    )


@pytest.mark.parametrize(
    "shown",
    [
        report(work("facts"), MISSING, FRESH, loosened=(LOOSER,)),
        report(work("facts", estimate=replace(TOOK, tokens=None, gpu_hours=None, cost=None, currency=""))),
        report(FRESH, measured={"a": True}, failed={"Deployment/prod/support": "why"}),
        report(environments=()),
    ],
)
def test_programs_get_it_by_a_published_schema(shown: WorkReport) -> None:
    document = json.loads(render(shown, Format.JSON, Style()))
    jsonschema.validate(document, work_schema())
    assert document["total"]["due"] == sum(w.is_due for w in shown.work)
    assert document["measured"] == shown.measured
    lines = render(shown, Format.NDJSON, Style()).splitlines()
    assert [json.loads(line)["evaluation"] for line in lines] == [str(w.evaluation) for w in shown.work]
    assert {json.loads(line)["type"] for line in lines} <= {"work"}
