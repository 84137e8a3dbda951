"""Orders to a running gateway over its admin socket, which only its owner can open."""

import http.client
import json
import math
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from trueup.adapters.targets.process import codes
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError, TransientError
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.observed.traffic import Answered, Traffic


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


def traffic(path: str, deployment: str, since: float, timeout_seconds: float) -> Traffic:
    """Ask a gateway what the releases of *deployment* answered since then, in seconds since the epoch.

    Raises:
        TransientError: Nobody answers there, or not to the end.
    """
    query = urlencode({"deployment": deployment, "since": repr(since)})
    status, body = _read(path, "GET", f"/traffic?{query}", None, timeout_seconds)
    if status != http.client.OK:
        raise TransientError(codes.GATEWAY_DIED, f"its admin socket {path} answers with HTTP {status}")
    found: dict[str, dict[Digest, tuple[Answered, ...]]] = {"served": {}, "copied": {}}
    try:
        first, *lines = [json.loads(line) for line in body.splitlines()]
        if not lines or lines[-1] != {"end": True}:
            raise TransientError(codes.GATEWAY_DIED, f"its admin socket {path} broke off its answer")
        for line in lines[:-1]:
            of, release = found[line["kind"]], Digest(line["release"])
            of[release] = (*of.get(release, ()), *(Answered(*answer) for answer in line["answers"]))
        # Rounded up: a microsecond that is missing must not be promised.
        begin = datetime.fromtimestamp(math.ceil(first["since"] * 1e6) / 1e6, UTC)
    except (KeyError, TypeError, ValueError) as error:
        raise TransientError(codes.GATEWAY_DIED, f"its admin socket {path} answers with {error!r}") from error
    return Traffic(begin, found["served"], found["copied"])


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
    status, answer = _read(path, method, target, body, timeout_seconds)
    try:
        return status, json.loads(answer or b"null")
    except ValueError as error:
        raise TransientError(codes.GATEWAY_DIED, f"its admin socket {path} does not answer: {error}") from error


def _read(path: str, method: str, target: str, body: Json, timeout_seconds: float) -> tuple[int, bytes]:
    connection = _UnixConnection(path, timeout_seconds)
    try:
        payload = None if body is None else json.dumps(body).encode()
        connection.request(method, target, payload, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise TransientError(codes.GATEWAY_DIED, f"its admin socket {path} does not answer: {error}") from error
    finally:
        connection.close()


def _pair(value: Json) -> tuple[int, int]:
    if isinstance(value, list) and len(value) == 2:
        return int(str(value[0])), int(str(value[1]))
    return 0, 0
