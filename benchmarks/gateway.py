#!/usr/bin/env python3
"""What the gateway adds to a request: a trivial model server asked directly and through the gateway, by turns.

Everything is on loopback and in processes of its own; clients and servers share the processors, so the rates are
lower than what the gateway could do alone, and the added time is the honest number.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

BODY = {"model": "bench", "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 8}
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "bench",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 12, "completion_tokens": 2, "total_tokens": 14},
}


def upstream(port: int) -> None:
    """Serve one fixed answer until SIGTERM."""
    from aiohttp import web

    async def complete(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(ANSWER)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


@contextlib.contextmanager
def running(words: list[str], port: int) -> Iterator[None]:
    """Run a server until the block ends."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        else:
            raise SystemExit(f"{words} does not listen")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def published(folder: Path, port: int) -> list[str]:
    """Write what a target leaves for a gateway in front of *port*; return how it is started, its own port missing."""
    from trueup.adapters.gateways.local.stored import document_of
    from trueup.adapters.targets.process.layout import Layout, write_json
    from trueup.adapters.targets.process.status import Status
    from trueup.adapters.targets.process.supervision import Phase, fresh, launched
    from trueup.adapters.targets.process.wanted import WantedServer
    from trueup.core.digests import Revision, digest_of
    from trueup.core.ids import ResourceId
    from trueup.desired.state import RouteSpec, ServerSpec
    from trueup.ports import Route, RouteTable

    layout = Layout(folder)
    layout.create()
    server = ServerSpec("llama.cpp", digest_of("weights"))
    wanted = WantedServer(server.key, 0, {}, "/weights", ("server",), (), "bench")
    child = launched(fresh(wanted.id, wanted.fingerprint, 0.0), os.getpid(), 1.0, port, 0.0)
    write_json(layout.status, Status(os.getpid(), 1.0, 1, ((replace(child, phase=Phase.READY), wanted),)).to_json())
    route = Route(
        ResourceId("Deployment", "bench", environment="dev"),
        digest_of("release"),
        server.key,
        RouteSpec("bench", (("system", "You greet people."),)),
        {},
        Revision(""),
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    write_json(layout.routes, document_of(RouteTable("127.0.0.1", 0, (route,)), {}))
    module = ["-m", "trueup.adapters.gateways.local", "--folder", str(folder), "--host", "127.0.0.1"]
    return [sys.executable, *module, "--admin", str(folder / "admin.sock")]


async def load(port: int, requests: int, at_once: int) -> list[float]:
    """Send *requests*, *at_once* at a time, and return how long each took, in seconds."""
    import aiohttp

    taken: list[float] = []
    left = iter(range(requests))
    url = f"http://127.0.0.1:{port}/v1/chat/completions"

    async def client(session: aiohttp.ClientSession) -> None:
        for _ in left:
            start = time.perf_counter()
            async with session.post(url, json=BODY) as answer:
                await answer.read()
                if answer.status != 200:
                    raise SystemExit(f"{url} answers {answer.status}: {(await answer.text())[:300]}")
            taken.append(time.perf_counter() - start)

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(client(session))
    return taken


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=500, help="of each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--upstream", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.upstream:
        upstream(options.upstream)
        return
    direct, through = free_port(), free_port()
    with tempfile.TemporaryDirectory() as scratch:
        gateway = [*published(Path(scratch, "dev"), direct), "--port", str(through)]
        model = [sys.executable, __file__, "--upstream", str(direct)]
        with running(model, direct), running(gateway, through):
            print("| at once | | requests a second | median ms | 95 % ms |\n| ---: | --- | ---: | ---: | ---: |")
            for at_once in (1, 16):
                _compare({"direct": direct, "gateway": through}, options.requests, options.rounds, at_once)


def _compare(ports: dict[str, int], requests: int, rounds: int, at_once: int) -> None:
    rates: dict[str, list[float]] = {name: [] for name in ports}
    times: dict[str, list[float]] = {name: [] for name in ports}
    for number in range(rounds + 1):
        for name, port in ports.items():
            start = time.perf_counter()
            taken = asyncio.run(load(port, requests, at_once))
            if number:
                rates[name].append(requests / (time.perf_counter() - start))
                times[name] += taken
    for name in ports:
        ordered = sorted(times[name])
        late = ordered[int(len(ordered) * 0.95)]
        print(f"| {at_once} | {name} | {median(rates[name]):.0f} | {median(ordered) * 1e3:.2f} | {late * 1e3:.2f} |")
    added = median(times["gateway"]) - median(times["direct"])
    print(f"| {at_once} | added | | {added * 1e3:.2f} | |")


if __name__ == "__main__":
    main()
