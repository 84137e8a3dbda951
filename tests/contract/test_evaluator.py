"""What every evaluator does; run against the built-in one, over HTTP, and the fake."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from artifacts import silent
from fakes import FakeClock, FakeEvaluator
from servers import chat_server
from trueup.adapters.evaluators.builtin import BuiltinEvaluator
from trueup.core.digests import Digest
from trueup.core.errors import TransientError
from trueup.core.ids import ResourceId
from trueup.desired.state import ArtifactPin, Pin, RequiredEvaluation, RouteSpec
from trueup.ports import EvaluationRequest, Evaluator

GOOD, BAD, GONE = (Digest("sha256:" + digit * 64) for digit in "123")
KEY = Digest("sha256:" + "a" * 64)
SUBJECT = (("dataset", Digest("sha256:" + "d" * 64)), ("release", Digest("sha256:" + "e" * 64)))
DECLARED = {
    "spec": {
        "tasks": [{"task": "exact_match"}],
        "metrics": [{"name": "exact_match"}],
        "metricDecisionThreshold": [
            {"metric": "exact_match", "op": ">=", "value": 0.6, "confidence": 0.5},
            {"metric": "exact_match", "op": "<", "value": 2, "confidence": 0.5},
        ],
    }
}


@pytest.fixture(params=["builtin", "fake"])
def evaluator(request: pytest.FixtureRequest) -> Iterator[Evaluator]:
    if request.param == "fake":
        yield FakeEvaluator({GOOD: {"exact_match": 1.0}, BAD: {"exact_match": 0.0}}, FakeClock())
        return
    with chat_server(lambda body: "yes") as good, chat_server(lambda body: "no") as bad:
        urls = {GOOD: good, BAD: bad, GONE: "http://127.0.0.1:1"}
        yield BuiltinEvaluator(lambda environment, server: urls[server], FakeClock())


@pytest.fixture
def asked(tmp_path: Path) -> EvaluationRequest:
    dataset = tmp_path / "data.jsonl"
    dataset.write_text('{"prompt": "is it?", "expected": "yes"}\n')
    evaluation = Pin(ResourceId("Evaluation", "facts", "1"), Digest("sha256:" + "b" * 64))
    required = RequiredEvaluation(evaluation, KEY, ArtifactPin("file:x", SUBJECT[0][1], "jsonl"))
    return EvaluationRequest(required, json.dumps(DECLARED).encode(), dataset, GOOD, RouteSpec("support"), SUBJECT)


def towards(asked: EvaluationRequest, server: Digest) -> EvaluationRequest:
    return EvaluationRequest(asked.required, asked.declared, asked.dataset, server, asked.route, asked.subject)


def test_evidence_is_bound_to_the_key_and_subject_asked_for(evaluator: Evaluator, asked: EvaluationRequest) -> None:
    evidence = evaluator.evaluate("dev", asked, silent).evidence
    assert (evidence.key, evidence.subject, evidence.evaluation) == (KEY, SUBJECT, "Evaluation/facts@1")
    assert evidence.started_at <= evidence.completed_at
    assert not evidence.simulated
    assert evidence.tool


def test_a_server_that_answers_right_passes(evaluator: Evaluator, asked: EvaluationRequest) -> None:
    assert evaluator.evaluate("dev", asked, silent).evidence.passed


def test_a_server_that_answers_wrong_does_not(evaluator: Evaluator, asked: EvaluationRequest) -> None:
    evidence = evaluator.evaluate("dev", towards(asked, BAD), silent).evidence
    assert [(g.operator, g.value, g.passed) for g in evidence.gates] == [(">=", 0.0, False), ("<", 0.0, True)]
    assert not evidence.passed


def test_a_server_that_does_not_answer_gives_no_evidence(evaluator: Evaluator, asked: EvaluationRequest) -> None:
    with pytest.raises(TransientError, match="EVAL003"):
        evaluator.evaluate("dev", towards(asked, GONE), silent)


def test_progress_ends_with_everything_asked(evaluator: Evaluator, asked: EvaluationRequest) -> None:
    told: list[tuple[str, int, int]] = []
    evaluator.evaluate("dev", asked, lambda *step: told.append(step))
    assert told[-1] == ("Evaluation/facts@1", 1, 1)
