"""How commands and the supervisor work together: wanted state is changed under a lock, then one waits for it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TypeVar

from trueup.adapters.targets.process import codes, logs, processes
from trueup.adapters.targets.process.layout import Layout, is_locked, locked, reported
from trueup.adapters.targets.process.status import Status, read_status
from trueup.adapters.targets.process.wanted import Wanted, read_wanted, write_wanted
from trueup.core.errors import TransientError
from trueup.ports import Clock

_Found = TypeVar("_Found")
_MODULE = "trueup.adapters.targets.process.supervisor"
_POLL_SECONDS = 0.03
_START_SECONDS = 20.0
_LOCK_SECONDS = 5.0


def change(layout: Layout, edit: Callable[[Wanted], Wanted]) -> Wanted:
    """Change what should run and return the result; an edit that changes nothing writes nothing."""
    layout.create()
    with locked(layout.command_lock):
        before = current(layout)
        after = edit(before)
        if after == before and layout.wanted.exists():
            return before
        after = replace(after, generation=before.generation + 1)
        write_wanted(layout, after)
        return after


def current(layout: Layout) -> Wanted:
    """Return what should run; a damaged file is made good by what the supervisor was told last."""
    wanted = read_wanted(layout)
    if wanted is not None:
        return wanted
    status = read_status(layout)
    return status.wanted() if status else Wanted()


def wait_for(
    layout: Layout, clock: Clock, generation: int, seconds: float, found: Callable[[Status], _Found | None]
) -> _Found | None:
    """Wait until *found* finds something in what a supervisor publishes, which has taken up *generation*.

    A supervisor that is not there is started, however often it is killed meanwhile. None when the time is over.

    Raises:
        TransientError: No supervisor takes up its work.
    """
    until = time.monotonic() + seconds
    silent_until = time.monotonic() + _START_SECONDS
    while True:
        ensure_supervisor(layout, clock)
        status = read_status(layout)
        if status is not None and status.generation >= generation:
            silent_until = until + _START_SECONDS
            result = found(status)
            if result is not None:
                return result
        if time.monotonic() > silent_until:
            said = logs.tail(layout.supervisor_log)
            raise TransientError(codes.SUPERVISOR_SILENT, f"nothing after {_START_SECONDS:g} s. It said:\n{said}")
        if time.monotonic() > until:
            return None
        clock.sleep(_POLL_SECONDS)


def ensure_supervisor(layout: Layout, clock: Clock) -> None:
    """Have a supervisor: start one when there is none."""
    if is_locked(layout.supervisor_lock):
        return
    _spawn(layout)
    until = time.monotonic() + _LOCK_SECONDS
    while not is_locked(layout.supervisor_lock) and time.monotonic() < until:
        clock.sleep(_POLL_SECONDS / 3)


def wake(layout: Layout) -> None:
    """Have a running supervisor look at once; it looks twice a second by itself."""
    status = read_status(layout)
    if status and processes.is_alive(status.pid, status.started) and is_locked(layout.supervisor_lock):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(status.pid, signal.SIGHUP)


def wait_gone(layout: Layout, clock: Clock, generation: int, ids: Collection[str], seconds: float) -> bool:
    """Wait until the children *ids* have ended; a supervisor is started when one of them needs ending."""
    until = time.monotonic() + seconds
    while True:
        status = read_status(layout)
        left = [c for c, _ in status.children if c.id in ids] if status else []
        if is_locked(layout.supervisor_lock):
            if status and status.generation >= generation and not left:
                return True
        elif not any(processes.is_alive(c.pid, c.started) for c in left):
            return True
        else:
            ensure_supervisor(layout, clock)
        if time.monotonic() > until:
            return False
        clock.sleep(_POLL_SECONDS)


def wait_until_left(layout: Layout, clock: Clock, seconds: float) -> bool:
    """Wait until no supervisor works here any more; it leaves by itself when nothing is wanted and nothing runs."""
    until = time.monotonic() + seconds
    while is_locked(layout.supervisor_lock):
        if time.monotonic() > until:
            return False
        clock.sleep(_POLL_SECONDS)
    return True


def _spawn(layout: Layout) -> None:
    logs.rotate(layout.supervisor_log)
    with reported(layout.supervisor_log):
        log = os.open(layout.supervisor_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        with reported(layout.folder):
            # It forks and this process ends at once, so the supervisor is nobody's child.
            starter = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE, str(layout.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=processes.inherited_environment(),
                cwd="/",
                start_new_session=True,
            )
        with contextlib.suppress(subprocess.TimeoutExpired):
            starter.wait(_START_SECONDS)
    finally:
        os.close(log)


def lock_holder(layout: Layout) -> int:
    """Return the pid of the supervisor, 0 when there is none."""
    return processes.recorded(layout.supervisor_lock)
