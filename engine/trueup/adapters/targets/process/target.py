"""The process target: what a command asks for becomes wanted state, a supervisor makes it so, this waits for it."""

import contextlib
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from trueup.adapters.gateways.local import keys
from trueup.adapters.gateways.local.codes import TABLE_REFUSED
from trueup.adapters.gateways.local.stored import document_of, read_document
from trueup.adapters.gateways.local.table import compile_table
from trueup.adapters.targets.process import admin, codes, control, logs, processes
from trueup.adapters.targets.process.layout import Layout, layout_of, read_json, reported
from trueup.adapters.targets.process.observation import observe
from trueup.adapters.targets.process.runtimes.runtime import Launch, load_runtime
from trueup.adapters.targets.process.seals import seal_of
from trueup.adapters.targets.process.status import Status, read_status
from trueup.adapters.targets.process.supervision import Child, Phase, Reason
from trueup.adapters.targets.process.wanted import GATEWAY, Wanted, WantedChild, WantedGateway, WantedServer
from trueup.core.diagnostics import Code
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError, TransientError, TrueupError
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import ServerSpec
from trueup.observed.state import ObservedTarget
from trueup.observed.traffic import Traffic
from trueup.ports import Clock, RouteTable

_GATEWAY_MODULE = "trueup.adapters.gateways.local"
_ADMIN_SECONDS = 10.0
_SLACK_SECONDS = 20.0
_POLL_SECONDS = 0.05
_CODES: Mapping[Reason, tuple[type[TrueupError], Code]] = {
    Reason.NONE: (PermanentError, codes.SERVER_DIED),
    Reason.DIED: (PermanentError, codes.SERVER_DIED),
    Reason.PORT: (TransientError, codes.PORT_TAKEN),
    Reason.ARTIFACT: (PermanentError, codes.ARTIFACT_UNREADABLE),
    Reason.MISSING: (PermanentError, codes.INTERPRETER_MISSING),
    Reason.MEMORY: (TransientError, codes.OUT_OF_MEMORY),
    Reason.NEVER_READY: (TransientError, codes.SERVER_NEVER_READY),
    Reason.NONSENSE: (PermanentError, codes.SERVER_NONSENSE),
    Reason.HUNG: (TransientError, codes.SERVER_NEVER_READY),
}


