"""Parts of the gateway that need no network: the stored table, keys, backends, answers, rates, counts."""

import contextlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving import route, server, table
from trueup.adapters.gateways.local import codes, keys, validation
from trueup.adapters.gateways.local.answers import EventRewriter, failure, renamed
from trueup.adapters.gateways.local.backends import Backends
from trueup.adapters.gateways.local.errors import ApiError
from trueup.adapters.gateways.local.exposition import Exposition
from trueup.adapters.gateways.local.heard import Heard
from trueup.adapters.gateways.local.measures import Answer, Histogram, Measures
from trueup.adapters.gateways.local.rates import Rates
from trueup.adapters.gateways.local.stored import document_of, read_document
from trueup.adapters.gateways.local.table import compile_table
from trueup.adapters.targets.process.layout import Layout, write_json
from trueup.adapters.targets.process.status import Status
from trueup.adapters.targets.process.supervision import Phase, fresh, launched
from trueup.adapters.targets.process.wanted import WantedServer
from trueup.core.errors import PermanentError
from trueup.core.json import Json

V1, V2 = server("v1"), server("v2")
NEEDLE = '","model":"trueup-1","x":"'


def test_a_table_reads_back_as_it_was_stored() -> None:
    stored = table(route(V1, "a", keys=("env:K",)), route(V2, "b", limits=(("maxTokens", 3),)), port=8180)
    document = json.loads(json.dumps(document_of(stored, {"env:K": "0" * 64})))
    assert read_document(document) == (stored, {"env:K": "0" * 64})
    assert sorted(compile_table(document).by_model) == ["a", "b"]


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["table"]["routes"][0]["spec"].update(modelName="stolen"),
        lambda d: d["table"]["routes"].clear(),
        lambda d: d["keys"].update({"env:K": "1" * 64}),
        lambda d: d.update(digest="sha256:" + "0" * 64),
        lambda d: d.update(format=3),
        lambda d: d.pop("table"),
    ],
)
def test_a_stored_table_that_was_changed_is_refused(change: object) -> None:
    document = json.loads(json.dumps(document_of(table(route(V1)), {})))
    change(document)  # type: ignore[operator]
    with pytest.raises(PermanentError, match="GW002"):
        compile_table(document)


@pytest.mark.parametrize("document", [None, [], 7, {}, {"format": 1}])
def test_what_is_no_table_is_refused(document: Json) -> None:
    with pytest.raises(PermanentError, match="GW002"):
        compile_table(document)


def test_a_key_in_a_file_can_be_rotated_in_place(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("first\n")
    reference = f"file:{file}"
    check = keys.KeyCheck.of([reference], keys.resolve([reference], {}))
    assert check.opens("first")
    file.write_text("second\n")
    os.utime(file, ns=(1, 1))
    assert check.opens("second")
    assert not check.opens("first")
    file.unlink()
    assert not check.opens("second")
    assert not check.opens("")


def test_a_route_without_keys_is_open_and_one_with_keys_is_not() -> None:
    assert keys.KeyCheck.of([], {}).is_open
    check = keys.KeyCheck.of(["env:A", "env:B"], {"env:A": keys.key_digest("a"), "env:B": keys.key_digest("b")})
    assert not check.is_open
    assert [check.opens(k) for k in ("a", "b", "c", "")] == [True, True, False, False]


def status(replicas: int, phase: Phase = Phase.READY) -> Status:
    children = []
    for replica in range(replicas):
        wanted = WantedServer(V1.key, replica, {}, "/m", ("x",), (), "inner")
        child = launched(fresh(wanted.id, wanted.fingerprint, 0.0), 10 + replica, 1.0, 9000 + replica, 0.0)
        children.append((replace(child, phase=phase), wanted))
    return Status(1, 1.0, 1, tuple(children))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "dev")
    made.create()
    return made


def test_servers_that_are_not_ready_get_nothing(layout: Layout) -> None:
    backends = Backends(layout)
    write_json(layout.status, status(2, Phase.STARTING).to_json())
    backends.refresh()
    assert backends.choose(V1.key, "", ()) is None
    assert not backends.is_available(V1.key)


def test_the_last_publication_stays_true_when_none_follows(layout: Layout) -> None:
    backends = Backends(layout)
    write_json(layout.status, status(1).to_json())
    backends.refresh()
    layout.status.write_text("{ damaged")
    backends.refresh()
    layout.status.unlink()
    backends.refresh()
    assert backends.is_available(V1.key)


def test_a_failed_replica_is_not_tried_twice(layout: Layout) -> None:
    write_json(layout.status, status(2).to_json())
    backends = Backends(layout)
    backends.refresh()
    first = backends.choose(V1.key, "ann", ())
    assert first is not None
    second = backends.choose(V1.key, "ann", (first.replica,))
    assert second is not None
    assert second.replica != first.replica
    assert backends.choose(V1.key, "ann", (0, 1)) is None


def test_only_the_clients_of_a_replica_that_leaves_move(layout: Layout) -> None:
    backends = Backends(layout)
    write_json(layout.status, status(4).to_json())
    backends.refresh()
    clients = [f"user {n}" for n in range(200)]
    before = {c: backends.choose(V1.key, c, ()) for c in clients}
    write_json(layout.status, status(3).to_json())
    backends.refresh()
    for client in clients:
        was, now = before[client], backends.choose(V1.key, client, ())
        assert was is not None
        assert now is not None
        assert now.replica == was.replica or was.replica == 3


def test_requests_under_way_are_counted_and_forgotten(layout: Layout) -> None:
    write_json(layout.status, status(1).to_json())
    backends = Backends(layout)
    backends.refresh()
    backend = backends.choose(V1.key, "", ())
    assert backend is not None
    with backends.in_flight(backend), backends.in_flight(backend):
        assert backends.counts() == {(V1.key, 0): 2}
    assert backends.counts() == {}


