"""How a scan of datasets reads."""

import json

from jsonschema import Draft202012Validator

from trueup.cli.output import Format, Style
from trueup.cli.views.data_scan import data_scan_schema, render
from trueup.core.digests import Digest
from trueup.core.ids import ResourceId
from trueup.evidence.data import CheckResult, DataCheck, DataRun, Finding, Outcome, ScannedData

BAD = tuple(Finding(f"a.jsonl:{n}", "no JSON") for n in range(1, 8))
RESULTS = (
    CheckResult(DataCheck("secrets"), Outcome.PASSED, 0.0, "<=", 0.0, 3),
    CheckResult(DataCheck("unique", "id", tolerated=True), Outcome.FAILED, 0.5, "<=", 0.0, 3, 9, findings=BAD),
    CheckResult(
        DataCheck("drift", "n", (("baseline", "old@1"),)), Outcome.UNDECIDED, None, "<=", 0.2, 3, note="3 values here"
    ),
)
RUN = DataRun(3, 2_500_000, 9, BAD, RESULTS)
SCANNED = (ScannedData(ResourceId("Dataset", "a", "1"), Digest("sha256:" + "d" * 64), RUN, ()),)


def test_text_has_a_line_a_check_and_the_first_of_what_is_wrong() -> None:
    lines = render(SCANNED, Format.TEXT, Style()).split("\n")
    assert lines[0] == "Dataset/a@1: 3 records, 2.5 MB, dddddddddddd"
    assert "9 rows cannot be read" in lines[1]
    assert "  passed     secrets: 0 (<= 0), 3 records" in lines
    assert "  FAILED     unique id: 0.5 (<= 0), 3 records (warning)" in lines
    assert "  undecided  drift n against old@1: - (<= 0.2), 3 records; 3 values here" in lines
    assert lines.count("             and 4 more") == 2


def test_json_is_what_its_schema_says() -> None:
    printed = json.loads(render(SCANNED, Format.JSON, Style()))
    Draft202012Validator(data_scan_schema()).validate(printed)
    assert [c["outcome"] for c in printed["datasets"][0]["checks"]] == ["passed", "failed", "undecided"]
    assert len(printed["datasets"][0]["problems"]) == 7


def test_nothing_scanned_prints_nothing() -> None:
    assert render((), Format.TEXT, Style()) == ""
