"""From results to a decision."""

from dataclasses import replace
from typing import Any

import pytest

from trueup.core.diagnostics import Code, Diagnostic, Span
from trueup.core.digests import digest_of
from trueup.core.json import Json
from trueup.policy.decision import Decision, Enforcement, Outcome
from trueup.policy.enforcement import enforcing_of
from trueup.policy.judge import judge
from trueup.policy.results import Evaluation, RuleInfo, RuleResult
from trueup.spec.resource import Path

BUNDLE = digest_of("bundle")
RULE = Span("policies/x.rego", 3, 1)
INFO = RuleInfo("X-01", "x", "deny", "No x", "critical", ("Art. 1",), "Remove x.", RULE)
RESULT: dict[str, Json] = {
    "id": "X-01",
    "severity": "high",
    "msg": "x is there",
    "address": "Model/m@1",
    "path": ["spec"],
}


def document(tier: str = "production", *, exceptions: Json = (), **policy: Json) -> dict[str, Json]:
    return {"environment": {"tier": tier, "settings": {"policy": policy}}, "exceptions": exceptions}


def decide(*raws: Json, entry: str = "deny", on: dict[str, Json] | None = None, **more: Any) -> Decision:
    results = tuple(RuleResult(entry, "x", raw, RULE) for raw in raws)
    evaluation = Evaluation(results, more.get("errors", ()), more.get("rules", ("X-01",)), "e 1", more.get("info", ()))
    return judge(evaluation, on or document(), BUNDLE, more.get("locate", lambda _a, _p: None))


def waiver(**changes: Json) -> dict[str, Json]:
    return {
        "address": "PolicyException/w",
        "rule": "X-01",
        "resource": "Model/*",
        "path": "",
        "expires": "2026-04-01",
        "inForce": True,
        "problem": "",
    } | changes


def test_no_results_allow() -> None:
    decision = decide()
    assert decision.outcome is Outcome.ALLOW
    assert decision.bundle == BUNDLE
    assert decision.input == digest_of(document())
    assert decision.rules == ("X-01",)


def test_a_denial_denies_with_all_it_says() -> None:
    (violation,) = decide(RESULT).violations
    assert decide(RESULT).outcome is Outcome.DENY
    assert violation.rule == "X-01"
    assert violation.message == "x is there"
    assert violation.path == ("spec",)


@pytest.mark.parametrize(
    ("entry", "severity", "tier", "enforcement"),
    [
        ("deny", "critical", "dev", Enforcement.DENY),
        ("deny_more", "high", "dev", Enforcement.DENY),
        ("violation", "high", "staging", Enforcement.DENY),
        ("deny", "medium", "production", Enforcement.DENY),
        ("deny", "medium", "dev", Enforcement.WARN),
        ("deny", "medium", "a tier nobody knows", Enforcement.DENY),
        ("deny", "low", "production", Enforcement.WARN),
        ("warn", "critical", "production", Enforcement.WARN),
        ("warn_soon", "high", "production", Enforcement.WARN),
    ],
)
def test_severity_tier_and_entry_decide_what_a_violation_does(
    entry: str, severity: str, tier: str, enforcement: Enforcement
) -> None:
    decision = decide(RESULT | {"severity": severity}, entry=entry, on=document(tier))
    assert decision.violations[0].enforcement is enforcement
    assert decision.outcome is (Outcome.DENY if enforcement is Enforcement.DENY else Outcome.ALLOW)


def test_an_environment_may_warn_by_default_and_deny_by_rule() -> None:
    assert decide(RESULT, on=document(enforcement="warn")).outcome is Outcome.ALLOW
    assert decide(RESULT, on=document(enforcement="warn", rules={"X-01": "deny"})).outcome is Outcome.DENY
    assert decide(RESULT, on=document(rules={"X-01": "warn"})).outcome is Outcome.ALLOW


