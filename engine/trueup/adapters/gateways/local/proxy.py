"""Carries one request to a server of its release and the answer back.

A server closes a connection after every streamed answer without saying so, so connections of streams are never used
again. A request is tried once more, and only while not one byte of an answer has come.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
from aiohttp import web

from trueup.adapters.gateways.local.answers import DONE, EventRewriter, failure, renamed
from trueup.adapters.gateways.local.backends import Backend, Backends
from trueup.adapters.gateways.local.calls import Call
from trueup.adapters.gateways.local.errors import ApiError, late, unavailable, upstream_failed
from trueup.adapters.gateways.local.heard import Heard
from trueup.adapters.gateways.local.measures import Answer

_CONNECT_SECONDS = 5.0
_TRIES = 2
_LINE_BYTES = 1024 * 1024
CLIENT_LEFT = 499
SHADOW_HEADER = "x-trueup-shadow"
_HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
_T = TypeVar("_T")
_Reader = Callable[[aiohttp.ClientResponse, float], Awaitable[_T]]
"""Takes an answer whose head is there; the second is when the request began, on the monotonic clock."""


class Proxy:
    """Connections to servers, and the way of a request over them."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._kept = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self._once = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True), read_bufsize=_LINE_BYTES
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._kept.close()
        await self._once.close()

    async def carry(self, request: web.Request, call: Call, answer: Answer, heard: Heard) -> web.StreamResponse:
        """Answer *request* by *call*; note in *answer* and *heard* what is found out about it.

        Raises:
            ApiError: No server answered, or the one that did refused; nothing was sent to the client.
        """

        async def passed_on(upstream: aiohttp.ClientResponse, started: float) -> web.StreamResponse:
            if is_stream(upstream):
                return await self._streamed(request, call, upstream, answer, heard, started)
            body = await _read(call, upstream, started)
            return _whole(call, upstream.status, body, answer, heard)

        return await self._noted(call, answer, heard, passed_on)

    async def ask(self, call: Call, answer: Answer, heard: Heard) -> None:
        """Ask for an answer that nobody gets.

        Raises:
            ApiError: No server answered, or the one that did refused.
        """

        async def thrown_away(upstream: aiohttp.ClientResponse, started: float) -> None:
            if not is_stream(upstream):
                _whole(call, upstream.status, await _read(call, upstream, started), answer, heard)
                return
            events = EventRewriter("", answer, heard)
            while isinstance(line := await _next_line(upstream, call, started), bytes) and line:
                events.line(line)
                if events.has_text and answer.first_token_seconds is None:
                    answer.first_token_seconds = time.monotonic() - started
            answer.status = 200
            answer.failed |= isinstance(line, ApiError) or not (events.done or events.finished)

        await self._noted(call, answer, heard, thrown_away)

    async def _noted(self, call: Call, answer: Answer, heard: Heard, read: _Reader[_T]) -> _T:
        started = time.monotonic()
        try:
            return await self._tried(call, read, started)
        except ApiError as error:
            answer.status = error.status
            answer.failed |= error.status >= 500
            raise
        except TimeoutError as error:
            answer.status, answer.failed = 504, True
            raise late(call.serving.timeout_seconds) from error
        except (asyncio.CancelledError, ConnectionError):
            answer.status = CLIENT_LEFT
            raise
        finally:
            answer.seconds, answer.at = time.monotonic() - started, time.time()
            answer.refused = heard.refuses

    async def _tried(self, call: Call, read: _Reader[_T], started: float) -> _T:
        tried: list[int] = []
        for attempt in range(_TRIES):
            backend = self._backends.choose(call.serving.route.server, call.sticky, tried)
            if backend is None and tried:
                # The only replica closed a kept connection, or is just back under another port.
                self._backends.refresh()
                backend = self._backends.choose(call.serving.route.server, call.sticky, ())
            if backend is None:
                break
            tried.append(backend.replica)
            with self._backends.in_flight(backend):
                try:
                    async with asyncio.timeout_at(_deadline(call, started)):
                        upstream = await self._sent(call, backend)
                except aiohttp.ClientError as error:
                    if attempt + 1 == _TRIES:
                        raise unavailable("The model's server does not answer.") from error
                    continue
                async with upstream:
                    return await read(upstream, started)
        raise unavailable("No server of this model is ready.")

    async def _sent(self, call: Call, backend: Backend) -> aiohttp.ClientResponse:
        """Send the request and wait for the head of the answer."""
        session = self._once if call.streams else self._kept
        payload = json.dumps({**call.body, "model": backend.model}, ensure_ascii=True).encode()
        return await session.post(
            f"http://127.0.0.1:{backend.port}{call.path}",
            data=payload,
            headers={**_HEADERS, SHADOW_HEADER: "1"} if call.is_copy else _HEADERS,
            # The whole is bounded by the caller.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            allow_redirects=False,
        )

    async def _streamed(
        self,
        request: web.Request,
        call: Call,
        upstream: aiohttp.ClientResponse,
        answer: Answer,
        heard: Heard,
        started: float,
    ) -> web.StreamResponse:
        """Pass a stream on, line by line, as it comes."""
        response = web.StreamResponse(
            headers={**call.serving.headers, "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        )
        response.content_type = "text/event-stream"
        response.charset = "utf-8"
        events = EventRewriter(call.serving.route.spec.model_name, answer, heard)
        await response.prepare(request)
        answer.status = 200
        pending = b""
        problem: ApiError | None = None
        while isinstance(line := await _next_line(upstream, call, started), bytes) and line:
            pending += events.line(line)
            if line.strip():
                continue  # An event ends with an empty line; it goes out whole, at once.
            await response.write(pending)
            pending = b""
            if events.has_text and answer.first_token_seconds is None:
                answer.first_token_seconds = time.monotonic() - started
        if isinstance(line, ApiError):
            problem = line
        elif not events.done and not events.finished:
            problem = upstream_failed("The model's server broke off its answer.")
        if problem is not None:
            # The head is out, so the error can only be an event, and the stream ends without its [DONE].
            answer.failed = True
            pending = b"data: " + json.dumps(problem.to_json()).encode() + b"\n\n"
        elif not events.done:
            pending += DONE + b"\n\n"
        await response.write_eof(pending)
        return response


async def _next_line(upstream: aiohttp.ClientResponse, call: Call, started: float) -> bytes | ApiError:
    """Return the next line of a stream; empty at its end, whole or broken off."""
    try:
        async with asyncio.timeout_at(_deadline(call, started)):
            return await upstream.content.readline()
    except TimeoutError:
        return late(call.serving.timeout_seconds)
    except (aiohttp.ClientError, ConnectionError, ValueError):
        return b""


def is_stream(upstream: aiohttp.ClientResponse) -> bool:
    """Tell whether an answer comes event by event."""
    return upstream.status == 200 and upstream.content_type.startswith("text/event-stream")


async def _read(call: Call, upstream: aiohttp.ClientResponse, started: float) -> bytes:
    try:
        async with asyncio.timeout_at(_deadline(call, started)):
            return await upstream.read()
    except aiohttp.ClientError as error:
        raise upstream_failed("The model's server broke off its answer.") from error


def _whole(call: Call, status: int, body: bytes, answer: Answer, heard: Heard) -> web.Response:
    """Return a whole answer as the client gets it.

    Raises:
        ApiError: It is a refusal.
    """
    if status != 200:
        raise failure(status, body)
    renamed_body = renamed(body, call.serving.route.spec.model_name, answer, heard)
    answer.status = 200
    return web.Response(body=renamed_body, content_type="application/json", headers=call.serving.headers)


def _deadline(call: Call, started: float) -> float:
    """Return when the whole answer must be there, on the event loop's clock."""
    left = call.serving.timeout_seconds - (time.monotonic() - started)
    return asyncio.get_running_loop().time() + left
