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


def read_parts(folder: str, key: str) -> list[bytes] | None:
    """Return what is kept under *key*; None when nothing is, or not all of it."""
    try:
        with open(os.path.join(folder, key), "rb") as file:
            seal, content = file.read(_SEAL_BYTES), file.read()
    except OSError:
        return None
    return content.split(b"\0") if seal == _seal(key, content) else None


def keep_parts(folder: str, key: str, parts: Sequence[str]) -> None:
    """Keep *parts*; a folder that cannot be written keeps nothing."""
    if any("\0" in part for part in parts):
        return
    content = "\0".join(parts).encode(errors="replace")
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
