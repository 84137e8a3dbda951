"""Servers that are down, slow, foreign or lying: each is a denial that says why."""

import json
import os
import socket
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from opa_server import HostileServer, OpaServer, Reply, running
from oracle import Oracle
from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.adapters.policy.opa.engine import OpaEngine
from trueup.adapters.policy.opa.settings import OpaSettings
from trueup.policy.results import Evaluation, PolicyFile

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
FILES = [PolicyFile("p/a.rego", b'package a\ndeny contains "no" if input.x\n', "p")]
VERSION = {"provenance": {"version": "1.20.2"}}
GONE: Reply = (204, "text/plain", b"")


def reply(value: Any, status: int = 200) -> Reply:
    return status, "application/json", json.dumps(value).encode()


def ask(url: str, local: EmbeddedEngine, root: Path = Path(), **settings: Any) -> Evaluation:
    options = {"timeout_seconds": 20.0, "retries": 0, "backoff_seconds": 0.0, **settings}
    engine = OpaEngine(OpaSettings(url, **options), local, root)
    (evaluation,) = engine.evaluate(FILES, [b'{"x": 1}'], NOW)
    engine.close()
    return evaluation


def code(evaluation: Evaluation) -> str:
    assert evaluation.results == ()
    (problem,) = evaluation.errors
    return problem.code.id


def test_nobody_listens(local: EmbeddedEngine) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    evaluation = ask(url, local, retries=1)
    assert code(evaluation) == "POL041"
    assert "refused" in evaluation.errors[0].detail


def test_a_host_that_has_no_address(local: EmbeddedEngine) -> None:
    assert code(ask("http://nowhere.invalid:8181", local)) == "POL041"


@pytest.mark.parametrize("seconds", [0.3])
def test_a_server_that_does_not_answer_in_time(local: EmbeddedEngine, seconds: float) -> None:
    with running(HostileServer(lambda _: time.sleep(5))) as url:
        assert code(ask(url, local, timeout_seconds=seconds)) == "POL041"


def test_a_server_that_sends_a_byte_now_and_then_is_not_waited_for(local: EmbeddedEngine) -> None:
    def drip(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)

    with running(HostileServer(drip)) as url:
        evaluation = ask(url, local, timeout_seconds=0.5)
    assert code(evaluation) == "POL041"
    assert "no whole answer" in evaluation.errors[0].detail


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_moments_trouble_is_tried_again(opa_library: Oracle, local: EmbeddedEngine, status: int) -> None:
    server = OpaServer(opa_library)
    busy = [True, False, True, False]

    class Busy:
        def reply(self, *request: Any) -> Any:
            if busy and busy.pop(0):
                return status, "text/html", b"<h1>busy</h1>"
            return server.reply(*request)

    with running(Busy()) as url:  # type: ignore[arg-type]  # has what is asked of it
        evaluation = ask(url, local, retries=1)
    assert (evaluation.errors, len(evaluation.results)) == ((), 1)


def test_a_trouble_that_stays_is_told_after_the_last_time(local: EmbeddedEngine) -> None:
    server = HostileServer((503, "text/html", b"<h1>down for repair</h1>"))
    with running(server) as url:
        evaluation = ask(url, local, retries=2)
    assert code(evaluation) == "POL041"
    assert "503" in evaluation.errors[0].detail
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, "text/html", b"<html>Welcome to nginx</html>"), "POL044"),
        ((200, "application/json", b""), "POL044"),
        ((200, "application/json", b"[1, 2]"), "POL044"),
        ((200, "application/json", b'"yes"'), "POL044"),
        ((200, "application/json", b'{"result": ' + b"[" * 5000 + b"]" * 5000 + b"}"), "POL044"),
        ((401, "application/json", b'{"code": "unauthorized", "message": "no"}'), "POL042"),
        ((403, "text/html", b"<h1>Forbidden</h1>"), "POL042"),
        ((404, "text/html", b"<h1>Not found</h1>"), "POL044"),
        ((404, "application/json", b'{"code": "not_found", "message": "no"}'), "POL042"),
        ((500, "text/plain", b"out of memory"), "POL044"),
        ((500, "application/json", b'{"code": "internal_error", "message": "boom"}'), "POL042"),
        ((302, "text/html", b""), "POL044"),
        (reply({"result": {}}), "POL045"),
    ],
)
def test_what_is_no_answer_of_opa_is_not_taken_for_one(local: EmbeddedEngine, answer: Reply, expected: str) -> None:
    with running(HostileServer(answer)) as url:
        assert code(ask(url, local)) == expected


def test_a_server_that_answers_200_where_opa_gives_no_body_is_asked_whether_it_is_one(local: EmbeddedEngine) -> None:
    with running(HostileServer(reply(VERSION), reply({}), reply({}), reply({}))) as url:
        evaluation = ask(url, local)
    assert code(evaluation) in ("POL044", "POL045")
    assert "None" not in evaluation.errors[0].detail


