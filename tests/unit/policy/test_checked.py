"""How a decision counts, rule by rule, and when it fails a check."""

from dataclasses import replace

import pytest

from trueup.core.diagnostics import Code, Diagnostic, Severity, Span
from trueup.core.digests import Digest
from trueup.policy.checked import Checked, Status, checked, counted, fails, placed
from trueup.policy.decision import Decision, Enforcement, EngineError, Outcome, Violation
from trueup.policy.results import Evaluation, RuleInfo

ZERO = Digest("sha256:" + "0" * 64)


def violation(rule: str = "SC-01", does: str = "deny", severity: str = "high", **more: str) -> Violation:
    return Violation(rule, "", severity, Enforcement(does), "Model/tiny@2", (), more.pop("message", "no"), **more)


def decision(*violations: Violation, rules: tuple[str, ...] = ("SC-01", "SC-02"), errors: int = 0) -> Decision:
    denies = any(v.denies for v in violations)
    outcome = Outcome.ERROR if errors else Outcome.DENY if denies else Outcome.ALLOW
    return Decision(outcome, violations, (EngineError("gone"),) * errors, ZERO, ZERO, "regorus", rules)


def test_rules_that_passed_are_results_too() -> None:
    found = Checked("x", decision(violation()), (RuleInfo("SC-02", "p", "deny", "Equal"),)).results
    assert [(r.rule, r.title, r.status, len(r.violations)) for r in found] == [
        ("SC-01", "", Status.FAIL, 1),
        ("SC-02", "Equal", Status.PASS, 0),
    ]


@pytest.mark.parametrize(
    ("violations", "status"),
    [
        ((violation(), violation(does="warn")), Status.FAIL),
        ((violation(does="warn"), violation(excepted_by="PolicyException/x")), Status.WARN),
        ((violation(does="dryrun"),), Status.SKIP),
        ((violation(excepted_by="PolicyException/x"),), Status.SKIP),
    ],
)
def test_the_worst_result_of_a_rule_counts(violations: tuple[Violation, ...], status: Status) -> None:
    first = Checked("x", decision(*violations)).results[0]
    assert first.status is status


def test_no_rule_passed_when_nobody_knows_which_one_could_not_be_evaluated() -> None:
    rules = (RuleInfo("SC-02", "p", "deny", span=Span("b.rego")),)
    assert [r.rule for r in Checked("x", decision(violation(), errors=1), rules).results] == ["SC-01"]


def test_a_rule_passed_when_what_could_not_be_evaluated_is_another() -> None:
    rules = (RuleInfo("SC-01", "p", "deny", span=Span("a.rego")), RuleInfo("SC-02", "q", "deny", span=Span("b.rego")))
    found = replace(decision(errors=1), errors=(EngineError("gone", Span("a.rego", 3)),))
    assert [r.rule for r in Checked("x", found, rules).results] == ["SC-02"]
    assert Checked("x", replace(found, errors=(EngineError("gone", Span("lib.rego")),)), rules).results == ()


def test_rules_are_counted_over_all_documents() -> None:
    checks = [Checked("x", decision(violation())), Checked("y", decision(violation(does="warn")))]
    assert counted(checks) == {Status.PASS: 2, Status.FAIL: 1, Status.WARN: 1, Status.SKIP: 0}


def test_a_builtin_rule_that_speaks_is_counted_with_those_of_the_policies() -> None:
    found = Checked("x", decision(violation("TU-01"))).results
    assert [r.rule for r in found] == ["SC-01", "SC-02", "TU-01"]


@pytest.mark.parametrize(
    ("found", "levels"),
    [
        (decision(), ()),
        (decision(violation(does="warn", severity="medium")), ("warn", "medium", "low")),
        (decision(violation(does="warn", severity="critical")), ("warn", "critical", "high", "medium", "low")),
        (decision(violation(does="dryrun", severity="critical")), ()),
        (decision(violation(excepted_by="PolicyException/x")), ()),
        (decision(violation()), ("deny", "warn", "critical", "high", "medium", "low")),
        (decision(errors=1), ("deny", "warn", "critical", "high", "medium", "low")),
    ],
)
def test_a_check_fails_on_what_it_was_told_to(found: Decision, levels: tuple[str, ...]) -> None:
    assert tuple(n for n in ("deny", "warn", "critical", "high", "medium", "low") if fails(found, n)) == levels


def test_a_secret_that_a_rule_quotes_is_masked() -> None:
    secret = "hf_abcdefghijklmnopqrstuvwxyz"
    shown = checked("x", decision(violation(message=f"the token {secret}"))).decision
    assert secret not in shown.violations[0].message


def test_violations_can_be_given_their_places() -> None:
    found = decision(violation())
    assert placed(found, ()).violations == ()
    assert placed(found, found.violations) == found


def test_an_error_is_of_the_rule_whose_file_it_lies_in_and_of_all_when_it_lies_in_none() -> None:
    rules = (RuleInfo("A", "a", "deny", span=Span("a.rego")), RuleInfo("B", "b", "deny", span=Span("b.rego")))
    in_a, anywhere = EngineError("gone", Span("a.rego", 3)), EngineError("gone", Span("lib.rego"))
    found = Checked("x", replace(decision(errors=1), errors=(in_a, anywhere)), rules)
    assert found.errors_of("A") == (in_a, anywhere)
    assert found.errors_of("B") == (anywhere,)
    assert found.errors_of("unknown") == (in_a, anywhere)


def test_what_an_evaluation_says_of_the_policies_is_kept() -> None:
    warning = Diagnostic(Code("POL037", "", "", ""), "Nothing reads `titel`.", severity=Severity.WARNING)
    rules = (RuleInfo("SC-01", "p", "deny"),)
    found = checked("x", decision(), Evaluation((), (), ("SC-01",), "regorus", rules, (warning,)))
    assert (found.rules, found.warnings) == (rules, (warning,))
