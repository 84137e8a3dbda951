"""JSON over HTTP as forges speak it: a token that stays secret, waiting when asked to, pages, and what a status means.

What GitHub asks of clients that it limits: https://docs.github.com/rest/using-the-rest-api (best practices); GitLab
answers 429 with `Retry-After`.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from http.client import HTTPException
from typing import Any, NoReturn
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from trueup.adapters.forges import codes
from trueup.core.errors import PermanentError, TransientError
from trueup.core.frozen import dataclass

_SECONDS = 30
_ATTEMPTS = 4
_LONGEST_WAIT_SECONDS = 60.0
"""Longer than a secondary limit of GitHub usually lasts; a job should not hang for an hour until a limit is reset."""
_PAGES = 100
_PER_PAGE = 100
_SHOWN = 300
"""Characters of an answer that are quoted."""

Fields = Mapping[str, str | int | bool]


class ForgeUnreachableError(TransientError):
    """The forge does not answer."""


class ForgeBusyError(TransientError):
    """The forge asks to wait."""


class ForgeRefusedError(PermanentError):
    """The forge answers and refuses.

    Attributes:
        status: Status of the answer; 0 when it was never asked.
    """

    def __init__(self, code: Any, detail: str, *, hint: str = "", status: int = 0) -> None:
        super().__init__(code, detail, hint=hint)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class _NoRedirects(HTTPRedirectHandler):
    """Follows nothing: the token is for the address that was declared."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class ForgeClient:
    """Requests to one API.

    Attributes:
        api: Its address, `https://api.github.com`.
        token: Shown to it, and in no message.
        headers: Sent with every request.
        wait: Sleeps.
        now: Seconds since 1970.
    """

    api: str
    token: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        """Refuse what must not be sent."""
        if not (self.token and self.token.isascii() and self.token.isprintable() and " " not in self.token):
            raise ForgeRefusedError(codes.NO_TOKEN, "What `forge.token` leads to is no token.")
        parts = urlsplit(self.api)
        host = parts.hostname or ""
        if parts.scheme != "https" and host not in ("localhost", "::1") and not host.startswith("127."):
            raise ForgeRefusedError(codes.NO_TOKEN, f"The token would go to {host} unencrypted.")

    def ask(self, method: str, path: str, fields: Fields | None = None, **query: str | int) -> Any:
        """Send one request and return what came back as JSON; None for nothing.

        Raises:
            ForgeUnreachableError: It does not answer.
            ForgeBusyError: It asks to wait too long.
            ForgeRefusedError: It refuses, or the answer is no JSON.
        """
        return self._json(self._answer(method, path, fields, query), path)

    def pages(self, path: str, **query: str | int) -> Iterator[Any]:
        """Yield what is listed at *path*, page by page as it is asked for."""
        for page in range(1, _PAGES + 1):
            answer = self._answer("GET", path, None, {**query, "per_page": _PER_PAGE, "page": page})
            listed = self._json(answer, path)
            if not isinstance(listed, list):
                raise ForgeRefusedError(codes.BAD_ANSWER, f"{self.api}{path} answered no list.")
            yield from listed
            if 'rel="next"' not in answer.headers.get("link", ""):
                return

    def _json(self, answer: _Answer, path: str) -> Any:
        try:
            return json.loads(answer.body) if answer.body.strip() else None
        except ValueError as error:
            raise ForgeRefusedError(codes.BAD_ANSWER, f"{self.api}{path} answered no JSON.") from error

    def _answer(self, method: str, path: str, fields: Fields | None, query: Mapping[str, str | int]) -> _Answer:
        url = f"{self.api}{path}" + (f"?{urlencode(query)}" if query else "")
        where = f"{method} {self.api}{path}"
        for attempt in range(1, _ATTEMPTS + 1):
            is_last = attempt == _ATTEMPTS
            try:
                answer = self._once(method, url, fields)
            except (OSError, HTTPException) as error:
                if is_last:
                    raise ForgeUnreachableError(codes.UNREACHABLE, f"{where}: {self._quoted(str(error))}") from error
                self.wait(2.0 ** (attempt - 1))
                continue
            if answer.status < 300:
                return answer
            if not (limited := _is_limited(answer)) and answer.status < 500:
                self._refuse(answer, where)
            seconds = self._seconds(answer, attempt)
            if limited and (is_last or seconds > _LONGEST_WAIT_SECONDS):
                detail = f"{where} answered {answer.status}; it wants {round(seconds)} seconds of rest."
                raise ForgeBusyError(codes.BUSY, detail)
            if is_last or seconds > _LONGEST_WAIT_SECONDS:
                break
            self.wait(seconds)
        raise ForgeUnreachableError(codes.UNREACHABLE, f"{where} answered {answer.status}.")

    def _once(self, method: str, url: str, fields: Fields | None) -> _Answer:
        headers = {"User-Agent": "trueup", **self.headers, "Authorization": f"Bearer {self.token}"}
        body = None
        if fields is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(dict(fields)).encode()
        # The scheme is https, or the address is this machine's own.
        request = Request(url, data=body, headers=headers, method=method)  # noqa: S310
        try:
            with build_opener(_NoRedirects).open(request, timeout=_SECONDS) as answer:
                return _Answer(answer.status, _lower(answer.headers), answer.read())
        except HTTPError as error:
            with error:
                return _Answer(error.code, _lower(error.headers), error.read())
        except URLError as error:
            raise OSError(str(error.reason)) from error

    def _seconds(self, answer: _Answer, attempt: int) -> float:
        """Return how long the forge wants to be left alone, and a little longer each time when it does not say."""
        after = answer.headers.get("retry-after", "")
        if after.isdecimal():
            return float(after)
        reset = answer.headers.get("x-ratelimit-reset", "") or answer.headers.get("ratelimit-reset", "")
        if _is_limited(answer) and answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
            return max(0.0, float(reset) - self.now())
        return 2.0 ** (attempt - 1)

    def _refuse(self, answer: _Answer, where: str) -> NoReturn:
        detail = f"{where} answered {answer.status}: {self._words(answer)}"
        match answer.status:
            case 401:
                code = codes.TOKEN_REFUSED
            case 403:
                code = codes.NOT_ALLOWED
            case 404 | 410:
                code = codes.NOT_FOUND
            case 400 | 405 | 409 | 422:
                code = codes.NOT_TAKEN
            case _:
                code = codes.BAD_ANSWER
        if code is codes.BAD_ANSWER and "location" in answer.headers:
            detail += f" It leads to {self._quoted(answer.headers['location'])}."
        raise ForgeRefusedError(code, detail, hint=code.remedy, status=answer.status)

    def _words(self, answer: _Answer) -> str:
        """Return the forge's own words."""
        try:
            said = json.loads(answer.body)
        except ValueError:
            return "no reason."
        if not isinstance(said, dict):
            return "no reason."
        parts = [said.get("message"), said.get("error"), said.get("error_description"), *_errors(said.get("errors"))]
        words = "; ".join(p if isinstance(p, str) else json.dumps(p) for p in parts if p)
        return self._quoted(words or "no reason.")

    def _quoted(self, text: str) -> str:
        """Return *text* on one line, short, and without the token whatever the server repeats of it."""
        plain = "".join(c if c.isprintable() else " " for c in text.replace(self.token, "***"))
        return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}..."


def _errors(found: Any) -> list[Any]:
    errors = found if isinstance(found, list) else [found]
    return [e.get("message") or e if isinstance(e, dict) else e for e in errors]


def _is_limited(answer: _Answer) -> bool:
    """Tell a limit from a refusal: GitHub answers both with 403."""
    if answer.status == 429:
        return True
    if answer.status != 403:
        return False
    is_spent = answer.headers.get("x-ratelimit-remaining") == "0"
    return is_spent or "retry-after" in answer.headers or b"secondary rate limit" in answer.body.lower()


def _lower(headers: Any) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}


def included(client: ForgeClient, path: str, key: str) -> list[int]:
    """Return the numbers under *key* of what is listed at *path*; none for a commit that the forge does not have."""
    try:
        found = list(client.pages(path))
    except ForgeRefusedError as error:
        if error.status in (404, 422):
            return []
        raise
    numbers = [request.get(key) for request in found if isinstance(request, Mapping)]
    return sorted({number for number in numbers if isinstance(number, int)})
