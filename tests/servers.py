"""A chat server for tests: real HTTP on a free loopback port, with answers given as a function."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[Mapping[str, Any]], str | tuple[int, bytes]]
"""The text of a chat answer for a request, or status and body to send instead."""


@contextmanager
def chat_server(answer: Answer, seen: list[dict[str, Any]] | None = None) -> Iterator[str]:
    """Serve `/v1/models` and `/v1/chat/completions` and yield the base URL; requests are kept in *seen*."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, json.dumps({"data": [{"id": "listed"}]}).encode())

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if seen is not None:
                seen.append(request)
            result = answer(request)
            if isinstance(result, str):
                message = {"role": "assistant", "content": result}
                result = (200, json.dumps({"choices": [{"message": message}]}).encode())
            self._send(*result)

        def _send(self, status: int, body: bytes) -> None:
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # A client that has given up is what some tests are about.
            with suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
