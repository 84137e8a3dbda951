"""Orders to a running gateway over its admin socket, which only its owner can open."""

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from trueup.adapters.targets.process import codes
from trueup.core.errors import PermanentError, TransientError
from trueup.core.json import Json


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_seconds: float) -> None:
        super().__init__("localhost", timeout=timeout_seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(frozen=True, slots=True)
class GatewayState:
    """What a running gateway says of itself.

    Attributes:
        digest: Digest of the table it serves by; empty when it has none.
        table: That table in its stored form, when it was asked for.
        error: Why it refuses the stored table; empty when it does not.
        requests: (answered, failed) by deployment address, since the route was applied.
        in_flight: Requests on their way, by server key.
    """

    digest: str
    table: Json
    error: str
    requests: Mapping[str, tuple[int, int]]
    in_flight: Mapping[str, int]


def state(path: str, timeout_seconds: float, *, with_table: bool = False) -> GatewayState:
    """Ask a gateway what it really serves; the table itself is large, so it comes only when asked for.

    Raises:
        TransientError: Nobody answers there.
    """
    status, value = _ask(path, "GET", "/state?table=1" if with_table else "/state", None, timeout_seconds)
    if status != http.client.OK or not isinstance(value, Mapping):
        raise TransientError(codes.GATEWAY_DIED, f"its admin socket {path} answers with HTTP {status}")
    counts = value.get("requests")
    in_flight = value.get("inFlight")
    return GatewayState(
        digest=str(value.get("digest") or ""),
        table=value.get("table"),
        error=str(value.get("error") or ""),
        requests={k: _pair(v) for k, v in counts.items()} if isinstance(counts, Mapping) else {},
        in_flight={k: int(str(v)) for k, v in in_flight.items()} if isinstance(in_flight, Mapping) else {},
    )


def replace_table(path: str, document: Json, timeout_seconds: float) -> str:
    """Give a gateway a new table; return why it was refused, empty when it is in force and stored.

    Raises:
        TransientError: Nobody answers there, or the gateway could not store the table.
    """
    status, value = _ask(path, "PUT", "/table", document, timeout_seconds)
    reason = str(value.get("error") or "") if isinstance(value, Mapping) else ""
    if status == http.client.OK:
        return ""
    if status == http.client.BAD_REQUEST:
        return reason or "no reason given"
    if status == http.client.INSUFFICIENT_STORAGE:
        raise TransientError(codes.STATE_UNWRITABLE, reason)
    raise PermanentError(codes.GATEWAY_DIED, f"its admin socket {path} answers with HTTP {status} {reason}")


def _ask(path: str, method: str, target: str, body: Json, timeout_seconds: float) -> tuple[int, Json]:
    connection = _UnixConnection(path, timeout_seconds)
    try:
        payload = None if body is None else json.dumps(body).encode()
        connection.request(method, target, payload, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        value: Json = json.loads(answer.read() or b"null")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TransientError(codes.GATEWAY_DIED, f"its admin socket {path} does not answer: {error}") from error
    else:
        return answer.status, value
    finally:
        connection.close()


def _pair(value: Json) -> tuple[int, int]:
    if isinstance(value, list) and len(value) == 2:
        return int(str(value[0])), int(str(value[1]))
    return 0, 0
