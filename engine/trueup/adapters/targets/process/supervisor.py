"""The supervisor of one environment: follows `wanted.json`, publishes `status.json`, outlives every command.

It decides nothing here: facts go to `supervision.decide`, and what comes back is carried out. Run as
`python -m trueup.adapters.targets.process.supervisor FOLDER`. SIGHUP wakes it, SIGTERM ends it alone: servers and
gateway go on, and the next supervisor adopts them.
"""

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from trueup.adapters.targets.process import logs, processes
from trueup.adapters.targets.process.diagnosis import exit_of
from trueup.adapters.targets.process.layout import Layout, write_json
from trueup.adapters.targets.process.seals import is_broken
from trueup.adapters.targets.process.status import Status, read_status
from trueup.adapters.targets.process.supervision import (
    Child,
    Effect,
    Exit,
    Facts,
    Phase,
    Reason,
    Want,
    decide,
    fresh,
    launched,
    unlaunched,
    withheld,
)
from trueup.adapters.targets.process.wanted import PORT, Wanted, WantedChild, WantedGateway, WantedServer, read_wanted
from trueup.adapters.targets.process.watch import Watch
from trueup.core.errors import TrueupError

_BUSY_TICK_SECONDS = 0.05
_QUIET_TICK_SECONDS = 0.5
_ROTATE_SECONDS = 5.0
_LOCK_TRIES = 20
_ORPHANED_GRACE_SECONDS = 5.0


