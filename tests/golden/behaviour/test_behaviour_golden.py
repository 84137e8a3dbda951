"""What reviewers see of a behaviour diff; `--update-golden` rewrites it and review reads the difference."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from behaviours import hostile, ordinary, unknown
from states import NOON, Want, applied, desired
from trueup.cli.output import Format, Style
from trueup.cli.views.plan import render
from trueup.cli.views.plan_json import document
from trueup.cli.views.plan_report import PlanReport, report_of
from trueup.core.digests import digest_of
from trueup.diff.behaviour.behaviour import BehaviourDiff
from trueup.diff.compare import diff
from trueup.plan.build import build_plan
from trueup.plan.saved import save_plan

FORMATS = {
    "text": (Format.TEXT, "txt"),
    "markdown": (Format.MARKDOWN, "md"),
    "html": (Format.HTML, "html"),
}
CASES = {"ordinary": ordinary, "unknown": unknown, "hostile": hostile}


def report(behaviour: tuple[BehaviourDiff, ...] | None) -> PlanReport:
    """Return a plan that changes a prompt, with *behaviour*."""
    state, observed = desired(Want(prompt="support@2")), applied(desired(Want()))
    plan = build_plan(state, observed, diff(state, observed), digest_of("policies"), "trueup 0.1.0", NOON)
    made = report_of(save_plan(plan, state, observed, None, NOON))
    assert isinstance(made, PlanReport)
    return replace(made, behaviour=behaviour)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_behaviour_reads_as_reviewed(name: str, form: str, update_golden: bool) -> None:
    output, suffix = FORMATS[form]
    text = render(report(CASES[name]()), output, Style(), width=100) + "\n"
    file = Path(__file__).parent / f"{name}.{suffix}"
    if update_golden:
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode()


def test_behaviour_for_programs_is_as_reviewed(update_golden: bool) -> None:
    text = json.dumps(document(report(ordinary()))["behaviour"], indent=1, ensure_ascii=False) + "\n"
    file = Path(__file__).parent / "ordinary.json"
    if update_golden:
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode()
