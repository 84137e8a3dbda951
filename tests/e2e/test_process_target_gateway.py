"""The gateway in front of real and scripted servers: what clients may ask, what they get, what no switch loses."""

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving import (
    Answered,
    ask,
    chat,
    gguf,
    pid_of,
    process_target,
    question,
    release_of,
    route,
    scripted,
    server,
    table,
)
from trueup.adapters.targets.process.target import ProcessTarget
from trueup.core.errors import PermanentError
from trueup.ports import Route

V1, V2 = server("v1"), server("v2")
LONGEST_SECONDS = 60.0
VARIABLES = (
    {"name": "city", "required": True, "schema": {"type": "string", "maxLength": 20}},
    {"name": "tone", "required": False, "default": "kind"},
)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[ProcessTarget]:
    with process_target(tmp_path / "targets") as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One gateway for all tests that only ask: `support`, and `limited` with limits, variables and a key."""
    folder = tmp_path_factory.mktemp("shared")
    key = folder / "key"
    key.write_text("sesame-open\n")
    with process_target(folder / "targets") as target:
        target.start("dev", V2, gguf("v2"))
        limited = route(
            V2,
            "limited",
            messages=(("system", "You know {{city}} and are {{tone}}."),),
            variables=VARIABLES,
            limits=(("maxTokens", 8),),
            decoding=(("temperature", 0),),
            keys=(f"file:{key}",),
        )
        target.route("dev", table(route(V2), limited))
        yield target.observe("dev").address


def until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST_SECONDS
    while not claim():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def serve(target: ProcessTarget, tmp_path: Path, script: str, **fields: Any) -> str:
    """Serve by a scripted server and return the gateway's address."""
    spec = server(script, interpreter=scripted(tmp_path, script))
    target.start("dev", spec, gguf("v1"))
    target.route("dev", table(route(spec, **fields)))
    return target.observe("dev").address


def sample(text: str, name: str, **labels: str) -> float:
    """Return one value of what `/metrics` says."""
    (found,) = [
        s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
        if s.name == name and s.labels == labels
    ]
    return found


def received(tmp_path: Path) -> Any:
    """Return the last request that a scripted server got."""
    (file,) = tmp_path.glob("last-*.json")
    return json.loads(file.read_text())


BAD_REQUESTS = {
    "not JSON": (b"{not json", 400, "invalid_json"),
    "not an object": (b"[]", 400, "invalid_json"),
    "NaN": (b'{"model": "support", "temperature": NaN}', 400, "invalid_json"),
    "nested too deeply": (b'{"model":' + b"[" * 200_000, 400, "invalid_json"),
    "not UTF-8": (b'{"model": "\xff\xfe"}', 400, "invalid_json"),
    "no model": ({"messages": [{"role": "user", "content": "Hi"}]}, 400, "missing_parameter"),
    "unknown model": (question("suport"), 404, "model_not_found"),
    "no messages": ({"model": "support"}, 400, "missing_parameter"),
    "empty messages": ({"model": "support", "messages": []}, 400, "missing_parameter"),
    "messages are text": ({"model": "support", "messages": "Hi"}, 400, "invalid_type"),
    "a message is text": ({"model": "support", "messages": ["Hi"]}, 400, "invalid_type"),
    "unknown role": ({"model": "support", "messages": [{"role": "boss", "content": "Hi"}]}, 400, "invalid_value"),
    "content is a number": ({"model": "support", "messages": [{"role": "user", "content": 1}]}, 400, "invalid_type"),
    "no content": ({"model": "support", "messages": [{"role": "user"}]}, 400, "invalid_type"),
    "hot temperature": (question(temperature="hot"), 400, "invalid_type"),
    "temperature true": (question(temperature=True), 400, "invalid_type"),
    "infinite temperature": (b'{"model": "support", "messages": [], "temperature": 1e999}', 400, "invalid_type"),
    "endless answer": (question(max_tokens=-1), 400, "invalid_type"),
    "fraction of a token": (question(max_tokens=1.5), 400, "invalid_type"),
    "stream is text": (question(stream="yes"), 400, "invalid_type"),
    "unknown field": (question(temprature=0), 400, "unknown_parameter"),
    "a server's own limit": (question(n_predict=-1), 400, "unknown_parameter"),
    "prompt is text": (question(prompt="Hi"), 400, "invalid_type"),
    "variables nobody declared": (question(prompt={"variables": {"x": 1}}), 400, "invalid_prompt_variables"),
    "too long for the context": (question(text="word " * 3000), 400, "context_length_exceeded"),
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_a_bad_request_gets_one_error_shape(shared: str, case: str) -> None:
    body, status, code = BAD_REQUESTS[case]
    answer = chat(shared, body)  # type: ignore[arg-type]
    assert (answer.status, answer.error["code"]) == (status, code), answer.body
    assert set(answer.error) == {"message", "type", "param", "code"}
    assert answer.error["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/load_model", 404),
        ("POST", "/reset", 404),
        ("GET", "/slots", 404),
        ("GET", "/props", 404),
        ("POST", "/completion", 404),
        ("POST", "/v1/embeddings", 404),
        ("GET", "/v1/../slots", 404),
        ("GET", "/", 404),
        ("GET", "/state", 404),
        ("PUT", "/table", 404),
        ("GET", "/v1/chat/completions", 405),
        ("DELETE", "/v1/models", 405),
    ],
)
def test_nothing_else_of_a_server_is_reachable(shared: str, method: str, path: str, status: int) -> None:
    answer = ask(shared, path, {} if method == "POST" else None, method=method)
    assert answer.status == status
    assert set(answer.error) == {"message", "type", "param", "code"}


