"""Servers for tests: the tiny models as GGUF, specs and routes for them, requests, and the end of every process."""

import contextlib
import http.client
import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from artifacts import TINY, broken_tiny, silent
from trueup.adapters.builders.builder import BuildTask
from trueup.adapters.builders.builtin import builtin_builders
from trueup.adapters.clock import SystemClock
from trueup.adapters.targets.process.target import ProcessTarget
from trueup.core.digests import Digest, digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import RouteSpec, ServerSpec
from trueup.ports import Route, RouteTable

APPLIED_AT = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
SCRIPTED = Path(__file__).with_name("scripted_server.py")


@cache
def _folder() -> Path:
    import atexit

    folder = Path(tempfile.mkdtemp(prefix="trueup-gguf-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def gguf(name: str) -> Path:
    """Build tiny model *name* (`v1`, `v2`, or v2 with a fault: `nan`) once for all tests."""
    source = TINY / name if name.startswith("v") else broken_tiny(_folder() / f"source-{name}", name)
    target = _folder() / name
    target.mkdir()
    built = builtin_builders()["gguf"].build(BuildTask(source, target, {"quantization": "F16"}), silent).path
    return built if built.is_file() else next(built.glob("*.gguf"))


def server(name: str, replicas: int = 1, interpreter: str = "", **arguments: Json) -> ServerSpec:
    """Return a llama.cpp server for artifact *name*; equal names and arguments give equal keys."""
    given = {"threads": 1, "slots": 2, "contextPerSlot": 512, **arguments}
    return ServerSpec("llama.cpp", digest_of(name), tuple(sorted(given.items())), interpreter, replicas)


def route(spec: ServerSpec, name: str = "support", environment: str = "dev", **fields: Any) -> Route:
    """Return a route that serves public model *name* by *spec*."""
    return Route(
        deployment=ResourceId("Deployment", name, environment=environment),
        release=digest_of({"release": spec.key}),
        server=spec.key,
        spec=RouteSpec(**{"model_name": name, "decoding": (("max_tokens", 32), ("temperature", 0)), **fields}),
        manifest={"deployment": name},
        revision="",  # type: ignore[arg-type]
        applied_at=APPLIED_AT,
    )


def table(*routes: Route, port: int = 0) -> RouteTable:
    return RouteTable("127.0.0.1", port, routes)


def question(
    model: str = "support", text: str = "Which city is the capital of Japan?", **fields: Json
) -> dict[str, Json]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


@dataclass(frozen=True)
class Answered:
    """One answer of the gateway."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return str(self.json["choices"][0]["message"]["content"])

    @property
    def error(self) -> Any:
        return self.json["error"]

    @property
    def events(self) -> list[Any]:
        lines = [line[6:] for line in self.body.decode().split("\n") if line.startswith("data: ")]
        return [line if line == "[DONE]" else json.loads(line) for line in lines]


def ask(
    address: str, path: str, body: Json | bytes = None, headers: Mapping[str, str] | None = None, method: str = ""
) -> Answered:
    """Send one request; JSON by POST when there is a body."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
    with contextlib.closing(connection):
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if content is not None else {}
        connection.request(method or ("GET" if body is None else "POST"), path, content, {**sent, **(headers or {})})
        answer = connection.getresponse()
        return Answered(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())


def chat(address: str, body: Json | bytes, **headers: str) -> Answered:
    return ask(address, "/v1/chat/completions", body, headers)


def scripted(folder: Path, script: str) -> str:
    """Return an "interpreter" that runs a scripted HTTP server behind the runtime's port instead of a model."""
    path = folder / f"python-{script}"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "{SCRIPTED}" {script} "{folder}" "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@contextlib.contextmanager
def process_target(folder: Path) -> Iterator[ProcessTarget]:
    """A target whose every process is gone afterwards, however the test ends."""
    target = ProcessTarget(folder, SystemClock())
    try:
        yield target
    finally:
        try:
            for environment in target.environments():
                target.shutdown(environment)
        finally:
            for process in processes_of(folder):
                with contextlib.suppress(psutil.Error):
                    process.kill()


def processes_of(folder: Path) -> Sequence[psutil.Process]:
    """Return every process whose command line names *folder*: supervisor, gateway, servers."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and any(str(folder) in part for part in process.cmdline()):
                found.append(process)
    return found


def kill_all_of(folder: Path) -> None:
    """Kill every process of *folder* until none is left: a supervisor that is not dead yet starts what was killed."""
    while found := processes_of(folder):
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=10)


def pid_of(folder: Path, module: str) -> int:
    """Return the pid of the one process of *folder* that runs *module*."""
    (process,) = [p for p in processes_of(folder) if any(module in part for part in p.cmdline())]
    return process.pid


def release_of(spec: ServerSpec) -> Digest:
    return digest_of({"release": spec.key})
