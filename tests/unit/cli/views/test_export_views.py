"""Views of an audit export: what must hold of every one. What they look like is in `tests/golden/export`."""

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise

import pytest

from exported import HOSTILE, broken, drafts, entries, header, hostile
from trueup.cli.output import Format, Style
from trueup.cli.views import export_csv, export_html
from trueup.cli.views.diagnostics import DiagnosticsReport, render
from trueup.cli.views.export import pieces
from trueup.cli.views.export_words import UNKNOWN, approvals_texts, authors_texts, person, policies_text, proof_text
from trueup.ledger.export.entry import Broken, Policies

ORDINARY = entries(drafts())
every_page = pytest.mark.parametrize("found", [ORDINARY, hostile(), []], ids=["ordinary", "hostile", "empty"])


def page(found, head=None) -> str:
    return export_html.render(head or header(), found)


def text_of(html: str) -> str:
    return re.sub(r"<[^>]+>", " ", html)


@every_page
def test_the_page_lets_nothing_run_or_load_but_its_own_style_and_script(found) -> None:
    text = page(found)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    named = [b64encode(sha256(t.encode()).digest()).decode() for t in (style, script)]
    assert f"default-src 'none'; style-src 'sha256-{named[0]}'; script-src 'sha256-{named[1]}'; base-uri 'none'" in text
    assert not re.search(r"url\(|@import|<(link|img|iframe|object|form)\b", text)
    assert not re.search(r"innerHTML|eval|fetch|XMLHttp|localStorage|cookie", script)


