"""What auditors get of a real repository: two applies, an exception that was used, a denied apply, a rollback."""

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from scratch import Done, Scratch, cleaned_up

from trueup.cli.views.schemas import OUTPUTS

REASON = '=HYPERLINK("https://evil.example") <script>alert(1)</script>'
EXCEPTION = f"""apiVersion: trueup/v1alpha1
kind: PolicyException
metadata: {{name: no-monitors, owner: support-team}}
spec:
  rule: OP-02
  resource: Deployment/dev/support
  reason: '{REASON}'
  compensatingControl: Office hours
  approvedBy: Bob Stone <bob@example.com>
  expires: {datetime.now(UTC).date() + timedelta(days=40)}
"""


@pytest.fixture(scope="module")
def told(stocked: Scratch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    """A repository in which things happened that an auditor asks about; only to be looked at."""
    with cleaned_up(stocked.copied_to(tmp_path_factory.mktemp("told") / "shop")) as made:
        made.apply()
        made.write("spec/exceptions/no-monitors.yaml", EXCEPTION)
        made.commit("Excuse dev from monitors\n\nApproved-by: Bob Stone <bob@example.com>")
        made.upgrade()
        made.apply()
        made.apply("prod", code=3)
        made.trueup("rollback", "support", "-e", "dev", "--auto-approve")
        yield made


@pytest.fixture
def copy(told: Scratch, tmp_path: Path) -> Scratch:
    """A copy without what runs, to be changed."""
    shutil.copytree(told.folder, tmp_path / "copy", ignore=shutil.ignore_patterns(".trueup"))
    return Scratch(tmp_path / "copy")


def exported(scratch: Scratch, *words: str, code: int = 0) -> Done:
    done = scratch.look("audit", "export", *words)
    assert done.code == code, done
    return done


def test_an_auditor_gets_who_did_what_on_which_grounds_in_every_format(told: Scratch, tmp_path: Path) -> None:
    page, lines = tmp_path / "audit.html", tmp_path / "audit.jsonl"
    done = exported(told, "-o", "csv", "--output-file", f"html={page}", "--output-file", f"ndjson={lines}")
    assert "The ledger verifies" in done.err
    rows = list(csv.DictReader(io.StringIO(done.out, newline="")))
    dev = [r for r in rows if r["deployment"] == "Deployment/dev/support" and r["decisions"]]
    rollback, upgrade, first = dev
    assert [r["kind"] for r in dev] == ["rollback", "apply", "apply"]
    assert [r["model"] for r in dev] == ["Model/tiny@1", "Model/tiny@2", "Model/tiny@1"]
    assert upgrade["approved_by"] == "Bob Stone <bob@example.com> (trailer, not signed)"
    assert first["approved_by"] == "nobody"
    assert upgrade["changed_by"] == "Ada <ada@example.com>"
    assert "reason: =HYPERLINK" in upgrade["exceptions"]
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    assert "approved by: Bob Stone" in rollback["exceptions"]
    (denied,) = [r for r in rows if r["outcome"] == "denied"]
    assert denied["environment"] == "prod"
    assert "EV-01 (critical, deny)" in denied["findings"]
    head = told.look("audit", "verify", "-o", "json").json["newest"]["digest"]
    assert {(r["ledger_sound"], r["ledger_head"]) for r in rows} == {("yes", head)}

    schema = Draft202012Validator(OUTPUTS["audit-export"].schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    values = [json.loads(line) for line in lines.read_text().splitlines()]
    for value in values:
        schema.validate(value)
    assert values[0]["ledger"] == {**values[0]["ledger"], "sound": True, "head": head}
    assert values[-1] == {**values[-1], "entries": len(values) - 2, "complete": True}
    assert [v["digest"] for v in values[1:-1]] == [r["digest"] for r in told._records()]

    html = page.read_text()
    assert head in html
    assert html.count("<script>") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_an_export_is_of_what_was_asked_for(told: Scratch) -> None:
    def found(*words: str) -> set[tuple[str, str]]:
        lines = map(json.loads, exported(told, "-o", "ndjson", *words).out.splitlines())
        return {(e["environment"], e["kind"]) for e in lines if e["type"] == "entry"}

    assert found("-e", "prod") == {("prod", "apply")}
    assert found("--deployment", "support", "-e", "dev") == {("dev", "apply"), ("dev", "hold"), ("dev", "rollback")}
    assert found("--kind", "hold") == {("dev", "hold")}
    assert found("--until", "2020-01-01") == set()


def test_an_export_of_a_ledger_that_was_changed_says_so_and_fails(copy: Scratch) -> None:
    tip = copy.git("rev-parse", "refs/trueup/ledger")
    parent = copy.git("rev-parse", f"{tip}~2")
    forged = copy.git("commit-tree", f"{tip}^{{tree}}", "-p", parent, "-m", "Forge")
    copy.git("update-ref", "refs/trueup/ledger", forged)
    for output in ("text", "csv", "html"):
        done = exported(copy, "-o", output, code=8)
        assert re.search(r"does\s+not\s+verify", done.out + done.err)
    rows = list(csv.DictReader(io.StringIO(exported(copy, "-o", "csv", code=8).out, newline="")))
    assert {r["ledger_sound"] for r in rows} == {"no"}
    assert rows[-1]["note"].startswith("the ledger cannot be read beyond this")


def test_documents_say_what_is_declared_and_recorded_and_mark_what_is_not(told: Scratch) -> None:
    annex = told.look("audit", "document", "annex-iv", "System/support-assistant", "-o", "json").json
    Draft202012Validator(OUTPUTS["audit-document"].schema()).validate(annex)
    items = {i["number"]: i for s in annex["sections"] for i in s["items"]}
    assert any("Deployment/dev/support serves" in s["label"] for s in items["1(a)"]["statements"])
    assert [s["label"].split(" ", 1)[1] for s in items["6"]["statements"]] == [
        "rollback done",
        "apply denied",
        "apply done",
        "apply done",
    ]
    assert any(s["source"] == "PolicyException/no-monitors spec" for s in items["5"]["statements"])
    assert items["8"]["gaps"]
    assert annex["ledger"]["sound"] is True

    card = told.look("audit", "document", "model-card", "Model/tiny@2", "-o", "markdown").out
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["license"] == "apache-2.0"
    assert "**GAP, trained on:**" in card


def test_a_gap_closes_when_it_is_declared(copy: Scratch) -> None:
    def gaps() -> list[str]:
        annex = copy.look("audit", "document", "annex-iv", "Deployment/prod/support", "-o", "json").json
        return [g["label"] for s in annex["sections"] for i in s["items"] for g in i["gaps"]]

    before = gaps()
    path = "spec/systems/support.yaml"
    copy.edit(
        path, ("  owner: support-team", "  owner: support-team\n  annotations: {annex-iv.1f: It is a part of none.}")
    )
    copy.edit(path, ("  users:", "  standards: [ISO/IEC 42001]\n  users:"))
    assert set(before) - set(gaps()) == {"standards", "pictures of the product, or that it is a part of none"}
