"""How the audit reads."""

import json
import re
from dataclasses import replace

import pytest

from fakes import FakeLedger
from records import NOON, applied, held, sealed
from trueup.cli.output import Format, Style
from trueup.cli.views.audit import Audit, render, resources_text
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Revision
from trueup.ledger import codes, history
from trueup.ledger.audit import AuditAt, AuditLog, AuditVerification, DecisionAudit, Newest, ResourceChange
from trueup.ledger.chain import verify
from trueup.ledger.filters import Filter
from trueup.workflows import audit
from trueup.workflows.ledger_place import LedgerPlace

RECORDS = tuple(sealed(applied("a"), held("a", minutes=5), applied("b", minutes=10, environment="production")))[::-1]
LOG = AuditLog(RECORDS)
AT = AuditAt(NOON, "dev", history.serving_at(RECORDS, NOON, "dev"))
NEWEST = Newest(RECORDS[0].sequence, RECORDS[0].digest, RECORDS[0].commit, RECORDS[0].draft.at)
SOUND = AuditVerification(3, NEWEST, ())
BROKEN = AuditVerification(2, NEWEST, verify([RECORDS[2], RECORDS[0]]))
EMPTY = AuditLog((), hint="fetch it")


def test_the_log_is_an_aligned_table() -> None:
    heading, *rows = render(LOG, Format.TEXT).splitlines()
    assert heading.split() == ["record", "time", "environment", "what", "resources", "outcome", "plan", "actor"]
    assert len(rows) == 3
    assert {row.index(word) for row, word in zip(rows, ("apply", "hold", "apply"), strict=True)} == {
        heading.index("what")
    }
    assert rows[0].startswith("3       2026-03-14 12:10:00Z  production")
    assert "Deployment/production/support" in rows[0]
    assert RECORDS[0].draft.plan[7:19] in rows[0]
    assert rows[0].endswith("Ada Lovelace")


