"""Rules, their pages and their tests, as people and programs see them."""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from published_formats import check_junit
from trueup.cli.output import PLAIN, Format, Style
from trueup.cli.views.policy import render_rules
from trueup.cli.views.rule_explanation import render as render_explanation
from trueup.cli.views.rule_pages import PagesReport, library_table
from trueup.cli.views.rule_pages import render as render_pages
from trueup.cli.views.rule_tests import TestReport, render_tests
from trueup.cli.views.schemas import OUTPUTS
from trueup.cli.views.text import width_of
from trueup.core.diagnostics import Span
from trueup.policy.decision import Enforcement, Violation
from trueup.policy.listing import ListedRule, RulePage, chosen
from trueup.policy.results import RuleInfo, RuleTest
from trueup.policy.rule_explanation import Fact, RuleExplanation
from trueup.policy.tracing import Body, FileCoverage, Stalled, TestCase, TestRun

SC_01 = ListedRule(
    RuleInfo(
        "SC-01",
        "trueup.rules.sc_01",
        "deny",
        "Every input is pinned by its digest or by a full commit",
        "critical",
        ("EU AI Act Art. 12(1)", "GDPR Art. 35"),
        "Pin it.",
        Span("library/SC-01-pinned/rule.rego", 9, 1),
        "Nothing that moves.",
        "supply-chain",
    ),
    ("deny",),
    (("dev", "deny"), ("prod", "deny")),
    tests=12,
    kinds=("pass", "fail"),
    coverage=99.9,
)
TEAM = ListedRule(
    RuleInfo("TEAM-01", "team.on_call", "warn", "On call", "medium", effective_from="2027-12-02"),
    ("warn",),
    (("dev", "warn"), ("prod", "dryrun")),
    in_force=False,
)
RULES = (SC_01, TEAM)
PAGES = (
    RulePage(
        SC_01, (("parameters.limits", {"most": 3}), ("parameters.table", None)), ("deployments",), "# SC-01\n\n## Why\n"
    ),
    RulePage(TEAM),
)
STALLED = Stalled(Span("b_test.rego", 5, 2), "count(results) == 1", 6)
CASES = (
    TestCase(RuleTest("team.a_test", "test_one", passed=True, seconds=0.25, span=Span("a_test.rego", 1, 1))),
    TestCase(
        RuleTest(
            "team.b_test", "test_two", passed=False, seconds=0.1, output="x: 1\x1b[2J", span=Span("b_test.rego", 3, 1)
        ),
        STALLED,
    ),
    TestCase(RuleTest("team.b_test", "todo_test_three", passed=False, seconds=0.0)),
)
FILES = (FileCoverage("a.rego", (1, 2, 3), (4, 5)), FileCoverage("b.rego", (1,), ()))
RUN = TestRun(CASES, FILES)


def valid(name: str, text: str) -> object:
    document = json.loads(text)
    Draft202012Validator(OUTPUTS[name].schema()).validate(document)
    return document


def test_rules_stand_below_their_set_with_what_they_do_and_what_their_tests_show() -> None:
    lines = render_rules(RULES, Format.TEXT, PLAIN, 80).splitlines()
    assert lines == [
        "does in dev, prod",
        "rule      severity  does       tests    cover  title",
        "supply-chain",
        "SC-01     critical  deny deny   12 pf-   99 %  Every input is pinned by its d...",
        "no set",
        "TEAM-01*  medium    warn dry     0             On call",
        "",
        "2 rules",
        "tests: p a case that passes, f one that denies, a one in which a fact is absent; - is missing",
        "*: not in force yet, warns until then",
    ]


@pytest.mark.parametrize("width", [60, 80, 119])
def test_the_table_fits_the_terminal(width: int) -> None:
    many = [replace(SC_01, info=replace(SC_01.info, id=f"SC-{n:02}")) for n in range(55)]
    lines = render_rules(many, Format.TEXT, PLAIN, width).splitlines()
    assert all(width_of(line) <= width for line in lines if not line.startswith("tests:"))
    assert sum(line.startswith("SC-") for line in lines) == 55


def test_a_wide_terminal_shows_controls_and_file() -> None:
    text = render_rules(RULES, Format.TEXT, PLAIN, 200)
    assert "EU AI Act Art. 12(1), GDPR Art. 35  library/SC-01-pinned/rule.rego" in text


def test_many_environments_share_a_word_when_they_agree() -> None:
    names = [f"env{n}" for n in range(6)]
    same = replace(SC_01, enforcement=tuple((n, "deny") for n in names))
    other = replace(SC_01, enforcement=(*((n, "deny") for n in names[1:]), (names[0], "warn")))
    assert "deny deny" not in render_rules((same,), Format.TEXT, PLAIN, 80)
    assert "differs" in render_rules((other,), Format.TEXT, PLAIN, 80)


