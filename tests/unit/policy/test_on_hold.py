"""Holds where no rule of the library says it."""

import pytest

from trueup.core.json import Json
from trueup.policy.on_hold import LIBRARY_RULE, RULE, held_releases

BAD = "sha256:" + "b" * 64
HOLD: dict[str, Json] = {
    "deployment": "Deployment/prod/old-name",
    "release": BAD,
    "reason": "it lies.",
    "since": "2026-11-01",
    "active": True,
}


def document(hold: Json, release: str = BAD, **deployment: Json) -> dict[str, Json]:
    return {
        "deployments": [{"address": "Deployment/prod/support", "release": {"digest": release}, **deployment}],
        "observed": {"holds": [hold]},
    }


def test_a_release_on_hold_is_denied_under_any_name() -> None:
    (violation,) = held_releases(document(HOLD))
    assert (violation.rule, violation.address, violation.path) == (RULE, "Deployment/prod/support", ("spec", "release"))
    assert violation.message == "Release bbbbbbbbbbbb is on hold since 2026-11-01: it lies."
    assert "trueup hold lift old-name" in violation.remediation
    assert violation.denies


@pytest.mark.parametrize(
    "calm",
    [
        document({**HOLD, "active": False}),
        document(HOLD, release="sha256:" + "c" * 64),
        document(HOLD, changed=False),
        document(3),
        {"observed": {"holds": 3}, "deployments": 3},
        {},
    ],
)
def test_nothing_else_is_denied(calm: dict[str, Json]) -> None:
    assert not [*held_releases(calm)]


@pytest.mark.parametrize("rules", [None, ["EV-01", LIBRARY_RULE]])
def test_where_the_rule_of_the_library_was_asked_this_is_silent(rules: list[str] | None) -> None:
    assert not [*held_releases(document(HOLD), rules)]
    assert [*held_releases(document(HOLD), ["EV-01"])]