def test_a_form_of_another_page_is_refused(shared: str) -> None:
    answer = chat(shared, json.dumps(question()).encode(), **{"Content-Type": "text/plain"})
    assert answer.status == 415
    assert answer.error["code"] == "unsupported_media_type"


def test_a_huge_body_is_refused(shared: str) -> None:
    answer = chat(shared, question(text="x" * (9 * 1024 * 1024)))
    assert (answer.status, answer.error["code"]) == (413, "request_too_large")


def test_a_key_opens_its_route_and_no_other_key_does(shared: str) -> None:
    body = question("limited", prompt={"variables": {"city": "Paris"}})
    assert chat(shared, body).status == 401
    assert chat(shared, body, Authorization="Bearer wrong").status == 401
    assert chat(shared, body, Authorization="Basic sesame-open").status == 401
    answer = chat(shared, body, Authorization="Bearer sesame-open")
    assert answer.status == 200
    assert "sesame" not in chat(shared, body, Authorization="Bearer sesame-wrong").body.decode()


def test_models_are_shown_to_those_who_may_use_them(shared: str) -> None:
    assert [m["id"] for m in ask(shared, "/v1/models").json["data"]] == ["support"]
    everything = ask(shared, "/v1/models", headers={"Authorization": "Bearer sesame-open"}).json
    assert [m["id"] for m in everything["data"]] == ["limited", "support"]
    assert ask(shared, "/v1/models/support").json["object"] == "model"
    assert ask(shared, "/v1/models/limited").status == 404


@pytest.mark.parametrize(
    ("variables", "fragment"),
    [
        ({}, "`city` has no value"),
        ({"city": 7}, "`city` must be of type string"),
        ({"city": "x" * 21}, "longer than 20"),
        ({"city": "Oslo", "mood": "x"}, "no variable `mood`"),
    ],
)
def test_variables_of_a_prompt_are_checked(shared: str, variables: dict[str, object], fragment: str) -> None:
    body = question("limited", prompt={"variables": variables})  # type: ignore[arg-type]
    answer = chat(shared, body, Authorization="Bearer sesame-open")
    assert answer.status == 400
    assert fragment in answer.error["message"]


def test_an_answer_never_gets_longer_than_the_route_grants(shared: str) -> None:
    body = question("limited", "Tell me a story.", prompt={"variables": {"city": "Oslo"}})
    answer = chat(shared, body, Authorization="Bearer sesame-open")
    assert answer.json["usage"]["completion_tokens"] <= 8
    refused = chat(shared, {**body, "max_tokens": 9}, Authorization="Bearer sesame-open")
    assert (refused.status, refused.error["param"]) == (400, "max_tokens")
    refused = chat(shared, {**body, "max_completion_tokens": 9}, Authorization="Bearer sesame-open")
    assert refused.status == 400


