"""Questions to an OpenAI-compatible server: what it answers, or an error that says why there is no answer."""

import http.client
import json
import math
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from trueup.adapters.evaluators import codes
from trueup.core.errors import PermanentError, TransientError
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of

SHOWN_CHARACTERS = 300
"""How much of a server's error is shown."""

WAITS_SECONDS = (0.1, 0.3, 0.9)
"""Before each further try of a question: a server that restarts or is full is often there a moment later."""

MOST_BYTES = 32 * 1024 * 1024
"""Of one answer: a server that sends without end must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes:
        text: What was said; may be empty.
        seconds: From the question to the end of the answer.
        prompt_tokens: As the server counts them; None when it does not say.
        completion_tokens: The same of the answer.
        finish_reason: Why it ended: `stop`, `length`, ...
        tools: Names of the tools that were called, where the question offered some.
    """

    text: str
    seconds: float
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    finish_reason: str = ""
    tools: tuple[str, ...] = ()


def model_of(base_url: str, fallback: str, timeout_seconds: float) -> str:
    """Return the name that the server knows its model by; *fallback* where it lists none."""
    return Client(base_url, timeout_seconds).model(fallback)


class Client:
    """Asks one server; each request has a connection of its own, because servers close theirs without saying so.

    Args:
        base_url: Of the server, without `/v1`.
        timeout_seconds: For one answer.
    """

    def __init__(self, base_url: str, timeout_seconds: float) -> None:
        self._base_url = base_url
        self._timeout = timeout_seconds
        self._stopped = threading.Event()
        self._open: set[http.client.HTTPConnection] = set()
        self._in_trouble = False

    def model(self, fallback: str) -> str:
        """Return the name that the server knows its model by; *fallback* where it lists none."""
        try:
            status, body = self._send("GET", "/v1/models", None)
            listed = json.loads(body)["data"][0]["id"] if status == http.client.OK else fallback
        except (OSError, http.client.HTTPException, ValueError, KeyError, IndexError, TypeError, RecursionError):
            return fallback
        return listed if isinstance(listed, str) else fallback

    def chat(self, request: Mapping[str, Json]) -> Answer:
        """Ask for a chat completion; where *request* offers tools, calls of them are an answer too.

        Raises:
            TransientError: No connection or a server in trouble, each time, or no answer in time (EVAL003, EVAL004).
            PermanentError: The request was refused (EVAL004), or the answer is no text (EVAL005).
        """
        begin = time.perf_counter()
        body = self._asked("/v1/chat/completions", request)
        return self._answer(body, time.perf_counter() - begin, offers_tools="tools" in request)

    def completion(self, request: Mapping[str, Json]) -> Mapping[str, Json]:
        """Ask as `chat` does, and return the whole completion as the server spells it.

        Raises:
            TransientError, PermanentError: As for `chat`; what is in it is not looked at.
        """
        body = self._asked("/v1/chat/completions", request)
        try:
            found = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise PermanentError(codes.NOT_TEXT, f"{self._base_url} answered: {_shown(body)}") from error
        return mapping_of(found)

    def embeddings(self, model: str, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        """Return the embeddings of *texts*, in their order.

        Raises:
            TransientError, PermanentError: As for `chat`.
        """
        body = self._asked("/v1/embeddings", {"model": model, "input": list(texts)})
        try:
            rows = sorted(json.loads(body)["data"], key=lambda row: int(row["index"]))
            vectors = tuple(tuple(float(v) for v in row["embedding"]) for row in rows)
        except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
            raise PermanentError(codes.NOT_TEXT, f"{self._base_url} gave no embeddings: {_shown(body)}") from error
        if len(vectors) != len(texts) or not all(v and all(map(math.isfinite, v)) for v in vectors):
            raise PermanentError(codes.NOT_TEXT, f"{self._base_url} gave embeddings that are no numbers, or too few.")
        return vectors

    def stop(self) -> None:
        """Break off what is being asked, and ask nothing more."""
        self._stopped.set()
        for connection in tuple(self._open):
            if connection.sock is not None:
                with suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)

    def _asked(self, path: str, request: Mapping[str, Json]) -> bytes:
        content = json.dumps(request).encode()
        # Who waited for one question in vain does not wait for the next, until one is answered.
        waits = () if self._in_trouble else WAITS_SECONDS
        for wait in (*waits, None):
            try:
                body = self._tried(path, content)
            except TransientError as error:
                # Nothing was shown to anybody yet, so asking again is safe; one that takes too long will again.
                late = isinstance(error.__cause__, TimeoutError)
                if late or wait is None or self._stopped.wait(wait):
                    self._in_trouble = True
                    raise
            else:
                self._in_trouble = False
                return body
        raise AssertionError("unreachable")

    def _tried(self, path: str, content: bytes) -> bytes:
        try:
            status, body = self._send("POST", path, content)
        except TimeoutError as error:
            detail = f"{self._base_url} took longer than {self._timeout:g} s."
            raise TransientError(codes.NO_ANSWER, detail) from error
        except (OSError, http.client.HTTPException, AttributeError, ValueError) as error:
            # The last two: a connection that `stop` closed while it was read.
            raise TransientError(codes.NO_ANSWER, f"{self._base_url}: {error!r}.") from error
        if status != http.client.OK:
            # A full or starting server may answer the same request later.
            kind = TransientError if status >= 500 or status == http.client.TOO_MANY_REQUESTS else PermanentError
            raise kind(codes.REFUSED, f"HTTP {status} from {self._base_url}: {_shown(body)}")
        return body

    def _answer(self, body: bytes, seconds: float, *, offers_tools: bool) -> Answer:
        try:
            parsed = json.loads(body)
            choice = parsed["choices"][0]
            message = choice["message"]
            text = message["content"]
            tools = _tools(message) if offers_tools else ()
        except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
            raise PermanentError(codes.NOT_TEXT, f"{self._base_url} answered: {_shown(body)}") from error
        if text is None and tools:
            text = ""
        if not isinstance(text, str):
            detail = f"{self._base_url} answered with {type(text).__name__} as content."
            raise PermanentError(codes.NOT_TEXT, detail)
        usage = mapping_of(parsed.get("usage"))
        return Answer(
            text=whole(text),
            seconds=seconds,
            prompt_tokens=_count(usage.get("prompt_tokens")),
            completion_tokens=_count(usage.get("completion_tokens")),
            finish_reason=str(choice.get("finish_reason") or ""),
            tools=tools,
        )

    def _send(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        """Send one request, past any proxy."""
        url = urlsplit(self._base_url)
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        connection = kind(url.hostname or "127.0.0.1", url.port, timeout=self._timeout)
        self._open.add(connection)
        try:
            headers = {"Content-Type": "application/json", "Connection": "close"}
            connection.request(method, url.path.rstrip("/") + path, body, headers)
            if self._stopped.is_set():
                # It was not connected yet when `stop` broke the others off.
                raise ConnectionAbortedError("nothing more is asked")
            answer = connection.getresponse()
            return answer.status, answer.read(MOST_BYTES)
        finally:
            self._open.discard(connection)
            connection.close()


def whole(text: str) -> str:
    """Return *text* with halves of characters replaced: JSON can spell them, and nothing can keep them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _tools(message: Mapping[str, Json]) -> tuple[str, ...]:
    calls = message.get("tool_calls")
    found = calls if isinstance(calls, Sequence) and not isinstance(calls, str) else ()
    names = (mapping_of(mapping_of(call).get("function")).get("name") for call in found)
    return tuple(name for name in names if isinstance(name, str))


def _count(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _shown(body: bytes) -> str:
    return body[:SHOWN_CHARACTERS].decode("utf-8", "replace")