def test_a_severity_is_painted_and_no_rules_are_said_to_be_none() -> None:
    assert "\x1b[31mcritical" in render_rules(RULES, Format.TEXT, Style(enabled=True), 80)
    assert render_rules((), Format.TEXT, PLAIN) == "\n0 rules"


def test_the_table_is_markdown_and_json_too() -> None:
    text = render_rules(RULES, Format.MARKDOWN, PLAIN)
    assert "| rule | title | set | severity | dev | prod | tests | coverage | controls |" in text
    document = valid("policy-rules", render_rules(RULES, Format.JSON, PLAIN))
    assert document["rules"][0]["enforcement"] == [  # type: ignore[index]  # an object
        {"environment": "dev", "does": "deny"},
        {"environment": "prod", "does": "deny"},
    ]


def pages(by: str = "rule", control: str = "", output: Format = Format.TEXT) -> str:
    kept = chosen([p.rule for p in PAGES], control=control)
    return render_pages(PagesReport(tuple(p for p in PAGES if p.rule in kept), by, control), output, PLAIN, 100)


def test_a_page_has_all_that_metadata_says_the_parameters_and_the_text() -> None:
    text = pages()
    for part in (
        "SC-01 Every input is pinned",
        "Nothing that moves.",
        "rule set: supply-chain",
        "in prod: deny",
        "jurisdictions: everywhere",
        "tests: 12, which reach 99 % of its lines; no case: absent",
        'parameter parameters.limits: {"most": 3}',
        "parameter parameters.table: too large to show",
        "  | ## Why",
        "in force from: 2027-12-02 (not yet; warns until then)",
    ):
        assert part in text
    markdown = pages(output=Format.MARKDOWN)
    assert "## SC-01 Every input" in markdown
    assert "### Why" in markdown
    assert "\n# SC-01" not in markdown


def test_which_rules_cover_a_clause_is_answered_and_none_is_an_answer() -> None:
    assert pages("control", "EU AI Act Art. 12").splitlines() == [
        "SC-01 covers EU AI Act Art. 12.",
        "",
        "EU AI Act Art. 12(1)",
        "  SC-01 Every input is pinned by its digest or by a full commit",
    ]
    assert pages("control", "EU AI Act Art. 1") == "No rule covers EU AI Act Art. 1."
    document = valid("policy-docs", pages("control", "GDPR", Format.JSON))
    assert document["controls"] == [{"control": "GDPR Art. 35", "rules": ["SC-01"]}]  # type: ignore[index]  # an object


@pytest.mark.parametrize("by", ["control", "rule-set"])
@pytest.mark.parametrize("output", [Format.TEXT, Format.MARKDOWN])
def test_pages_can_be_ordered_by_control_and_by_set(by: str, output: Format) -> None:
    text = pages(by, output=output)
    assert ("GDPR Art. 35" if by == "control" else "supply-chain") in text.replace("&#45;", "-")
    assert "SC-01" in text


def test_the_librarys_table_links_each_rules_folder() -> None:
    assert "[SC-01](SC-01-pinned)" in "\n".join(library_table([SC_01]))


def test_a_failed_test_is_shown_with_place_reason_and_output_and_cannot_move_the_cursor() -> None:
    assert render_tests(TestReport(RUN), Format.TEXT, PLAIN).splitlines() == [
        "ok    team.a_test  1 of 1",
        "fail  team.b_test  0 of 1",
        "      b_test.rego:3:1: test_two",
        "        b_test.rego:5:2: `count(results) == 1` was not true, so line 6 was not reached",
        "        x: 1\\x1b[2J",
        "todo  : todo_test_three",
        "1 passed, 1 failed, 1 to do",
    ]


def test_coverage_names_the_lines_that_no_test_reaches_and_says_when_they_are_too_many() -> None:
    report = TestReport(RUN, coverage=True, threshold=90.0, slowest=1)
    assert report.is_below
    lines = render_tests(report, Format.TEXT, PLAIN).splitlines()
    assert " 60.0 %  a.rego: not reached: 4-5" in lines
    assert "100.0 %  1 file" in lines
    assert "coverage 66.7 % of the lines that decide, 90 % is asked for" in lines
    assert "    250.0 ms  team.a_test.test_one" in lines
    assert not TestReport(RUN, threshold=60.0).is_below


def test_no_test_at_all_is_not_called_a_success() -> None:
    assert render_tests(TestReport(TestRun((), ())), Format.TEXT, PLAIN) == "no test was found"


