"""The secret behind `source.credentials`: read when it is used, kept nowhere, in no message."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from trueup.adapters.sources import codes
from trueup.core.errors import PermanentError


def read_secret(reference: str, root: Path) -> str:
    """Return the secret that *reference* names, empty when there is no reference.

    Args:
        reference: `env:NAME` or `file:PATH`, a path from the home folder (`~`) or from *root*.
        root: The repository.

    Raises:
        PermanentError: There is none (ART114).
    """
    if not reference:
        return ""
    kind, _, name = reference.partition(":")
    if kind == "env":
        secret = os.environ.get(name, "")
    else:
        try:
            secret = (root / Path(name).expanduser()).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise PermanentError(codes.NO_SECRET, f"`{reference}` cannot be read: {why}.") from error
    if not secret.strip():
        raise PermanentError(codes.NO_SECRET, f"`{reference}` is not set, or empty.")
    return secret.strip()


def bearer_headers(secret: str, url: str) -> dict[str, str]:
    """Return the header that shows *secret* to *url*; none without a secret.

    Raises:
        PermanentError: It cannot stand in a header (ART114), or would travel unencrypted (ART113).
    """
    if not secret:
        return {}
    if not (secret.isascii() and secret.isprintable() and " " not in secret):
        raise PermanentError(codes.NO_SECRET, "What `source.credentials` leads to is no token.")
    refuse_unencrypted(url)
    return {"Authorization": f"Bearer {secret}"}


def refuse_unencrypted(url: str) -> None:
    """Refuse to show a secret to a server over the network in the clear (ART113)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and host not in ("localhost", "::1") and not host.startswith("127."):
        raise PermanentError(codes.NOT_ALLOWED, f"A secret would go to {host} unencrypted; use an `https` endpoint.")
