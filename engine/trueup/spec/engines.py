"""The policy engine a project asks, as a value."""

from trueup.core.frozen import dataclass

EMBEDDED, OPA, BOTH = "embedded", "opa", "both"


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which engine judges, and where a server is.

    Attributes:
        kind: `embedded`, `opa` or `both`.
        url: `https://host:port` of an OPA server; empty when none is declared.
        token: Reference to the token that opens it; empty sends none.
        ca: File with the certificates that are trusted; empty trusts the usual ones.
        certificate: File with the certificate that the client shows; empty shows none.
        key: File with its key; empty when the certificate's file has it.
        timeout_seconds: For one request.
        retries: How often a request is sent again when the server is busy or away.
    """

    kind: str = EMBEDDED
    url: str = ""
    token: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    timeout_seconds: float = 10.0
    retries: int = 2
