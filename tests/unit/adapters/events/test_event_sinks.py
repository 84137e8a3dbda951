"""Records told to others: their shape, and that none is lost with a sink that is dead, slow or wrong."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID

import pytest

from records import applied, held, newest_first
from trueup.adapters.events import sinks
from trueup.adapters.events.codes import SINK_FAILED
from trueup.adapters.events.formats import cloud_event, event_id, run_events
from trueup.adapters.events.sinks import Sink
from trueup.core.digests import Digest
from trueup.ledger.record import Place, RunOutcome

RECORDS = newest_first(applied("a"), applied("b", minutes=5), held("a", minutes=9))


class Server(ThreadingHTTPServer):
    """Answers with the next status of its script, then with 202; holds what it took."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[int] = []
        self.wait = 0.0
        self.got: list[tuple[dict[str, str], dict[str, object]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/in"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(self.server.wait)
        status = self.server.script.pop(0) if self.server.script else 202
        if status < 300:
            self.server.got.append((dict(self.headers), body))
        self.send_response(status)
        if status in range(300, 400):
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


def sink(folder: Path, url: str = "", file: str = "", kind: str = "cloudevents", token: str = "") -> Sink:
    return Sink("audit", kind, url, file, token, folder, folder / "state")


def ids(server: Server) -> list[object]:
    return [body["id"] for _, body in server.got]


def test_records_are_sent_once_in_their_order(tmp_path: Path, server: Server) -> None:
    one = sink(tmp_path, server.url)
    assert one.send(RECORDS[1:], "shop", "trueup 1").count == 2
    assert one.send(RECORDS, "shop", "trueup 1").count == 1
    assert one.send(RECORDS, "shop", "trueup 1") == sinks.Sent(0, waiting=False)
    assert ids(server) == [r.digest for r in reversed(RECORDS)]
    assert server.got[0][0]["Content-Type"].startswith("application/cloudevents+json")


@pytest.mark.parametrize("status", [302, 401, 404, 500, 503])
def test_a_sink_that_refuses_gets_the_rest_with_the_next_run(tmp_path: Path, server: Server, status: int) -> None:
    server.script = [202, status]
    one = sink(tmp_path, server.url)
    sent = one.send(RECORDS, "shop", "trueup 1")
    assert (sent.count, sent.waiting) == (1, True)
    assert sent.problem is not None
    assert sent.problem.code is SINK_FAILED
    assert f"answered {status}" in sent.problem.detail
    assert one.send(RECORDS, "shop", "trueup 1") == sinks.Sent(2, waiting=False)
    assert ids(server) == [r.digest for r in reversed(RECORDS)]


def test_a_dead_sink_is_told_and_gets_everything_once_it_lives(tmp_path: Path, server: Server) -> None:
    server.shutdown()
    port = server.server_address[1]
    server.server_close()
    one = sink(tmp_path, server.url)
    sent = one.send(RECORDS, "shop", "trueup 1")
    assert sent.count == 0
    assert sent.problem is not None
    assert "cannot be reached" in sent.problem.detail
    server.__init__()  # type: ignore[misc]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    again = replace(one, url=server.url)
    assert port
    assert again.send(RECORDS, "shop", "trueup 1").count == 3


def test_a_slow_sink_holds_nobody_up(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "_TIMEOUT_SECONDS", 0.05)
    server.wait = 0.5
    sent = sink(tmp_path, server.url).send(RECORDS, "shop", "trueup 1")
    assert (sent.count, sent.waiting) == (0, True)


def test_a_run_sends_no_longer_than_its_budget(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "_BUDGET_SECONDS", -1.0)
    assert sink(tmp_path, server.url).send(RECORDS, "shop", "trueup 1") == sinks.Sent(0, waiting=True)


def test_a_run_killed_before_it_noted_how_far_it_came_sends_that_record_again(tmp_path: Path, server: Server) -> None:
    one = sink(tmp_path, server.url)
    one.send(RECORDS[2:], "shop", "trueup 1")
    cursor = next((tmp_path / "state").iterdir())
    before = cursor.read_bytes()
    one.send(RECORDS[1:], "shop", "trueup 1")
    cursor.write_bytes(before)
    one.send(RECORDS[1:], "shop", "trueup 1")
    assert ids(server) == [RECORDS[2].digest, RECORDS[1].digest, RECORDS[1].digest]


def test_a_file_gets_a_line_an_event(tmp_path: Path) -> None:
    one = sink(tmp_path, file="events/out.jsonl", kind="openlineage")
    assert one.send(RECORDS, "shop", "trueup 1").count == 3
    lines = [json.loads(line) for line in (tmp_path / "events/out.jsonl").read_text().splitlines()]
    assert [line["eventType"] for line in lines] == ["START", "COMPLETE"] * 3


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "events").write_text("a file")
    sent = sink(tmp_path, file="events/out.jsonl").send(RECORDS, "shop", "trueup 1")
    assert sent.problem is not None
    assert sent.problem.code is SINK_FAILED


def test_a_token_is_sent_and_a_missing_one_is_told(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SINK_TOKEN", "very-secret")
    sink(tmp_path, server.url, token="env:SINK_TOKEN").send(RECORDS[2:], "shop", "trueup 1")
    assert server.got[0][0]["Authorization"] == "Bearer very-secret"
    monkeypatch.delenv("SINK_TOKEN")
    sent = sink(tmp_path, server.url, token="env:SINK_TOKEN").send(RECORDS, "shop", "trueup 1")
    assert sent.problem is not None
    assert "very-secret" not in sent.problem.detail


def test_a_cloud_event_has_what_the_specification_requires() -> None:
    event = cloud_event(RECORDS[0], "shop & co")
    assert {"id", "source", "specversion", "type"} <= set(event)
    assert event["specversion"] == "1.0"
    assert event["source"] == "urn:trueup:shop%20%26%20co"
    assert event["type"] == "trueup.hold.noted"
    assert str(event["time"]).endswith("Z")
    assert all(name.isalnum() and name.islower() for name in event)


@pytest.mark.parametrize(
    ("outcome", "end"),
    [
        (RunOutcome.DONE, "COMPLETE"),
        (RunOutcome.DENIED, "ABORT"),
        (RunOutcome.PARTIAL, "FAIL"),
        (RunOutcome.FAILED, "FAIL"),
        (RunOutcome.NOTED, "COMPLETE"),
    ],
)
def test_a_run_has_a_start_and_an_end_with_job_and_dataset_facets(outcome: RunOutcome, end: str) -> None:
    start, last = run_events(newest_first(applied("a", outcome=outcome))[0], "shop", "trueup 1")
    assert (start["eventType"], last["eventType"]) == ("START", end)
    assert {"eventTime", "producer", "schemaURL", "run", "job"} <= set(last)
    assert start["run"] == last["run"]
    assert str(UUID(last["run"]["runId"])) == last["run"]["runId"]  # type: ignore[index, call-overload]
    (model,), (deployment,) = last["inputs"], last["outputs"]  # type: ignore[misc]
    assert model["facets"]["version"]["datasetVersion"] == "1"  # type: ignore[index, call-overload]
    assert deployment["name"] == "Deployment/dev/support"  # type: ignore[index, call-overload]
    assert last["job"]["facets"]["jobType"]["jobType"] == "APPLY"  # type: ignore[index, call-overload]


def test_a_record_that_took_a_later_place_keeps_the_id_it_was_sent_under() -> None:
    record = RECORDS[0]
    moved = replace(
        record, formerly=(Place(record.sequence, record.previous),), sequence=9, digest=Digest("sha256:" + "0" * 64)
    )
    assert event_id(moved) == event_id(record)
