"""What stands behind and beside the gateway in `gateway.py`: a trivial model server, the least proxy, and nginx.

    python proxies.py upstream ... --port N ...
    python proxies.py floor PORT STABLE NEW COPIED

The least proxy shares requests and copies them with aiohttp, and does nothing else: it reads no request, changes no
name, counts nothing, knows no keys and no prompts. It is what any gateway in this language has to pay.
"""

import asyncio
import itertools
import json
import sys
from pathlib import Path

WORDS = 4
SHARE = 10
_ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello there."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 12, "completion_tokens": 2, "total_tokens": 14},
}


class Upstream(asyncio.Protocol):
    """Answers every request with the same bytes, as fast as Python can; a stream gets its words at once."""

    def __init__(self, model: str) -> None:
        self._buffer = b""
        body = json.dumps({**_ANSWER, "model": model}).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._whole = head % len(body) + body
        event = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
        word = {"index": 0, "delta": {"content": "Hello "}, "finish_reason": None}
        end = {"index": 0, "delta": {}, "finish_reason": "stop"}
        events = [json.dumps({**event, "choices": [c]}).encode() for c in (*[word] * WORDS, end)]
        chunks = [b"data: " + e + b"\n\n" for e in (*events, b"[DONE]")]
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        self._stream = head + b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + size:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + size], self._buffer[end + 4 + size :]
            self._transport.write(
                self._stream if b'"stream": true' in body or b'"stream":true' in body else self._whole
            )


async def serve_upstream(port: int, model: str) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Upstream(model), "127.0.0.1", port)
    await server.serve_forever()


def floor(port: int, stable: int, new: int, copied: int) -> None:
    """Serve the least proxy: each tenth request goes to *new*; every one is copied to *copied*, 0 copies none."""
    import aiohttp
    from aiohttp import web

    turns = itertools.count(1)
    headers = {"Content-Type": "application/json"}
    key = web.AppKey("session", aiohttp.ClientSession)
    under_way: set[asyncio.Task[None]] = set()

    async def copy(session: aiohttp.ClientSession, path: str, body: bytes) -> None:
        async with session.post(f"http://127.0.0.1:{copied}{path}", data=body, headers=headers) as answer:
            await answer.read()

    async def carry(request: web.Request) -> web.StreamResponse:
        session = request.app[key]
        body = await request.read()
        to = stable if next(turns) % (100 // SHARE) else new
        async with session.post(f"http://127.0.0.1:{to}{request.path}", data=body, headers=headers) as answer:
            if copied and len(under_way) < 64:
                task = asyncio.get_running_loop().create_task(copy(session, request.path, body))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            if not answer.content_type.startswith("text/event-stream"):
                return web.Response(body=await answer.read(), content_type=answer.content_type)
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            async for part in answer.content.iter_any():
                await response.write(part)
            return response

    async def opened(app: web.Application) -> None:
        app[key] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def closed(app: web.Application) -> None:
        await app[key].close()

    app = web.Application()
    app.on_startup.append(opened)
    app.on_cleanup.append(closed)
    app.router.add_post("/v1/chat/completions", carry)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


def nginx_config(folder: Path, port: int, stable: int, new: int, copied: int) -> str:
    """Return the configuration by which nginx does the same with one worker."""
    temporary = "".join(
        f"  {kind}_temp_path {folder};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    upstreams = "".join(
        f"  upstream {name} {{ server 127.0.0.1:{to}; keepalive 64; }}\n"
        for name, to in (("stable", stable), ("new", new), ("copied", copied or stable))
    )
    plain = 'proxy_http_version 1.1; proxy_set_header Connection "";'
    return (
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events { worker_connections 1024; }\n"
        f"http {{\n  access_log off; keepalive_requests 1000000;\n{temporary}{upstreams}"
        f"  split_clients $request_id $release {{ {SHARE}% new; * stable; }}\n"
        f"  server {{\n    listen 127.0.0.1:{port};\n"
        f"    location / {{ {'mirror /copy;' if copied else ''} proxy_buffering off; {plain}"
        " proxy_pass http://$release; }\n"
        f"    location = /copy {{ internal; {plain} proxy_pass http://copied$request_uri; }}\n  }}\n}}\n"
    )


def main(words: list[str]) -> None:
    if words[0] == "floor":
        floor(*(int(w) for w in words[1:]))
        return
    port, model = (words[words.index(name) + 1] for name in ("--port", "--alias"))
    asyncio.run(serve_upstream(int(port), model))


if __name__ == "__main__":
    main(sys.argv[1:])
