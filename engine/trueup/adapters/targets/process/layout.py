"""Files of one environment: where they lie, and how they are read and written whole or not at all."""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trueup.adapters.targets.process import codes
from trueup.core.errors import PermanentError, TransientError
from trueup.core.json import Json

# Linux takes 107 bytes and macOS 103; the margin is for the name a library may append.
_LONGEST_SOCKET_PATH = 98
_TRANSIENT = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class Layout:
    """The folder of one environment, and the names of what lies in it."""

    folder: Path

    @property
    def wanted(self) -> Path:
        """What should run; written by commands."""
        return self.folder / "wanted.json"

    @property
    def status(self) -> Path:
        """What runs; written by the supervisor."""
        return self.folder / "status.json"

    @property
    def routes(self) -> Path:
        """The route table in force; written by the gateway."""
        return self.folder / "routes.json"

    @property
    def supervisor_lock(self) -> Path:
        """Locked by the supervisor while it lives, so that there is one at most."""
        return self.folder / "supervisor.lock"

    @property
    def supervisor_log(self) -> Path:
        """What the supervisor did."""
        return self.folder / "logs" / "supervisor.log"

    @property
    def command_lock(self) -> Path:
        """Locked by a command while it changes `wanted`."""
        return self.folder / "command.lock"

    @property
    def records(self) -> Path:
        """One file a child, written and locked by the child itself before it becomes the server."""
        return self.folder / "run"

    def log(self, child: str) -> Path:
        """The log of one child."""
        return self.folder / "logs" / f"{child}.log"

    def record(self, child: str) -> Path:
        """The pid file of one child."""
        return self.records / f"{child}.pid"

    def create(self) -> None:
        """Make the folders, readable by their owner only: argument lists and sockets lie in them."""
        with reported(self.folder):
            for folder in (self.folder, self.records, self.folder / "logs"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)

    def admin_socket(self) -> Path:
        """Where the gateway takes orders: beside its files, or in a private folder when that path is too long."""
        here = self.folder / "gateway.sock"
        if len(os.fsencode(here)) <= _LONGEST_SOCKET_PATH:
            return here
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:24]
        return _private_folder() / f"{name}.sock"


def layout_of(folder: Path, environment: str) -> Layout:
    """Return where *environment* lies below the target's *folder*.

    Raises:
        PermanentError: Its name would lead elsewhere.
    """
    if not environment or environment.startswith(".") or set(environment) & set("/\\\0"):
        raise PermanentError(codes.ENVIRONMENT_NAME, f"`{environment}`")
    return Layout(folder / environment)


def _private_folder() -> Path:
    """Return a folder with a short path that only this user can enter; refuse one that somebody else made."""
    folder = Path(tempfile.gettempdir()).resolve() / f"trueup-{os.getuid()}"
    if len(os.fsencode(folder)) > _LONGEST_SOCKET_PATH - 32:
        folder = Path("/tmp") / f"trueup-{os.getuid()}"  # noqa: S108 (checked below: ours, and closed to others)
    with reported(folder):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermanentError(codes.STATE_UNWRITABLE, f"{folder} exists and is not a folder that only you can enter")
    return folder


@contextlib.contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write *path* into an error that a retry may or may not heal."""
    try:
        yield
    except OSError as error:
        detail = f"{error.filename or path}: {error.strerror or error}"
        kind = TransientError if error.errno in _TRANSIENT else PermanentError
        raise kind(codes.STATE_UNWRITABLE, detail) from error


def write_json(path: Path, value: Json) -> None:
    """Replace *path* by the JSON of *value*; a reader sees the old or the new file, never a part."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=1, sort_keys=True, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise


def read_json(path: Path) -> Json:
    """Return the JSON in *path*; None when it is absent, unreadable or not JSON (only a hand can make it so)."""
    try:
        value: Json = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return value


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the advisory lock on *path*; the kernel gives it back when the holder dies."""
    with reported(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with reported(path):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Tell whether somebody holds the lock on *path*, without creating the file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # A shared lock for an instant: two observers do not see each other.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