def chunk(content: str, **more: Json) -> bytes:
    body = {"choices": [{"delta": {"content": content}}], "model": "trueup-1", **more}
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n"


@given(st.lists(st.one_of(st.text(), st.just(NEEDLE)), min_size=1, max_size=8), st.text())
def test_a_stream_is_renamed_and_says_what_it_said(texts: list[str], name: str) -> None:
    answer = Answer()
    events = EventRewriter(name, answer, Heard())
    for text in texts:
        got = json.loads(events.line(chunk(text))[5:])
        assert got["model"] == name
        assert got["choices"][0]["delta"]["content"] == text
    assert not events.done
    assert events.line(b"data: [DONE]\n") == b"data: [DONE]\n"
    assert events.done
    assert answer.completion_tokens == sum(bool(t) for t in texts)


def test_the_server_s_own_count_replaces_ours() -> None:
    answer = Answer()
    events = EventRewriter("m", answer, Heard())
    for text in ("a", "b", "c"):
        events.line(chunk(text))
    events.line(chunk("", timings={"prompt_n": 1, "cache_n": 4, "predicted_n": 9}))
    assert (answer.prompt_tokens, answer.completion_tokens) == (5, 9)


@pytest.mark.parametrize("line", [b": ping\n", b"\n", b"event: x\n", b"data: not json\n", b"data: 7\n"])
def test_what_is_no_chunk_passes_as_it_is(line: bytes) -> None:
    assert EventRewriter("m", Answer(), Heard()).line(line) == line


def test_an_error_inside_a_stream_gets_the_one_shape() -> None:
    answer = Answer()
    line = EventRewriter("m", answer, Heard()).line(
        b'data: {"error":{"code":500,"message":"broken","type":"server_error"}}\n'
    )
    assert set(json.loads(line[5:])["error"]) == {"message", "type", "param", "code"}
    assert answer.failed


@pytest.mark.parametrize(
    ("status_", "body", "expected", "code"),
    [
        (400, b'{"error":{"message":"bad","type":"invalid_request_error"}}', 400, None),
        (400, b'{"error":{"message":"long","type":"exceed_context_size_error"}}', 400, "context_length_exceeded"),
        (422, b'{"detail":"unexpected keys"}', 400, None),
        (500, b"<html>", 502, "upstream_error"),
        (404, b"{}", 502, "upstream_error"),
        (401, b"{}", 502, "upstream_error"),
        (503, b'{"error":{"message":"Loading model"}}', 503, "service_unavailable"),
    ],
)
def test_a_server_s_refusal_is_told_in_the_one_shape(
    status_: int, body: bytes, expected: int, code: str | None
) -> None:
    error = failure(status_, body)
    assert (error.status, error.code) == (expected, code)
    assert error.message


def test_an_answer_that_is_not_json_is_a_failure_of_the_server() -> None:
    with pytest.raises(ApiError) as caught:
        renamed(b"<html>", "m", Answer(), Heard())
    assert caught.value.status == 502


@given(st.integers(1, 600), st.lists(st.floats(0, 5), max_size=50))
def test_no_minute_grants_more_than_twice_the_rate_and_waiting_always_helps(rate: int, pauses: list[float]) -> None:
    rates, now, granted = Rates(), 0.0, 0
    for pause in pauses:
        now += pause
        wait = rates.wait_seconds("r", "c", rate, now)
        granted += not wait
        if wait:
            assert wait <= 60.0
    assert granted <= rate + now * rate / 60.0 + 1e-6
    wait = rates.wait_seconds("r", "c", rate, now)
    assert not rates.wait_seconds("r", "c", rate, now + wait + 0.001) or not wait


def test_rates_of_two_clients_do_not_meet() -> None:
    rates = Rates()
    assert [rates.wait_seconds("r", c, 1, 0.0) > 0 for c in ("a", "b", "a")] == [False, False, True]


@given(st.lists(st.floats(0, 1000), max_size=50))
def test_a_histogram_counts_every_duration_once(durations: list[float]) -> None:
    histogram = Histogram()
    for seconds in durations:
        histogram.observe(seconds)
    counts = [count for _, count in histogram.cumulative()]
    assert counts == sorted(counts)
    assert counts[-1] == len(durations)


def test_a_release_that_is_applied_again_counts_from_zero() -> None:
    measures = Measures()
    document = document_of(table(route(V1, model_name='odd"name\\')), {})
    (serving,) = compile_table(document).by_model.values()
    measures.of(serving).add(Answer(status=200, prompt_tokens=3, completion_tokens=4))
    measures.of(serving).add(Answer(status=503, failed=True))
    assert measures.requests(serving) == (2, 1)
    assert 'model="odd\\"name\\\\"' in Exposition(measures.all(), {}, {}, 0).text().decode()
    (other,) = compile_table(document_of(table(route(V2)), {})).by_model.values()
    assert measures.requests(other) == (0, 0)


@given(st.binary(max_size=200))
def test_no_body_breaks_the_check(body: bytes) -> None:
    with contextlib.suppress(ApiError):
        validation.check(validation.parse(body), validation.CHAT)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(validation.CHAT)), JSON_VALUES))
def test_no_value_breaks_the_check(request: dict[str, Json]) -> None:
    with contextlib.suppress(ApiError):
        validation.check(validation.parse(json.dumps(request).encode()), validation.CHAT)


def test_every_code_is_listed_once() -> None:
    ids = [c.id for c in codes.CODES]
    assert ids == sorted(set(ids))