def test_what_softens_a_critical_rule_in_production_is_named() -> None:
    critical = RESULT | {"severity": "critical"}
    decision = decide(critical, on=document(rules={"X-01": "warn"}))
    assert decision.outcome is Outcome.ALLOW
    assert [(v.softened_by, v.softened_from) for v in decision.softened] == [("policy.rules.X-01", Enforcement.DENY)]
    assert decision.to_json()["violations"][0]["softenedBy"] == "policy.rules.X-01"  # type: ignore[index, call-overload]


def test_a_dry_run_denies_nothing_and_is_recorded() -> None:
    decision = decide(RESULT, RESULT | {"severity": "low", "msg": "y"}, on=document(enforcement="dryrun"))
    assert decision.outcome is Outcome.ALLOW
    assert [v.would_deny for v in decision.dry_run] == [True, False]
    assert decision.softened == ()


def test_settings_may_be_given_that_are_not_those_of_the_document() -> None:
    strict, soft = document(), document(rules={"X-01": "dryrun"})
    evaluation = Evaluation((RuleResult("deny", "x", RESULT),), (), ("X-01",), "e 1")
    judged = [judge(evaluation, soft, BUNDLE, lambda _a, _p: None, e) for e in (None, enforcing_of(strict))]
    assert [d.outcome for d in judged] == [Outcome.ALLOW, Outcome.DENY]


def test_a_rule_warns_until_the_day_it_begins() -> None:
    facts = document()
    for today, outcome in (("2027-12-01", Outcome.ALLOW), ("2027-12-02", Outcome.DENY), ("", Outcome.DENY)):
        on = facts | {"clock": {"today": today}}
        decision = decide({"msg": "m"}, info=(replace(INFO, effective_from="2027-12-02"),), on=on)
        assert decision.outcome is outcome
        softened = ["effectiveFrom 2027-12-02"] if outcome is Outcome.ALLOW else [""]
        assert [v.softened_by for v in decision.violations] == softened


def test_a_day_that_a_result_names_wins_over_the_one_of_its_rule() -> None:
    info = (replace(INFO, effective_from="2027-12-02"),)
    facts = document() | {"clock": {"now": "2026-11-21T10:00:00Z"}}
    assert decide({"msg": "m", "effectiveFrom": "2026-08-02"}, info=info, on=facts).outcome is Outcome.DENY
    assert decide({"msg": "m", "effectiveFrom": ""}, info=info, on=facts).outcome is Outcome.DENY
    assert decide({"msg": "m", "effectiveFrom": "2026-11-22"}, on=facts).outcome is Outcome.ALLOW


def test_without_a_clock_every_rule_is_in_force() -> None:
    for clock in ({}, {"clock": 1}, {"clock": {"now": 7}}):
        assert decide({"msg": "m", "effectiveFrom": "2999-01-01"}, on=document() | clock).outcome is Outcome.DENY


def test_too_many_deletions_deny_whatever_the_rules_say() -> None:
    settings: Json = {"policy": {"enforcement": "dryrun"}, "deletionBudget": {"max": 0}}
    facts: dict[str, Json] = {
        "environment": {"name": "prod", "tier": "dev", "settings": settings},
        "change": {"operations": [{"kind": "delete", "address": "Deployment/prod/a"}]},
        "deployments": [{"address": "Deployment/prod/b", "changed": False}],
    }
    decision = decide(on=facts)
    assert decision.outcome is Outcome.DENY
    assert [v.rule for v in decision.violations] == ["TU-02"]


def test_a_text_is_a_result_named_after_its_rule() -> None:
    (violation,) = decide("no x, please", entry="deny_x").violations
    assert violation.rule == "x/deny_x"
    assert violation.severity == "high"
    assert violation.enforcement is Enforcement.DENY


def test_what_a_result_does_not_say_metadata_says() -> None:
    (violation,) = decide({"msg": "x"}, info=(INFO,)).violations
    assert (violation.rule, violation.title, violation.severity) == ("X-01", "No x", "critical")
    assert violation.remediation == "Remove x."


