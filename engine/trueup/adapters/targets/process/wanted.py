"""What should run in one environment: written by commands, followed by the supervisor."""

from collections.abc import Mapping
from dataclasses import field
from functools import cached_property

from trueup.adapters.targets.process import codes
from trueup.adapters.targets.process.layout import Layout, read_json, reported, write_json
from trueup.core.digests import Digest, digest_of
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json

FORMAT = 1
GATEWAY = "gateway"
"""The gateway's id among the children; servers have `<digits of the key>-<replica>`."""

PORT = "@PORT@"
"""Stands in an argument list for the port, which the supervisor chooses at each start."""


@dataclass(frozen=True)
class WantedServer:
    """One model server process.

    Attributes:
        key: `ServerSpec.key`.
        replica: Number from 0.
        spec: The spec as JSON, for `observe`.
        artifact: Where the artifact lies.
        argv: Command line, with `PORT` where the port goes.
        env: Environment on top of the few inherited variables.
        model: The name the server itself knows its model by.
        ready_timeout_seconds: Time from start to the first good completion.
        drain_seconds: Time from SIGTERM to SIGKILL.
        attempt: Raised to start anew a server that was given up.
        seal: Of the artifact's files when they were verified; empty when nobody looked.
    """

    key: Digest
    replica: int
    spec: Json
    artifact: str
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    model: str
    ready_timeout_seconds: float = 120.0
    drain_seconds: float = 30.0
    attempt: int = 0
    seal: str = ""

    @property
    def id(self) -> str:
        """Name of its log and pid file."""
        return f"{self.key.removeprefix('sha256:')[:16]}-{self.replica}"

    @cached_property
    def fingerprint(self) -> Digest:
        """What, when it changes, needs a new process."""
        sealed = {"seal": self.seal} if self.seal else {}
        return digest_of({"argv": self.argv, "env": dict(self.env), "attempt": self.attempt, **sealed})

    def to_json(self) -> dict[str, Json]:
        """Return the server as JSON."""
        return {
            "key": self.key,
            "replica": self.replica,
            "spec": self.spec,
            "artifact": self.artifact,
            "argv": list(self.argv),
            "env": dict(self.env),
            "model": self.model,
            "readyTimeoutSeconds": self.ready_timeout_seconds,
            "drainSeconds": self.drain_seconds,
            "attempt": self.attempt,
            "seal": self.seal,
        }


@dataclass(frozen=True)
class WantedGateway:
    """The gateway process: where it listens and where it takes orders."""

    host: str
    port: int
    admin: str
    argv: tuple[str, ...]
    attempt: int = 0
    ready_timeout_seconds: float = 30.0
    drain_seconds: float = 10.0

    @property
    def id(self) -> str:
        """Name of its log and pid file."""
        return GATEWAY

    @property
    def env(self) -> tuple[tuple[str, str], ...]:
        """Nothing besides what is inherited."""
        return ()

    @cached_property
    def fingerprint(self) -> Digest:
        """What, when it changes, needs a new process."""
        return digest_of({"argv": self.argv, "attempt": self.attempt})

    def to_json(self) -> dict[str, Json]:
        """Return the gateway as JSON."""
        return {
            "host": self.host,
            "port": self.port,
            "admin": self.admin,
            "argv": list(self.argv),
            "attempt": self.attempt,
        }


WantedChild = WantedServer | WantedGateway


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that should run. `generation` grows with every change, so that a reader can wait for it."""

    generation: int = 0
    servers: tuple[WantedServer, ...] = field(default=())
    gateway: WantedGateway | None = None

    @property
    def children(self) -> dict[str, WantedChild]:
        """All processes by id."""
        children: dict[str, WantedChild] = {s.id: s for s in self.servers}
        if self.gateway:
            children[GATEWAY] = self.gateway
        return children

    def to_json(self) -> dict[str, Json]:
        """Return the whole as JSON."""
        return {
            "format": FORMAT,
            "generation": self.generation,
            "servers": [s.to_json() for s in self.servers],
            "gateway": self.gateway.to_json() if self.gateway else None,
        }


def server_from_json(value: Mapping[str, Json]) -> WantedServer:
    """Read one server; the file is ours, so a missing key is a damaged file.

    Raises:
        KeyError: A key is missing.
        TypeError: A value has another type.
        ValueError: A number is none.
    """
    return WantedServer(
        key=Digest(_text(value["key"])),
        replica=int(_number(value["replica"])),
        spec=value["spec"],
        artifact=_text(value["artifact"]),
        argv=_texts(value["argv"]),
        env=tuple((k, _text(v)) for k, v in _mapping(value["env"]).items()),
        model=_text(value["model"]),
        ready_timeout_seconds=_number(value["readyTimeoutSeconds"]),
        drain_seconds=_number(value["drainSeconds"]),
        attempt=int(_number(value["attempt"])),
        seal=_text(value.get("seal", "")),
    )


def gateway_from_json(value: Mapping[str, Json]) -> WantedGateway:
    """Read the gateway; errors as in `server_from_json`."""
    return WantedGateway(
        host=_text(value["host"]),
        port=int(_number(value["port"])),
        admin=_text(value["admin"]),
        argv=_texts(value["argv"]),
        attempt=int(_number(value["attempt"])),
    )


def wanted_from_json(value: Json) -> Wanted | None:
    """Read the whole; None when it is damaged.

    Raises:
        PermanentError: It has a format of another version.
    """
    if not isinstance(value, Mapping):
        return None
    if value.get("format") != FORMAT:
        raise PermanentError(codes.STATE_FOREIGN, f"wanted.json has format {value.get('format')}, known is {FORMAT}")
    try:
        gateway = value["gateway"]
        return Wanted(
            generation=int(_number(value["generation"])),
            servers=tuple(server_from_json(_mapping(s)) for s in _items(value["servers"])),
            gateway=gateway_from_json(_mapping(gateway)) if gateway is not None else None,
        )
    except (KeyError, TypeError, ValueError):
        return None


def read_wanted(layout: Layout) -> Wanted | None:
    """Return what should run; None when nothing was ever asked for, or the file is damaged."""
    return wanted_from_json(read_json(layout.wanted))


def write_wanted(layout: Layout, wanted: Wanted) -> None:
    """Make *wanted* the whole truth of what should run."""
    with reported(layout.wanted):
        write_json(layout.wanted, wanted.to_json())


def _mapping(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise TypeError(f"expected an object, found {value!r}")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {value!r}")
    return value


def _items(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, found {value!r}")
    return value


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(_text(v) for v in _items(value))


def _number(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, found {value!r}")
    return value
