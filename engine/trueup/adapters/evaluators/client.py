"""One question to an OpenAI-compatible server: the text of the answer, or an error that says why there is none."""

import http.client
import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from trueup.adapters.evaluators import codes
from trueup.core.errors import PermanentError, TransientError
from trueup.core.json import Json

SHOWN_CHARACTERS = 300
"""How much of a server's error is shown."""


def model_of(base_url: str, fallback: str, timeout_seconds: float) -> str:
    """Return the name that the server knows its model by; *fallback* where it lists none."""
    try:
        status, body = _send(base_url, "GET", "/v1/models", None, timeout_seconds)
        listed = json.loads(body)["data"][0]["id"] if status == http.client.OK else fallback
    except (OSError, http.client.HTTPException, ValueError, KeyError, IndexError, TypeError):
        return fallback
    return listed if isinstance(listed, str) else fallback


def answer_of(base_url: str, request: Mapping[str, Json], timeout_seconds: float) -> str:
    """Ask for a chat completion and return its text, which may be empty.

    Raises:
        TransientError: No connection, twice, or no answer in time (EVAL003); a server error (EVAL004).
        PermanentError: The request was refused (EVAL004), or the answer is no text (EVAL005).
    """
    status, body = _ask(base_url, json.dumps(request).encode(), timeout_seconds)
    if status != http.client.OK:
        shown = body[:SHOWN_CHARACTERS].decode("utf-8", "replace")
        # A full or starting server may answer the same request later.
        kind = TransientError if status >= 500 or status == http.client.TOO_MANY_REQUESTS else PermanentError
        raise kind(codes.REFUSED, f"HTTP {status} from {base_url}: {shown}")
    try:
        text = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        shown = body[:SHOWN_CHARACTERS].decode("utf-8", "replace")
        raise PermanentError(codes.NOT_TEXT, f"{base_url} answered: {shown}") from error
    if not isinstance(text, str):
        raise PermanentError(codes.NOT_TEXT, f"{base_url} answered with {type(text).__name__} as content.")
    return text


def _ask(base_url: str, body: bytes, timeout_seconds: float) -> tuple[int, bytes]:
    for attempt in (1, 2):
        try:
            return _send(base_url, "POST", "/v1/chat/completions", body, timeout_seconds)
        except TimeoutError as error:
            detail = f"{base_url} took longer than {timeout_seconds:g} s."
            raise TransientError(codes.NO_ANSWER, detail) from error
        except (OSError, http.client.HTTPException) as error:
            # Nothing was shown to anybody yet, so asking once more is safe.
            if attempt == 2:
                raise TransientError(codes.NO_ANSWER, f"{base_url}: {error!r}.") from error
    raise AssertionError("unreachable")


def _send(base_url: str, method: str, path: str, body: bytes | None, timeout_seconds: float) -> tuple[int, bytes]:
    """Send one request on a connection of its own, past any proxy: servers close theirs without saying so."""
    url = urlsplit(base_url)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "127.0.0.1", url.port, timeout=timeout_seconds)
    try:
        headers = {"Content-Type": "application/json", "Connection": "close"}
        connection.request(method, url.path.rstrip("/") + path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