@pytest.mark.parametrize(
    "raw",
    [
        None,
        7,
        True,
        ["x"],
        {},
        {"msg": 7},
        {"message": "x"},
        RESULT | {"severity": "urgent"},
        RESULT | {"severity": 3},
        RESULT | {"id": None},
        RESULT | {"address": ["Model/m@1"]},
        RESULT | {"path": {"a": 1}},
        RESULT | {"path": [None]},
        RESULT | {"path": [True]},
        RESULT | {"title": 1},
        RESULT | {"effectiveFrom": "soon"},
        RESULT | {"effectiveFrom": "20271202"},
        RESULT | {"effectiveFrom": 2027},
    ],
)
def test_a_result_of_an_odd_shape_is_an_error_and_errors_deny(raw: Json) -> None:
    decision = decide(raw)
    assert decision.outcome is Outcome.ERROR
    assert decision.errors[0].span == RULE
    assert decision.errors[0].message.startswith("POL034 ")


def test_an_error_is_an_error_although_other_rules_answered() -> None:
    code = Code("POL030", "Rule could not be evaluated", "", "")
    decision = decide(RESULT, errors=(Diagnostic(code, "divide by zero", RULE),))
    assert decision.outcome is Outcome.ERROR
    assert decision.errors[0].message == "POL030 Rule could not be evaluated: divide by zero"
    assert len(decision.violations) == 1


def test_no_rules_at_all_is_an_error() -> None:
    decision = decide(rules=())
    assert decision.outcome is Outcome.ERROR
    assert decision.errors[0].message.startswith("POL021 ")


def test_violations_are_sorted_by_severity_rule_and_place_and_equal_ones_are_one() -> None:
    low = RESULT | {"severity": "low"}
    other = RESULT | {"address": "Model/a@1"}
    critical = RESULT | {"id": "Z-09", "severity": "critical"}
    decision = decide(low, RESULT, other, critical, RESULT)
    assert [(v.severity, v.rule, v.address) for v in decision.violations] == [
        ("critical", "Z-09", "Model/m@1"),
        ("high", "X-01", "Model/a@1"),
        ("high", "X-01", "Model/m@1"),
        ("low", "X-01", "Model/m@1"),
    ]
    assert decision == decide(critical, RESULT, other, low)


def test_an_exception_lifts_a_violation_and_leaves_it_visible() -> None:
    decision = decide(RESULT, on=document(exceptions=[waiver()]))
    assert decision.outcome is Outcome.ALLOW
    assert decision.violations[0].excepted_by == "PolicyException/w"
    assert decision.exceptions[0].state == "used"


def test_an_expired_exception_lifts_nothing_and_is_listed() -> None:
    expired = waiver(inForce=False, problem="it expired on 2026-03-01")
    decision = decide(RESULT, on=document(exceptions=[expired]))
    assert decision.outcome is Outcome.DENY
    assert decision.exceptions[0].state == "expired"


def test_an_exception_that_lifts_nothing_is_listed_as_unused() -> None:
    decision = decide(on=document(exceptions=[waiver(), waiver(address="PolicyException/v", rule="Y-02")]))
    assert [(u.address, u.state) for u in decision.exceptions] == [
        ("PolicyException/w", "unused"),
        ("PolicyException/v", "unused"),
    ]


@pytest.mark.parametrize("rule", ["X-01", "Y-02"])
def test_a_rule_that_takes_no_exceptions_takes_none_under_whatever_id_it_reports(rule: str) -> None:
    info = (replace(INFO, waivable=False),)
    decision = decide(RESULT | {"id": rule}, info=info, on=document(exceptions=[waiver(rule=rule)]))
    assert decision.outcome is Outcome.DENY
    assert [(e.state, e.problem) for e in decision.exceptions] == [("invalid", f"rule `{rule}` takes no exceptions")]


def test_an_expired_exception_for_a_rule_that_takes_none_stays_expired() -> None:
    expired = waiver(inForce=False, problem="it expired on 2026-03-01")
    decision = decide(RESULT, info=(replace(INFO, waivable=False),), on=document(exceptions=[expired]))
    assert decision.exceptions[0].state == "expired"


