"""Tests of prompts without a model: what may be asserted, what can be filled in, and what holds of the prompt alone."""

import json
from typing import Any

import pytest

from trueup.core.digests import BlobId, Digest
from trueup.core.ids import ResourceId
from trueup.desired.prompt_tests import (
    FORMS,
    REFUSED,
    Assertion,
    declared_tests,
    estimated_tokens,
    prompt_failure,
    prompt_problems,
    prompt_text,
    rendering_problems,
)
from trueup.desired.prompt_tests import test_problems as problems_of
from trueup.spec.resource import Origin, Resource

HOLDS = {"type": "contains", "value": "yes"}


def prompt(*tests: Any, **spec: Any) -> dict[str, Any]:
    chat = {"template": "Shop of {{owner}}.", "variables": [{"name": "owner", "default": "Ann"}]}
    return {"kind": "Prompt", "spec": {**chat, "tests": list(tests), **spec}}


def case(*assertions: Any, **fields: Any) -> dict[str, Any]:
    return {"message": "hello", "assert": list(assertions), **fields}


def test_a_sound_test_has_no_problems() -> None:
    turned = {"type": "not-icontains-any", "value": ["a", "b"], "weight": 2, "metric": "tone"}
    document = prompt(case(HOLDS, turned, vars={"owner": "Bo"}))
    assert problems_of(document) == ()
    (declared,) = declared_tests(document)
    assert (declared.name, declared.variables, declared.message) == ("1", {"owner": "Bo"}, "hello")
    assert declared.assertions[1] == Assertion("icontains-any", ["a", "b"], 0.0, True, 2.0, "tone")
    assert declared.asks


def test_a_prompt_without_tests_has_no_problems() -> None:
    assert problems_of({"kind": "Prompt", "spec": {"template": "{{nobody}}"}}) == ()
    assert declared_tests({"spec": {"tests": "none"}}) == ()


@pytest.mark.parametrize("name", [*REFUSED, *(f"not-{r}" for r in REFUSED)])
def test_what_would_run_code_or_needs_what_is_not_there_is_refused_with_its_reason(name: str) -> None:
    (problem,) = problems_of(prompt(case({"type": name, "value": "x"})))
    assert f"`{name}` is refused: {REFUSED[name.removeprefix('not-')]}" in problem


@pytest.mark.parametrize(
    ("assertion", "words"),
    [
        ({"type": "contain", "value": "x"}, "did you mean `contains`?"),
        ({"type": "not-contain", "value": "x"}, "did you mean `not-contains`?"),
        ({"type": "qqqq", "value": "x"}, "known are equals"),
        ({"type": "contains"}, "must be a text"),
        ({"type": "contains", "value": ""}, "must be a text"),
        ({"type": "contains-any", "value": []}, "must be a list of texts"),
        ({"type": "contains-all", "value": ["a", 1]}, "must be a list of texts"),
        ({"type": "regex", "value": "("}, "a regular expression ("),
        ({"type": "regex", "value": 1}, "must be a regular expression"),
        ({"type": "is-json", "value": "x"}, "JSON Schema"),
        ({"type": "equals"}, "something to compare with"),
        ({"type": "max-tokens", "value": 0}, "whole number above 0"),
        ({"type": "max-tokens", "value": True}, "whole number above 0"),
        ({"type": "latency", "value": 5, "threshold": 9}, "must be nothing"),
        ({"type": "latency"}, "needs a `threshold`"),
        ({"type": "contains", "value": "x", "threshold": 1}, "a `threshold` means nothing"),
        ({"type": "contains", "value": "x", "metric": "pass_rate"}, "cannot be called `pass_rate`"),
    ],
)
def test_an_assertion_that_nobody_understands_is_a_problem(assertion: Any, words: str) -> None:
    (problem,) = problems_of(prompt(case(HOLDS), case(HOLDS, assertion)))
    assert problem.startswith("test 2, assertion 2: ")
    assert words in problem


def test_a_test_that_cannot_fail_is_a_problem() -> None:
    assert "asserts nothing" in problems_of(prompt(case()))[0]
    assert "weight above 0" in problems_of(prompt(case({**HOLDS, "weight": 0})))[0]


def test_every_type_is_accepted_with_a_value_of_its_form() -> None:
    values: dict[str, Any] = {"max-tokens": 5, "prompt-max-tokens": 50, "latency": None, "is-json": None}
    values |= {"contains-json": {"type": "object"}, "prompt-equals": "Shop of Ann.", "prompt-contains": "Ann"}
    values |= {"prompt-icontains": "ann", "prompt-regex": "^Shop"}
    for name in FORMS:
        assertion = {"type": name, "value": values.get(name, "x")}
        if name == "latency":
            assertion["threshold"] = 100
        assert problems_of(prompt(case(assertion))) == (), name


