"""What a change drops of the tests of the prompts that it releases."""

from dataclasses import replace
from typing import Any

import pytest

from states import resource
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.policy.facts.base import BaseResources, loosened
from trueup.policy.facts.prompt_test_changes import prompt_test_changes

GREETS: dict[str, Any] = {
    "description": "greets",
    "vars": {"shop": "Apex"},
    "message": "Hi",
    "assert": [{"type": "contains", "value": "Apex"}, {"type": "similar", "value": "Hello", "threshold": 0.8}],
}
BARE: dict[str, Any] = {"vars": {"shop": "Apex"}, "assert": [{"type": "max-tokens", "value": 50}]}
SUPPORT, CHAT = "Deployment/prod/support", "Deployment/prod/chat"


def released(prompt: str | None) -> Json:
    return {"kind": "Deployment", "spec": {"release": {"model": "m@1", **({"prompt": prompt} if prompt else {})}}}


def dropped(was: Any, now: Any, prompt: str | None = "support@2") -> list[Any]:
    prompts = {"Prompt/support@1": {"spec": {"tests": was}}, "Prompt/support@2": {"spec": {"tests": now}}}
    before: dict[str, Json] = {SUPPORT: released("support@1"), CHAT: released("support@1"), **prompts}
    after: dict[str, Json] = {SUPPORT: released(prompt), CHAT: released(prompt), **prompts}
    return list(prompt_test_changes([SUPPORT, CHAT], before.get, after.get))


def asserting(*assertions: Json) -> dict[str, Any]:
    return {**GREETS, "assert": list(assertions)}


CONTAINS, SIMILAR = GREETS["assert"]


def test_a_test_that_is_gone_is_told_once_for_all_deployments_of_the_prompt() -> None:
    assert dropped([GREETS, BARE], [BARE]) == [
        {"address": "Prompt/support@2", "kind": "prompt-test-dropped", "before": GREETS, "after": None}
    ]


@pytest.mark.parametrize(
    "now",
    [
        asserting(CONTAINS),
        asserting(),
        asserting(CONTAINS, {**SIMILAR, "threshold": 0.7}),
        asserting(CONTAINS, {k: v for k, v in SIMILAR.items() if k != "threshold"}),
        asserting({**CONTAINS, "value": "A"}, SIMILAR),
        {**GREETS, "assert": "?"},
    ],
)
def test_a_test_that_asserts_less_is_told_with_what_is_left(now: dict[str, Any]) -> None:
    found = dropped([GREETS], [now])
    assert [(f["before"], f["after"]) for f in found] == [(GREETS, now)]


@pytest.mark.parametrize(
    "now",
    [
        GREETS,
        {**GREETS, "description": "still greets"},
        asserting(SIMILAR, CONTAINS, {"type": "is-json"}),
        asserting(CONTAINS, {**SIMILAR, "threshold": 0.9}),
    ],
)
def test_a_test_that_asserts_as_much_is_not_told(now: dict[str, Any]) -> None:
    assert dropped([GREETS], [now, BARE]) == []


def test_one_of_two_tests_of_a_case_is_enough() -> None:
    assert dropped([GREETS], [asserting(), GREETS]) == []


def test_other_words_of_the_user_are_another_case() -> None:
    assert len(dropped([GREETS], [{**GREETS, "message": "Hello"}])) == 1
    assert len(dropped([GREETS], [{**GREETS, "vars": {}}])) == 1
    assert dropped([{**BARE, "message": ""}], [BARE]) == []


def test_a_release_without_a_prompt_has_no_tests_left() -> None:
    found = dropped([GREETS], [GREETS], prompt=None)
    assert [(f["address"], f["after"]) for f in found] == [("Prompt/support@1", None)]


@pytest.mark.parametrize("tests", [None, "?", ["?"], []])
def test_a_prompt_without_tests_loses_none(tests: Json) -> None:
    assert dropped(tests, []) == []
    assert len(dropped([GREETS], tests)) == 1


def test_the_same_version_is_not_compared() -> None:
    assert dropped([GREETS], [], prompt="support@1") == []


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_new_or_removed_deployment_drops_nothing(side: str) -> None:
    there, gone = {SUPPORT: released("support@1"), "Prompt/support@1": {"spec": {"tests": [GREETS]}}}, {}
    before, after = (there, gone) if side == "after" else (gone, there)
    assert list(prompt_test_changes([SUPPORT], before.get, after.get)) == []


def test_only_deployments_of_the_environment_that_differ_are_looked_at() -> None:
    prompts = {
        ResourceId("Prompt", "support", number): {"spec": {"tests": tests}}
        for number, tests in (("1", [GREETS]), ("2", [BARE]))
    }
    here, kept = (ResourceId("Deployment", name, environment="prod") for name in ("support", "kept"))
    elsewhere = replace(here, environment="dev")
    prod, dev = (ResourceId("Environment", name) for name in ("prod", "dev"))

    def declared(prompt: str) -> dict[ResourceId, Json]:
        return {
            **prompts,
            prod: {"spec": {}},
            dev: {"spec": {}},
            here: released(prompt),
            elsewhere: released(prompt),
            kept: released("support@1"),
        }

    now, then = ({i: resource(i, d) for i, d in declared(p).items()} for p in ("support@2", "support@1"))
    base = BaseResources(now, frozenset(r.origin.path for r in now.values()), then)
    for environment in (prod, dev):
        found: list[Any] = loosened(base, environment)
        assert [(f["address"], f["kind"]) for f in found] == [("Prompt/support@2", "prompt-test-dropped")]
    new = BaseResources(now, frozenset(r.origin.path for r in now.values()), {prod: then[prod]})
    assert loosened(new, prod) == []
