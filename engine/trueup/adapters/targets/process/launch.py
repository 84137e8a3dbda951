"""Becomes a child process: takes the child's place (a locked pid file), then the command replaces this program.

Run as a file, with the standard library alone (`python -I -S launch.py RECORD COMMAND...`). The lock stays with the
process through exec and goes with it however it ends, so a supervisor that was killed between starting a child and
writing it down finds the child again, and one place never has two processes.
"""

import fcntl
import os
import sys
import time

PLACE_TAKEN = 75
CANNOT_EXECUTE = 127
_TRIES = 40
_PAUSE_SECONDS = 0.05


def main(record: str, argv: list[str]) -> int:
    """Lock *record*, write the pid into it and become *argv*; return only when that is impossible."""
    descriptor = os.open(record, os.O_RDWR | os.O_CREAT, 0o600)
    if not _lock(descriptor):
        sys.stderr.write(f"trueup: another process already has the place of {record}\n")
        return PLACE_TAKEN
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    os.set_inheritable(descriptor, True)
    try:
        os.execvp(argv[0], argv)  # noqa: S606 (an argument list, no shell)
    except OSError as error:
        sys.stderr.write(f"trueup: cannot execute {argv[0]}: {error.strerror}\n")
    return CANNOT_EXECUTE


def _lock(descriptor: int) -> bool:
    # An observer holds the lock for an instant, and a process that was just killed for a moment.
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(_PAUSE_SECONDS)
        else:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
