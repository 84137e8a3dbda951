"""Latency under load, on a real stream: what is counted, what fails, and that nothing passes by accident."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from artifacts import TINY, silent
from fakes import FakeClock
from trueup.adapters.evaluators.builtin import BuiltinEvaluator
from trueup.adapters.evaluators.load.questions import made_up
from trueup.adapters.networks.vocabulary import vocabulary_of
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError, TransientError, TrueupError
from trueup.core.ids import ResourceId
from trueup.desired.state import ArtifactPin, Pin, RequiredEvaluation, RouteSpec
from trueup.evidence.evidence import Evidence
from trueup.evidence.examples import ExampleResult, decode
from trueup.ports import EvaluationRequest

DIGEST = Digest("sha256:" + "1" * 64)
ROWS = (
    {"id": "a", "slice": "one", "prompt": "Hello?", "expected": "x"},
    {"id": "b", "slice": "two", "messages": [{"role": "user", "content": "שלום"}]},
)
WORDS = ("The ", "sky ", "is ", "blue.")

Events = Callable[[Mapping[str, Any], int], Iterator[Any]]
"""Events of an answer, or a status to send instead, for a request and how many came before it."""


def good(body: Mapping[str, Any], number: int) -> Iterator[Any]:
    yield {"choices": [{"delta": {"role": "assistant", "content": ""}}]}
    for word in WORDS:
        yield {"choices": [{"delta": {"content": word}}]}
    yield {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    yield {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 6}}
    yield "[DONE]"


def uncounted(body: Mapping[str, Any], number: int) -> Iterator[Any]:
    return (event for event in good(body, number) if event == "[DONE]" or event["choices"])


def cut(body: Mapping[str, Any], number: int) -> Iterator[Any]:
    yield {"choices": [{"delta": {"content": "The "}}]}


def silent_one(body: Mapping[str, Any], number: int) -> Iterator[Any]:
    yield {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    yield "[DONE]"


def full(body: Mapping[str, Any], number: int) -> Iterator[Any]:
    yield 500


def refusing(body: Mapping[str, Any], number: int) -> Iterator[Any]:
    yield 400


def half(body: Mapping[str, Any], number: int) -> Iterator[Any]:
    return good(body, number) if number % 2 else full(body, number)


@contextmanager
def stream_server(events: Events, seen: list[dict[str, Any]]) -> Iterator[str]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(200, b'{"data": [{"id": "listed"}]}')

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                number = len(seen)
                seen.append({**body, "port": self.client_address[1]})
            answer = list(events(body, number))
            if answer and isinstance(answer[0], int):
                self._send(answer[0], b"cannot")
                return
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for event in answer:
                line = f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()
                self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def handle(self) -> None:
            # A client that is done closes connections that wait for another request.
            with suppress(ConnectionResetError, BrokenPipeError):
                super().handle()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def request(tmp_path: Path, route: RouteSpec | None = None, rows: Any = ROWS, **params: Any) -> EvaluationRequest:
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps(r) + "\n" for r in rows))
    tasks = [{"task": "latency", "params": params}]
    thresholds = [{"metric": "ttft_p95", "op": "<=", "value": 60_000, "confidence": 0.5}]
    pin = Pin(ResourceId("Evaluation", "load", "1"), DIGEST)
    return EvaluationRequest(
        RequiredEvaluation(pin, DIGEST, ArtifactPin("file:x", DIGEST, "jsonl")),
        json.dumps({"spec": {"tasks": tasks, "metricDecisionThreshold": thresholds}}).encode(),
        data,
        DIGEST,
        route or RouteSpec("chat"),
        (("artifact", DIGEST),),
        artifact=TINY / "v2",
    )


def run(
    asked: EvaluationRequest, events: Events = good, seen: list[dict[str, Any]] | None = None
) -> tuple[Evidence, tuple[ExampleResult, ...]]:
    with stream_server(events, [] if seen is None else seen) as url:
        measured = BuiltinEvaluator(lambda *_: url, FakeClock()).evaluate("dev", asked, silent)
    return measured.evidence, decode(measured.examples)


def refusal(asked: EvaluationRequest, events: Events) -> TrueupError:
    with stream_server(events, []) as url, pytest.raises(TrueupError) as caught:
        BuiltinEvaluator(lambda *_: url, FakeClock()).evaluate("dev", asked, silent)
    return caught.value


def values(evidence: Evidence) -> dict[str, float]:
    return {m.metric: m.value for m in evidence.measurements if not m.slice}


def test_a_load_gives_percentiles_and_rates(tmp_path: Path) -> None:
    evidence, _ = run(request(tmp_path, concurrency=3, requests=10))
    found = values(evidence)
    assert evidence.passed
    for name in ("ttft", "inter_token_latency", "latency", "token_gap"):
        assert 0 < found[f"{name}_p50"] <= found[f"{name}_p90"] <= found[f"{name}_p95"] <= found[f"{name}_p99"]
    assert found["ttft_p99"] <= found["latency_p99"]
    assert found["tokens_per_second"] == pytest.approx(6 * found["request_throughput"])
    assert found["error_rate"] == 0
    units = {m.metric: m.unit for m in evidence.measurements}
    assert (units["ttft_p50"], units["tokens_per_second"], units["request_throughput"]) == (
        "ms",
        "tokens/s",
        "requests/s",
    )
    assert {m.samples for m in evidence.measurements if m.metric == "token_gap_p50"} == {10}


def test_each_request_is_kept_with_its_times_and_tokens(tmp_path: Path) -> None:
    _, examples = run(request(tmp_path, requests=5))
    assert [(e.id, e.epoch, e.slice) for e in examples] == [
        ("a", 0, "one"),
        ("b", 0, "two"),
        ("a", 1, "one"),
        ("b", 1, "two"),
        ("a", 2, "one"),
    ]
    for example in examples:
        assert example.output == "".join(WORDS)
        assert (example.prompt_tokens, example.completion_tokens) == (7, 6)
        assert dict(example.notes) == {"tokens counted by": "usage"}
        assert example.first_token_seconds is not None
        assert example.seconds is not None
        assert 0 < example.first_token_seconds <= example.seconds


def test_without_a_count_of_the_server_pieces_are_counted_and_it_is_said(tmp_path: Path) -> None:
    _, examples = run(request(tmp_path, requests=2), uncounted)
    assert {(e.completion_tokens, dict(e.notes)["tokens counted by"]) for e in examples} == {
        (4, "pieces of the stream")
    }


def test_the_release_is_asked_as_it_is_served_and_for_its_usage(tmp_path: Path) -> None:
    route = RouteSpec(
        "chat", messages=(("system", "Be kind."),), decoding=(("temperature", 0),), limits=(("maxTokens", 9),)
    )
    seen: list[dict[str, Any]] = []
    run(request(tmp_path, route, requests=2, warmup=1, concurrency=1), seen=seen)
    assert len(seen) == 3
    for body in seen:
        assert body["messages"][0] == {"role": "system", "content": "Be kind."}
        assert (body["model"], body["temperature"], body["max_tokens"]) == ("listed", 0, 9)
        assert body["stream"] is True
        assert body["stream_options"] == {"include_usage": True}


def test_a_server_that_ends_its_connections_without_saying_so_loses_no_request(tmp_path: Path) -> None:
    """As llama.cpp does after a stream: whoever uses such a connection again is not answered."""
    seen: list[dict[str, Any]] = []
    run(request(tmp_path, requests=6, warmup=0, concurrency=1), seen=seen)
    assert len({body["port"] for body in seen}) == 6


def test_goodput_is_the_share_of_requests_that_meet_every_bound(tmp_path: Path) -> None:
    met, _ = run(request(tmp_path, requests=4, slo={"ttft": "1h", "itl": "1h", "e2eLatency": "1h"}))
    assert values(met)["goodput"] == 1
    assert values(met)["goodput_throughput"] == pytest.approx(values(met)["request_throughput"])
    # No server answers in less than a microsecond.
    missed, _ = run(request(tmp_path, requests=4, slo={"ttft": "1h", "e2eLatency": "0.001ms"}))
    assert values(missed)["goodput"] == values(missed)["goodput_throughput"] == 0
    assert "goodput" not in values(run(request(tmp_path, requests=4))[0])


@pytest.mark.parametrize(
    ("events", "kind", "said"),
    [
        (full, TransientError, "HTTP 500"),
        (half, TransientError, "HTTP 500"),
        (cut, TransientError, "broke off"),
        (refusing, PermanentError, "HTTP 400"),
        (silent_one, PermanentError, "no text"),
    ],
)
def test_failed_requests_are_no_measurement(tmp_path: Path, events: Events, kind: type[TrueupError], said: str) -> None:
    error = refusal(request(tmp_path, requests=6, warmup=0), events)
    assert error.code.id == "LOAD001"
    assert isinstance(error, kind)
    assert said in error.detail


def test_failures_that_are_declared_acceptable_are_measured(tmp_path: Path) -> None:
    asked = request(tmp_path, requests=6, warmup=0, concurrency=1, maxErrorRate=0.5, slo={"ttft": "1h"})
    evidence, examples = run(asked, half)
    assert values(evidence)["error_rate"] == values(evidence)["goodput"] == 0.5
    assert sum(dict(e.scores)["error_rate"] for e in examples) == 3
    assert dict(examples[0].notes)["error"].startswith("HTTP 500")
    assert examples[0].seconds is None
    assert refusal(request(tmp_path, requests=6, warmup=0, maxErrorRate=1), full).code.id == "LOAD001"


def test_a_server_that_takes_too_long_or_is_not_there_is_an_error(tmp_path: Path) -> None:
    wait = threading.Event()

    def slow(body: Mapping[str, Any], number: int) -> Iterator[Any]:
        wait.wait(5)
        yield 500

    route = RouteSpec("chat", limits=(("timeoutSeconds", 0.2),))
    with stream_server(slow, []) as url:
        with pytest.raises(TransientError, match="no whole answer in time"):
            BuiltinEvaluator(lambda *_: url, FakeClock()).evaluate("dev", request(tmp_path, route, requests=1), silent)
        wait.set()
    with pytest.raises(TransientError, match="the connection failed"):
        BuiltinEvaluator(lambda *_: url, FakeClock()).evaluate("dev", request(tmp_path, requests=1), silent)


def test_made_up_questions_are_as_long_as_declared_and_begin_differently(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    run(request(tmp_path, requests=4, warmup=0, inputTokens=40, outputTokens=16), seen=seen)
    encode = vocabulary_of(TINY / "v2").encode
    asked = [body["messages"][-1]["content"] for body in seen]
    assert len({text[:10] for text in asked}) == 4
    assert all(20 <= len(encode(text)) <= 60 for text in asked)
    assert {(body["max_tokens"], body["ignore_eos"]) for body in seen} == {(16, True)}
    with pytest.raises(PermanentError, match="needs the artifact"):
        made_up(None, None, 40, 4)
    assert len(made_up(TINY / "v2", None, 1, 1)[0].messages) == 1


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "{}",
        '{"prompt": ""}',
        '{"messages": [3]}',
        '{"messages": [{"role": "user"}]}',
        '{"prompt": "a", "variables": 3}',
    ],
)
def test_a_malformed_row_is_named_and_never_left_out(tmp_path: Path, line: str) -> None:
    asked = request(tmp_path)
    (tmp_path / "data.jsonl").write_text(json.dumps(ROWS[0]) + "\n" + line)
    error = refusal(asked, good)
    assert error.code.id == "EVAL002"
    assert "data.jsonl:2" in error.detail


def test_no_data_is_no_load(tmp_path: Path) -> None:
    assert refusal(request(tmp_path, rows=()), good).code.id == "EVAL001"
    assert refusal(replace(request(tmp_path), dataset=None), good).code.id == "EVAL001"


def test_a_prompt_that_cannot_be_filled_in_is_an_error(tmp_path: Path) -> None:
    route = RouteSpec("chat", messages=(("system", "{{owner}}"),), variables=({"name": "owner"},))
    assert refusal(request(tmp_path, route), good).code.id == "EVAL007"
