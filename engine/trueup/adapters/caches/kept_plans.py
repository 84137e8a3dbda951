"""What was printed for a plan, kept under the digest of everything around it, until its day ends.

Nothing in here judges: whoever keeps a plan has made sure that nothing in it changes with the time of the day. Two
times are written anew at every reading, when it was made and until when it is valid.
"""

import contextlib
import hashlib
import os
from collections.abc import Sequence

LIMIT_BYTES = 64 << 20
"""A plan of a thousand new deployments takes six megabytes."""
_SEAL_BYTES = 64


def read_plan(folder: str, key: str) -> tuple[int, list[bytes]] | None:
    """Return the exit code and what was printed, in parts between which times belong; None when it is not whole."""
    try:
        with open(os.path.join(folder, key), "rb") as file:
            seal, content = file.read(_SEAL_BYTES), file.read()
        if seal != _seal(key, content):
            return None
        code, *parts = content.split(b"\0")
        return int(code), parts
    except (OSError, ValueError):
        return None


def keep_plan(folder: str, key: str, code: int, parts: Sequence[bytes]) -> None:
    """Keep what was printed; a folder that cannot be written keeps nothing."""
    if any(b"\0" in part for part in parts):
        return
    content = b"\0".join([b"%d" % code, *parts])
    temporary = os.path.join(folder, f".{key}.{os.getpid()}")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        _prune(folder, LIMIT_BYTES - len(content))
        with open(temporary, "xb") as file:
            file.write(_seal(key, content) + content)
        os.replace(temporary, os.path.join(folder, key))
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _seal(key: str, content: bytes) -> bytes:
    return hashlib.blake2b(key.encode() + b"\0" + content, digest_size=_SEAL_BYTES // 2).hexdigest().encode()


def _prune(folder: str, most_bytes: int) -> None:
    """Take away the oldest ones until the others take *most_bytes*."""
    found = []
    for entry in os.scandir(folder):
        with contextlib.suppress(OSError):
            status = entry.stat()
            found.append((status.st_mtime_ns, status.st_size, entry.path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= most_bytes:
            break
        with contextlib.suppress(OSError):
            os.unlink(path)
        total -= size
