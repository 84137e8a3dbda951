"""Files over HTTP, read from an offset: what a status means, redirects that keep secrets, bodies that end too early."""

import io
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, NoReturn
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from trueup.adapters.sources import codes
from trueup.adapters.sources.retries import UnreachableError, words_of
from trueup.core.errors import PermanentError

_SECONDS = 60
"""For a connection, and for each next byte; a busy registry may take half of it."""
_SECRET_HEADERS = ("authorization", "cookie", "proxy-authorization")
RETRY_AFTER = "Retry-After"
_BUSY = frozenset({408, 425, 429})


class HttpBody(io.RawIOBase):
    """The body of an answer, which tells a broken connection from the end.

    Args:
        stream: What is read; anything with `read` and `close`.
        expected: Bytes that were announced, None when none were.
        where: The address, for messages.
        broken: What the library raises for a connection that breaks.
    """

    def __init__(
        self, stream: IO[bytes], expected: int | None, where: str, broken: tuple[type[Exception], ...] = ()
    ) -> None:
        super().__init__()
        self._stream, self._left, self._where = stream, expected, where
        self._broken: tuple[type[Exception], ...] = (OSError, HTTPException, *broken)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Return up to *size* bytes, none at the end."""
        try:
            content = self._stream.read(size)
        except self._broken as error:
            raise UnreachableError(f"{self._where}: the connection broke: {words_of(error)}.") from error
        if self._left is not None:
            self._left -= len(content)
            if not content and self._left > 0:
                raise UnreachableError(f"{self._where}: the connection ended {self._left:,} bytes too early.")
        return content

    def skip(self, count: int) -> None:
        """Read *count* bytes that nobody needs; a server that knows no ranges sends everything."""
        while count > 0 and (content := self.read(min(count, 1 << 20))):
            count -= len(content)

    def close(self) -> None:
        """Give the connection back."""
        self._stream.close()
        super().close()


def open_url(url: str, headers: Mapping[str, str], offset: int, *, tag: str = "") -> HttpBody:
    """Open *url* at *offset*; *tag* is the ETag that its content had when it was listed.

    Raises:
        PermanentError: It is missing (ART102), refused (ART113), or another content by now (ART108).
        TransientError: The server cannot be reached or is busy.
    """
    ranged = {**headers, "Range": f"bytes={offset}-"} if offset else dict(headers)
    answer = ask(url, ranged)
    found = answer.headers.get("ETag", "")
    if tag and found and found != tag:
        answer.close()
        raise PermanentError(codes.CHANGED, f"{shown(url)} is another file than when it was listed.")
    body = HttpBody(answer, _length(answer), shown(url))
    if offset and answer.status != 206:
        body.skip(offset)
    return body


def ask(url: str, headers: Mapping[str, str]) -> HTTPResponse:
    """Ask *url* and return the answer when it is one.

    Raises:
        PermanentError: It is missing (ART102), refused (ART113), or an unusable answer (ART116).
        TransientError: The server cannot be reached or is busy.
    """
    request = Request(url, headers={"User-Agent": "trueup", **headers})  # noqa: S310 - sources allow http and https
    try:
        answer: HTTPResponse = build_opener(_Redirects).open(request, timeout=_SECONDS)
    except HTTPError as error:
        error.close()
        refuse_status(error.code, error.headers.get(RETRY_AFTER), shown(error.url or url))
    except URLError as error:
        raise UnreachableError(f"{shown(url)}: {error.reason}.") from error
    except (OSError, HTTPException) as error:
        raise UnreachableError(f"{shown(url)}: {words_of(error)}.") from error
    return answer


def refuse_status(status: int, after: str | None, where: str) -> NoReturn:
    """Raise the error that a *status* of 300 and more stands for; *after* is its header `Retry-After`."""
    what = f"{where} answered {status}"
    if status in _BUSY or status >= 500:
        raise UnreachableError(f"{what}.", after_seconds=float(after) if after and after.isdecimal() else 0.0)
    match status:
        case 401 | 403:
            raise PermanentError(codes.NOT_ALLOWED, f"{what}.")
        case 404 | 410:
            raise PermanentError(codes.MISSING, f"{what}: there is nothing at that place.")
        case 412 | 416:
            raise PermanentError(codes.CHANGED, f"{what}: it is shorter, or another file, than when it was listed.")
        case _:
            raise PermanentError(codes.BAD_ANSWER, f"{what}.")


def shown(url: str) -> str:
    """Return *url* as it may be shown: without a query, which can be a signature that opens it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _length(answer: HTTPResponse) -> int | None:
    text = answer.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else None


class _Redirects(HTTPRedirectHandler):
    """Follows redirects: to another host without the secrets, from https never to something in the clear."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.scheme not in ("http", "https") or (old.scheme, new.scheme) == ("https", "http"):
            detail = f"{shown(req.full_url)} leads to {shown(newurl)}, which is not encrypted."
            raise PermanentError(codes.BAD_ANSWER, detail)
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made is not None and (old.scheme, old.netloc) != (new.scheme, new.netloc):
            for name in list(made.headers):
                if name.lower() in _SECRET_HEADERS:
                    made.remove_header(name)
        return made