class ProcessTarget:
    """`Target` on this machine: `<folder>/<environment>/` holds everything of an environment.

    Attributes:
        drain_seconds: How long `stop` waits for requests under way before it ends a server all the same.
    """

    def __init__(self, folder: Path, clock: Clock, *, drain_seconds: float = 30.0) -> None:
        self._folder = folder.absolute()
        self._clock = clock
        self.drain_seconds = drain_seconds

    def observe(self, environment: str) -> ObservedTarget:
        """Report what runs for *environment*; nothing is started, stopped or written."""
        return observe(self._layout(environment), environment)

    def start(self, environment: str, server: ServerSpec, artifact: Path) -> None:
        """Have `server.replicas` processes of *server* running and ready.

        Ready means that a real completion came back that is neither empty nor constant.

        Raises:
            TransientError: Not in time, port taken, memory short, disk full.
            PermanentError: The artifact, an argument, the interpreter or the answers are no good.
        """
        layout = self._layout(environment)
        runtime = load_runtime(server.runtime)
        path = artifact.absolute()
        if not path.exists():
            raise PermanentError(codes.ARTIFACT_UNREADABLE, f"{path} does not exist")
        layout.create()
        scratch = layout.folder / "run" / server.key.removeprefix("sha256:")[:16]
        with reported(scratch):
            scratch.mkdir(mode=0o700, exist_ok=True)
        launch = runtime.launch(server, path, scratch)
        before = control.current(layout)
        wanted = control.change(layout, lambda w: _with_server(w, server, path, launch, _failed(layout)))
        control.wake(layout)
        goals = [s for s in wanted.servers if s.key == server.key]
        try:
            self._wait_ready(layout, wanted.generation, goals, launch.ready_timeout_seconds)
        except TrueupError:
            # What this call added must not stay behind half started; what was there before is left to be seen.
            self._take_back(layout, {g.id for g in goals} - set(before.children))
            raise
        self._wait_gone(layout, before, wanted)

    def route(self, environment: str, table: RouteTable) -> None:
        """Make *table* the whole truth of the gateway, atomically; start the gateway when it is needed.

        Raises:
            TransientError: The gateway's port is taken, or the gateway does not get up.
            PermanentError: The table has a mistake; the one before stays in force.
        """
        layout = self._layout(environment)
        if not table.routes and control.current(layout).gateway is None:
            return
        document = document_of(table, self._resolved_keys(layout, table))
        compile_table(document)
        before = control.current(layout).gateway
        wanted = control.change(layout, lambda w: _with_gateway(layout, w, table, _failed(layout)))
        control.wake(layout)
        try:
            refusal = self._hand_over(layout, wanted, document)
        except TrueupError:
            if before is None:
                self._take_back(layout, {GATEWAY})
            raise
        if refusal:
            raise PermanentError(TABLE_REFUSED, refusal)

    def traffic(self, environment: str, deployment: ResourceId, since: datetime) -> Traffic:
        """Return what the releases of *deployment* answered since then, to clients and to nobody.

        Raises:
            TransientError: Nobody can say: there is no gateway, or it does not answer.
        """
        gateway = control.current(self._layout(environment)).gateway
        if gateway is None:
            raise TransientError(codes.GATEWAY_DIED, f"{environment} has no gateway")
        return admin.traffic(gateway.admin, str(deployment), since.timestamp(), _ADMIN_SECONDS)

    def stop(self, environment: str, servers: Sequence[Digest]) -> None:
        """Drain and end the servers; the gateway and the supervisor too when no route and no server is left.

        Raises:
            TransientError: A process does not end.
        """
        layout = self._layout(environment)
        before = control.current(layout)
        if not before.children and read_status(layout) is None:
            return
        self._drain(before.gateway, servers)
        wanted = control.change(layout, lambda w: _without_servers(layout, w, servers))
        control.wake(layout)
        self._wait_gone(layout, before, wanted)

    def shutdown(self, environment: str) -> None:
        """End everything of *environment* and delete its state, whatever it serves."""
        layout = self._layout(environment)
        if not layout.folder.exists():
            return
        try:
            before = control.current(layout)
            wanted = control.change(layout, lambda w: Wanted(w.generation))
            control.wake(layout)
            self._wait_gone(layout, before, wanted)
        except TrueupError:
            # The deleted folder ends a supervisor that could not be reached; what it ran is ended here.
            _kill_known(layout)
        shutil.rmtree(layout.folder, ignore_errors=True)

    def environments(self) -> tuple[str, ...]:
        """Return the environments that have state here; for `status` and `doctor`."""
        if not self._folder.is_dir():
            return ()
        return tuple(sorted(p.name for p in self._folder.iterdir() if (p / "wanted.json").exists()))

    def log_tail(self, environment: str, server: Digest, replica: int = 0, lines: int = 40) -> str:
        """Return the last lines that a server printed; for `explain` and `doctor`."""
        child = f"{server.removeprefix('sha256:')[:16]}-{replica}"
        return logs.tail(self._layout(environment).log(child), lines)

    def _layout(self, environment: str) -> Layout:
        return layout_of(self._folder, environment)

    def _wait_ready(self, layout: Layout, generation: int, goals: Sequence[WantedChild], ready_seconds: float) -> None:
        if not goals:
            return
        seconds = ready_seconds + _SLACK_SECONDS
        result = control.wait_for(layout, self._clock, generation, seconds, lambda s: _settled(s, goals))
        if result is None:
            raise TransientError(codes.SERVER_NEVER_READY, f"still not settled after {seconds:g} s")
        for child, goal in result:
            if child.phase is Phase.FAILED:
                _raise_failure(child, goal)

    def _take_back(self, layout: Layout, ids: set[str]) -> None:
        """Remove what a failed call added; when even that fails, the first failure is the one to be told."""
        with contextlib.suppress(TrueupError):
            before = control.current(layout)
            wanted = control.change(layout, lambda w: _without_ids(w, ids))
            control.wake(layout)
            self._wait_gone(layout, before, wanted)

    def _hand_over(self, layout: Layout, wanted: Wanted, document: Json) -> str:
        """Give the table to the gateway when it is ready; again when it was killed just now and is restarted."""
        gateway = wanted.gateway
        if gateway is None:
            return ""
        until = time.monotonic() + gateway.ready_timeout_seconds
        while True:
            self._wait_ready(layout, wanted.generation, [gateway], gateway.ready_timeout_seconds)
            try:
                return admin.replace_table(gateway.admin, document, _ADMIN_SECONDS)
            except TransientError as error:
                if time.monotonic() > until or error.code is codes.STATE_UNWRITABLE:
                    raise
                self._clock.sleep(_POLL_SECONDS)

    def _resolved_keys(self, layout: Layout, table: RouteTable) -> dict[str, str]:
        known: dict[str, str] = {}
        with contextlib.suppress(TrueupError):
            _, known = read_document(read_json(layout.routes))
        references = [reference for route in table.routes for reference in route.spec.keys]
        return keys.resolve(references, known)

    def _drain(self, gateway: WantedGateway | None, servers: Sequence[Digest]) -> None:
        """Wait until the gateway has no request under way in *servers*; a dead gateway has none."""
        until = time.monotonic() + self.drain_seconds
        while gateway is not None and time.monotonic() < until:
            try:
                in_flight = admin.state(gateway.admin, _ADMIN_SECONDS).in_flight
            except TrueupError:
                return
            if not any(in_flight.get(key) for key in servers):
                return
            self._clock.sleep(_POLL_SECONDS)

    def _wait_gone(self, layout: Layout, before: Wanted, after: Wanted) -> None:
        """Wait until what is no longer wanted has ended; with nothing wanted, delete all state but the logs."""
        going = set(before.children) - set(after.children)
        status = read_status(layout)
        if not after.children and status:
            going |= {child.id for child, _ in status.children}
        drain_seconds = max((c.drain_seconds for c in before.children.values()), default=0.0)
        seconds = drain_seconds + _SLACK_SECONDS
        if going and not control.wait_gone(layout, self._clock, after.generation, going, seconds):
            raise TransientError(codes.STILL_RUNNING, f"after {seconds:g} s: {', '.join(sorted(going))}")
        if after.children:
            return
        if not control.wait_until_left(layout, self._clock, _SLACK_SECONDS):
            raise TransientError(codes.STILL_RUNNING, "the supervisor does not leave")
        for path in (layout.routes, layout.wanted, layout.status, layout.admin_socket()):
            path.unlink(missing_ok=True)
        shutil.rmtree(layout.records, ignore_errors=True)


