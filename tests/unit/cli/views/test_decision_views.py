"""Decisions in every format: what others publish schemas for is held to them, and passes are never left out."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from published_formats import check_junit, check_openreports, check_sarif
from trueup.cli.output import Format, Style
from trueup.cli.views.decision import render
from trueup.cli.views.github import MOST_OF_A_KIND
from trueup.cli.views.schemas import OUTPUTS
from trueup.core.diagnostics import Span
from trueup.core.digests import Digest
from trueup.policy.checked import Checked, checked
from trueup.policy.decision import Decision, Enforcement, EngineError, Outcome, Violation
from trueup.policy.results import Evaluation, RuleInfo

ZERO = Digest("sha256:" + "0" * 64)
PLACE = Span("spec/models/tiny.yaml", 7, 5)
RULES = (
    RuleInfo(
        "SC-01", "t.sc_01", "deny", "Pinned", "critical", ("OWASP LLM03",), "Pin it.", None, "All.", "supply-chain"
    ),
    RuleInfo("EV-01", "t.ev_01", "deny", "Evidence", "high"),
    RuleInfo("RO-03", "t.ro_03", "warn", "Rollback", "low"),
)


def violation(rule: str = "SC-01", does: str = "deny", **more: object) -> Violation:
    defaults: dict[str, object] = {
        "title": "Pinned",
        "severity": "critical",
        "address": "Model/tiny@2",
        "path": ("spec", "source", "digest"),
        "message": "Model/tiny@2 is not pinned.",
        "remediation": "Pin it.",
        "span": PLACE,
    }
    return Violation(rule=rule, enforcement=Enforcement(does), **{**defaults, **more})  # type: ignore[arg-type]


def judged(*violations: Violation, errors: tuple[EngineError, ...] = (), subject: str = "plan of prod") -> Checked:
    outcome = Outcome.ERROR if errors else Outcome.DENY if any(v.denies for v in violations) else Outcome.ALLOW
    rules = tuple(sorted(r.id for r in RULES))
    decision = Decision(outcome, violations, errors, ZERO, ZERO, "regorus 0.13", rules)
    return checked(subject, decision, Evaluation((), (), rules, "regorus 0.13", RULES))


EVERYTHING = judged(
    violation(),
    violation("EV-01", "warn", severity="high", softened_by="policy.rules.EV-01", softened_from=Enforcement.DENY),
    violation("EV-01", "dryrun", severity="high", address="Deployment/prod/support"),
    violation("RO-03", excepted_by="PolicyException/later", span=None, address=""),
    errors=(EngineError("POL030 Rule could not be evaluated: to_number", Span("policies/x.rego", 3, 1)),),
)
GOOD = judged()


def shown(*checks: Checked, output: Format = Format.TEXT, width: int = 100) -> str:
    return render(checks, output, Style(), width)


@pytest.mark.parametrize("checks", [(EVERYTHING,), (GOOD,), (EVERYTHING, GOOD)], ids=["all", "good", "both"])
def test_each_published_format_fits_its_schema(checks: tuple[Checked, ...]) -> None:
    check_sarif(shown(*checks, output=Format.SARIF))
    check_junit(shown(*checks, output=Format.JUNIT))
    check_openreports(shown(*checks, output=Format.OPENREPORTS))
    document = json.loads(shown(*checks, output=Format.JSON))
    Draft202012Validator(OUTPUTS["policy-check"].schema()).validate(document)


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_of_a_rule_breaks_a_published_format(message: str, address: str) -> None:
    odd = judged(violation(message=message, address=address, title=message, excepted_by=""), subject=message or "x")
    check_sarif(shown(odd, output=Format.SARIF))
    check_junit(shown(odd, output=Format.JUNIT))
    check_openreports(shown(odd, output=Format.OPENREPORTS))
    for line in shown(odd, output=Format.GITHUB).splitlines():
        assert line.startswith("::error ") or "::" not in line


def test_every_format_counts_the_rules_that_passed() -> None:
    assert shown(GOOD).endswith("1 document, rules: 3 passed, 0 denied.")
    assert "Passed &#40;3&#41;" in shown(GOOD, output=Format.MARKDOWN)
    assert json.loads(shown(GOOD, output=Format.JSON))["rules"]["pass"] == 3
    assert json.loads(shown(GOOD, output=Format.NDJSON).splitlines()[-1])["rules"]["pass"] == 3
    assert check_sarif(shown(GOOD, output=Format.SARIF))["properties"]["rules"]["pass"] == 3
    assert ET.fromstring(shown(GOOD, output=Format.JUNIT).encode()).attrib["tests"] == "3"
    assert "3 passed" in shown(GOOD, output=Format.GITHUB)
    (report,) = check_openreports(shown(GOOD, output=Format.OPENREPORTS))
    assert report["summary"]["pass"] == 3


def test_text_tells_apart_what_denies_warns_is_softened_recorded_and_excepted() -> None:
    lines = shown(EVERYTHING).splitlines()
    assert lines[0] == "plan of prod"
    assert lines[1] == (
        "Policy: not decided, which denies (3 rules; violations: 1 denying, 1 warning, 1 excepted, "
        "1 softened that would deny, 1 in dry run)"
    )
    text = "\n".join(lines)
    marks = (
        "! blocked by a policy that could not be evaluated: policies/x.rego:3:1:",
        "\n! blocked SC-01 Pinned (critical)\n",
        "\nwarning EV-01 Pinned (high) softened by policy.rules.EV-01\n",
        "\ndry run EV-01 Pinned (high)\n",
        "\nexcepted by PolicyException/later: RO-03 Pinned (critical)\n",
    )
    assert sorted(marks, key=text.index) == list(marks)


def test_sarif_describes_rules_that_passed_and_suppresses_what_is_excepted() -> None:
    run = check_sarif(shown(EVERYTHING, output=Format.SARIF))
    rules = {r["id"]: r for r in run["tool"]["driver"]["rules"]}
    assert set(rules) == {"EV-01", "POLICY-ERROR", "RO-03", "SC-01"}
    assert rules["SC-01"]["fullDescription"] == {"text": "All."}
    assert rules["SC-01"]["properties"]["tags"] == ["policy", "security", "supply-chain", "OWASP LLM03"]
    levels = {(r["ruleId"], r["level"], bool(r.get("suppressions"))) for r in run["results"]}
    assert levels == {
        ("POLICY-ERROR", "error", False),
        ("SC-01", "error", False),
        ("EV-01", "warning", False),
        ("EV-01", "note", False),
        ("RO-03", "error", True),
    }


def test_a_fingerprint_stays_when_lines_move_and_days_pass_and_tells_equal_findings_apart() -> None:
    def prints(*violations: Violation) -> list[str]:
        run = check_sarif(shown(judged(*violations), output=Format.SARIF))
        return [r["partialFingerprints"]["trueup/v1"] for r in run["results"]]

    old = violation(message="It is 3 days old.")
    new = violation(message="It is 4 days old.", span=Span(PLACE.path, 99, 1))
    other = violation(message="It is 3 days old.", address="Model/tiny@3")
    assert prints(old) == prints(new)
    assert prints(old) != prints(other)
    assert len(set(prints(old, new))) == 2


def test_what_has_no_place_is_shown_at_the_project_file_because_forges_refuse_it_otherwise() -> None:
    run = check_sarif(shown(judged(violation(span=None)), output=Format.SARIF))
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == "trueup.yaml"


def test_junit_tells_failures_errors_and_what_is_skipped_apart() -> None:
    (suite,) = ET.fromstring(shown(EVERYTHING, output=Format.JUNIT).encode())
    counts = {k: suite.attrib[k] for k in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "1", "errors": "1", "skipped": "2"}


def test_annotations_name_file_and_line_loudest_first_and_escape_what_the_runner_reads() -> None:
    text = shown(
        judged(violation("EV-01", "warn", severity="high"), violation(message="50% of\na: b, c::d"), subject="x"),
        output=Format.GITHUB,
    )
    error, warning, summary = text.splitlines()
    assert error == (
        "::error file=spec/models/tiny.yaml,line=7,title=SC-01 Pinned,col=5::"
        "Model/tiny@2: 50%25 of%0Aa: b, c::d%0APin it."
    )
    assert warning.startswith("::warning file=")
    assert summary == "1 document, rules: 1 passed, 1 denied, 1 warned."


def test_annotations_beyond_what_the_runner_shows_are_counted() -> None:
    many = judged(*[violation(address=f"Model/m{n}@1") for n in range(MOST_OF_A_KIND + 3)])
    lines = shown(many, output=Format.GITHUB).splitlines()
    assert sum(line.startswith("::error") for line in lines) == MOST_OF_A_KIND
    assert "3 more errors do not fit into annotations." in lines


def test_openreports_names_resources_as_kubernetes_does_and_skips_what_is_lifted() -> None:
    (report,) = check_openreports(shown(EVERYTHING, output=Format.OPENREPORTS))
    assert report["summary"] == {"pass": 0, "fail": 1, "warn": 1, "error": 1, "skip": 2}
    by_result = {(r["policy"], r["result"]): r for r in report["results"]}
    assert by_result["SC-01", "fail"]["resources"] == [
        {"apiVersion": "trueup/v1alpha1", "kind": "Model", "name": "tiny@2"}
    ]
    assert by_result["EV-01", "skip"]["resources"][0]["namespace"] == "prod"
    assert by_result["EV-01", "warn"]["properties"]["softenedBy"] == "policy.rules.EV-01"
    assert by_result["RO-03", "skip"]["properties"]["exceptedBy"] == "PolicyException/later"
    assert len(check_openreports(shown(EVERYTHING, GOOD, output=Format.OPENREPORTS))) == 2


def test_a_comment_stops_where_nobody_reads_on() -> None:
    many = judged(*[violation(address=f"Model/m{n}@1") for n in range(300)])
    assert "- and 100 more" in shown(many, output=Format.MARKDOWN)


def test_the_schema_of_junit_refuses_what_readers_would_not_understand() -> None:
    good = shown(GOOD, output=Format.JUNIT)
    assert (Path(__file__).parents[3] / "schemas" / "junit.xsd").exists()
    with pytest.raises(Exception, match="line"):
        check_junit(good.replace("<testcase ", '<testcase line="3" '))


def test_a_violation_that_names_nothing_has_no_comma_after_its_severity() -> None:
    text = render([judged(violation("EV-02", severity="low", address="", span=None))], Format.MARKDOWN, Style())
    (line,) = [line for line in text.splitlines() if "EV-02" in line]
    assert "(low): " in line


def test_junit_numbers_cases_of_one_name_and_sarif_ends_sentences() -> None:
    twice = violation("EV-02", message="no period", title="")
    checks = [judged(twice, replace(twice, message="another"))]
    root = ET.fromstring(render(checks, Format.JUNIT, Style()))
    names = [case.get("name") for case in root.iter("testcase")]
    assert len(set(names)) == len(names)
    assert {f.get("message") for f in root.iter("failure")} == {"EV-02"}
    result = json.loads(render(checks, Format.SARIF, Style()))["runs"][0]["results"][0]
    assert result["message"]["text"] == "no period. Pin it."
