"""One worker per store key: a lock file held by flock, which the operating system drops when its holder dies."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def key_lock(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock at *path*; *waiting* is told once when another process or thread has it.

    The file stays: removing it would let two holders lock two files of the same name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
