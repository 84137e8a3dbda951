"""A lock per environment as a locked file. The kernel frees it when its holder ends, however it ends.

The file stays when the lock is free: removing it would let two runs lock two files of one name.
"""

import errno
import fcntl
import json
import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from trueup.adapters.clock import SystemClock
from trueup.adapters.locks.codes import LOCK_HELD, LOCK_UNAVAILABLE
from trueup.core.errors import PermanentError, TransientError
from trueup.core.frozen import dataclass
from trueup.core.json import Json, canonical
from trueup.ports import Clock

_STEP_SECONDS = 0.1
"""Between two tries; a person does not notice it and a machine hardly."""

_HELD_ERRORS = frozenset({errno.EWOULDBLOCK, errno.EAGAIN})
_LARGEST_HOLDER = 4096


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock."""

    pid: int
    host: str
    user: str
    command: str
    since: datetime

    def to_json(self) -> dict[str, Json]:
        """Return the holder as JSON."""
        return {
            "pid": self.pid,
            "host": self.host,
            "user": self.user,
            "command": self.command,
            "since": self.since.isoformat(),
        }

    def __str__(self) -> str:
        since = self.since.isoformat(timespec="seconds")
        return f"`{self.command}` of {self.user} on {self.host} (process {self.pid}, since {since})"


class LockHeldError(TransientError):
    """Another run holds the lock.

    Attributes:
        environment: The environment that is locked.
        holder: Who holds it; None when it has not said so yet.
    """

    def __init__(self, environment: str, holder: Holder | None) -> None:
        super().__init__(LOCK_HELD, f"`{environment}` is locked by {holder or 'another run'}.", hint=LOCK_HELD.remedy)
        self.environment = environment
        self.holder = holder


class LockUnavailableError(PermanentError):
    """The lock file cannot be used."""


class FileLock:
    """`Lock` over files in *folder*."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock: Clock = clock or SystemClock()

    def hold(self, environment: str, command: str, timeout_seconds: float) -> AbstractContextManager[None]:
        """Hold the lock while the context lasts.

        Args:
            environment: What is locked.
            command: What the holder does, for those who wait.
            timeout_seconds: How long to wait for it; 0 does not wait.

        Raises:
            LockHeldError: Another run holds it, named.
            LockUnavailableError: The file cannot be used.
        """
        return self._locked(environment, command, timeout_seconds, fcntl.LOCK_EX)

    def share(self, environment: str, command: str, timeout_seconds: float) -> AbstractContextManager[None]:
        """Hold the lock with others that share it; arguments and errors are those of `hold`."""
        return self._locked(environment, command, timeout_seconds, fcntl.LOCK_SH)

    @contextmanager
    def _locked(self, environment: str, command: str, timeout_seconds: float, how: int) -> Iterator[None]:
        path = self._path(environment)
        descriptor = _open(path)
        try:
            if not self._taken(descriptor, path, timeout_seconds, how):
                raise LockHeldError(environment, _read(descriptor))
            self._write(descriptor, path, command)
            try:
                yield
            finally:
                # Only a word for people; closing the file is what frees the lock.
                _overwrite(descriptor, b"")
        finally:
            os.close(descriptor)

    def holder(self, environment: str) -> Holder | None:
        """Return who holds the lock now, None when it is free.

        It only looks: trying the lock would, for a moment, keep it from a run that wants it.
        """
        try:
            descriptor = os.open(self._path(environment), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            holder = _read(descriptor)
        finally:
            os.close(descriptor)
        is_gone = holder is not None and holder.host == socket.gethostname() and not _is_alive(holder.pid)
        return None if is_gone else holder

    def _path(self, environment: str) -> Path:
        return self._folder / f"{quote(environment, safe='')}.lock"

    def _taken(self, descriptor: int, path: Path, timeout_seconds: float, how: int) -> bool:
        waited = 0.0
        while True:
            try:
                fcntl.flock(descriptor, how | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in _HELD_ERRORS:
                    raise _unavailable(path, error) from error
            else:
                return True
            # Counted, not read from the clock: a clock that is set meanwhile must not end the wait or prolong it.
            if waited >= timeout_seconds:
                return False
            step = min(_STEP_SECONDS, timeout_seconds - waited)
            self._clock.sleep(step)
            waited += step

    def _write(self, descriptor: int, path: Path, command: str) -> None:
        holder = Holder(os.getpid(), socket.gethostname(), _user(), command, self._clock.now())
        try:
            _overwrite(descriptor, canonical(holder.to_json()))
        except OSError as error:
            raise _unavailable(path, error) from error


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _unavailable(path, error) from error


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run as a user that has no name
        return str(os.getuid())


def _overwrite(descriptor: int, content: bytes) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, content, 0)


def _read(descriptor: int) -> Holder | None:
    """Return the holder that the file names; what is torn or foreign names nobody."""
    try:
        said = json.loads(os.pread(descriptor, _LARGEST_HOLDER, 0))
        return Holder(
            int(said["pid"]),
            str(said["host"]),
            str(said["user"]),
            str(said["command"]),
            datetime.fromisoformat(said["since"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _unavailable(path: Path, error: OSError) -> LockUnavailableError:
    return LockUnavailableError(LOCK_UNAVAILABLE, f"`{path}`: {error.strerror or error}.")
