"""Plan views: what must hold of every plan in every format. What they look like is in `tests/golden/plan`."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "golden" / "plan"))
from cases import CASES, Golden, blocked, create, delete, hostile, nothing_to_do, plan_of, promotion, uncommitted

from published_formats import check_junit, check_openreports, check_sarif
from states import NOON, Want, desired, nothing
from trueup.builds.estimates import Estimate
from trueup.cli.output import Format, Style
from trueup.cli.views.plan import render
from trueup.cli.views.plan_json import change_json
from trueup.cli.views.plan_markdown import LARGEST_COMMENT_BYTES
from trueup.cli.views.plan_report import Intent, PlanReport, facts, report_of
from trueup.cli.views.plan_text import evidence_line
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest, digest_of
from trueup.core.ids import ResourceId
from trueup.desired.parity import RequiredParity
from trueup.diff.changes import Build
from trueup.evidence.evidence import Evidence, GateResult, Measurement
from trueup.evidence.parity import SequenceParity, judged, measurements_of
from trueup.plan.codec import read_saved_plan, write_saved_plan
from trueup.plan.saved import SavedPlan
from trueup.plan.schema import plan_json_schema, saved_plan_schema

every_case = pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)


def report(case: Golden | SavedPlan, file: str = "") -> PlanReport:
    result = report_of(plan_of(case.make()) if isinstance(case, Golden) else case, file)
    assert isinstance(result, PlanReport)
    return result


def shown(case: Golden | SavedPlan, output: Format, *, colour: bool = False, width: int = 100) -> str:
    return render(report(case), output, Style(colour), width)


@every_case
def test_the_summary_stands_first_and_last(case: Golden) -> None:
    lines = shown(case, Format.TEXT).splitlines()
    summary = report(case).summary
    assert lines[0] == summary
    assert lines[-1 - len(list(report(case).next_steps()))] == summary


@every_case
@pytest.mark.parametrize("output", list(Format))
def test_a_plan_from_its_file_reads_like_the_one_just_made(case: Golden, output: Format) -> None:
    saved = plan_of(case.make())
    again = read_saved_plan(write_saved_plan(saved), "plan.json")
    assert isinstance(again, SavedPlan)
    assert shown(again, output) == shown(saved, output)


@every_case
def test_no_control_character_reaches_a_terminal(case: Golden) -> None:
    text = shown(case, Format.TEXT)
    assert all(c == "\n" or (c.isprintable() and c not in "\u202e\u200b") for c in text)


@every_case
def test_colour_adds_nothing_but_colour(case: Golden) -> None:
    import re

    painted = shown(case, Format.TEXT, colour=True)
    assert "\x1b[" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == shown(case, Format.TEXT)


@every_case
@pytest.mark.parametrize("width", [20, 60, 200])
def test_no_identifier_is_broken_however_narrow_the_terminal(case: Golden, width: int) -> None:
    narrow = shown(case, Format.TEXT, width=width).split()
    assert narrow == shown(case, Format.TEXT, width=10_000).split()


@every_case
def test_the_json_follows_its_published_schema(case: Golden) -> None:
    document = json.loads(shown(case, Format.JSON))
    jsonschema.validate(document, plan_json_schema(), jsonschema.Draft202012Validator)
    jsonschema.validate(
        json.loads(write_saved_plan(plan_of(case.make()))), saved_plan_schema(), jsonschema.Draft202012Validator
    )


@every_case
def test_every_ndjson_line_is_a_value_with_a_type(case: Golden) -> None:
    lines = [json.loads(line) for line in shown(case, Format.NDJSON).splitlines()]
    whole = json.loads(shown(case, Format.JSON))
    assert [lines[0]["type"], lines[-1]["type"]] == ["plan", "summary"]
    assert [line["id"] for line in lines if line["type"] == "change"] == [c["id"] for c in whole["changes"]]
    assert sum(line["type"] == "violation" for line in lines) == len(whole["decision"]["violations"])


@every_case
def test_the_sarif_names_a_rule_for_every_result(case: Golden) -> None:
    run = check_sarif(shown(case, Format.SARIF))
    assert all(r["message"]["text"] and r["partialFingerprints"] for r in run["results"])


@every_case
def test_the_junit_counts_what_it_lists(case: Golden) -> None:
    text = shown(case, Format.JUNIT)
    check_junit(text)
    suite = ET.fromstring(text.encode())[0]
    counts = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors")}
    listed = {"tests": "testcase", "failures": ".//failure", "errors": ".//error"}
    assert counts == {name: len(suite.findall(path)) for name, path in listed.items()}
    assert counts["failures"] + counts["errors"] == report(case).blocked


@every_case
def test_a_plan_is_annotated_and_reported_like_any_decision(case: Golden) -> None:
    check_openreports(shown(case, Format.OPENREPORTS))
    errors = [line for line in shown(case, Format.GITHUB).splitlines() if line.startswith("::error ")]
    assert len(errors) == min(report(case).blocked, 10)


def test_deletions_come_before_everything_else() -> None:
    text = shown(plan_of(delete()), Format.TEXT).splitlines()
    first, second, *_ = [line for line in text[2:] if line]
    assert first == "deletes 1 of 2 running deployments (50 %), 1 confirmed; allowed: 0, 25 %"
    assert second.startswith("- delete")
    markdown = shown(plan_of(delete()), Format.MARKDOWN)
    assert markdown.index("**Deleted:**") < markdown.index("| --- |")


def test_what_reaches_production_stands_outside_any_fold() -> None:
    markdown = shown(plan_of(promotion()), Format.MARKDOWN)
    assert markdown.index("**Reaches production:**") < markdown.index("<details>")


def test_an_excepted_violation_is_suppressed_and_a_warning_does_not_fail() -> None:
    (run,) = json.loads(shown(plan_of(blocked()), Format.SARIF))["runs"]
    assert [r["level"] for r in run["results"]] == ["error", "error", "warning"]
    assert [bool(r.get("suppressions")) for r in run["results"]] == [False, True, False]
    suite = ET.fromstring(shown(plan_of(blocked()), Format.JUNIT).encode())[0]
    assert (suite.attrib["failures"], suite.attrib["skipped"]) == ("1", "1")


def test_a_comment_stays_below_what_a_forge_accepts_and_says_what_is_left_out() -> None:
    wants = [Want(name=f"d{n}", text="\U0001f600 word " * 300, prompt=f"p{n}@1") for n in range(150)]
    state = desired(*wants)
    saved = plan_of((state, nothing(), create()[2]))
    markdown = shown(saved, Format.MARKDOWN)
    assert len(markdown.encode()) <= LARGEST_COMMENT_BYTES
    assert "more sections do not fit" in markdown
    assert markdown.count("<details>") == markdown.count("</details>")


def test_values_cannot_become_markup() -> None:
    markdown = shown(plan_of(hostile()), Format.MARKDOWN)
    outside: list[str] = []
    fence = ""
    for line in markdown.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = line[: len(line) - len(line.lstrip("`"))]
        else:
            outside.append(line)
    assert not fence
    text = "\n".join(outside)
    assert "<script" not in text
    assert "@everyone" not in text
    assert "](http" not in text
    assert text.count("<details>") == text.count("</details>") == 2
    assert text.count("<!--") == 1
    assert all(line.count("|") - line.count("\\|") == 5 for line in outside if line.startswith("|"))


def test_no_line_is_a_command_for_a_ci_system() -> None:
    for width in (20, 60, 100):
        lines = shown(plan_of(hostile()), Format.TEXT, width=width).splitlines()
        assert not any(line.lstrip().startswith("::") for line in lines)


@pytest.mark.parametrize("output", list(Format))
def test_no_secret_is_shown(output: Format) -> None:
    text = shown(plan_of(hostile()), output)
    assert "hf_abcdefghijklmnopqrstuvwxyz" not in text
    assert "hunter2" not in text


def test_a_secret_that_a_rule_quotes_is_masked_even_before_the_plan_is_saved() -> None:
    saved, (_, _, decision) = plan_of(hostile()), hostile()
    assert "hf_abcdefghijklmnopqrstuvwxyz" not in render(PlanReport(saved, decision), Format.TEXT, Style())


def test_the_next_step_depends_on_the_verdict() -> None:
    def steps(saved: SavedPlan, file: str = "") -> str:
        return " ".join(report(saved, file).next_steps())

    assert "trueup apply -e dev --plan p.json" in steps(plan_of(create()), "p.json")
    assert steps(plan_of(create())) == "To apply it: trueup apply -e dev"
    narrowed = replace(report(plan_of(create())), asked=("--revision", "HEAD~1", "support"))
    assert list(narrowed.next_steps()) == ["To apply it: trueup apply -e dev --revision HEAD~1 support"]
    assert "correct what is marked" in steps(plan_of(blocked()))
    assert "commit them" in steps(plan_of(uncommitted()))
    assert steps(plan_of(nothing_to_do())) == ""


def test_a_plan_on_its_way_does_not_say_how_to_start_it() -> None:
    def lines(saved: SavedPlan, intent: Intent) -> list[str]:
        return render(replace(report(saved), intent=intent), Format.TEXT, Style()).splitlines()

    for intent in (Intent.APPLY, Intent.ROLL_BACK):
        saved = plan_of(uncommitted())
        assert lines(saved, intent)[-1] == report(saved).summary
        assert "correct what is marked" in lines(plan_of(blocked()), intent)[-1]
    assert "revision not committed yet" in "\n".join(lines(plan_of(uncommitted()), Intent.ROLL_BACK))


def test_what_only_describes_something_new_is_counted_and_not_listed() -> None:
    text, markdown = (shown(plan_of(create()), output) for output in (Format.TEXT, Format.MARKDOWN))
    for said in (text, markdown):
        assert "metadata.owner" not in said
        assert "and 4 fields that only describe it" in said
    assert "metadata" in shown(plan_of(create()), Format.JSON)


def test_a_plan_without_changes_matches_its_revision() -> None:
    assert report(plan_of(nothing_to_do())).summary == "No changes. dev matches 8f2a1c0d9e8b."


def test_a_plan_that_was_not_judged_says_so() -> None:
    saved = replace(plan_of(create()), decision=None)
    assert "Policy: not judged" in shown(saved, Format.TEXT)
    for output in Format:
        assert shown(saved, output)


def test_a_decision_that_cannot_be_read_is_a_problem() -> None:
    result = report_of(replace(plan_of(create()), decision={"formatVersion": 9}), "plan.json")
    assert isinstance(result, Diagnostic)
    assert result.code.id == "PLN004"


@pytest.mark.parametrize(("seconds", "words"), [(3, "3 s"), (119, "119 s"), (460, "8 min"), (9000, "2.5 h")])
def test_a_build_says_what_it_may_take_and_by_what_measure(seconds: int, words: str) -> None:
    build = Build(
        address=ResourceId("Build", "q8", "1"),
        reason="not in the store",
        mode="gguf",
        parameters=(),
        source=digest_of("s"),
        key=digest_of("k"),
        estimate=Estimate(seconds, 1_500_000_000, "the source; something measured"),
    )
    assert list(facts(build))[-1] == f"estimate: about {words} and 1.5 GB of memory (the source; something measured)"
    told = change_json(build)["estimate"]
    assert told == {"seconds": seconds, "memory_bytes": 1_500_000_000, "basis": "the source; something measured"}


def test_evidence_that_is_too_little_is_not_called_failed() -> None:
    gate = GateResult("exact_match", ">=", 0.8, 0.917, passed=False, slice="day", undecided=True, more_samples=26)
    measured = (Measurement("exact_match", 0.917, "ratio", 12, slice="day"),)
    found = Evidence("Evaluation/quick@1", Digest("sha256:" + "2" * 64), (), measured, (gate,), "t", NOON, NOON)
    assert evidence_line(found) == (
        "undecided Evaluation/quick@1: exact_match in day 0.917 (>= 0.8, not enough evidence: 26 more samples); "
        "12 examples"
    )


def test_parity_is_put_in_words_with_what_does_not_hold() -> None:
    subject = (("output", Digest("sha256:" + "1" * 64)),)
    sums = [SequenceParity(100, 3.4, 81, 430.0, 433.0)] * 2
    key = Digest("sha256:" + "2" * 64)
    required = RequiredParity(key, None, 2, 101, max_kl=0.01, min_top1=0.5)
    found = judged(Evidence("Build/q4@1", key, subject, measurements_of(sums), (), "t", NOON, NOON), required)
    assert evidence_line(found) == (
        "parity of Build/q4@1: KL 0.03400, top-1 81.0 %, perplexity 73.7 -> 75.94 (x1.030), 200 tokens: FAILED, "
        "KL 0.03400 is not at most 0.01000"
    )
