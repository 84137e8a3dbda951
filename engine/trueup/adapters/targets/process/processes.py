"""Processes of the operating system: found by pid and start time, started detached, ended as a group."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from trueup.adapters.targets.process import launch
from trueup.adapters.targets.process.layout import is_locked

_SAME_START_SECONDS = 2.0
"""The system tells start times against a boot time that moves a little when the clock is corrected."""

_INHERITED = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "XDG_RUNTIME_DIR"}
    | {"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV", "CUDA_VISIBLE_DEVICES"}
)


def inherited_environment() -> dict[str, str]:
    """Return the few variables that our processes inherit: a command's secrets are not among them."""
    return {k: v for k, v in os.environ.items() if k in _INHERITED}


def start_time(pid: int) -> float:
    """Return when process *pid* started, 0 when there is none or only its remains."""
    if pid <= 0:
        return 0.0
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return 0.0
        return float(process.create_time())
    except psutil.Error:
        return 0.0


def is_alive(pid: int, started: float) -> bool:
    """Tell whether the process *pid* that started at *started* lives; another one with its pid does not count."""
    found = start_time(pid)
    return found > 0 and abs(found - started) < _SAME_START_SECONDS


def send(pid: int, started: float, number: signal.Signals) -> None:
    """Send a signal to the process and everything it started, if it is still the one that is meant."""
    if not is_alive(pid, started):
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


def recorded(record: Path) -> int:
    """Return the pid that holds *record* right now; 0 when nobody does."""
    if not is_locked(record):
        return 0
    try:
        return int(record.read_text())
    except (OSError, ValueError):
        return 0


def spawn(argv: Sequence[str], env: Mapping[str, str], record: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start *argv* in a session of its own, its output appended to *log*, its pid in *record*.

    Raises:
        OSError: It cannot be started: no memory, no descriptors, the log cannot be opened.
    """
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", launch.__file__, str(record), *argv],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            env={**inherited_environment(), **env},
            cwd="/",
            start_new_session=True,
        )
    finally:
        os.close(descriptor)


def exit_code(process: subprocess.Popen[bytes]) -> int | None:
    """Return the exit code of our own child, None while it lives; what it left in its group is killed first.

    The group goes while its leader is still unreaped, because until then the kernel gives its number to nobody else.
    """
    if process.returncode is None:
        try:
            ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        except ChildProcessError:
            return process.poll()
        if ended is None:
            return None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.poll()


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(host: str, port: int) -> bool:
    """Tell whether one could listen on *port* now."""
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        # As the gateway does: connections of a gateway that was just killed do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
        return True


def listener(port: int) -> str:
    """Name the process that listens on *port*, as far as the system tells us; empty when it does not."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN and tuple(connection.laddr)[1:] == (port,)
            if listens and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.Error, OSError):
        return ""
    return ""


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
