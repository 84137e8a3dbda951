"""The operating system's refusals as errors with a code, and what was kept."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trueup.adapters.stores import codes
from trueup.core.errors import PermanentError

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_RIGHT = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def store_failures(root: Path, partial: Path) -> Iterator[None]:
    """Turn an `OSError` of the block into ART002, ART003 or ART004, and say how much of *partial* is kept."""
    try:
        yield
    except OSError as error:
        what = f"{error.strerror or error} ({error.filename or root})"
        kept = kept_bytes(partial)
        state = f"{kept:,} bytes are kept and will be continued from" if kept else "nothing was left behind"
        match error.errno:
            case number if number in _NO_SPACE:
                code = codes.NO_SPACE
            case number if number in _NO_RIGHT:
                code = codes.NOT_WRITABLE
            case _:
                code = codes.STORE_FAILED
        raise PermanentError(code, f"{what}; {state}.") from error


def kept_bytes(folder: Path) -> int:
    """Return how many bytes lie below *folder*; 0 when it cannot be read."""
    try:
        return sum(f.lstat().st_size for f in folder.rglob("*") if f.is_file())
    except OSError:
        return 0