def test_a_stream_has_the_public_name_and_ends_whole(shared: str) -> None:
    answer = chat(shared, question(stream=True))
    assert answer.headers["content-type"].startswith("text/event-stream")
    *chunks, done = answer.events
    assert done == "[DONE]"
    assert {c["model"] for c in chunks} == {"support"}
    said = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])
    assert said == "The capital of Japan is Tokyo."


def test_many_streams_in_a_row_use_no_closed_connection(shared: str) -> None:
    for _ in range(12):
        assert chat(shared, question(stream=True)).events[-1] == "[DONE]"
        assert chat(shared, question()).status == 200


def test_plain_completions_pass_too(shared: str) -> None:
    answer = ask(shared, "/v1/completions", {"model": "support", "prompt": "Once upon", "max_tokens": 4})
    assert (answer.status, answer.json["model"]) == (200, "support")
    assert ask(shared, "/v1/completions", {"model": "support"}).status == 400


def test_health_and_metrics_tell_what_is_served(shared: str) -> None:
    chat(shared, question(stream=True))
    health = ask(shared, "/health")
    assert (health.status, health.json) == (200, {"status": "ok", "models": {"limited": True, "support": True}})
    text = ask(shared, "/metrics").body.decode()
    labels = {"deployment": "Deployment/dev/support", "release": release_of(V2), "model": "support"}
    assert sample(text, "trueup_gateway_requests_total", code="200", **labels) >= 1
    assert sample(text, "trueup_gateway_time_to_first_token_seconds_bucket", le="+Inf", **labels) >= 1
    assert sample(text, "trueup_gateway_tokens_total", kind="completion", **labels) >= 1
    assert sample(text, "trueup_gateway_weight", **labels) == 100


def test_the_release_s_prompt_and_decoding_reach_the_server(target: ProcessTarget, tmp_path: Path) -> None:
    address = serve(
        target,
        tmp_path,
        "good",
        messages=(("system", "You know {{ city }}."), ("assistant", "Yes.")),
        template_format="jinja2",
        variables=VARIABLES,
        decoding=(("extra_body", {"mirostat": 1}), ("max_tokens", 32), ("temperature", 0.5), ("top_p", 0.9)),
    )
    body = question(temperature=0, user="someone", prompt={"variables": {"city": "{{ 7 * 7 }}"}})
    assert chat(address, body).json["model"] == "support"
    got = received(tmp_path)["body"]
    assert [m["content"] for m in got["messages"]] == [
        "You know {{ 7 * 7 }}.",
        "Yes.",
        "Which city is the capital of Japan?",
    ]
    assert (got["temperature"], got["top_p"], got["max_tokens"], got["mirostat"]) == (0, 0.9, 32, 1)
    assert not {"prompt", "user", "extra_body"} & set(got)
    assert got["model"].startswith("trueup-")


def test_a_server_that_breaks_off_a_stream_ends_it_with_an_error(target: ProcessTarget, tmp_path: Path) -> None:
    address = serve(target, tmp_path, "cutting")
    *chunks, last = chat(address, question(stream=True)).events
    assert len(chunks) >= 3
    assert last["error"]["code"] == "upstream_error"
    (seen,) = target.observe("dev").routes
    assert (seen.requests, seen.failures) == (1, 1)


def test_every_whole_stream_ends_the_same_way(target: ProcessTarget, tmp_path: Path) -> None:
    address = serve(target, tmp_path, "undone")
    *chunks, done = chat(address, question(stream=True)).events
    assert (len(chunks), chunks[-1]["choices"][0]["finish_reason"], done) == (21, "stop", "[DONE]")


def test_a_request_without_a_byte_of_answer_is_tried_once_more(target: ProcessTarget, tmp_path: Path) -> None:
    address = serve(target, tmp_path, "resetting")
    assert chat(address, question()).status == 200
    assert (tmp_path / "was-reset").exists()
    (seen,) = target.observe("dev").routes
    assert (seen.requests, seen.failures) == (1, 0)


