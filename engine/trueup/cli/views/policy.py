"""Rules of policies and the outcome of their tests."""

import json
from collections.abc import Sequence

from trueup.cli.output import Format, Style
from trueup.cli.views.findings import Finding
from trueup.cli.views.junit import junit
from trueup.cli.views.text import visible, visible_lines
from trueup.core.diagnostics import Severity
from trueup.core.json import Json
from trueup.policy.results import RuleInfo, RuleTest

FORMAT_VERSION = "1.0"
_COLORS = {"critical": "red", "high": "red", "medium": "yellow", "low": "cyan"}


def render_rules(rules: Sequence[RuleInfo], output: Format, style: Style, width: int = 200) -> str:
    """Return the rules, a line each, with their files where *width* has room; formats other than text give JSON."""
    if output is not Format.TEXT:
        document: Json = {"format_version": FORMAT_VERSION, "rules": [_rule_json(r) for r in rules]}
        return json.dumps(document, indent=2, ensure_ascii=False)
    # A rule with several bodies is one rule to its reader.
    rows = list(dict.fromkeys(tuple(visible(cell) for cell in _cells(r)) for r in rules))
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(3)]
    has_room = sum(widths) + 6 + max((len(place) for *_, place in rows), default=0) <= width
    lines = []
    for id_, severity, title, place in rows:
        painted = style.paint(f"{severity:<{widths[1]}}", _COLORS.get(severity, "dim"))
        row = f"{id_:<{widths[0]}}  {painted}  {title:<{widths[2]}}"
        lines.append((f"{row}  {style.paint(place, 'dim')}" if has_room else row).rstrip())
    return "\n".join([*lines, "", "1 rule" if len(rows) == 1 else f"{len(rows)} rules"])


def render_tests(tests: Sequence[RuleTest], output: Format, style: Style) -> str:
    """Return how each test went; in text the passed ones of a package share a line."""
    match output:
        case Format.JUNIT:
            failed = [_finding(t) for t in tests if not t.passed]
            return junit("policy", failed, [_name(t) for t in tests])
        case Format.TEXT:
            return _tests_text(tests, style)
        case _:
            document: Json = {"format_version": FORMAT_VERSION, "tests": [_test_json(t) for t in tests]}
            return json.dumps(document, indent=2, ensure_ascii=False)


def tests_summary(tests: Sequence[RuleTest]) -> str:
    """Return the line that says it all."""
    passed = sum(t.passed for t in tests)
    return f"{passed} passed, {len(tests) - passed} failed" if tests else "no test was found"


def _tests_text(tests: Sequence[RuleTest], style: Style) -> str:
    lines = []
    for package in dict.fromkeys(t.package for t in tests):
        inside = [t for t in tests if t.package == package]
        failed = [t for t in inside if not t.passed]
        mark = style.paint("fail", "bold", "red") if failed else style.paint("ok  ", "green")
        lines.append(f"{mark}  {visible(package)}  {len(inside) - len(failed)} of {len(inside)}")
        for test in failed:
            lines.append(f"      {test.span or ''}: {visible(test.name)}")
            lines += [f"        {line}" for line in visible_lines(test.output) if line]
    color = "green" if tests and all(t.passed for t in tests) else "red"
    return "\n".join([*lines, style.paint(tests_summary(tests), "bold", color)])


def _cells(rule: RuleInfo) -> tuple[str, str, str, str]:
    return rule.id, rule.severity or "high", rule.title, str(rule.span.path) if rule.span else ""


def _rule_json(rule: RuleInfo) -> Json:
    return {
        "id": rule.id,
        "package": rule.package,
        "rule": rule.entry,
        "title": rule.title,
        "severity": rule.severity,
        "controls": list(rule.controls),
        "remediation": rule.remediation,
        "path": rule.span.path if rule.span else "",
        "line": rule.span.line if rule.span else 0,
    }


def _test_json(test: RuleTest) -> Json:
    return {
        "package": test.package,
        "name": test.name,
        "passed": test.passed,
        "seconds": test.seconds,
        "output": test.output,
        "path": test.span.path if test.span else "",
        "line": test.span.line if test.span else 0,
    }


def _finding(test: RuleTest) -> Finding:
    said = test.output or "The rule was false or undefined."
    return Finding(_name(test), "Test failed", Severity.ERROR, said, span=test.span)


def _name(test: RuleTest) -> str:
    return f"{test.package}.{test.name}"