@every_page
def test_headings_go_down_by_one_step_at_a_time(found) -> None:
    levels = [int(n) for n in re.findall(r"<h([1-6])", page(found))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@every_page
def test_controls_have_labels_and_only_appear_where_the_script_runs(found) -> None:
    text = page(found)
    assert set(re.findall(r'<label for="([^"]+)"', text)) == set(re.findall(r'<(?:input|select) id="([^"]+)"', text))
    assert re.search(r'<div id="filters"[^>]* hidden>', text)


def test_without_a_script_the_page_says_everything() -> None:
    text = text_of(page(ORDINARY).partition("<script>")[0])
    for entry in ORDINARY:
        assert entry.digest in text
        assert str(entry.sequence) in text
    for said in (
        "Bob &lt;bob@example.com&gt;",
        "Nothing watches it.",
        "No rota yet",
        "it answers in riddles",
        "RUN001",
    ):
        assert said in text


def test_a_page_says_whether_the_ledger_verified_and_with_which_head() -> None:
    sound, unsound = page(ORDINARY), page([Broken("Record 6 was <b>changed</b>.")], header(broken()))
    assert "The ledger verifies: 8 records" in sound
    assert "sha256:" + "e" * 64 in sound
    assert 'class="said good"' in sound
    assert "The ledger does not verify: 1 break in 8 records" in unsound
    assert 'class="said bad"' in unsound
    assert "Record 6 was &lt;b&gt;changed&lt;/b&gt;." in unsound
    assert "Record 3 was &lt;changed&gt;." in unsound


def test_a_page_that_leaves_records_out_says_so() -> None:
    many = [replace(ORDINARY[0], sequence=n, served=(), proofs=()) for n in range(export_html.LARGEST + 1, 0, -1)]
    text = page(many)
    assert text.count('<article class="entry"') == export_html.LARGEST
    assert "Older records are not shown:" in text
    assert "Older records are not shown:" not in page(many[1:])


def test_the_summary_says_what_serves_who_did_what_and_what_was_excused() -> None:
    text = text_of(page(ORDINARY))
    assert re.search(r"Deployment/dev/support\s+model a@1, prompt support@1, build gguf", text)
    assert re.search(r"Deployment/prod/support\s+nothing: removed", text)
    assert re.search(r"Bob &lt;bob@example.com&gt;\s+0\s+0\s+4", text)
    assert re.search(r"PolicyException/no-rota\s+OP-02\s+Deployment/dev/support\s+No rota yet\s+Office hours", text)


def test_evidence_that_a_decision_rests_on_leads_to_the_record_that_has_it() -> None:
    assert "evidence" in page(ORDINARY)
    assert "key " in page(ORDINARY)
    assert re.search(r'Evaluation/facts@1 passed: .*<a href="#record-2">record 2</a>', page(ORDINARY))


def test_an_entry_of_several_deployments_stands_in_the_timeline_of_each() -> None:
    entry = replace(ORDINARY[0], deployments=("Deployment/a/x", "Deployment/a/y"))
    text = page([entry])
    assert text.count('<article class="entry"') == 2
    assert text.count(f'id="record-{entry.sequence}"') == 1
    alone = page([replace(entry, deployments=())])
    assert export_html.ELSE in alone


def test_nobody_knows_is_not_nobody() -> None:
    entry = next(e for e in ORDINARY if e.decisions and e.approvals)
    assert approvals_texts(replace(entry, approvals=())) == ("nobody",)
    assert approvals_texts(replace(entry, approvals=(), is_documented=False)) == (UNKNOWN,)
    assert authors_texts(replace(entry, authors=())) == (UNKNOWN,)
    assert authors_texts(replace(entry, authors=(), decisions=())) == ()
    assert approvals_texts(replace(entry, approvals=(), decisions=())) == ()


def test_an_approval_says_how_it_was_given() -> None:
    entry = next(e for e in ORDINARY if e.approvals)
    assert approvals_texts(entry) == (
        "Bob <bob@example.com> (trailer, risk, signed)",
        "Ada <ada@example.com> (tag, signed with SHA256:k, wrote a part of the change)",
        "Eve <eve@example.com> (tag, does not count: it is not signed)",
    )
    refused = entry.approvals[2:]
    assert approvals_texts(replace(entry, approvals=refused))[0] == "nobody"
    assert approvals_texts(replace(entry, approvals=refused, is_documented=False))[0] == UNKNOWN
    unsigned = replace(entry.approvals[0], signed=False)
    assert approvals_texts(replace(entry, approvals=(unsigned,))) == (
        "Bob <bob@example.com> (trailer, risk, not signed)",
    )


def test_a_person_is_told_without_the_machine() -> None:
    assert person("Ada <ada@example.com> on vm") == "Ada <ada@example.com>"
    assert person("Ada on holiday") == "Ada on holiday"


def test_policies_are_named_by_revision_and_digest_each_once() -> None:
    digest = "sha256:" + "a" * 64
    assert policies_text(Policies("library", "trueup 0.1.0", digest)) == f"library trueup 0.1.0 {'a' * 12}"
    assert policies_text(Policies("repository", "b" * 40, digest)) == f"repository {'b' * 12} {'a' * 12}"
    assert policies_text(Policies("extra", digest, digest)) == f"extra {'a' * 12}"


def test_a_simulated_result_does_not_read_as_a_pass() -> None:
    proof = next(p for e in ORDINARY for p in e.proofs if p.passed)
    assert " passed" in proof_text(proof)
    assert "simulated" in proof_text(replace(proof, simulated=True))


def test_a_table_has_a_row_for_each_deployment_and_says_what_it_stands_on() -> None:
    entry = replace(ORDINARY[-1], deployments=("Deployment/a/x", "Deployment/dev/support"))
    heading, first, second = export_csv.rows(header(), [entry])
    assert heading.startswith('"sequence","at",')
    assert '"Model/a@1"' not in first
    assert '"Model/a@1"' in second
    for row in (first, second):
        assert row.endswith(f'"yes","sha256:{"e" * 64}"\r\n')
    (_, broken_row) = export_csv.rows(header(broken(), count=0), [Broken("x")])
    assert '"the ledger cannot be read beyond this: x"' in broken_row
    assert broken_row.endswith('"no",""\r\n')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("-1", "'-1"),
        ("a; =1", "a; '=1"),
        ('a;"=1', "a;\"'=1"),
        ("\t=1", "\\t=1"),
        (" @x", " '@x"),
        ("\uff1d1", "'\uff1d1"),
        ("a-b=c+d@e", "a-b=c+d@e"),
        ("2026-03-14", "2026-03-14"),
    ],
)
def test_formulas_are_told_from_text(text: str, expected: str) -> None:
    assert export_csv.safe(text) == expected


def test_text_counts_what_an_export_would_hold() -> None:
    text = "\n".join(pieces(header(), ORDINARY, Format.TEXT, Style(), 80))
    assert "The ledger verifies: 8 records" in text
    assert re.search(r"8 of them were asked for \(all records\)", text)
    assert re.search(r"1  apply denied", text)
    hinted = "\n".join(pieces(header(count=0, hint="Fetch it."), [Broken("gone")], Format.TEXT, Style(), 80))
    assert "hint: Fetch it." in hinted
    assert "They end early: gone" in hinted
    assert "\x1b" not in "\n".join(pieces(header(), hostile(), Format.TEXT, Style(), 80))


def test_an_export_that_cannot_be_made_says_why_in_a_table() -> None:
    report = DiagnosticsReport((broken(),))
    heading, row = render(report, Format.CSV, Style()).splitlines()
    assert heading == '"severity","code","problem","detail","what_to_do","place"'
    assert row.startswith('"error","LED001",')


def test_hostile_text_is_there_to_be_read() -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page(hostile())
    assert HOSTILE not in page(hostile())
