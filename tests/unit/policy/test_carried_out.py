"""What is declared and not carried out is never passed over."""

from typing import Any

import pytest

from trueup.core.json import Json
from trueup.policy.carried_out import RULE, not_carried_out
from trueup.policy.decision import Decision, Outcome
from trueup.policy.judge import judge
from trueup.policy.results import Evaluation

DEPLOYMENT = "Deployment/prod/chat"
ALLOWED = Evaluation((), (), ("X-01",), "e 1")


def document(
    spec: dict[str, Json] | None = None,
    settings: dict[str, Json] | None = None,
    address: str = DEPLOYMENT,
    **changes: Any,
) -> dict[str, Json]:
    facts: dict[str, Json] = {
        "environment": {"name": "prod", "tier": "production", "settings": settings or {}},
        "change": {"operations": [{"kind": "update"}]},
        "deployments": [{"address": DEPLOYMENT, "changed": True, "resources": [DEPLOYMENT, address]}],
        "resources": {DEPLOYMENT: {"spec": {}}, address: {"spec": spec or {}}},
        "exceptions": [],
    }
    return facts | changes


def decide(facts: dict[str, Json]) -> Decision:
    return judge(ALLOWED, facts, "sha256:" + "0" * 64, lambda _a, _p: None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "spec", "path"),
    [
        (DEPLOYMENT, {"release": {"adapters": ["law@1"]}}, "spec.release.adapters"),
        (DEPLOYMENT, {"runtime": {"version": "1.2"}}, "spec.runtime.version"),
        (DEPLOYMENT, {"scaling": {"maxReplicas": 3}}, "spec.scaling"),
        (DEPLOYMENT, {"rollout": {"drainTimeout": "60s"}}, "spec.rollout.drainTimeout"),
        (DEPLOYMENT, {"monitors": [{"name": "slow"}]}, "spec.monitors.0"),
        (DEPLOYMENT, {"rollout": {"mirror": {"sideEffects": "enabled"}}}, "spec.rollout.mirror.sideEffects"),
        (DEPLOYMENT, {"guardrails": [{"name": "pii"}]}, "spec.guardrails"),
        (DEPLOYMENT, {"logging": {"content": "full"}}, "spec.logging.content"),
        ("Model/m@1", {"chatTemplate": "{{ messages }}"}, "spec.chatTemplate"),
        ("Model/m@1", {"tokenizer": {"uri": "hf://a/b"}}, "spec.tokenizer"),
        ("Prompt/p@1", {"responseFormat": {"type": "json_object"}}, "spec.responseFormat"),
        ("Prompt/p@1", {"tools": [{"type": "function"}]}, "spec.tools"),
        ("Build/b@1", {"parity": {"task": "mmlu"}}, "spec.parity.task"),
        ("Build/b@1", {"parity": {"samples": 512}}, "spec.parity.samples"),
        ("Build/b@1", {"parity": {"theta": 3}}, "spec.parity.theta"),
        ("Build/b@1", {"parity": {"alpha": 0.01}}, "spec.parity.alpha"),
        ("Build/b@1", {"mode": "engine", "parity": {"logits": {"maxKl": 1}}}, "spec.parity.logits"),
        ("Build/b@1", {"mode": "edge_engine", "parity": {"logits": {"maxKl": 1}}}, "spec.parity.logits"),
    ],
)
def test_a_field_that_would_do_nothing_denies_with_its_place(address: str, spec: dict[str, Json], path: str) -> None:
    (violation,) = not_carried_out(document(spec, address=address))
    assert (violation.rule, violation.address, ".".join(map(str, violation.path))) == (RULE, address, path)
    assert decide(document(spec, address=address)).outcome is Outcome.DENY


def test_a_monitor_that_is_watched_is_carried_out() -> None:
    monitor: dict[str, Json] = {"name": "errors", "metric": "error_rate", "op": "<=", "threshold": 0.01}
    assert list(not_carried_out(document({"monitors": [monitor]}, address=DEPLOYMENT))) == []


