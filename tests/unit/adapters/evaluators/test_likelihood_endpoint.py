"""Likelihoods from a server that echoes the prompt: what the weights give, and no number where there is none."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artifacts import TINY, silent
from fakes import FakeClock
from servers import Answer, chat_server
from trueup.adapters.evaluators.builtin import BuiltinEvaluator
from trueup.adapters.networks.decoder import hidden_states, output_head
from trueup.adapters.networks.opening import open_network
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError, TransientError, TrueupError
from trueup.core.ids import ResourceId
from trueup.desired.state import ArtifactPin, Pin, RequiredEvaluation, RouteSpec
from trueup.evidence.evidence import Evidence
from trueup.ports import EvaluationRequest

DIGEST = Digest("sha256:" + "1" * 64)
ROW = {
    "text": "The capital of France is Paris.",
    "prompt": "The capital of France is",
    "choices": ["Paris.", "a warm coat.", "Rome."],
    "answer": 0,
}


def request(tmp_path: Path, backend: str, runtime: str = "vllm", **limits: Any) -> EvaluationRequest:
    data = tmp_path / "data.jsonl"
    data.write_text(json.dumps(ROW) + "\n" + json.dumps({**ROW, "text": "One day, a funny owl went to the hill."}))
    params = {"backend": backend}
    tasks = [{"task": t, "params": params} for t in ("perplexity", "choice_accuracy")]
    pin = Pin(ResourceId("Evaluation", "e", "1"), DIGEST)
    return EvaluationRequest(
        RequiredEvaluation(pin, DIGEST, ArtifactPin("file:x", DIGEST, "jsonl")),
        json.dumps({"spec": {"tasks": tasks}}).encode(),
        data,
        DIGEST,
        RouteSpec("chat", limits=tuple(limits.items())),
        (("artifact", DIGEST),),
        artifact=TINY / "v2",
        runtime=runtime,
    )


def echoing(body: Mapping[str, Any]) -> tuple[int, bytes]:
    """Answer as a server does that echoes the prompt with the log-probabilities of its tokens."""
    assert body["echo"] is True
    tokens = body["prompt"]
    network = open_network(TINY / "v2")
    states = hidden_states(network.decoder, network, np.array([tokens]), silent, "")[0]
    logits = (states @ output_head(network).T).astype(np.float64)
    normed = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    given = [None, *(float(normed[i, t]) for i, t in enumerate(tokens[1:])), -0.5]
    return 200, json.dumps({"choices": [{"text": "", "logprobs": {"token_logprobs": given}}]}).encode()


@contextmanager
def evaluator(answer: Answer, seen: list[dict[str, Any]] | None = None) -> Iterator[BuiltinEvaluator]:
    with chat_server(answer, seen) as url:
        yield BuiltinEvaluator(lambda *_: url, FakeClock())


def run(asked: EvaluationRequest, answer: Answer, seen: list[dict[str, Any]] | None = None) -> Evidence:
    with evaluator(answer, seen) as made:
        return made.evaluate("dev", asked, silent).evidence


def refusal(asked: EvaluationRequest, answer: Answer) -> TrueupError:
    with evaluator(answer) as made, pytest.raises(TrueupError) as caught:
        made.evaluate("dev", asked, silent)
    return caught.value


def test_a_server_gives_what_the_weights_give(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    asked, computed = (run(request(tmp_path, b), echoing, seen) for b in ("endpoint", "numpy"))
    assert [m.metric for m in asked.measurements] == [m.metric for m in computed.measurements]
    assert [m.value for m in asked.measurements] == pytest.approx([m.value for m in computed.measurements], rel=1e-5)
    # Two texts and six choices.
    assert len(seen) == 8
    assert {b["model"] for b in seen} == {"listed"}
    assert asked.settings is not None
    assert asked.settings.backend == "vllm"


@pytest.mark.parametrize("runtime", ["llama.cpp", "transformers"])
def test_a_server_that_cannot_echo_is_refused_before_it_is_asked(tmp_path: Path, runtime: str) -> None:
    seen: list[dict[str, Any]] = []
    with evaluator(echoing, seen) as made, pytest.raises(PermanentError, match="LIK003"):
        made.evaluate("dev", request(tmp_path, "endpoint", runtime), silent)
    assert seen == []


def given(values: list[Any]) -> Answer:
    return lambda _: (200, json.dumps({"choices": [{"logprobs": {"token_logprobs": values}}]}).encode())


@pytest.mark.parametrize(
    ("answer", "code", "kind"),
    [
        (lambda _: (200, b'{"choices": [{"text": "Paris", "logprobs": null}]}'), "LIK003", PermanentError),
        (lambda _: (200, b'{"choices": []}'), "LIK003", PermanentError),
        (lambda _: (200, b"[]"), "LIK003", PermanentError),
        (given([None, -1.0]), "LIK003", PermanentError),
        (given([None] * 40), "LIK001", PermanentError),
        (given([None, *[float("nan")] * 40]), "LIK001", PermanentError),
        (given([None, *[float("-inf")] * 40]), "LIK001", PermanentError),
        (given([None, *["-1"] * 40]), "LIK001", PermanentError),
        (lambda _: (200, b"not json"), "EVAL005", PermanentError),
        (lambda _: (500, b"no"), "EVAL004", TransientError),
        (lambda _: (429, b"no"), "EVAL004", TransientError),
        (lambda _: (400, b"no"), "EVAL004", PermanentError),
        (lambda _: (0, b""), "EVAL003", TransientError),
    ],
)
def test_an_answer_without_numbers_is_an_error_and_no_measurement(
    tmp_path: Path, answer: Answer, code: str, kind: type[TrueupError]
) -> None:
    error = refusal(request(tmp_path, "endpoint"), answer)
    assert error.code.id == code
    assert isinstance(error, kind)


def test_a_server_that_answers_half_is_an_error(tmp_path: Path) -> None:
    count = iter(range(100))
    error = refusal(request(tmp_path, "endpoint"), lambda body: echoing(body) if next(count) % 2 else (500, b"full"))
    assert error.code.id == "EVAL004"


def test_a_server_that_takes_too_long_is_an_error(tmp_path: Path) -> None:
    import threading

    wait = threading.Event()

    def slow(body: Mapping[str, Any]) -> str:
        wait.wait(5)
        return "late"

    with evaluator(slow) as made:
        with pytest.raises(TransientError, match=r"EVAL003.*longer than 0\.2 s"):
            made.evaluate("dev", request(tmp_path, "endpoint", timeoutSeconds=0.2), silent)
        wait.set()


def test_the_tokens_of_the_artifact_are_sent(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    with evaluator(echoing, seen) as made:
        made.evaluate("dev", replace(request(tmp_path, "endpoint")), silent)
    assert all(all(isinstance(t, int) for t in body["prompt"]) for body in seen)