def _with_server(wanted: Wanted, server: ServerSpec, artifact: Path, launch: Launch, failed: frozenset[str]) -> Wanted:
    """Return *wanted* with `server.replicas` processes of *server*.

    One that is there keeps its command line, so that a newer trueup does not restart what serves; one that was
    given up starts anew with the present one. One that loaded other files than lie there now starts anew, too:
    nobody can tell what it serves.
    """
    known = {s.id: s for s in wanted.servers}
    seal = seal_of(artifact)
    fresh = [
        WantedServer(
            key=server.key,
            replica=replica,
            spec=server.to_json(),
            artifact=str(artifact),
            argv=launch.argv,
            env=launch.env,
            model=launch.model,
            ready_timeout_seconds=launch.ready_timeout_seconds,
            drain_seconds=launch.drain_seconds,
            seal=seal,
        )
        for replica in range(server.replicas)
    ]
    kept = []
    for new in fresh:
        old = known.get(new.id)
        if old is None:
            kept.append(new)
        elif old.id in failed:
            kept.append(replace(new, attempt=old.attempt + 1))
        else:
            kept.append(replace(old, spec=new.spec, seal=new.seal if old.seal else ""))
    others = [s for s in wanted.servers if s.key != server.key]
    return replace(wanted, servers=tuple(sorted((*others, *kept), key=lambda s: (s.key, s.replica))))


