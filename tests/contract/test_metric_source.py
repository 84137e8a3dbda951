"""What every source of metrics does, and what the one that asks Prometheus does besides."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from fakes import FakeMetricSource
from trueup.adapters.metrics import codes
from trueup.adapters.metrics.prometheus import Prometheus
from trueup.core.errors import PermanentError, TransientError
from trueup.ports import MetricSource

AT = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


def vector(*values: str) -> dict[str, object]:
    result = [{"metric": {"pod": str(n)}, "value": [AT.timestamp(), v]} for n, v in enumerate(values)]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


def success(kind: str, result: object) -> dict[str, object]:
    return {"status": "success", "data": {"resultType": kind, "result": result}}


def error(kind: str, said: str) -> dict[str, object]:
    return {"status": "error", "errorType": kind, "error": said}


class Server:
    """Answers queries as Prometheus 3 does, with what it was told."""

    def __init__(self) -> None:
        self.status = 200
        self.answers: dict[str, object] = {}
        self.asked: list[tuple[str, dict[str, list[str]], str]] = []
        self.headers: dict[str, str] = {}
        self.body: bytes | None = None
        self.delays: tuple[float, ...] = ()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                server.asked.append((self.path, form, self.headers.get("Authorization", "")))
                body = server.body
                if body is None:
                    body = json.dumps(server.answers.get(form["query"][0], vector())).encode()
                self.send_response(server.status)
                for name, value in server.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    for number, delay in enumerate(server.delays):
                        time.sleep(delay)
                        self.wfile.write(body[number : number + 1])
                        self.wfile.flush()
                    self.wfile.write(body[len(server.delays) :])
                except OSError:
                    pass

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.close()


@pytest.fixture
def prometheus(server: Server, tmp_path: Path) -> Prometheus:
    return Prometheus(server.url, "", tmp_path, 5.0)


Source = Callable[[dict[str, float]], MetricSource]


@pytest.fixture(params=["prometheus", "fake"])
def source(request: pytest.FixtureRequest, server: Server, prometheus: Prometheus) -> Source:
    def made(values: dict[str, float]) -> MetricSource:
        if request.param == "fake":
            return FakeMetricSource(dict(values))
        server.answers = {query: vector(str(value)) for query, value in values.items()}
        return prometheus

    return made


def test_a_query_gives_its_number(source: Source) -> None:
    assert source({"sum(a)": 0.25, "sum(b)": -3.0}).value("sum(b)", AT) == -3.0


def test_a_query_without_a_result_gives_none(source: Source) -> None:
    assert source({"sum(a)": 0.25}).value("sum(c)", AT) is None


def test_the_query_is_asked_as_it_is_at_the_time(server: Server, prometheus: Prometheus) -> None:
    query = "sum(rate(x{a=\"b+c & d\"}[5m])) / 100 * 'ü'"
    prometheus.value(query, AT)
    [(path, form, secret)] = server.asked
    assert path == "/api/v1/query"
    assert form == {"query": [query], "time": [f"{AT.timestamp():.3f}"], "timeout": ["5s"]}
    assert secret == ""


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (success("scalar", [1.5, "2.5"]), 2.5),
        (vector("1e-3"), 0.001),
        (vector(), None),
        (vector("NaN"), None),
        (vector("+Inf"), None),
        (success("scalar", [1.5, "NaN"]), None),
        ({**vector("1"), "warnings": ["a warning"]}, 1.0),
    ],
)
def test_results_of_prometheus_are_read(server: Server, prometheus: Prometheus, answer: object, value: object) -> None:
    server.answers = {"q": answer}
    assert prometheus.value("q", AT) == value


@pytest.mark.parametrize(
    ("status", "answer", "code", "said"),
    [
        (200, vector("1", "2"), codes.NOT_ONE, '`q` gives 2 series, such as {"pod": "0"}'),
        (200, success("matrix", []), codes.NOT_ONE, "`q` gives a matrix"),
        (200, success("string", [1, "a"]), codes.NOT_ONE, "`q` gives a string"),
        (400, error("bad_data", "parse error"), codes.REFUSED, "bad_data: parse error"),
        (422, error("execution", "many-to-many"), codes.REFUSED, "execution: many-to-many"),
        (200, success("vector", [{"metric": {}}]), codes.NOT_PROMETHEUS, "`q` gives"),
        (200, success("vector", [{"metric": {}, "value": [1, "one"]}]), codes.NOT_PROMETHEUS, "'one' is no value"),
        (200, {"status": "success"}, codes.NOT_PROMETHEUS, "`q` gives null"),
        (200, {"other": 1}, codes.NOT_PROMETHEUS, "answered 200 with"),
        (404, "no such page", codes.NOT_PROMETHEUS, "answered 404"),
        (401, "who are you", codes.REFUSED, "the token does not suffice"),
    ],
)
def test_what_will_not_change_is_refused(
    server: Server, prometheus: Prometheus, status: int, answer: object, code: object, said: str
) -> None:
    server.status, server.answers = status, {"q": answer}
    with pytest.raises(PermanentError) as caught:
        prometheus.value("q", AT)
    assert caught.value.code == code
    assert said in caught.value.detail


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (503, error("timeout", "query timed out")),
        (503, "unavailable"),
        (429, "slow down"),
        (500, error("internal", "?")),
    ],
)
def test_a_busy_server_may_answer_later(server: Server, prometheus: Prometheus, status: int, answer: object) -> None:
    server.status, server.answers = status, {"q": answer}
    with pytest.raises(TransientError) as caught:
        prometheus.value("q", AT)
    assert caught.value.code == codes.UNREACHABLE


def test_no_server_may_answer_later(server: Server, prometheus: Prometheus) -> None:
    server.close()
    with pytest.raises(TransientError, match="MET001"):
        prometheus.value("q", AT)


@pytest.mark.parametrize("delays", [(0.5,), (0.06,) * 20])
def test_a_server_that_takes_too_long_does_not_hold_a_rollout(
    server: Server, tmp_path: Path, delays: tuple[float, ...]
) -> None:
    server.delays = delays
    began = time.monotonic()
    with pytest.raises(TransientError, match="MET001"):
        Prometheus(server.url, "", tmp_path, 0.2).value("q", AT)
    assert time.monotonic() - began < 1.0


def test_an_answer_that_ends_too_early_is_none(server: Server, prometheus: Prometheus) -> None:
    server.body = json.dumps(vector("1")).encode()[:-1]
    with pytest.raises(PermanentError, match="MET004"):
        prometheus.value("q", AT)


def test_an_endless_answer_is_not_read_to_its_end(server: Server, prometheus: Prometheus) -> None:
    server.body = b" " * (3 << 20)
    with pytest.raises(PermanentError, match="MET004"):
        prometheus.value("q", AT)


def test_a_redirect_is_no_answer_and_gets_no_token(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_TOKEN", "s3cret")
    server.status, server.headers = 302, {"Location": f"{server.url}/login"}
    with pytest.raises(PermanentError, match="MET004"):
        Prometheus(server.url, "env:PROMETHEUS_TOKEN", tmp_path).value("q", AT)
    assert [asked[0] for asked in server.asked] == ["/api/v1/query"]


def test_the_token_is_shown_to_the_server(server: Server, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    server.answers = {"q": vector("1")}
    assert Prometheus(f"{server.url}/prometheus/", "file:token", tmp_path).value("q", AT) == 1.0
    [(path, _, secret)] = server.asked
    assert (path, secret) == ("/prometheus/api/v1/query", "Bearer s3cret")


@pytest.mark.parametrize(
    ("url", "token"),
    [("", ""), ("http://127.0.0.1:1", "env:NO_SUCH_TOKEN"), ("http://prometheus.example.com", "file:token")],
)
def test_settings_that_cannot_be_used_are_told(tmp_path: Path, url: str, token: str) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    with pytest.raises(PermanentError, match="MET005") as caught:
        Prometheus(url, token, tmp_path).value("q", AT)
    assert "s3cret" not in str(caught.value)