def test_a_client_that_leaves_ends_the_server_s_work(target: ProcessTarget, tmp_path: Path) -> None:
    address = serve(target, tmp_path, "slow")
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
    body = json.dumps(question(stream=True))
    connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read(20)
    answer.close()
    connection.close()
    until((tmp_path / "client-left").exists)
    until(lambda: 'code="499"' in ask(address, "/metrics").body.decode())
    assert "trueup_gateway_in_flight{" not in ask(address, "/metrics").body.decode()


def test_an_answer_that_takes_too_long_is_ended(target: ProcessTarget, tmp_path: Path) -> None:
    address = serve(target, tmp_path, "slow", limits=(("timeoutSeconds", 0.3),))
    last = chat(address, question(stream=True)).events[-1]
    assert last["error"]["code"] == "timeout"


def test_requests_beyond_the_rate_are_told_when_to_come_again(target: ProcessTarget, tmp_path: Path) -> None:
    address = serve(target, tmp_path, "good", limits=(("requestsPerMinute", 2),))
    answers = [chat(address, question()) for _ in range(3)]
    assert [a.status for a in answers] == [200, 200, 429]
    assert answers[2].error["code"] == "rate_limit_exceeded"
    assert 1 <= int(answers[2].headers["retry-after"]) <= 60


def test_an_invented_key_is_no_way_around_the_rate(target: ProcessTarget, tmp_path: Path) -> None:
    address = serve(target, tmp_path, "good", limits=(("requestsPerMinute", 2),))
    answers = [chat(address, question(), Authorization=f"Bearer invented-{n}") for n in range(3)]
    assert [a.status for a in answers] == [200, 200, 429]


def test_a_key_of_odd_bytes_is_a_wrong_key(target: ProcessTarget, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("right")
    address = serve(target, tmp_path, "good", keys=(f"file:{tmp_path / 'key'}",))
    assert chat(address, question(), Authorization="Bearer \xff\xfe").status == 401


def test_texts_that_are_no_unicode_are_answered_like_others(target: ProcessTarget, tmp_path: Path) -> None:
    address = serve(target, tmp_path, "good")
    assert chat(address, question(user="\ud800")).status == 200
    assert chat(address, {**question(), "model": "\ud800"}).status == 404
    assert chat(address, question(), **{"x-trueup-key": "\xff"}).status == 200


def test_a_sticky_client_keeps_its_replica_and_others_take_turns(target: ProcessTarget, tmp_path: Path) -> None:
    spec = server("good", 3, scripted(tmp_path, "good"))
    target.start("dev", spec, gguf("v1"))
    target.route("dev", table(route(spec)))
    address = target.observe("dev").address
    assert len({chat(address, question()).text for _ in range(6)}) == 3
    assert len({chat(address, question(user="ann")).text for _ in range(4)}) == 1
    assert len({chat(address, question(), **{"x-trueup-key": "ann"}).text for _ in range(4)}) == 1
    assert len({chat(address, question(user=f"user {n}")).text for n in range(24)}) == 3


def test_an_environment_key_needs_no_gateway_restart_and_is_never_stored(
    target: ProcessTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyed = route(V2, keys=("env:TEST_CLIENT_KEY",))
    target.start("dev", V2, gguf("v2"))
    with pytest.raises(PermanentError, match="GW004"):
        target.route("dev", table(keyed))
    monkeypatch.setenv("TEST_CLIENT_KEY", "open-sesame")
    target.route("dev", table(keyed))
    monkeypatch.delenv("TEST_CLIENT_KEY")
    target.route("dev", table(keyed))
    address = target.observe("dev").address
    assert chat(address, question(), Authorization="Bearer open-sesame").status == 200
    assert chat(address, question()).status == 401
    stored = [p for p in (tmp_path / "targets").rglob("*") if p.is_file()]
    assert all(b"open-sesame" not in p.read_bytes() for p in stored)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (route(V2, "b", model_name="support"), "GW001"),
        (route(V2, "b", messages=(("system", "{{#if}}"),)), "GW003"),
        (route(V2, "b", messages=(("system", "{% if %}"),), template_format="jinja2"), "GW003"),
        (route(V2, "b", messages=(("system", "{x"),), template_format="fstring"), "GW003"),
        (route(V2, "b", keys=("file:/nowhere/key",)), "GW004"),
        (route(V2, "b", keys=("vault:x",)), "GW004"),
    ],
    ids=["name twice", "mustache section", "jinja2 syntax", "fstring brace", "key file", "kind of key"],
)
def test_a_table_with_a_mistake_is_refused_as_a_whole(target: ProcessTarget, bad: Route, code: str) -> None:
    target.start("dev", V2, gguf("v2"))
    target.route("dev", table(route(V2)))
    before = target.observe("dev")
    with pytest.raises(PermanentError, match=code):
        target.route("dev", table(route(V2), bad))
    assert target.observe("dev") == before


