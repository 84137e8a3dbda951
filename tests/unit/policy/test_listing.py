"""The table of rules, and which rules serve a control."""

from datetime import date

import pytest

from trueup.core.diagnostics import Span
from trueup.policy.enforcement import settings_of
from trueup.policy.listing import ListedRule, by_control, by_rule_set, chosen, list_rules, serves
from trueup.policy.results import RuleInfo, RuleTest
from trueup.policy.tracing import FileCoverage, TestCase, TestRun

TODAY = date(2026, 11, 21)
ENVIRONMENTS = {
    "dev": settings_of("dev", {}),
    "prod": settings_of("production", {"rules": {"DP-04": "dryrun"}, "ruleSets": {"data": "warn"}}),
}
PLACE = Span("policies/dp/rule.rego", 9, 1)


def rule(id_: str = "DP-01", entry: str = "deny", **said: object) -> RuleInfo:
    return RuleInfo(id_, f"acme.{id_.lower()}", entry, "Data", **{"span": PLACE, **said})  # type: ignore[arg-type]


def rows(*rules: RuleInfo, run: TestRun | None = None, sources: dict[tuple[str, str], str] | None = None):
    return list_rules(rules, ENVIRONMENTS, TODAY, run, sources or {})


def words(listed: ListedRule) -> dict[str, str]:
    return dict(listed.enforcement)


def test_each_environment_says_what_a_violation_does() -> None:
    (medium,) = rows(rule(severity="medium"))
    assert words(medium) == {"dev": "warn", "prod": "deny"}
    (in_set,) = rows(rule(severity="critical", rule_set="data"))
    assert words(in_set) == {"dev": "deny", "prod": "warn"}
    (single,) = rows(rule("DP-04", severity="high", rule_set="data"))
    assert words(single) == {"dev": "deny", "prod": "dryrun"}


def test_a_rule_without_severity_is_high_and_a_warn_entry_warns() -> None:
    assert words(rows(rule())[0]) == {"dev": "deny", "prod": "deny"}
    assert words(rows(rule(entry="warn_old"))[0]) == {"dev": "warn", "prod": "warn"}


def test_a_rule_whose_day_has_not_come_warns_and_says_so() -> None:
    (future,) = rows(rule(effective_from="2026-11-22"))
    assert (future.in_force, words(future)) == (False, {"dev": "warn", "prod": "warn"})
    assert rows(rule(effective_from="2026-11-21"))[0].in_force


def test_entries_of_one_rule_share_a_row() -> None:
    (row,) = rows(rule(entry="deny"), rule(entry="warn"), rule(entry="deny"))
    assert row.entries == ("deny", "warn")
    assert row.path == PLACE.path
    assert rows(rule(span=None))[0].path == ""


def test_tests_are_counted_by_what_they_show_and_lines_by_what_they_reach() -> None:
    cases = [
        TestCase(RuleTest("acme.dp-01_test", name, passed=True, seconds=0.0, span=Span("policies/dp/r_test.rego", n)))
        for n, name in enumerate(("test_good_passes", "test_bad_is_denied", "todo_test_absent"), 1)
    ]
    files = (FileCoverage(PLACE.path, (1, 2, 3), (4,)), FileCoverage("lib.rego", (), (1,)))
    (row,) = rows(rule(), run=TestRun(tuple(cases), files))
    assert (row.tests, row.kinds, row.missing_kinds, row.coverage) == (2, ("pass", "fail"), ("absent",), 75.0)


def test_rules_of_one_file_tell_their_tests_by_package() -> None:
    other = rule("DP-02", span=Span("elsewhere/rule.rego", 1, 1))
    cases = (TestCase(RuleTest("acme.dp-02_test", "test_x", passed=True, seconds=0.0)),)
    mine, theirs = rows(rule(), other, run=TestRun(cases, ()), sources={("acme.dp-02_test", "test_x"): "== 0"})
    assert (mine.tests, theirs.tests, theirs.kinds) == (0, 1, ("pass",))
    assert theirs.coverage is None
    (twice,) = rows(rule(), rule(span=Span("elsewhere/rule.rego", 1, 1)), run=TestRun(cases, ()))
    assert twice.tests == 0


@pytest.mark.parametrize(
    ("control", "wanted"),
    [
        ("EU AI Act Art. 12(1)", "Art. 12"),
        ("EU AI Act Art. 12", "EU AI Act Art. 12"),
        ("EU AI Act Art. 12 (1)", "eu ai act article 12(1)"),
        ("EU AI Act Art. 12", "AI Act Art 12"),
        ("ISO/IEC 42001 A.6.2.4", "A.6.2"),
        ("OWASP LLM03:2025", "LLM03"),
        ("GDPR Art. 35", "GDPR"),
    ],
)
def test_a_clause_takes_in_what_lies_inside_it(control: str, wanted: str) -> None:
    assert serves(control, wanted)


@pytest.mark.parametrize(
    ("control", "wanted"),
    [
        ("EU AI Act Art. 12", "Art. 1"),
        ("EU AI Act Art. 12", "Art. 12(1)"),
        ("ISO/IEC 42001 A.6.2.4", "A.6.20"),
        ("ISO/IEC 42001 A.16.2", "6.2"),
        ("NIST AI RMF MAP 4.2", "MAP 4.21"),
        ("NIST AI RMF MAP 14.2", "4.2"),
        ("GDPR Art. 35", "EU AI Act Art. 35"),
        ("GDPR Art. 35", " "),
    ],
)
def test_a_clause_takes_in_no_other_that_looks_like_it(control: str, wanted: str) -> None:
    assert not serves(control, wanted)


def test_rules_are_chosen_by_set_and_control() -> None:
    listed = rows(rule(rule_set="data", controls=("GDPR Art. 35",)), rule("EV-01", controls=("GDPR Art. 5(1)",)))
    assert [r.info.id for r in chosen(listed)] == ["DP-01", "EV-01"]
    assert [r.info.id for r in chosen(listed, rule_set="data")] == ["DP-01"]
    assert [r.info.id for r in chosen(listed, control="GDPR Art. 5")] == ["EV-01"]
    assert chosen(listed, control="GDPR Art. 50") == ()


def test_clauses_come_in_the_order_people_count_them() -> None:
    listed = rows(rule(controls=("Art. 12", "Art. 9")), rule("EV-01", controls=("Art. 9",)))
    assert [(c, [r.info.id for r in rules]) for c, rules in by_control(listed)] == [
        ("Art. 9", ["DP-01", "EV-01"]),
        ("Art. 12", ["DP-01"]),
    ]


def test_rules_of_no_set_come_last() -> None:
    listed = rows(rule("A-01"), rule("B-01", rule_set="data"))
    assert [name for name, _ in by_rule_set(listed)] == ["data", ""]
