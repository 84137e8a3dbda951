"""Asks Prometheus, or what speaks its HTTP API (Thanos, Mimir, VictoriaMetrics), for one number.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
"""

import json
import math
import time
from collections.abc import Mapping
from datetime import datetime
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from trueup.adapters.metrics import codes
from trueup.adapters.sources.secrets import bearer_headers, read_secret
from trueup.core.errors import PermanentError, TransientError

_MOST_BYTES = 1 << 20
"""An answer with one number has a few hundred bytes; whatever is larger is not read to its end."""

_CHUNK = 1 << 16
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers of a server, or of what stands before it, that may be another one a moment later."""
_REDIRECTS = range(300, 400)
_SHOWN = 300
"""Characters of a foreign answer that a message shows."""


class Prometheus:
    """One server.

    Args:
        url: `http://host:port` or `https://host`, with the path below which the API is, if it has one.
        token: Reference to a bearer token, `env:NAME` or `file:PATH`; empty sends none.
        root: The repository, for the reference.
        timeout_seconds: For one query, its whole answer included.
    """

    def __init__(self, url: str, token: str, root: Path, timeout_seconds: float = 10.0) -> None:
        self._url, self._token, self._root = url.rstrip("/"), token, root
        self._timeout = timeout_seconds

    def value(self, query: str, at: datetime) -> float | None:
        """Return the one number that *query* gives at that time; None for no series, and for what is no number.

        Raises:
            TransientError: The server does not answer (MET001).
            PermanentError: It refuses (MET002), gives several numbers (MET003) or no answer of Prometheus (MET004), or
                there is no server or token (MET005).
        """
        body = urlencode({"query": query, "time": f"{at.timestamp():.3f}", "timeout": f"{self._timeout:g}s"})
        status, text = self._post(body.encode("ascii"))
        answer = None if status in _REDIRECTS else _read(text)
        if answer is None:
            if status in _AGAIN:
                raise TransientError(codes.UNREACHABLE, f"{self._place} answered {status}.")
            if status in {401, 403}:
                raise PermanentError(codes.REFUSED, f"{self._place} answered {status}: the token does not suffice.")
            detail = f"{self._place} answered {status} with {_shown(text)!r}."
            raise PermanentError(codes.NOT_PROMETHEUS, detail)
        if answer.get("status") != "success":
            detail = f"{self._place}: {answer.get('errorType')}: {_shown(answer.get('error'))}."
            if status in _AGAIN:
                raise TransientError(codes.UNREACHABLE, detail)
            raise PermanentError(codes.REFUSED, detail)
        return _number(answer.get("data"), query)

    @property
    def _place(self) -> str:
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc}"

    def _post(self, body: bytes) -> tuple[int, bytes]:
        if not self._url:
            raise PermanentError(codes.SETTINGS, "The project file names no `metrics.prometheus`.")
        try:
            secret = bearer_headers(read_secret(self._token, self._root), self._url)
        except PermanentError as error:
            raise PermanentError(codes.SETTINGS, error.detail) from error
        headers = {"User-Agent": "trueup", "Content-Type": "application/x-www-form-urlencoded", **secret}
        request = Request(f"{self._url}/api/v1/query", body, headers)  # noqa: S310 the project file allows http(s) alone
        ends = time.monotonic() + self._timeout
        try:
            with self._opened(request) as response:
                return response.status or 0, _within(response, ends)
        except URLError as error:
            raise TransientError(codes.UNREACHABLE, f"{self._place}: {error.reason}.") from error
        except (OSError, HTTPException) as error:
            why = str(error) or type(error).__name__
            raise TransientError(codes.UNREACHABLE, f"{self._place}: {why}.") from error

    def _opened(self, request: Request) -> HTTPResponse | HTTPError:
        try:
            response: HTTPResponse = build_opener(_NoRedirects).open(request, timeout=self._timeout)
        except HTTPError as error:
            return error
        return response


class _NoRedirects(HTTPRedirectHandler):
    """Follows none: the token is for this server, and a page to sign in answers no query."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Leave the answer as it is."""


def _within(response: HTTPResponse | HTTPError, ends: float) -> bytes:
    """Read the body; a server that sends a byte now and then does not hold a rollout for ever."""
    found = b""
    while len(found) <= _MOST_BYTES and (chunk := response.read1(_CHUNK)):
        found += chunk
        if time.monotonic() > ends:
            raise TimeoutError("no whole answer in time")
    return found


def _read(text: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "status" in found else None


def _number(data: Any, query: str) -> float | None:
    kind = data.get("resultType") if isinstance(data, dict) else None
    result = data.get("result") if isinstance(data, dict) else None
    match kind, result:
        case "scalar", [_, text]:
            return _finite(text)
        case "vector", []:
            return None
        case "vector", [{"value": [_, text]}]:
            return _finite(text)
        case "vector", [_, _, *_]:
            detail = (
                f"`{_shown(query)}` gives {len(result)} series, such as {_shown(json.dumps(result[0].get('metric')))}."
            )
            raise PermanentError(codes.NOT_ONE, detail)
        case "matrix" | "string", _:
            raise PermanentError(codes.NOT_ONE, f"`{_shown(query)}` gives a {kind}.")
        case _:
            raise PermanentError(codes.NOT_PROMETHEUS, f"`{_shown(query)}` gives {_shown(json.dumps(data))}.")


def _finite(text: Any) -> float | None:
    """Return a sample's value: numbers are texts there, and `NaN` and `+Inf` say that there is none."""
    try:
        value = float(text)
    except (TypeError, ValueError):
        raise PermanentError(codes.NOT_PROMETHEUS, f"{_shown(text)!r} is no value of a sample.") from None
    return value if math.isfinite(value) else None


def _shown(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return " ".join(text.split())[:_SHOWN].rstrip(".")
