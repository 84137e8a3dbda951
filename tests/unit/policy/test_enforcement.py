"""What a violation does in an environment, and what made it milder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.core.json import Json
from trueup.policy.decision import Enforcement
from trueup.policy.enforcement import (
    SEVERITIES,
    Enforced,
    Enforcing,
    Finding,
    Settings,
    day_of,
    enforce,
    enforcing_of,
    settings_of,
    stricter_of,
)

DRYRUN, WARN, DENY = Enforcement.DRYRUN, Enforcement.WARN, Enforcement.DENY
HIGH = Finding("DP-04", "data", "high")


def done(finding: Finding = HIGH, tier: str = "production", **policy: Json) -> Enforced:
    return enforce(finding, Enforcing((settings_of(tier, policy),)))


@pytest.mark.parametrize(
    ("severity", "tier", "expected"),
    [
        ("critical", "dev", DENY),
        ("high", "dev", DENY),
        ("medium", "production", DENY),
        ("medium", "a tier nobody knows", DENY),
        ("medium", "staging", WARN),
        ("low", "production", WARN),
    ],
)
def test_severity_and_tier_decide_where_nothing_is_declared(severity: str, tier: str, expected: Enforcement) -> None:
    assert done(Finding("DP-04", "data", severity), tier) == Enforced(expected)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"enforcement": "warn"}, Enforced(WARN, "policy.enforcement", DENY)),
        ({"enforcement": "dryrun"}, Enforced(DRYRUN, "policy.enforcement", DENY)),
        ({"severities": {"high": "warn"}}, Enforced(WARN, "policy.severities.high", DENY)),
        ({"severities": {"low": "dryrun"}}, Enforced(DENY)),
        ({"ruleSets": {"data": "warn"}}, Enforced(WARN, "policy.ruleSets.data", DENY)),
        ({"ruleSets": {"safety": "warn"}}, Enforced(DENY)),
        ({"rules": {"DP-04": "dryrun"}}, Enforced(DRYRUN, "policy.rules.DP-04", DENY)),
        ({"rules": {"DP-05": "dryrun"}}, Enforced(DENY)),
        ({"enforcement": "warn", "ruleSets": {"data": "deny"}}, Enforced(DENY)),
        ({"enforcement": "dryrun", "ruleSets": {"data": "warn"}}, Enforced(WARN, "policy.ruleSets.data", DENY)),
        ({"enforcement": "dryrun", "rules": {"DP-04": "warn"}}, Enforced(WARN, "policy.rules.DP-04", DENY)),
        ({"ruleSets": {"data": "dryrun"}, "rules": {"DP-04": "deny"}}, Enforced(DENY)),
        (
            {"enforcement": "warn", "severities": {"high": "warn"}},
            Enforced(WARN, "policy.enforcement, policy.severities.high", DENY),
        ),
        (
            {"enforcement": "warn", "severities": {"high": "dryrun"}},
            Enforced(DRYRUN, "policy.severities.high", DENY),
        ),
    ],
)
def test_the_nearest_setting_decides_and_what_softens_is_named(policy: dict[str, Json], expected: Enforced) -> None:
    assert done(**policy) == expected


def test_a_severity_may_be_made_stricter_than_its_default() -> None:
    medium = Finding("DP-05", "data", "medium")
    assert done(medium, "dev", severities={"medium": "deny"}) == Enforced(DENY)
    assert done(medium, "dev", severities={"medium": "deny"}, enforcement="warn") == Enforced(WARN)
    assert done(medium, "dev", ruleSets={"data": "deny"}) == Enforced(WARN)
    assert done(medium, "dev", severities={"medium": "dryrun"}).softened_from is WARN


def test_a_warn_entry_informs_at_most_unless_its_rule_is_to_deny() -> None:
    informing = Finding("RO-03", "rollout", "critical", informs=True)
    assert done(informing) == Enforced(WARN)
    assert done(informing, severities={"critical": "deny"}, ruleSets={"rollout": "deny"}) == Enforced(WARN)
    assert done(informing, rules={"RO-03": "deny"}) == Enforced(DENY)
    assert done(informing, enforcement="dryrun") == Enforced(DRYRUN, "policy.enforcement", WARN)


def test_a_rule_that_is_not_in_force_warns_at_most_unless_it_is_to_deny() -> None:
    future = Finding("RG-05", "regulation", "high", in_force_from="2027-12-02")
    assert done(future) == Enforced(WARN, "effectiveFrom 2027-12-02", DENY)
    assert done(future, ruleSets={"regulation": "deny"}).enforcement is WARN
    assert done(future, rules={"RG-05": "deny"}) == Enforced(DENY)
    assert done(future, enforcement="dryrun") == Enforced(DRYRUN, "policy.enforcement", DENY)
    assert done(future, enforcement="warn").softened_by == "policy.enforcement, effectiveFrom 2027-12-02"
    assert done(Finding("RG-05", "regulation", "low", in_force_from="2027-12-02")) == Enforced(WARN)


@pytest.mark.parametrize("odd", ["off", "Warn", "", 1, None, ["warn"], {"a": "warn"}])
def test_a_word_that_nobody_understands_denies(odd: Json) -> None:
    assert done(enforcement=odd) == Enforced(DENY)
    assert done(rules={"DP-04": odd}) == Enforced(DENY)
    assert done(ruleSets={"data": odd}) == Enforced(DENY)


@pytest.mark.parametrize("document", [{}, {"environment": 1}, {"environment": {"settings": {"policy": {"rules": 3}}}}])
def test_a_document_without_settings_is_judged_as_production(document: dict[str, Json]) -> None:
    assert enforcing_of(document) == Enforcing((Settings(production=True),))
    assert enforce(Finding("DP-05", severity="medium"), enforcing_of(document)).enforcement is DENY


words = st.sampled_from(list(Enforcement))
settings = st.builds(
    Settings,
    st.booleans(),
    words,
    st.dictionaries(st.sampled_from(SEVERITIES), words),
    st.dictionaries(st.sampled_from(["data", "safety"]), words),
    st.dictionaries(st.sampled_from(["DP-04", "SA-01"]), words),
)
enforcing = st.lists(settings, min_size=1, max_size=3).map(lambda s: Enforcing(tuple(s)))
findings = st.builds(
    Finding,
    st.sampled_from(["DP-04", "SA-01"]),
    st.sampled_from(["data", "safety", ""]),
    st.sampled_from(SEVERITIES),
    st.booleans(),
    st.sampled_from(["", "2027-12-02"]),
)
STRICTNESS = [DRYRUN, WARN, DENY]


@given(findings, enforcing, enforcing)
def test_the_stricter_of_two_settings_does_what_the_stricter_says(f: Finding, a: Enforcing, b: Enforcing) -> None:
    both = enforce(f, stricter_of(a, b))
    assert both == enforce(f, stricter_of(b, a))
    assert both.enforcement == max((enforce(f, e).enforcement for e in (a, b)), key=STRICTNESS.index)
    assert stricter_of(a, a) == a


@given(findings, enforcing)
def test_nothing_is_milder_than_its_severity_without_a_name(f: Finding, e: Enforcing) -> None:
    found = enforce(f, e)
    assert bool(found.softened_by) == (found.softened_from is not None)
    if found.softened_from is not None:
        assert STRICTNESS.index(found.enforcement) < STRICTNESS.index(found.softened_from)


@pytest.mark.parametrize(
    ("text", "is_day"),
    [("2026-02-28", True), ("2026-02-29", False), ("2026-W01-1", False), ("20260228", False), ("", False)],
)
def test_a_day_has_one_spelling(text: str, is_day: bool) -> None:
    assert (day_of(text) is not None) == is_day
