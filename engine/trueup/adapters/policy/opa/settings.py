"""Where an OPA server is and how it is reached; secrets are references until the moment they are sent."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from trueup.adapters.policy.opa import codes
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.spec.engines import EngineChoice

_PORTS = {"http": 80, "https": 443}
_TOKEN = re.compile(r"[!-~]+")
"""What may stand in a header."""


class EngineSettingsError(PermanentError):
    """A setting cannot be used."""

    def __init__(self, detail: str) -> None:
        super().__init__(codes.SETTINGS, detail)


@dataclass(frozen=True, slots=True)
class OpaSettings:
    """How an OPA server is reached.

    Attributes:
        url: `http://host:port` or `https://host:port`, without a path.
        token: Reference to a bearer token, `env:NAME` or `file:PATH`; empty sends none.
        ca: File with the certificates that are trusted; empty trusts those that come with Python's `certifi`.
        certificate: File with the client's certificate, and `key` the file with its key; empty sends none.
        key: See `certificate`; empty when the certificate's file has it.
        timeout_seconds: For one request, its whole answer included.
        retries: How often a request is sent again after no connection, 429, 502, 503 or 504.
        backoff_seconds: Waited before the first of them, twice as long before each next one.
    """

    url: str
    token: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    timeout_seconds: float = 10.0
    retries: int = 2
    backoff_seconds: float = 0.2

    @property
    def server(self) -> str:
        """Host and port, as decisions record them."""
        return f"{self.host}:{self.port}"

    @property
    def is_secure(self) -> bool:
        """Whether the connection is encrypted."""
        return urlsplit(self.url).scheme == "https"

    @property
    def host(self) -> str:
        """The host, an IPv6 address in brackets."""
        name = urlsplit(self.url).hostname or ""
        return f"[{name}]" if ":" in name else name

    @property
    def port(self) -> int:
        """The port; that of the scheme when the url has none."""
        parts = urlsplit(self.url)
        return parts.port or _PORTS[parts.scheme]


def settings_of(choice: EngineChoice) -> OpaSettings:
    """Return how the server of a project is reached."""
    return OpaSettings(
        url=choice.url,
        token=choice.token,
        ca=choice.ca,
        certificate=choice.certificate,
        key=choice.key,
        timeout_seconds=choice.timeout_seconds,
        retries=choice.retries,
    )


def check_settings(settings: OpaSettings) -> None:
    """Refuse what cannot be used.

    Raises:
        EngineSettingsError: The url is none of a server, or a token would travel in the clear.
    """
    try:
        parts = urlsplit(settings.url)
        is_server = parts.scheme in _PORTS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_server = False
    if not is_server:
        named = f"`{settings.url}` is no url of a server" if settings.url else "No server is named"
        raise EngineSettingsError(f"{named}; write `https://host:8181`.")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise EngineSettingsError(f"`{settings.url}` has more than a host and a port; the client takes no more.")
    if settings.token and not settings.is_secure and not _is_local(parts.hostname or ""):
        raise EngineSettingsError(f"A token would go to {settings.server} unencrypted; use https.")
    if settings.key and not settings.certificate:
        raise EngineSettingsError("`key` is the key of a `certificate`, and none is named.")


def _is_local(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def read_token(settings: OpaSettings, root: Path) -> str:
    """Return the token that the settings refer to, empty when there is none.

    Raises:
        EngineSettingsError: There is nothing where the reference leads, or no token.
    """
    if not settings.token:
        return ""
    kind, _, name = settings.token.partition(":")
    match kind:
        case "env":
            token = os.environ.get(name, "")
        case "file":
            token = _read(root / name, "token")
        case _:
            raise EngineSettingsError("`token` is a reference, `env:NAME` or `file:PATH`, never the token itself.")
    token = token.strip()
    if not _TOKEN.fullmatch(token):
        raise EngineSettingsError(f"There is no token at `{settings.token}`.")
    return token


def certificate_files(settings: OpaSettings, root: Path) -> tuple[str | bool, str | tuple[str, str] | None]:
    """Return what verifies the server and what shows the client, as files that are there.

    Raises:
        EngineSettingsError: A file cannot be read.
    """
    for name, file in (("ca", settings.ca), ("certificate", settings.certificate), ("key", settings.key)):
        if file:
            _read(root / file, name)
    shown: str | tuple[str, str] | None = str(root / settings.certificate) if settings.certificate else None
    if settings.certificate and settings.key:
        shown = (str(root / settings.certificate), str(root / settings.key))
    return str(root / settings.ca) if settings.ca else True, shown


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise EngineSettingsError(f"`{name}`: `{path}` cannot be read: {why}.") from error