def _with_gateway(layout: Layout, wanted: Wanted, table: RouteTable, failed: frozenset[str]) -> Wanted:
    """Return *wanted* with a gateway where *table* says; the one that is there stays when it may."""
    old = wanted.gateway
    if old and old.host == table.host and table.port in {0, old.port}:
        return replace(wanted, gateway=replace(old, attempt=old.attempt + 1)) if GATEWAY in failed else wanted
    if table.port and (old is None or old.port != table.port) and not processes.is_free(table.host, table.port):
        holder = processes.listener(table.port)
        by = f" by {holder}" if holder else ""
        raise TransientError(
            codes.PORT_TAKEN, f"{table.host}:{table.port}, where the gateway should listen, is held{by}"
        )
    port = table.port or processes.free_port(table.host)
    path = str(layout.admin_socket())
    argv = [sys.executable, "-P", "-m", _GATEWAY_MODULE, "--folder", str(layout.folder)]
    argv += ["--host", table.host, "--port", str(port), "--admin", path]
    attempt = old.attempt if old else 0
    return replace(wanted, gateway=WantedGateway(table.host, port, path, tuple(argv), attempt))


def _without_servers(layout: Layout, wanted: Wanted, servers: Sequence[Digest]) -> Wanted:
    """Return *wanted* without *servers*, and without the gateway when it has nothing left to do."""
    left = tuple(s for s in wanted.servers if s.key not in set(servers))
    unused = not left and not _has_routes(layout)
    return replace(wanted, servers=left, gateway=None if unused else wanted.gateway)


def _without_ids(wanted: Wanted, ids: set[str]) -> Wanted:
    servers = tuple(s for s in wanted.servers if s.id not in ids)
    return replace(wanted, servers=servers, gateway=None if GATEWAY in ids else wanted.gateway)


def _has_routes(layout: Layout) -> bool:
    """Tell whether the stored table has routes; one that cannot be read serves nothing."""
    try:
        table, _ = read_document(read_json(layout.routes))
    except TrueupError:
        return False
    return bool(table.routes)


def _failed(layout: Layout) -> frozenset[str]:
    status = read_status(layout)
    return frozenset(c.id for c, _ in status.children if c.phase is Phase.FAILED) if status else frozenset()


def _settled(status: Status, goals: Sequence[WantedChild]) -> list[tuple[Child, WantedChild]] | None:
    """Return the children behind *goals* when all are ready, or those that were given up; else None."""
    found = [(c, g) for g in goals if (c := status.child(g.id)) and c.fingerprint == g.fingerprint]
    failed = [pair for pair in found if pair[0].phase is Phase.FAILED]
    if failed:
        return failed
    # A publication may be older than the death of the process it tells of.
    ready = [c for c, _ in found if c.phase is Phase.READY and processes.is_alive(c.pid, c.started)]
    return found if len(ready) == len(goals) else None


def _raise_failure(child: Child, goal: WantedChild) -> NoReturn:
    kind, code = _CODES[child.reason]
    if isinstance(goal, WantedGateway) and child.reason is not Reason.PORT:
        raise TransientError(codes.GATEWAY_DIED, child.detail)
    where = f"{goal.host}:{goal.port}" if isinstance(goal, WantedGateway) else f"server {child.id}"
    raise kind(code, f"{where}: {child.detail}")


def _kill_known(layout: Layout) -> None:
    status = read_status(layout)
    for child, _ in status.children if status else ():
        processes.send(child.pid, child.started, signal.SIGKILL)
