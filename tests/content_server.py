"""A real HTTP server on loopback for tests of downloads: bytes by path, by ranges, and misbehaviour when told to."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Refuse:
    """Answers with a status."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Drop:
    """Announces everything and closes the connection after so many bytes."""

    after: int


@dataclass(frozen=True)
class Announce:
    """Announces another length than is sent; None announces none and ends by closing."""

    length: int | None


Fault = Refuse | Drop | Announce


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]

    @property
    def range(self) -> str:
        return self.headers.get("range", "")


@dataclass
class ContentServer:
    """What the server has, how it misbehaves next, and what it was asked.

    Attributes:
        content: Bytes by path, without the query.
        headers: Headers of an answer by path.
        redirects: Path or address to go to, by path.
        faults: What happens to the next requests of a path, one after another.
        knows_ranges: Whether it heeds `Range`.
        key: Value of `Authorization` that opens it; empty opens it to all.
        challenge: What it says to those without.
    """

    url: str = ""
    content: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    knows_ranges: bool = True
    key: str = ""
    challenge: str = "Basic"
    asked: list[Asked] = field(default_factory=list)

    def answer(self, asked: Asked) -> bytes | None:
        """Return what stands at a path; tests of an API replace it."""
        return self.content.get(urlsplit(asked.path).path)

    def ranges(self, path: str) -> list[str]:
        """Return the ranges that were asked of *path*."""
        return [a.range for a in self.asked if urlsplit(a.path).path == path]


@contextmanager
def serving(server: ContentServer) -> Iterator[ContentServer]:
    """Serve while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = Asked(self.path, {k.lower(): v for k, v in self.headers.items()})
            server.asked.append(asked)
            path = urlsplit(self.path).path
            if server.key and asked.headers.get("authorization") != server.key:
                self._send(401, b"", {"WWW-Authenticate": server.challenge})
            elif path in server.redirects:
                self._send(302, b"", {"Location": server.redirects[path]})
            else:
                waiting = server.faults.get(path)
                self._content(asked, path, waiting.pop(0) if waiting else None)

        def do_HEAD(self) -> None:
            self.do_GET()

        def _content(self, asked: Asked, path: str, fault: Fault | None) -> None:
            body = server.answer(asked)
            if isinstance(fault, Refuse):
                self._send(fault.status, b"", dict(fault.headers))
            elif body is None:
                self._send(404, b"", server.headers.get(path, {}))
            else:
                status, body, headers = _part(body, asked.range if server.knows_ranges else "")
                self._send(status, body, {**headers, **server.headers.get(path, {})}, fault)

        def _send(self, status: int, body: bytes, headers: Mapping[str, str], fault: Fault | None = None) -> None:
            length: int | None = fault.length if isinstance(fault, Announce) else len(body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.close_connection = self.close_connection or fault is not None
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body[: fault.after] if isinstance(fault, Drop) else body)

        def log_message(self, *args: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    server.url = f"http://127.0.0.1:{listening.server_address[1]}"
    threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()


def _part(body: bytes, wanted: str) -> tuple[int, bytes, dict[str, str]]:
    if not wanted:
        return 200, body, {}
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last) + 1 if last else len(body), len(body))
    if start >= len(body):
        return 416, b"", {"Content-Range": f"bytes */{len(body)}"}
    return 206, body[start:end], {"Content-Range": f"bytes {start}-{end - 1}/{len(body)}"}