def test_how_a_source_is_asked_is_carried_out() -> None:
    source: dict[str, Json] = {
        "uri": "hf://acme/tiny",
        "revision": "main",
        "files": ["*.gguf"],
        "endpoint": "https://mirror.example",
        "credentials": "env:TOKEN",
    }
    assert list(not_carried_out(document({"source": source}, address="Model/m@1"))) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"verification": {"identities": ["ci@example.com"]}},
    ],
)
def test_a_guard_of_an_environment_that_guards_nothing_denies(settings: dict[str, Json]) -> None:
    (violation,) = not_carried_out(document(settings=settings))
    assert violation.address == "Environment/prod"
    softened = settings | {"policy": {"enforcement": "warn", "rules": {RULE: "dryrun"}}}
    assert decide(document(settings=softened)).outcome is Outcome.DENY


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"approvals": {"required": 2}}, "RO-05"),
        ({"approvals": {"roles": [{"role": "risk", "count": 1}]}}, "RO-05"),
        ({"freezeWindows": [{"start": "2026-12-20T00:00:00Z", "end": "2027-01-02T00:00:00Z"}]}, "RO-07"),
        ({"quota": {"replicas": 2}}, "CC-02"),
        ({"budget": {"maxBudget": 0.0, "budgetDuration": "30d"}}, "CC-03"),
        ({"soakTime": "24h"}, "RO-01"),
    ],
)
def test_a_field_that_a_rule_carries_out_denies_where_that_rule_is_not_asked(
    settings: dict[str, Json], rule: str
) -> None:
    assert not [*not_carried_out(document(settings=settings), {rule, "X-01"})]
    (violation,) = not_carried_out(document(settings=settings), {"X-01"})
    assert f"rule `{rule}` does, and the policies do not have it" in violation.message


def test_nothing_is_said_of_rules_when_nobody_knows_which_were_asked() -> None:
    settings: dict[str, Json] = {"budget": {"maxBudget": 1.0}, "verification": {"required": True}}
    (violation,) = not_carried_out(document(settings=settings), None)
    assert "`verification`" in violation.message


def test_a_guard_is_looked_at_when_all_is_deleted() -> None:
    assert [*not_carried_out(document(settings={"soakTime": "24h"}, deployments=[]))]


def test_what_asks_for_nothing_or_for_what_is_done_is_fine() -> None:
    spec: dict[str, Json] = {
        "release": {"adapters": []},
        "rollout": {"strategy": "canary", "steps": [{"setWeight": 5}], "mirror": {"sideEffects": "disabled"}},
        "logging": {"content": "none"},
        "resources": {"cpu": "1", "count": 0},
        "slo": {"ttft": "1s"},
    }
    settings: dict[str, Json] = {"approvals": {"required": 0, "roles": []}, "rollback": {"mode": "commit"}}
    assert not [*not_carried_out(document(spec, settings))]


def test_what_does_not_change_is_not_looked_at() -> None:
    facts = document({"guardrails": [{"name": "pii"}]})
    unchanged: Json = {"address": DEPLOYMENT, "changed": False, "resources": [DEPLOYMENT]}
    assert not [*not_carried_out(facts | {"deployments": [unchanged]})]
    assert not [*not_carried_out(facts | {"change": {"operations": []}})]


def test_an_exception_lifts_it_and_is_seen() -> None:
    lifted = {
        "address": "PolicyException/w",
        "rule": RULE,
        "resource": DEPLOYMENT.replace("chat", "*"),
        "path": "spec.monitors",
        "expires": "2027-01-01",
        "inForce": True,
        "problem": "",
    }
    decision = decide(document({"monitors": [{"name": "slow"}]}, exceptions=[lifted]))
    assert decision.outcome is Outcome.ALLOW
    assert [v.excepted_by for v in decision.violations] == ["PolicyException/w"]


@pytest.mark.parametrize("facts", [{}, {"change": None}, {"change": {"operations": [1]}, "deployments": 3}])
def test_an_odd_document_is_read_as_far_as_it_goes(facts: dict[str, Json]) -> None:
    assert not [*not_carried_out(facts)]
