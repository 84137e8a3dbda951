"""Rules and their tests, as people and programs see them."""

import json
from xml.etree import ElementTree as ET

from trueup.cli.output import PLAIN, Format, Style
from trueup.cli.views.policy import render_rules, render_tests
from trueup.core.diagnostics import Span
from trueup.policy.results import RuleInfo, RuleTest

RULES = (
    RuleInfo("SC-01", "trueup.sc_01", "deny", "Pinned", "critical", span=Span("library/SC-01/rule.rego", 9, 1)),
    RuleInfo("SC-01", "trueup.sc_01", "deny", "Pinned", "critical", span=Span("library/SC-01/rule.rego", 20, 1)),
    RuleInfo("TEAM-01", "team.on_call", "deny", "On call", "medium", span=Span("policies/rule.rego", 5, 1)),
)
TESTS = (
    RuleTest("team.a_test", "test_one", passed=True, seconds=0.1),
    RuleTest("team.b_test", "test_two", passed=False, seconds=0.1, output="x: 1\x1b[2J", span=Span("b.rego", 3, 1)),
)


def test_a_rule_with_two_bodies_is_listed_once() -> None:
    lines = render_rules(RULES, Format.TEXT, PLAIN).splitlines()
    assert lines == [
        "SC-01    critical  Pinned   library/SC-01/rule.rego",
        "TEAM-01  medium    On call  policies/rule.rego",
        "",
        "2 rules",
    ]


def test_json_lists_every_body_with_its_line() -> None:
    document = json.loads(render_rules(RULES, Format.JSON, PLAIN))
    assert [rule["line"] for rule in document["rules"]] == [9, 20, 5]


def test_no_rules_are_said_to_be_none() -> None:
    assert render_rules((), Format.TEXT, PLAIN) == "\n0 rules"


def test_a_failed_test_is_shown_with_place_and_output_and_cannot_move_the_cursor() -> None:
    text = render_tests(TESTS, Format.TEXT, Style(enabled=False))
    assert text.splitlines() == [
        "ok    team.a_test  1 of 1",
        "fail  team.b_test  0 of 1",
        "      b.rego:3:1: test_two",
        "        x: 1\\x1b[2J",
        "1 passed, 1 failed",
    ]


def test_no_test_at_all_is_not_called_a_success() -> None:
    assert render_tests((), Format.TEXT, PLAIN) == "no test was found"


def test_junit_counts_passed_and_failed() -> None:
    root = ET.fromstring(render_tests(TESTS, Format.JUNIT, PLAIN))
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    assert [test["passed"] for test in json.loads(render_tests(TESTS, Format.JSON, PLAIN))["tests"]] == [True, False]