def test_thresholds_are_promptfoos_where_none_is_declared() -> None:
    wanted = {"rouge-n": 0.75, "bleu": 0.5, "levenshtein": 5, "similar": 0.75}
    for name, threshold in wanted.items():
        (declared,) = declared_tests(prompt(case({"type": name, "value": "x"})))
        assert declared.assertions[0].threshold == threshold
    (declared,) = declared_tests(prompt(case({"type": "bleu", "value": "x", "threshold": 1})))
    assert declared.assertions[0].threshold == 1.0


def test_what_cannot_be_filled_in_is_a_problem() -> None:
    found = problems_of(prompt(case(HOLDS, vars={"oner": "Bo"}), template="{{owner}} {{nobody}}"))
    assert "did you mean `owner`?" in found[0]
    assert "`nobody` has no value" in found[1]
    wrong = [{"name": "owner", "schema": {"type": "integer"}}]
    assert "must be of type integer" in problems_of(prompt(case(HOLDS, vars={"owner": "x"}), variables=wrong))[0]


def test_a_pattern_that_could_take_forever_is_left_to_the_evaluation() -> None:
    slow = {"assert": [{"type": "prompt-regex", "value": "(a+)+$"}]}
    also = {"assert": [{"type": "prompt-regex", "value": "a*a*a*a*a*a*a*a*b"}]}
    choices = {"assert": [{"type": "prompt-regex", "value": "a?" * 40 + "b"}]}
    assert rendering_problems(prompt(slow, also, choices, template="a" * 5_000)) == ()
    plain = {"assert": [{"type": "prompt-regex", "value": r"^[(+*]\(\s*x"}]}
    (said,) = rendering_problems(prompt(plain, template="a" * 5_000))
    assert "does not hold of the prompt" in said


def test_an_assertion_about_an_answer_needs_somebody_who_asks() -> None:
    silent = {"assert": [HOLDS]}
    assert "nobody asks" in rendering_problems(prompt(silent))[0]
    asking = [{"role": "user", "content": {"file": "x.txt", "content": "Who is {{owner}}?"}}]
    assert rendering_problems(prompt(silent, template=None, messages=asking)) == ()
    alone = {"assert": [{"type": "prompt-contains", "value": "Ann"}]}
    assert rendering_problems(prompt(alone)) == ()
    assert not declared_tests(prompt(alone))[0].asks


@pytest.mark.parametrize(
    ("name", "value", "holds"),
    [
        ("equals", "Shop of Ann.", True),
        ("equals", "Shop", False),
        ("contains", "Ann", True),
        ("contains", "ann", False),
        ("icontains", "ANN", True),
        ("icontains", "Bo", False),
        ("regex", "^Shop .*Ann", True),
        ("regex", "^Ann", False),
        ("max-tokens", 3, True),
        ("max-tokens", 2, False),
    ],
)
def test_assertions_about_the_prompt_are_told_without_a_model(name: str, value: Any, holds: bool) -> None:
    found = problems_of(prompt(case({"type": f"prompt-{name}", "value": value})))
    turned = problems_of(prompt(case({"type": f"not-prompt-{name}", "value": value})))
    assert (found == ()) == holds
    assert (turned == ()) != holds
    assert all("does not hold of the prompt" in problem for problem in (*found, *turned))


def test_an_assertion_without_weight_does_not_stop_a_prompt() -> None:
    assert problems_of(prompt(case(HOLDS, {"type": "prompt-contains", "value": "Bo", "weight": 0}))) == ()


def test_tokens_are_about_a_quarter_of_the_bytes() -> None:
    assert [estimated_tokens(text) for text in ("", "a", "abcd", "abcde", "猫猫猫猫")] == [0, 1, 1, 2, 3]
    assert "about 1 tokens" in prompt_failure(Assertion("prompt-max-tokens", 0, 0, False, 1, ""), "abc")


def test_the_prompt_is_all_its_messages() -> None:
    assert prompt_text([{"content": "a"}, {"content": "b"}]) == "a\nb"


def test_problems_are_told_with_the_prompt_they_are_of() -> None:
    id_ = ResourceId("Prompt", "support", "1")
    content = json.dumps(prompt(case({"type": "python", "value": "x"}))).encode()
    resource = Resource(id_, Digest("sha256:" + "0" * 64), content, Origin("spec/p.yaml", BlobId(""), 0, 3), ())
    (problem,) = prompt_problems([resource])
    assert problem.code.id == "RES008"
    assert str(problem.span) == "spec/p.yaml:3:1"
    assert problem.detail.startswith("`Prompt/support@1`: test 1, assertion 1: ")
