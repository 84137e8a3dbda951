"""Settings and exceptions that name nothing are told, and change nothing."""

from typing import Any

from trueup.core.diagnostics import Span
from trueup.core.digests import digest_of
from trueup.core.json import Json
from trueup.policy.decision import Decision, Outcome
from trueup.policy.judge import judge
from trueup.policy.results import Evaluation, RuleInfo

INFO = RuleInfo("DP-04", "dp", "deny", rule_set="data")


def decide(policy: Json, described: tuple[RuleInfo, ...] = (INFO,), rules: tuple[str, ...] = ("DP-04",)) -> Decision:
    def locate(address: str, path: tuple[Any, ...]) -> Span | None:
        places = {("Environment/prod", ("spec", "policy")): 7, ("PolicyException/w", ("spec", "rule")): 3}
        line = places.get((address, path))
        return Span("spec/a.yaml", line, 1) if line else None

    document: dict[str, Json] = {
        "environment": {"name": "prod", "tier": "production", "settings": {"policy": policy}},
        "exceptions": [{"address": "PolicyException/w", "rule": "SC-4", "inForce": True, "problem": ""}],
    }
    return judge(Evaluation((), (), rules, "e 1", described), document, digest_of("b"), locate)


def test_a_rule_that_does_not_exist_is_told_with_its_place_and_the_nearest_name() -> None:
    decision = decide({"rules": {"DP-40": "warn", "DP-04": "warn"}, "ruleSets": {"date": "warn", "data": "warn"}})
    assert decision.outcome is Outcome.ALLOW
    assert [(str(n.span), n.message.split(": ", 1)[1]) for n in decision.notices] == [
        ("spec/a.yaml:7:1", "`policy.rules` names `DP-40`, and no rule has that id. Did you mean `DP-04`?"),
        ("spec/a.yaml:7:1", "`policy.ruleSets` names `date`, and no rule is in such a set. Did you mean `data`?"),
        ("spec/a.yaml:3:1", "PolicyException/w names `SC-4`, and no rule has that id."),
    ]
    assert decision.to_json()["notices"] == [n.message for n in decision.notices]


def test_a_setting_for_a_rule_that_no_setting_changes_is_told() -> None:
    first, *_ = decide({"rules": {"TU-01": "warn"}}).notices
    assert "`TU-01`, which no setting changes" in first.message


def test_where_nobody_described_the_rules_nothing_is_said_of_rule_sets() -> None:
    assert not [n for n in decide({"ruleSets": {"date": "warn"}}, ()).notices if "ruleSets" in n.message]
    assert decide({"rules": {"DP-40": "warn"}}, (), ()).notices == ()
