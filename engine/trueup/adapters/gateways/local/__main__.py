"""The gateway's process: `python -m trueup.adapters.gateways.local --folder F --host H --port P --admin SOCKET`.

It listens for clients on one stable address and for orders on a socket that only its owner can open. It ends after
the answers under way on SIGTERM, and when its folder is gone.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from trueup.adapters.gateways.local.app import Gateway
from trueup.adapters.gateways.local.backends import Backends
from trueup.adapters.gateways.local.recent import answer_json
from trueup.adapters.gateways.local.stored import document_of
from trueup.adapters.gateways.local.table import compile_table
from trueup.adapters.targets.process.layout import Layout, read_json, write_json
from trueup.core.errors import TrueupError
from trueup.core.json import Json
from trueup.ports import RouteTable

_REFRESH_SECONDS = 0.2
_DRAIN_SECONDS = 8.0
_PORT_EXIT = 73
_PART = 500
"""Answers told at once: about a millisecond."""


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--admin", type=Path, required=True)
    options = parser.parse_args(arguments)
    return asyncio.run(serve(Layout(options.folder), options.host, options.port, options.admin))


async def serve(layout: Layout, host: str, port: int, admin: Path) -> int:
    """Serve the stored table until SIGTERM, or until the folder is gone."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    gateway = Gateway(Backends(layout))
    _load(gateway, layout)
    gateway.backends.refresh()
    orders = Orders(gateway, layout)
    runners = [_runner(orders.application()), _runner(gateway.application())]
    try:
        for runner in runners:
            await runner.setup()
        await _listen_for_orders(runners[0], admin)
        await web.TCPSite(runners[1], host, port).start()
    except OSError as error:
        sys.stderr.write(f"trueup: cannot listen on {host}:{port}: {error.strerror or error}\n")
        return _PORT_EXIT
    sys.stdout.write(f"gateway listens on {host}:{port}\n")
    sys.stdout.flush()
    while not stopping.is_set() and layout.folder.is_dir():
        gateway.backends.refresh()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), _REFRESH_SECONDS)
    for runner in reversed(runners):
        await runner.cleanup()
    with contextlib.suppress(OSError):
        admin.unlink()
    return 0


class Orders:
    """What the owner may ask and order, over the admin socket."""

    def __init__(self, gateway: Gateway, layout: Layout) -> None:
        self._gateway = gateway
        self._layout = layout
        self._one_at_a_time = asyncio.Lock()

    def application(self) -> web.Application:
        """Return the application behind the socket."""
        # A table holds every applied manifest, so it is not small.
        app = web.Application(client_max_size=256 * 1024 * 1024)
        app.router.add_get("/state", self._state)
        app.router.add_get("/traffic", self._traffic)
        app.router.add_put("/table", self._replace)
        return app

    async def _state(self, request: web.Request) -> web.StreamResponse:
        table = self._gateway.table
        in_flight: dict[str, int] = {}
        for (key, _replica), count in self._gateway.backends.counts().items():
            in_flight[key] = in_flight.get(key, 0) + count
        servings = table.by_model.values() if table else ()
        return web.json_response(
            {
                "digest": table.digest if table else "",
                "table": table.document if table and "table" in request.query else None,
                "error": self._gateway.error,
                "requests": {s.address: list(self._gateway.measures.requests(s)) for s in servings},
                "inFlight": in_flight,
            }
        )

    async def _traffic(self, request: web.Request) -> web.StreamResponse:
        """Tell what was answered, a part at a time, so that no client waits for the telling."""
        recent = self._gateway.recent
        address = request.query.get("deployment", "")
        try:
            since = recent.since(address, float(request.query.get("since", "0")))
        except ValueError:
            return web.json_response({"error": "`since` is no number"}, status=400)
        response = web.StreamResponse()
        response.content_type = "application/x-ndjson"
        await response.prepare(request)
        await response.write(json.dumps({"since": since}).encode() + b"\n")
        for kind, copied in (("served", False), ("copied", True)):
            for release, answers in recent.answers(address, since, copied=copied).items():
                for start in range(0, len(answers), _PART):
                    part = [answer_json(a) for a in answers[start : start + _PART]]
                    line = {"kind": kind, "release": release, "answers": part}
                    await response.write(json.dumps(line).encode() + b"\n")
                    await asyncio.sleep(0)
        await response.write(b'{"end":true}\n')
        await response.write_eof()
        return response

    async def _replace(self, request: web.Request) -> web.StreamResponse:
        """Check, store and take a table, in this order: what was not stored is not served."""
        document: Json = await request.json()
        try:
            table = compile_table(document)
        except TrueupError as error:
            answer = {"error": error.detail, "code": error.code.id}
            return web.json_response(answer, status=400)
        async with self._one_at_a_time:
            try:
                # A disk takes its time; answers go on meanwhile.
                await asyncio.to_thread(write_json, self._layout.routes, document)
            except OSError as error:
                return web.json_response({"error": f"{self._layout.routes}: {error.strerror}"}, status=507)
            # The servers of the new table were ready before it came; they must be known before it counts.
            self._gateway.backends.refresh()
            self._gateway.take(table)
        return web.json_response({"digest": table.digest})


def _load(gateway: Gateway, layout: Layout) -> None:
    """Take up the stored table, so that a restarted gateway serves what it served before."""
    if not layout.routes.exists():
        gateway.take(compile_table(document_of(RouteTable("", 0, ()), {})))
        return
    try:
        gateway.take(compile_table(read_json(layout.routes)))
    except TrueupError as error:
        # Serving a table that nobody applied would be worse than serving nothing until the next apply.
        gateway.error = f"{error.code.summary}: {error.detail}"
        sys.stderr.write(f"trueup: {error}\n")


def _runner(app: web.Application) -> web.AppRunner:
    # A client that leaves ends its request, and with it the server's work on it.
    return web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=_DRAIN_SECONDS)


async def _listen_for_orders(runner: web.AppRunner, path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    before = os.umask(0o177)
    try:
        await web.UnixSite(runner, str(path)).start()
    finally:
        os.umask(before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