def test_a_token_is_not_sent_to_where_a_server_points(local: EmbeddedEngine, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    seen: list[str] = []
    foreign = HostileServer(lambda h: seen.append(h.headers.get("authorization", "")))
    with running(foreign) as elsewhere:

        def away(handler: Any) -> None:
            handler.send_response(307)
            handler.send_header("location", elsewhere + handler.path)
            handler.send_header("content-length", "0")
            handler.end_headers()

        with running(HostileServer(away)) as url:
            assert code(ask(url, local, tmp_path, token="file:token")) == "POL044"
    assert seen == []


def answers(*results: object) -> list[Reply]:
    """Return what a server gives to a query, the uploads and the query again."""
    said = [reply({**VERSION, "result": r} if r is not None else VERSION) for r in results]
    return [said[0], GONE, reply({}), reply({}), said[-1]]


@pytest.mark.parametrize(
    "result",
    [
        None,
        True,
        [],
        {},
        {"bundle": "another", "modules": ["0"], "sets": [[]]},
        {"modules": ["0"], "sets": [[]]},
        {"bundle": "ours", "modules": [], "sets": [[]]},
        {"bundle": "ours", "modules": {"0": True}, "sets": [[]]},
        {"bundle": "ours", "modules": ["0"], "sets": []},
        {"bundle": "ours", "modules": ["0"], "sets": [[], []]},
        {"bundle": "ours", "modules": ["0"], "sets": [{}]},
        {"bundle": "ours", "modules": ["0"], "sets": ["no"]},
        {"bundle": "ours", "modules": ["0"]},
    ],
)
def test_an_answer_that_is_not_about_our_policies_decides_nothing(local: EmbeddedEngine, result: Any) -> None:
    from trueup.adapters.policy.bundle import digest_of_files
    from trueup.adapters.policy.opa.upload import prefix_of

    if isinstance(result, dict) and result.get("bundle") == "ours":
        result = {**result, "bundle": prefix_of(digest_of_files(FILES))}
    with running(HostileServer(*answers(result))) as url:
        evaluation = ask(url, local)
    assert code(evaluation) == "POL044"
    assert evaluation.rules == ("a/deny",)


def test_a_server_that_errs_for_one_rule_and_lies_for_it_alone_decides_nothing(local: EmbeddedEngine) -> None:
    failed = reply({"code": "internal_error", "errors": [{"code": "eval", "message": "x"}]}, 500)
    with running(HostileServer(failed, reply({**VERSION, "result": {"bundle": "other"}}))) as url:
        assert code(ask(url, local)) == "POL044"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    for name in ("server", "client"):
        command = [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{name}.key", "-out", f"{name}.crt"),
        ]
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        except FileNotFoundError:
            pytest.skip("no openssl to make certificates with")
        (folder / f"{name}.pem").write_bytes(
            (folder / f"{name}.crt").read_bytes() + (folder / f"{name}.key").read_bytes()
        )
    return folder


def test_a_certificate_is_verified(opa_library: Oracle, local: EmbeddedEngine, certificates: Path) -> None:
    with running(OpaServer(opa_library), certificates / "server.pem") as url:
        assert code(ask(url, local)) == "POL041"
        assert code(ask(url, local, certificates, ca="client.crt")) == "POL041"
        assert ask(url, local, certificates, ca="server.crt").errors == ()


def test_a_client_shows_its_certificate(opa_library: Oracle, local: EmbeddedEngine, certificates: Path) -> None:
    with running(OpaServer(opa_library), certificates / "server.pem", certificates / "client.crt") as url:
        trusting: dict[str, Any] = {"ca": "server.crt"}
        assert code(ask(url, local, certificates, **trusting)) == "POL041"
        assert ask(url, local, certificates, certificate="client.pem", **trusting).errors == ()
        both = {"certificate": "client.crt", "key": "client.key"}
        assert ask(url, local, certificates, **both, **trusting).errors == ()


def test_a_token_comes_from_a_file_or_a_variable(
    opa_library: Oracle, local: EmbeddedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("secret\n")
    monkeypatch.setenv("OPA_TOKEN", "secret")
    with running(OpaServer(opa_library, token="secret")) as url:
        evaluation = ask(url, local)
        assert code(evaluation) == "POL042"
        assert "401" in evaluation.errors[0].detail
        assert ask(url, local, tmp_path, token="file:token").errors == ()
        assert ask(url, local, token="env:OPA_TOKEN").errors == ()


def test_the_users_proxy_and_netrc_do_not_come_between(
    opa_library: Oracle, local: EmbeddedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    os.chmod(netrc, 0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("OPA_TOKEN", "secret")
    with running(OpaServer(opa_library, token="secret")) as url:
        assert ask(url, local, token="env:OPA_TOKEN").errors == ()
