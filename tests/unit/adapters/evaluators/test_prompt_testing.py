"""Tests of a prompt against a server: what each assertion means, and that every test has to pass."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from artifacts import silent
from fakes import FakeClock
from servers import Answer, chat_server
from trueup.adapters.evaluators.answers.assertions import Seen, Verdict, is_within, verdict_of
from trueup.adapters.evaluators.builtin import BuiltinEvaluator
from trueup.adapters.evaluators.client import Answer as Answered
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.evaluations import NO_DATA
from trueup.desired.prompt_tests import FORMS, Assertion
from trueup.desired.state import Pin, RequiredEvaluation, RouteSpec
from trueup.evidence.examples import decode
from trueup.ports import EvaluationRequest, Measured

DIGEST = Digest("sha256:" + "1" * 64)


def run(tests: Any, answer: Answer, seen: Any = None) -> Measured:
    spec = {"template": "Shop of {{owner}}.", "variables": [{"name": "owner", "default": "Ann"}], "tests": tests}
    document = {"kind": "Prompt", "spec": spec}
    pin = Pin(ResourceId("Prompt", "support", "1"), DIGEST)
    route = RouteSpec(
        "support",
        messages=(("system", "Shop of {{owner}}."),),
        variables=({"name": "owner", "default": "Ann"},),
        decoding=(("temperature", 0),),
    )
    required = RequiredEvaluation(pin, DIGEST, NO_DATA)
    request = EvaluationRequest(required, json.dumps(document).encode(), None, DIGEST, route, (("prompt", DIGEST),))
    with chat_server(answer, seen) as url:
        return BuiltinEvaluator(lambda environment, server: url, FakeClock()).evaluate("dev", request, silent)


def held(name: str, value: Json, text: str, **fields: Any) -> Verdict:
    form = FORMS[name.removeprefix("not-")]
    assertion = Assertion(
        name.removeprefix("not-"), value, fields.get("threshold", form.threshold or 0.0), name.startswith("not-"), 1, ""
    )
    answer = Answered(text, fields.get("seconds", 0.1), completion_tokens=fields.get("tokens"))
    return verdict_of(assertion, Seen("Shop of Ann.", answer, lambda one, other: 0.8))


@pytest.mark.parametrize("turned", ["", "not-"])
@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("is-json", {"$ref": "http://127.0.0.1:1/schema"}, "{}"),
        ("is-json", {"type": 5}, "{}"),
        ("contains-json", {"$ref": "file:///etc/hosts"}, "see {}"),
        ("max-tokens", 5, "an answer whose tokens nobody counted"),
        ("regex", "secret", "a" * 20_000 + "secret"),
    ],
)
def test_what_cannot_be_told_does_not_hold_turned_round_either(turned: str, name: str, value: Json, text: str) -> None:
    verdict = held(turned + name, value, text)
    assert (verdict.holds, verdict.score) == (False, 0.0)
    assert f"`{turned}{name}` cannot be told" in verdict.reason


def test_all_tests_pass_and_the_evidence_is_of_its_own_type() -> None:
    tests = [
        {"message": "who?", "vars": {"owner": "Bo"}, "assert": [{"type": "contains", "value": "Bo"}]},
        {"description": "short", "assert": [{"type": "prompt-max-tokens", "value": 10}]},
    ]
    seen: list[dict[str, Any]] = []
    measured = run(tests, lambda body: f"{body['messages'][0]['content']} Bo", seen)
    (rate,) = measured.evidence.measurements
    assert (rate.metric, rate.value, rate.samples, rate.unit) == ("pass_rate", 1.0, 2, "ratio")
    assert measured.evidence.passed
    assert measured.evidence.type == "prompt-tests"
    # The second is about the prompt alone: nobody is asked.
    assert [b["messages"] for b in seen] == [
        [{"role": "system", "content": "Shop of Bo."}, {"role": "user", "content": "who?"}]
    ]
    assert [e.id for e in decode(measured.examples)] == ["1", "2: short"]


def test_one_failing_test_fails_the_prompt_and_says_which_assertion() -> None:
    good, bad = {"type": "contains", "value": "yes"}, {"type": "icontains", "value": "no", "metric": "tone"}
    measured = run([{"message": "?", "assert": [good]}, {"message": "?", "assert": [good, bad]}], lambda body: "yes")
    assert {m.metric: m.value for m in measured.evidence.measurements} == {"pass_rate": 0.5, "tone": 0.0}
    assert not measured.evidence.passed
    first, second = decode(measured.examples)
    assert first.notes == ()
    assert dict(second.notes) == {"assertion 2": "`icontains` does not hold (value 'no')"}


def test_an_assertion_without_weight_is_counted_and_decides_nothing() -> None:
    asserted = [{"type": "contains", "value": "yes"}, {"type": "contains", "value": "no", "weight": 0, "metric": "no"}]
    measured = run([{"message": "?", "assert": asserted}], lambda body: "yes")
    assert {m.metric: m.value for m in measured.evidence.measurements} == {"no": 0.0, "pass_rate": 1.0}
    assert "no weight" in dict(decode(measured.examples)[0].notes)["assertion 2"]


@pytest.mark.parametrize("tests", [[], [{"message": "?", "assert": [{"type": "javascript", "value": "true"}]}]])
def test_tests_that_cannot_be_run_are_refused(tests: Any) -> None:
    with pytest.raises(PermanentError, match="EVAL006"):
        run(tests, lambda body: "yes")


def test_no_evaluation_can_ask_for_tests_of_a_prompt(tmp_path: Path) -> None:
    pin = Pin(ResourceId("Evaluation", "facts", "1"), DIGEST)
    declared = json.dumps({"spec": {"tasks": [{"task": "prompt-tests"}]}}).encode()
    request = EvaluationRequest(
        RequiredEvaluation(pin, DIGEST, NO_DATA), declared, tmp_path, DIGEST, RouteSpec("support"), ()
    )
    with pytest.raises(PermanentError, match="EVAL006"):
        BuiltinEvaluator(lambda environment, server: "", FakeClock()).evaluate("dev", request, silent)


@pytest.mark.parametrize(
    ("name", "value", "text", "holds"),
    [
        ("equals", "yes", "yes", True),
        ("equals", "yes", "Yes", False),
        ("equals", {"a": 1}, ' {"a": 1} ', True),
        ("equals", {"a": 1}, "a", False),
        ("contains", "b", "abc", True),
        ("icontains", "B", "abc", True),
        ("contains-any", ["x", "b"], "abc", True),
        ("contains-any", "x", "abc", False),
        ("contains-all", ["x", "b"], "abc", False),
        ("icontains-any", ["X", "B"], "abc", True),
        ("icontains-all", ["A", "B"], "abc", True),
        ("starts-with", "ab", "abc", True),
        ("regex", "^.b", "abc", True),
        ("is-json", None, "[1]", True),
        ("is-json", None, "so: [1]", False),
        ("is-json", {"type": "object"}, "[1]", False),
        ("contains-json", None, "so: [1]", True),
        ("contains-json", {"type": "object"}, 'so: [1] {"a": 2}', True),
        ("contains-json", {"type": "object"}, "so: [1]", False),
        ("rouge-n", "the cat sat here", "the cat sat there", True),
        ("rouge-n", "the cat sat here", "a dog ran", False),
        ("rouge-l", "the cat sat here", "here sat cat the", False),
        ("bleu", "the black cat sat here today", "the black cat sat here today", True),
        ("bleu", "the black cat sat here today", "no", False),
        ("levenshtein", "kitten", "sitting", True),
        ("levenshtein", "kitten", "a long way off", False),
        ("similar", "x", "y", True),
        ("prompt-contains", "Ann", "", True),
    ],
)
def test_an_assertion_means_what_promptfoo_means(name: str, value: Any, text: str, holds: bool) -> None:
    assert held(name, value, text).holds == holds
    assert held(f"not-{name}", value, text).holds != holds
    assert bool(held(name, value, text).reason) != holds


def test_latency_and_tokens_are_held_to_what_was_measured() -> None:
    assert held("latency", None, "", seconds=0.2, threshold=200).holds
    assert "300 ms" in held("latency", None, "", seconds=0.3, threshold=200).reason
    assert held("max-tokens", 5, "", tokens=5).holds
    assert "6 tokens" in held("max-tokens", 5, "", tokens=6).reason
    # Who does not count tokens cannot say that there are few.
    assert not held("max-tokens", 5, "").holds


def test_what_was_not_answered_does_not_hold() -> None:
    assertion = Assertion("contains", "x", 0.0, is_turned=True, weight=1, metric="")
    assert not verdict_of(assertion, Seen("", None, lambda one, other: 1.0)).holds


def test_a_similarity_is_that_of_embeddings_of_the_releases_server() -> None:
    def answer(body: Mapping[str, Any]) -> Any:
        if "input" not in body:
            return "a dog"
        rows = [{"index": i, "embedding": [1, 0] if t == "a dog" else [0.6, 0.8]} for i, t in enumerate(body["input"])]
        return 200, json.dumps({"data": rows}).encode()

    similar = {"type": "similar", "value": "a cat"}
    assert not run([{"message": "?", "assert": [similar]}], answer).evidence.passed
    assert run([{"message": "?", "assert": [{**similar, "threshold": 0.6}]}], answer).evidence.passed


def reference_distance(one: str, other: str) -> int:
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, start=1):
        rows.append([i])
        for j, b in enumerate(other, start=1):
            rows[i].append(min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a != b)))
    return rows[-1][-1]


def test_distances_in_a_band_are_those_of_the_whole_table() -> None:
    import random

    draw = random.Random(5)
    for _ in range(300):
        one, other = ("".join(draw.choices("abc", k=draw.randrange(9))) for _ in range(2))
        for most in range(8):
            assert is_within(one, other, most) == (reference_distance(one, other) <= most), (one, other, most)