class Supervisor:
    """The children of one environment and what is done about them."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._home = _identity(layout.folder)
        self._wanted = Wanted()
        self._wanted_stamp = (0, 0, 0)
        self._children: dict[str, Child] = {}
        self._specs: dict[str, WantedChild] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._watches: dict[str, Watch] = {}
        self._log_starts: dict[str, int] = {}
        self._published: object = None
        self._rotated_at = 0.0
        self._leaving = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)  # A full pipe wakes as well as one more byte in it.

    def run(self) -> None:
        """Work until nothing is wanted and nothing runs, the folder is gone, or SIGTERM comes."""
        signal.signal(signal.SIGTERM, self._leave)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, lambda *_: self.wake())
        self._adopt()
        while not self._leaving:
            if _identity(self._layout.folder) != self._home:
                self._end_everything()
                return
            self._read_wanted()
            self._step()
            self._publish()
            if not self._wanted.children and not self._children:
                self._tidy()
                return
            self._sleep()

    def wake(self) -> None:
        """End the current wait."""
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"w")

    def _leave(self, _signal: int, _frame: FrameType | None) -> None:
        self._leaving = True
        self.wake()

    def _sleep(self) -> None:
        quiet = all(c.phase in {Phase.READY, Phase.FAILED} for c in self._children.values())
        readable, _, _ = select.select([self._wake_read], [], [], _QUIET_TICK_SECONDS if quiet else _BUSY_TICK_SECONDS)
        if readable:
            os.read(self._wake_read, 4096)

    def _adopt(self) -> None:
        """Take over what an earlier supervisor left running."""
        status = read_status(self._layout)
        for child, wanted in status.children if status else ():
            self._children[child.id] = child
            self._specs[child.id] = wanted
            if processes.is_alive(child.pid, child.started):
                _say(f"{child.id}: adopted, pid {child.pid}")
                self._watch(child, wanted, was_ready=child.phase is Phase.READY)
        if status:
            self._wanted = status.wanted()
        for record in self._layout.records.glob("*.pid"):
            pid = processes.recorded(record)
            known = self._children.get(record.stem)
            if pid and (known is None or known.pid != pid):
                # Started an instant before the earlier supervisor was killed: nobody knows its port.
                _say(f"{record.stem}: unknown process {pid} ended")
                processes.send(pid, processes.start_time(pid), signal.SIGKILL)

    def _read_wanted(self) -> None:
        """Take up a new wanted state; an absent or damaged file changes nothing, because only words are orders."""
        stamp = _stamp(self._layout.wanted)
        if stamp == self._wanted_stamp:
            return
        self._wanted_stamp = stamp
        try:
            wanted = read_wanted(self._layout)
        except TrueupError as error:
            _say(str(error))
            return
        if wanted is None:
            _say("wanted.json is absent or damaged: going on as before")
            return
        self._wanted = wanted

    def _step(self) -> None:
        now = time.time()
        wanted = self._wanted.children
        for id_, spec in wanted.items():
            if id_ not in self._children:
                self._children[id_] = fresh(id_, spec.fingerprint, now)
                self._specs[id_] = spec
            elif self._children[id_].fingerprint == spec.fingerprint:
                self._specs[id_] = spec
        for id_, child in list(self._children.items()):
            goal = wanted.get(id_)
            want = Want(goal.fingerprint, goal.ready_timeout_seconds) if goal is not None else None
            after, effect = decide(want, self._specs[id_].drain_seconds, child, self._facts(child), now)
            if after.phase is not child.phase:
                _say(f"{id_}: {after.phase} {after.detail}".rstrip())
            self._children[id_] = after
            self._carry_out(after, effect)
        if now - self._rotated_at > _ROTATE_SECONDS:
            self._rotated_at = now
            for id_ in self._children:
                logs.rotate(self._layout.log(id_))
            logs.rotate(self._layout.supervisor_log)

    def _facts(self, child: Child) -> Facts:
        alive, exit_ = self._is_alive(child)
        watch = self._watches.get(child.id)
        if watch is None:
            return Facts(alive, exit_)
        return Facts(alive, exit_, watch.probe, watch.refusal, watch.healthy)

    def _is_alive(self, child: Child) -> tuple[bool, Exit]:
        process = self._processes.get(child.id)
        if process is not None and process.pid == child.pid:
            code = processes.exit_code(process)
            alive = code is None
        else:
            code = None
            alive = processes.is_alive(child.pid, child.started)
        if alive or child.phase in {Phase.BACKOFF, Phase.FAILED, Phase.STOPPING}:
            return alive, Exit(Reason.DIED, "")
        since = self._log_starts.get(child.id, 0)
        return False, exit_of(code, logs.tail(self._layout.log(child.id), since=since))

    def _carry_out(self, child: Child, effect: Effect) -> None:
        match effect:
            case Effect.NOTHING:
                pass
            case Effect.LAUNCH:
                self._launch(child)
            case Effect.TERMINATE:
                processes.send(child.pid, child.started, signal.SIGTERM)
            case Effect.KILL:
                processes.send(child.pid, child.started, signal.SIGKILL)
            case Effect.FORGET:
                self._forget(child)

    def _launch(self, child: Child) -> None:
        spec = self._specs[child.id]
        self._unwatch(child.id)
        if isinstance(spec, WantedServer) and is_broken(spec.artifact, spec.seal):
            changed = Exit(Reason.ARTIFACT, "its artifact was changed since it was verified")
            self._children[child.id] = withheld(child, changed, time.time())
            _say(f"{child.id}: not started, {changed.detail}")
            return
        port = _port(spec, child)
        log = self._layout.log(child.id)
        self._log_starts[child.id] = logs.size(log)
        argv = [argument.replace(PORT, str(port)) for argument in spec.argv]
        try:
            process = processes.spawn(argv, dict(spec.env), self._layout.record(child.id), log)
        except OSError as error:
            _say(f"{child.id}: cannot be started: {error}")
            failed = unlaunched(child, Exit(Reason.DIED, f"cannot be started: {error}"), time.time())
            self._children[child.id] = failed
            return
        self._processes[child.id] = process
        running = launched(child, process.pid, processes.start_time(process.pid), port, time.time())
        self._children[child.id] = running
        _say(f"{child.id}: started, pid {process.pid}, port {port}")
        self._watch(running, spec, was_ready=False)

    def _watch(self, child: Child, spec: WantedChild, *, was_ready: bool) -> None:
        watch = Watch(spec, child.port, was_ready=was_ready, on_change=self.wake)
        self._watches[child.id] = watch
        watch.start()

    def _unwatch(self, id_: str) -> None:
        watch = self._watches.pop(id_, None)
        if watch:
            watch.end()

    def _forget(self, child: Child) -> None:
        self._unwatch(child.id)
        self._children.pop(child.id, None)
        self._specs.pop(child.id, None)
        self._processes.pop(child.id, None)
        with contextlib.suppress(OSError):
            self._layout.record(child.id).unlink()
        _say(f"{child.id}: gone")

    def _publish(self) -> None:
        pairs = tuple((c, self._specs[i]) for i, c in sorted(self._children.items()))
        state = (self._wanted.generation, pairs)
        if state == self._published:
            return
        pid = os.getpid()
        status = Status(pid, processes.start_time(pid), self._wanted.generation, pairs)
        try:
            write_json(self._layout.status, status.to_json())
        except OSError as error:
            _say(f"cannot publish: {error}")  # A full disk: children go on, the next tick tries again.
        else:
            self._published = state

    def _tidy(self) -> None:
        """Leave nothing but the logs; the lock is still held, so no other supervisor has files here."""
        for path in (self._layout.status, *self._layout.records.glob("*.pid")):
            with contextlib.suppress(OSError):
                path.unlink()
        _say("nothing is wanted any more: leaving")

    def _end_everything(self) -> None:
        """The folder was deleted, and with it the right to run anything."""
        for number, seconds in ((signal.SIGTERM, _ORPHANED_GRACE_SECONDS), (signal.SIGKILL, 1.0)):
            for child in self._children.values():
                processes.send(child.pid, child.started, number)
            until = time.monotonic() + seconds
            while time.monotonic() < until and any(self._is_alive(c)[0] for c in self._children.values()):
                time.sleep(_BUSY_TICK_SECONDS)


def _port(spec: WantedChild, child: Child) -> int:
    match spec:
        case WantedGateway(port=port):
            return port
        case _:
            if child.port and child.reason is not Reason.PORT and processes.is_free("127.0.0.1", child.port):
                return child.port
            return processes.free_port()


def _identity(folder: Path) -> tuple[int, int]:
    try:
        found = folder.stat()
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def _say(text: str) -> None:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{moment} {text}\n")
        sys.stdout.flush()


def _take_lock(layout: Layout) -> int | None:
    """Lock the environment for this process; None when another supervisor has it."""
    descriptor = os.open(layout.supervisor_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(_LOCK_TRIES):
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
            return descriptor
        time.sleep(_BUSY_TICK_SECONDS / 5)  # An observer looks at the lock for an instant.
    os.close(descriptor)
    return None


def main(arguments: list[str]) -> int:
    """Detach and supervise the environment in the folder given as first argument."""
    layout = Layout(Path(arguments[1]))
    if os.fork():
        os._exit(0)  # The command waits for this process; the supervisor belongs to nobody.
    os.chdir("/")
    if _take_lock(layout) is None:
        return 0
    _say(f"supervisor {os.getpid()} takes over")
    Supervisor(layout).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