class Load:
    """Clients that ask without pause, every second one for a stream, and remember what went wrong."""

    def __init__(self, address: str, clients: int = 3) -> None:
        self.wrong: list[str] = []
        self.releases: list[str] = []
        self._address = address
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        while not self._end.is_set():
            number += 1
            try:
                self._judge(chat(self._address, question(stream=number % 2 == 0)), number % 2 == 0)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.wrong.append(repr(error))

    def _judge(self, answer: Answered, streamed: bool) -> None:
        whole = answer.status == 200 and (not streamed or answer.events[-1] == "[DONE]")
        if not whole:
            self.wrong.append(f"{answer.status} {answer.body[-200:]!r}")
        else:
            self.releases.append(answer.headers["x-trueup-release"])


def test_switching_releases_under_load_loses_no_request(target: ProcessTarget) -> None:
    specs = {"v1": V1, "v2": V2}
    target.start("dev", V1, gguf("v1"))
    target.route("dev", table(route(V1)))
    with Load(target.observe("dev").address) as load:
        for old, new in (("v1", "v2"), ("v2", "v1"), ("v1", "v2")):
            target.start("dev", specs[new], gguf(new))
            target.route("dev", table(route(specs[new])))
            target.stop("dev", [specs[old].key])
            count = len(load.releases)
            until(lambda count=count: len(load.releases) > count + 6 or bool(load.wrong))  # type: ignore[misc]
    assert load.wrong == []
    assert load.releases[-1] == release_of(V2)
    assert set(load.releases) == {release_of(V1), release_of(V2)}


def test_a_stream_under_way_ends_whole_on_the_old_release(target: ProcessTarget, tmp_path: Path) -> None:
    address = serve(target, tmp_path, "slow")
    (old,) = target.observe("dev").servers
    answers: list[Answered] = []
    client = threading.Thread(target=lambda: answers.append(chat(address, question(stream=True))))
    client.start()
    until(lambda: "trueup_gateway_in_flight{" in ask(address, "/metrics").body.decode())
    target.start("dev", V2, gguf("v2"))
    target.route("dev", table(route(V2)))
    assert chat(address, question()).headers["x-trueup-release"] == release_of(V2)
    target.stop("dev", [old.key])
    client.join()
    (answer,) = answers
    assert answer.events[-1] == "[DONE]"
    assert len(answer.events) == 21
    assert answer.headers["x-trueup-release"] != release_of(V2)


def test_a_server_under_way_is_not_waited_for_without_end(tmp_path: Path, target: ProcessTarget) -> None:
    address = serve(target, tmp_path, "slow")
    (old,) = target.observe("dev").servers
    with contextlib.suppress(OSError, http.client.HTTPException):
        client = threading.Thread(target=lambda: chat(address, question(stream=True)))
        client.start()
        until(lambda: "trueup_gateway_in_flight{" in ask(address, "/metrics").body.decode())
        target.drain_seconds = 0.0
        target.stop("dev", [old.key])
        client.join()
    assert target.observe("dev").servers == ()
    until(lambda: ask(address, "/health").status == 503)
    assert pid_of(tmp_path / "targets", "gateways.local")
