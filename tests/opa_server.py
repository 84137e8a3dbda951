"""An OPA server for tests: OPA's REST API, as far as trueup calls it, over real sockets; its answers are the oracle's.

`HostileServer` answers whatever a test tells it to.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from oracle import VERSION, Answer, Bundle, Oracle

_PLACE = re.compile(r"(?P<file>\S+?):(?P<row>\d+): (?P<code>\w+): (?P<message>.*)", re.DOTALL)
Reply = tuple[int, str, bytes]
"""Status, content type and body."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        reply = self.server.reply(self, self.command, self.path, body)
        if reply is not None:
            status, kind, content = reply
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    do_GET = do_PUT = do_POST = _answer  # noqa: N815 named by the standard library

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    reply: Callable[[_Handler, str, str, bytes], Reply | None]

    def handle_error(self, *_: object) -> None:
        """A client that went away is none of ours."""


class OpaServer:
    """Policies and data as a server holds them, compiled with each upload, or only when asked where time matters."""

    def __init__(
        self, oracle: Oracle, *, version: str = VERSION, token: str = "", compiles_at_once: bool = True
    ) -> None:
        self.oracle = oracle
        self.version = version
        self.token = token
        self.policies: dict[str, str] = {}
        self.data: dict[str, Any] = {}
        self.requests: list[str] = []
        self.compiles_at_once = compiles_at_once
        self._bundle: Bundle | None = None
        self._lock = threading.Lock()

    def reply(self, handler: _Handler, method: str, url: str, body: bytes) -> Reply:
        path = url.partition("?")[0]
        with self._lock:
            self.requests.append(f"{method} {path}")
            if self.token and handler.headers.get("authorization") != f"Bearer {self.token}":
                return _json(401, {"code": "unauthorized", "message": "request rejected by administrative policy"})
            match method, path.split("/")[1:]:
                case "GET", ["health"]:
                    return _json(200, {})
                case "PUT", ["v1", "policies", name]:
                    return self._put_policy(name, body.decode())
                case "PUT", ["v1", "data", *parts]:
                    return self._put_data(parts, json.loads(body))
                case "POST", ["v1", "data", *parts]:
                    return self._query(parts, json.loads(body))
                case _:
                    return _json(404, {"code": "resource_not_found", "message": "no such path"})

    def forget(self) -> None:
        """Lose everything, as a restart does."""
        self.policies, self.data = {}, {}
        self._changed()

    def _changed(self) -> None:
        if self._bundle is not None:
            self.oracle.forget(self._bundle)
        self._bundle = None

    def _compiled(self) -> Bundle:
        if self._bundle is None:
            self._bundle = Bundle(dict(self.policies), self.data)
        return self._bundle

    def _put_policy(self, name: str, text: str) -> Reply:
        before = self.policies.get(name)
        self.policies[name] = text
        self._changed()
        if self.compiles_at_once:
            answer = self.oracle.ask(self._compiled(), "1")
            if answer.error:
                self.policies.pop(name)
                if before is not None:
                    self.policies[name] = before
                self._changed()
                errors = error_list(answer)
                message = "error(s) occurred while compiling module(s)"
                return _json(400, {"code": "invalid_parameter", "message": message, "errors": errors})
        return _json(200, {})

    def _put_data(self, parts: list[str], value: Any) -> Reply:
        node = self.data
        for part in parts[:-1]:
            node = node.setdefault(part, {})
        node[parts[-1]] = value
        self._changed()
        return 204, "text/plain", b""

    def _query(self, parts: list[str], body: Any) -> Reply:
        reference = "data" + "".join(f"[{json.dumps(part)}]" for part in parts)
        said = {"decision_id": "0", "provenance": {"version": self.version, "build_commit": "", "hostname": "test"}}
        if not self.policies:
            return _json(200, said)
        answer = self.oracle.ask(self._compiled(), reference, json.dumps(body["input"]))
        if answer.error:
            message = "error(s) occurred while evaluating query"
            return _json(500, {"code": "internal_error", "message": message, "errors": error_list(answer)})
        return _json(200, {**said, "result": answer.value} if answer.is_defined else said)


class HostileServer:
    """Answers with what `replies` has, the last one for ever; a callable may write whatever it likes itself."""

    def __init__(self, *replies: Reply | Callable[[_Handler], None]) -> None:
        self.replies = list(replies)
        self.requests: list[str] = []

    def reply(self, handler: _Handler, method: str, url: str, _body: bytes) -> Reply | None:
        self.requests.append(f"{method} {url.partition('?')[0]}")
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if callable(reply):
            reply(handler)
            return None
        return reply


@contextmanager
def running(
    server: OpaServer | HostileServer, certificate: Path | None = None, ca: Path | None = None
) -> Iterator[str]:
    """Serve on a free port and yield the url; with a certificate over TLS, and only to clients of *ca*, if given."""
    http = _Server(("127.0.0.1", 0), _Handler)
    http.reply = server.reply
    scheme = "http"
    if certificate is not None:
        scheme = "https"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        if ca is not None:
            context.load_verify_locations(ca)
            context.verify_mode = ssl.CERT_REQUIRED
        http.socket = context.wrap_socket(http.socket, server_side=True)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"{scheme}://127.0.0.1:{http.server_address[1]}"
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def _json(status: int, value: Any) -> Reply:
    return status, "application/json", json.dumps(value).encode()


def error_list(answer: Answer) -> list[dict[str, Any]]:
    found = _PLACE.search(answer.error)
    if found is None:
        return [{"code": answer.code, "message": answer.error}]
    location = {"file": found["file"], "row": int(found["row"]), "col": 1}
    return [{"code": found["code"], "message": found["message"], "location": location}]