def test_a_log_that_is_too_wide_for_the_terminal_is_stacked() -> None:
    text = render(LOG, Format.TEXT, width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith("3  2026-03-14 12:10:00Z  production: apply done\n    Deployment/production/support")
    assert text.count("by Ada") == 3
    at = render(AT, Format.TEXT, width=60)
    assert max(map(len, at.splitlines())) <= 60
    assert "\n    model " in at


def test_a_record_without_an_environment_leaves_no_empty_place() -> None:
    noted = replace(RECORDS[0], draft=replace(RECORDS[0].draft, environment=""))
    log = AuditLog((noted,))
    assert render(log, Format.TEXT, width=80).startswith("3  2026-03-14 12:10:00Z  apply done\n")
    assert render(log, Format.TEXT).splitlines()[1].startswith("3       2026-03-14 12:10:00Z  -            apply")


def test_a_cut_log_says_that_there_is_more() -> None:
    assert render(replace(LOG, more=True), Format.TEXT).splitlines()[-1].startswith("older records")
    assert "older records" in render(replace(LOG, more=True), Format.MARKDOWN)


def test_an_empty_ledger_and_an_empty_search_are_told_apart() -> None:
    assert render(EMPTY, Format.TEXT) == "ledger is empty\nhint: fetch it"
    assert render(AuditLog(()), Format.TEXT) == "no record matches"
    assert render(EMPTY, Format.MARKDOWN).splitlines() == ["ledger is empty", "", "> fetch it"]


def test_what_was_serving_is_a_table_under_its_time() -> None:
    lines = render(AT, Format.TEXT).splitlines()
    assert lines[0] == "dev at 2026-03-14 12:00:00Z"
    assert lines[2].split() == [
        "environment",
        "deployment",
        "model",
        "prompt",
        "build",
        "revision",
        "policies",
        "since",
    ]
    for word in ("support", "a@1", "support@1", "gguf", "8f2a1c0d9e8b"):
        assert word in lines[3]


def test_what_was_not_verified_says_so() -> None:
    records = sealed(applied("a", verified=False))
    assert "support (not verified)" in render(AuditAt(NOON, "", history.serving_at(records, NOON)), Format.TEXT)


def test_nothing_serving_is_one_line() -> None:
    assert render(AuditAt(NOON, "", ()), Format.TEXT) == "all environments at 2026-03-14 12:00:00Z: nothing was serving"


def test_a_sound_ledger_is_one_line() -> None:
    (line,) = render(SOUND, Format.TEXT).splitlines()
    assert line.startswith("ledger verifies: 3 records, newest 3 of 2026-03-14 12:10:00Z (")
    assert render(AuditVerification(0, None, ()), Format.TEXT) == "ledger is empty"
    assert "1 record," in render(replace(SOUND, count=1), Format.TEXT)


def test_each_break_comes_with_what_to_do() -> None:
    lines = render(BROKEN, Format.TEXT).splitlines()
    assert lines[0] == "ledger does not verify: 1 break in 2 records"
    assert any("LED002" in line for line in lines)
    assert any("Record 2 is missing before Record 3" in line for line in lines)
    assert any(line.strip().startswith("hint: ") for line in lines)
    two = replace(BROKEN, problems=BROKEN.problems * 2)
    assert render(two, Format.TEXT).startswith("ledger does not verify: 2 breaks in 2 records\n")


@pytest.mark.parametrize("value", [LOG, AT, SOUND, BROKEN, EMPTY])
def test_json_is_one_document_with_a_version(value: Audit) -> None:
    document = json.loads(render(value, Format.JSON))
    assert document["format_version"] == "1.0"
    assert json.loads(render(value, Format.JUNIT if isinstance(value, AuditLog) else Format.JSON)) == document


def test_json_has_the_whole_record() -> None:
    newest, *_ = json.loads(render(LOG, Format.JSON))["records"]
    assert newest["digest"] == RECORDS[0].digest
    assert newest["commit"] == RECORDS[0].commit
    assert newest["body"] == json.loads(json.dumps(RECORDS[0].draft.body))


def test_json_of_a_verification_names_the_newest_record_and_every_break() -> None:
    document = json.loads(render(BROKEN, Format.JSON))
    assert document["sound"] is False
    assert document["newest"]["digest"] == NEWEST.digest
    assert [p["code"] for p in document["problems"]] == ["LED002"]
    assert json.loads(render(AuditVerification(0, None, ()), Format.JSON))["newest"] is None


@pytest.mark.parametrize(
    ("value", "types"),
    [
        (LOG, ["record", "record", "record", "summary"]),
        (AT, ["serving", "summary"]),
        (BROKEN, ["diagnostic", "summary"]),
        (SOUND, ["summary"]),
    ],
)
def test_json_lines_are_one_thing_a_line_and_a_summary(value: Audit, types: list[str]) -> None:
    lines = [json.loads(line) for line in render(value, Format.NDJSON).splitlines()]
    assert [line["type"] for line in lines] == types
    assert "records" not in lines[-1]


@pytest.mark.parametrize("value", [LOG, AT, BROKEN])
def test_markdown_is_a_table(value: Audit) -> None:
    rows = [line for line in render(value, Format.MARKDOWN).splitlines() if line.startswith("|")]
    assert len({row.count("|") - row.count("\\|") for row in rows}) == 1
    assert set(rows[1]) <= {"|", " ", "-"}


def test_nothing_in_a_record_can_forge_a_line_or_a_cell() -> None:
    evil = replace(applied("a"), actor="Eve | <img src=x>\n2 | @all [x](y) \x1b[31m `code`")
    log = AuditLog(tuple(sealed(evil)))
    assert len(render(log, Format.TEXT).splitlines()) == 2
    assert "\x1b" not in render(log, Format.TEXT)
    row = render(log, Format.MARKDOWN).splitlines()[2]
    assert "<img" not in row
    assert "\\|" in row
    assert "\\@all" in row


def test_colour_changes_no_word() -> None:
    painted = render(BROKEN, Format.TEXT, Style(enabled=True))
    assert "\x1b[" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == render(BROKEN, Format.TEXT)


def test_many_resources_are_counted_with_deployments_first() -> None:
    assert resources_text(["A/a@1", "Deployment/dev/x", "B/b@1"]) == "Deployment/dev/x, A/a@1 +1"
    assert resources_text([]) == "-"


def test_a_verification_reads_as_sarif_and_junit() -> None:
    assert "LED002" in render(BROKEN, Format.SARIF)
    assert "LED002" in render(BROKEN, Format.JUNIT)
    assert render(SOUND, Format.JUNIT).startswith("<")


def test_workflow_and_view_fit_together() -> None:
    ledger = FakeLedger()
    place = LedgerPlace()
    assert "git fetch origin" in render(audit.log(ledger, Filter(), place), Format.TEXT)
    ledger.append(applied("a"))
    assert render(audit.verify(ledger, place), Format.TEXT).startswith("ledger verifies: 1 record,")


def test_every_code_is_listed_once_and_explained() -> None:
    from trueup.adapters.journals import codes as journal_codes
    from trueup.adapters.locks import codes as lock_codes

    listed = (*codes.CODES, *lock_codes.CODES, *journal_codes.CODES)
    assert len({code.id for code in listed}) == len(listed)
    assert all(code.summary and code.explanation and code.remedy for code in listed)


AGAIN = DecisionAudit(
    count=7,
    equal=5,
    by_results=((1, 2),),
    not_kept=1,
    engines=(("none (the project has no policies)", 1), ("regorus 1", 4), ("regorus 2", 2)),
    engine="regorus 2",
    problems=(Diagnostic(codes.DECISION_DIFFERS, "Record 2, decision 1: it said deny, and says allow now."),),
)
COMPARED = "messages are not compared, ids, places and outcomes are"
DECIDED = replace(SOUND, decisions=AGAIN)


def test_decisions_that_were_made_again_are_told_with_what_limits_the_verdict() -> None:
    verdict, *lines = render(DECIDED, Format.TEXT).splitlines()
    assert verdict.startswith("ledger verifies: 3 records")
    assert lines[:5] == [
        "5 of 7 decisions came out the same again, 1 decision not",
        f"4 decisions evaluated by regorus 1, and by regorus 2 now: {COMPARED}",
        "2 decisions judged by format 1: what the rules gave is compared, not what was made of it",
        "1 decision recorded before policies were kept: nobody can make them again",
        "",
    ]
    assert "LED016" in lines[5]
    assert not DECIDED.is_sound


def test_every_format_has_the_decisions_that_differ() -> None:
    for output in (Format.JSON, Format.NDJSON, Format.MARKDOWN, Format.SARIF, Format.JUNIT):
        assert "LED016" in render(DECIDED, output)
    found = json.loads(render(DECIDED, Format.JSON))
    assert (found["sound"], found["decisions"]["equal"], found["decisions"]["problems"]) == (False, 5, 1)
    assert json.loads(render(SOUND, Format.JSON))["decisions"] is None


def test_no_decision_in_a_time_is_told() -> None:
    nothing = replace(SOUND, decisions=DecisionAudit())
    assert render(nothing, Format.TEXT).splitlines()[1] == "no decision was recorded in that time"
    assert "1 of 1 decision came" in render(replace(SOUND, decisions=DecisionAudit(1, 1)), Format.MARKDOWN)


CHANGE = ResourceChange(
    Revision("8f2a1c0d9e8b7a6f5e4d3c2b1a09f8e7d6c5b4a3"),
    NOON,
    "Ada Lovelace <ada@example.com>",
    "Ask | kindly <b>",
    "Prompt/support@1",
    "update",
    "spec/b.yaml",
    "spec/a.yaml",
    "spec.template",
)


def test_commits_that_changed_a_resource_stand_below_its_records() -> None:
    log = replace(LOG, changes=(CHANGE,), more_changes=True)
    lines = render(log, Format.TEXT).splitlines()
    assert lines[4] == ""
    assert lines[6].startswith("8f2a1c0d9e8b  2026-03-14 12:00:00Z  Prompt/support@1  update  spec.template")
    assert "spec/a.yaml -> spec/b.yaml" in lines[6]
    assert lines[-1].startswith("older commits")
    stacked = render(log, Format.TEXT, width=80)
    assert max(map(len, stacked.splitlines())) <= 80
    markdown = render(log, Format.MARKDOWN)
    assert "Ask \\| kindly &lt;b>" in markdown
    assert "older commits" in markdown


def test_commits_are_in_json_and_lines_of_json() -> None:
    log = AuditLog((), changes=(replace(CHANGE, former="", fields="", subject=""),))
    (change,) = json.loads(render(log, Format.JSON))["changes"]
    assert (change["change"], change["at"], change["former_path"]) == ("update", "2026-03-14T12:00:00+00:00", "")
    line, summary = map(json.loads, render(log, Format.NDJSON).splitlines())
    assert (line["type"], line["commit"], "changes" in summary) == ("change", CHANGE.revision, False)
    assert "no record matches" in render(log, Format.TEXT)
    assert "no record matches" in render(log, Format.MARKDOWN)