def test_junit_counts_passed_failed_and_to_do_with_their_times() -> None:
    text = render_tests(TestReport(RUN, threshold=90.0), Format.JUNIT, PLAIN)
    check_junit(text)
    root = ET.fromstring(text)
    assert (root.get("tests"), root.get("failures")) == ("4", "2")
    assert [suite.get("skipped") for suite in root] == ["0", "1", "0"]
    assert root[0][0].get("time") == "0.250"
    document = valid("policy-tests", render_tests(TestReport(RUN), Format.JSON, PLAIN))
    assert [t["passed"] for t in document["tests"]] == [True, False, False]  # type: ignore[index]  # an object


EXPLAINED = RuleExplanation(
    rule=SC_01,
    address="Model/tiny@2",
    environment="prod",
    outcome="deny",
    violations=(
        Violation("SC-01", "Pinned", "critical", Enforcement.DENY, "Model/tiny@2", ("spec",), "It moves.", "Pin it."),
    ),
    elsewhere=1,
    is_judged=True,
    deployments=("Deployment/prod/support",),
    why=("severity critical, tier production: denies",),
    facts=(
        Fact(("resources", "Model/tiny@2", "spec", "digest"), "", found=False, span=Span("rule.rego", 4, 1)),
        Fact(("environment", "tier"), '"production"', found=True, span=Span("lib.rego", 5, 1)),
    ),
    parameters=(("parameters.limits", "3"),),
    bodies=(
        Body("deny", Span("rule.rego", 9, 1), is_tried=True, stalled=STALLED),
        Body("deny", Span("rule.rego", 19, 1), is_tried=True, stalled=None, has_given=True, last_line=20),
        Body("deny", Span("rule.rego", 24, 1), is_tried=True, stalled=None, last_line=27),
        Body("pinned", Span("rule.rego", 29, 1), is_tried=False, stalled=None),
        Body("text", Span("lib.rego", 2, 1), is_tried=True, stalled=None),
    ),
    coverage=(FileCoverage("rule.rego", (9, 10, 12), (20,)), FileCoverage("lib.rego", (), (1,))),
    printed="seen 3",
)


def explained(value: RuleExplanation, output: Format = Format.TEXT) -> str:
    return render_explanation(value, output, PLAIN, 120)


def test_an_explanation_says_what_was_read_what_was_absent_and_where_each_body_ended() -> None:
    lines = explained(EXPLAINED).splitlines()
    assert lines[0] == "SC-01 denies: Model/tiny@2 in prod."
    for line in (
        "! denies SC-01 Pinned (critical)",
        "  severity critical, tier production: denies",
        '  input.resources["Model/tiny@2"].spec.digest = absent (named at rule.rego:4)',
        '  input.environment.tier = "production" (named at lib.rego:5)',
        "  parameters.limits = 3",
        "  line 9 `deny`: ended at line 5, where `count(results) == 1` was not true, so line 6 was not reached",
        "  line 19 `deny`: came to its end and gave a value",
        "  line 24 `deny`: came as far as its last statement, line 27; whether that was true is not known",
        "  line 29 `pinned`: was not tried",
        "  rule.rego: reached 9-10, 12",
        "  lib.rego: reached nothing",
        "  seen 3",
    ):
        assert line in lines
    assert "### Facts it read" in explained(EXPLAINED, Format.MARKDOWN)
    valid("policy-explanation", explained(EXPLAINED, Format.JSON))


@pytest.mark.parametrize(
    ("value", "summary"),
    [
        (
            replace(EXPLAINED, violations=()),
            "SC-01 has nothing against Model/tiny@2 in prod (1 elsewhere in this plan).",
        ),
        (replace(EXPLAINED, violations=(), elsewhere=0), "SC-01 has nothing against Model/tiny@2 in prod."),
        (
            replace(EXPLAINED, violations=(), is_judged=False),
            "SC-01 says nothing of Model/tiny@2: nothing in the plan of prod reaches it.",
        ),
        (replace(EXPLAINED, errors=("x",)), "SC-01 could not be decided for Model/tiny@2 in prod, which denies."),
        (
            replace(EXPLAINED, violations=(replace(EXPLAINED.violations[0], excepted_by="PolicyException/x"),)),
            "SC-01 is excepted by PolicyException/x: Model/tiny@2 in prod.",
        ),
        (
            replace(EXPLAINED, violations=(replace(EXPLAINED.violations[0], enforcement=Enforcement.DRYRUN),)),
            "SC-01 would speak (dry run): Model/tiny@2 in prod.",
        ),
        (
            replace(EXPLAINED, violations=(replace(EXPLAINED.violations[0], enforcement=Enforcement.WARN),)),
            "SC-01 warns: Model/tiny@2 in prod.",
        ),
    ],
)
def test_the_first_line_says_what_the_rule_says(value: RuleExplanation, summary: str) -> None:
    assert explained(value).splitlines()[0] == summary
    valid("policy-explanation", explained(value, Format.JSON))
