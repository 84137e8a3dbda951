"""Carries one request to a server of its release and the answer back.

A server closes a connection after every streamed answer without saying so, so connections of streams are never used
again. A request is tried once more, and only while not one byte of an answer has come.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from trueup.adapters.gateways.local.answers import DONE, EventRewriter, failure, renamed
from trueup.adapters.gateways.local.backends import Backend, Backends
from trueup.adapters.gateways.local.errors import ApiError, late, unavailable, upstream_failed
from trueup.adapters.gateways.local.measures import Answer, Measures
from trueup.adapters.gateways.local.table import Serving
from trueup.core.json import Json

_CONNECT_SECONDS = 5.0
_TRIES = 2
_LINE_BYTES = 1024 * 1024
CLIENT_LEFT = 499


@dataclass(frozen=True, slots=True)
class Call:
    """One request that may be carried: checked, with the release's prompt in it.

    Attributes:
        serving: Its route.
        path: `/v1/chat/completions` or `/v1/completions`.
        body: What the server gets, but for the server's own model name.
        streams: The answer is a stream.
        sticky: Keeps a client on one replica; empty takes turns.
    """

    serving: Serving
    path: str
    body: Mapping[str, Json]
    streams: bool
    sticky: str

    @property
    def headers(self) -> dict[str, str]:
        """Headers that tell which release answered."""
        route = self.serving.route
        return {"x-trueup-release": route.release, "x-trueup-deployment": self.serving.address}


class Proxy:
    """Connections to servers, and the way of a request over them."""

    def __init__(self, backends: Backends, measures: Measures) -> None:
        self._backends = backends
        self._measures = measures
        self._kept = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self._once = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True), read_bufsize=_LINE_BYTES
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._kept.close()
        await self._once.close()

    async def carry(self, request: web.Request, call: Call) -> web.StreamResponse:
        """Answer *request* by *call*, and count it.

        Raises:
            ApiError: No server answered, or the one that did refused.
        """
        started = time.monotonic()
        answer = Answer()
        try:
            return await self._tried(request, call, answer, started)
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
            self._measures.of(call.serving).add(answer, time.monotonic() - started)

    async def _tried(self, request: web.Request, call: Call, answer: Answer, started: float) -> web.StreamResponse:
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
                    return await self._passed_on(request, call, upstream, answer, started)
        raise unavailable("No server of this model is ready.")

    async def _sent(self, call: Call, backend: Backend) -> aiohttp.ClientResponse:
        """Send the request and wait for the head of the answer."""
        session = self._once if call.streams else self._kept
        payload = json.dumps({**call.body, "model": backend.model}, ensure_ascii=True).encode()
        return await session.post(
            f"http://127.0.0.1:{backend.port}{call.path}",
            data=payload,
            headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
            # The whole is bounded by the caller.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            allow_redirects=False,
        )

    async def _passed_on(
        self, request: web.Request, call: Call, upstream: aiohttp.ClientResponse, answer: Answer, started: float
    ) -> web.StreamResponse:
        try:
            if upstream.status != 200 or not upstream.content_type.startswith("text/event-stream"):
                async with asyncio.timeout_at(_deadline(call, started)):
                    body = await upstream.read()
                return _whole(call, upstream.status, body, answer)
        except aiohttp.ClientError as error:
            raise upstream_failed("The model's server broke off its answer.") from error
        return await self._streamed(request, call, upstream, answer, started)

    async def _streamed(
        self, request: web.Request, call: Call, upstream: aiohttp.ClientResponse, answer: Answer, started: float
    ) -> web.StreamResponse:
        """Pass a stream on, line by line, as it comes."""
        response = web.StreamResponse(headers={**call.headers, "Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        response.content_type = "text/event-stream"
        response.charset = "utf-8"
        events = EventRewriter(call.serving.route.spec.model_name, answer)
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


def _whole(call: Call, status: int, body: bytes, answer: Answer) -> web.Response:
    """Return a whole answer as the client gets it.

    Raises:
        ApiError: It is a refusal.
    """
    if status != 200:
        raise failure(status, body)
    renamed_body = renamed(body, call.serving.route.spec.model_name, answer)
    answer.status = 200
    return web.Response(body=renamed_body, content_type="application/json", headers=call.headers)


def _deadline(call: Call, started: float) -> float:
    """Return when the whole answer must be there, on the event loop's clock."""
    left = call.serving.timeout_seconds - (time.monotonic() - started)
    return asyncio.get_running_loop().time() + left
