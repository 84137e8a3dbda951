"""What users see of a plan, case by case; `--update-golden` rewrites it and review reads the difference."""

from pathlib import Path

import pytest
from cases import CASES, Golden, plan_of

from trueup.cli.output import Format, Style
from trueup.cli.views.plan import render
from trueup.cli.views.plan_report import PlanReport, report_of

FORMATS = {
    "text": (Format.TEXT, "expected.txt"),
    "markdown": (Format.MARKDOWN, "expected.md"),
    "json": (Format.JSON, "expected.json"),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_the_plan_reads_as_reviewed(case: Golden, form: str, update_golden: bool) -> None:
    output, name = FORMATS[form]
    report = report_of(plan_of(case.make()))
    assert isinstance(report, PlanReport)
    text = render(report, output, Style(), width=100) + "\n"
    file = Path(__file__).parent / case.name / name
    if update_golden:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode()
