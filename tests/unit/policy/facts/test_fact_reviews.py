"""Who judges, and when their rules were reviewed."""

from datetime import date
from typing import Any

from trueup.policy.facts.reviews import PolicyFacts, policy_facts, reviews
from trueup.policy.results import RuleInfo

TODAY = date(2026, 11, 21)


def rule(id_: str, **said: Any) -> RuleInfo:
    return RuleInfo(id_, "p", "deny", **said)


def test_a_rule_says_its_age_and_whether_it_is_in_force() -> None:
    said = rule("A-01", last_reviewed="2026-11-09", effective_from="2026-12-02", rule_set="data", controls=("Art. 5",))
    found: Any = policy_facts(PolicyFacts(rules=(said, rule("B-01", effective_from="2026-11-21"))), TODAY)
    assert found["rules"][0] == {
        "id": "A-01",
        "ruleSet": "data",
        "lastReviewed": "2026-11-09",
        "reviewAgeDays": 12,
        "effectiveFrom": "2026-12-02",
        "inForce": False,
        "controls": ["Art. 5"],
    }
    assert found["rules"][1]["inForce"] is True
    assert found["rules"][1]["reviewAgeDays"] is None


def test_a_rule_that_denies_and_warns_is_one_rule() -> None:
    twice = (rule("A-01"), RuleInfo("A-01", "p", "warn"), rule("B-01"))
    found: Any = policy_facts(PolicyFacts(rules=twice), TODAY)
    assert [r["id"] for r in found["rules"]] == ["A-01", "B-01"]


def test_what_nobody_asked_the_rules_is_absent() -> None:
    assert policy_facts(PolicyFacts("sha256:x", "r", "base"), TODAY) == {
        "digest": "sha256:x",
        "revision": "r",
        "from": "base",
    }
    assert policy_facts(PolicyFacts(changed=("policies/a.rego",)), TODAY)["changed"] == ["policies/a.rego"]


def test_the_oldest_review_counts_and_no_review_is_named() -> None:
    rules = (rule("A-01", last_reviewed="2026-11-09"), rule("B-01", last_reviewed="2026-01-01"), rule("C-01"))
    assert reviews(rules, TODAY) == {"oldestDays": 324, "unreviewed": ["C-01"]}
    assert reviews((), TODAY) == {"oldestDays": None, "unreviewed": []}


def test_a_review_on_no_day_is_none() -> None:
    assert reviews([rule("A-01", last_reviewed="last week")], TODAY) == {"oldestDays": None, "unreviewed": ["A-01"]}