def test_what_names_no_resource_is_lifted_for_the_environment() -> None:
    facts = document(exceptions=[waiver(resource="Environment/prod", rule="x/deny")])
    facts["environment"] = {"name": "prod", "tier": "production"}
    assert decide("all of it is wrong", on=facts).outcome is Outcome.ALLOW


def test_an_exception_does_not_lift_an_error() -> None:
    decision = decide(7, on=document(exceptions=[waiver(resource="*/*", rule="x/deny")]))
    assert decision.outcome is Outcome.ERROR


def test_a_violation_is_placed_at_its_field_or_the_nearest_one_around_it() -> None:
    def locate(address: str, path: Path) -> Span | None:
        return Span("spec/m.yaml", 7, 3) if (address, path) == ("Model/m@1", ("spec",)) else None

    deep = RESULT | {"path": ["spec", "source", "digest"]}
    assert decide(deep, locate=locate).violations[0].span == Span("spec/m.yaml", 7, 3)
    assert decide(RESULT | {"address": ""}, locate=locate).violations[0].span is None


def test_a_path_may_be_dotted_and_a_place_may_be_given_as_conftest_does() -> None:
    (violation,) = decide({"msg": "m", "path": "spec.items.0.name", "_loc": {"file": "a.yaml", "line": 4}}).violations
    assert violation.path == ("spec", "items", 0, "name")
    assert violation.span == Span("a.yaml", 4, 1)


def test_a_decision_as_json_names_what_became_of_exceptions() -> None:
    spelled = decide(RESULT, on=document(exceptions=[waiver()])).to_json()
    use = {"address": "PolicyException/w", "state": "used", "problem": "", "expires": "2026-04-01"}
    assert spelled["exceptions"] == [use]


def test_the_order_of_results_does_not_matter() -> None:
    one, two = RESULT, RESULT | {"msg": "another"}
    assert decide(one, two) == decide(two, one)


@pytest.mark.parametrize(
    "place", [{}, {"file": "a.yaml"}, {"file": 1, "line": 4}, {"file": "a.yaml", "line": "4"}, "a"]
)
def test_a_place_that_is_none_is_left_out(place: object) -> None:
    (violation,) = decide({"msg": "m", "_loc": place}).violations
    assert violation.span is None


@pytest.mark.parametrize("id_", ["TU-01", "TU-99", "tu-01"])
def test_a_result_under_an_id_of_trueup_itself_is_an_error_at_its_rule(id_: str) -> None:
    decision = decide(RESULT | {"id": id_})
    assert decision.outcome is Outcome.ERROR
    assert decision.violations == ()
    (error,) = decision.errors
    assert error.span == RULE
    assert error.message.startswith("POL065")
    assert f"`x.deny` gave a result with the id `{id_}`, which is kept for what trueup judges itself." in error.message


def test_a_result_under_the_id_of_another_packages_rule_is_an_error_and_one_of_its_own_package_is_none() -> None:
    other = RuleInfo("SC-01", "trueup.supply_chain.pinned", "deny")
    warns = RuleInfo("X-02", "x", "warn")
    decision = decide(RESULT | {"id": "SC-01"}, RESULT, RESULT | {"id": "X-02"}, info=(INFO, other, warns))
    assert decision.outcome is Outcome.ERROR
    assert [v.rule for v in decision.violations] == ["X-01", "X-02"]
    (error,) = decision.errors
    assert "`SC-01`, which is the rule of package `trueup.supply_chain.pinned`" in error.message


def test_policies_that_could_not_be_loaded_are_not_blamed_for_rules_that_they_may_have() -> None:
    settings: Json = {"budget": {"maxBudget": 1.0}}
    facts: dict[str, Json] = {
        "environment": {"name": "prod", "tier": "production", "settings": settings},
        "change": {"operations": [{"op": "create"}]},
    }
    wrong = (Diagnostic(Code("POL003", "Rego syntax error", "", ""), "expecting `}`", RULE),)
    assert decide(on=facts, rules=(), errors=wrong).violations == ()
    assert [v.rule for v in decide(on=facts, rules=("X-01",), errors=wrong).violations] == ["TU-01"]
