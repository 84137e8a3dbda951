"""`https://HOST/PATH`: one file of a web server. A mirror in `endpoint` is asked in place of the host."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from trueup.adapters.sources import codes
from trueup.adapters.sources.http import ask, open_url, shown
from trueup.adapters.sources.secrets import bearer_headers, read_secret
from trueup.adapters.sources.source import Listing, SourceFile
from trueup.core.errors import PermanentError
from trueup.desired.state import Access


class HttpsSource:
    """Reads files of web servers; a secret is sent as a bearer token."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def list(self, uri: str, access: Access) -> Listing:
        """Ask for the first byte of *uri*: the answer says how long it is, and what it is called."""
        parts = urlsplit(uri)
        name = unquote(parts.path.rsplit("/", 1)[-1])
        if not parts.hostname or not name:
            raise PermanentError(codes.BAD_URI, f"`{shown(uri)}` names no file.", hint="write `https://HOST/PATH/FILE`")
        url = uri
        if access.endpoint:
            query = f"?{parts.query}" if parts.query else ""
            url = f"{access.endpoint.rstrip('/')}{parts.path}{query}"
        headers = bearer_headers(read_secret(access.credentials, self._root), url)
        with ask(url, {**headers, "Range": "bytes=0-0"}) as answer:
            size, tag = _size(answer.headers.get("Content-Range", ""), answer.headers.get("Content-Length", "")), ""
            # A weak tag names what means the same, not what is the same (RFC 9110, 8.8.1).
            if not (found := answer.headers.get("ETag", "")).startswith("W/"):
                tag = found
        if size is None:
            raise PermanentError(codes.BAD_ANSWER, f"{shown(url)} does not say how long the file is.")
        file = SourceFile(name, size, lambda offset: open_url(url, headers, offset, tag=tag), tag=tag)
        return Listing(name, False, (file,), is_remote=True)


def _size(content_range: str, content_length: str) -> int | None:
    """Return the length of the whole, as an answer to the first byte or to everything says it."""
    text = content_range.rpartition("/")[2] if content_range else content_length
    return int(text) if text.isdecimal() else None
