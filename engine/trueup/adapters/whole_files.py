"""Files that are there whole or not at all."""

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Have *content* at *path*; whoever looks meanwhile, or after a kill, sees the old file or the new one.

    A file that is replaced keeps who may read and write it; a new one is for its owner alone.

    Raises:
        OSError: The disk is full or the folder cannot be written; what was there is still there.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        if path.exists():
            os.chmod(temporary, path.stat().st_mode & 0o777)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
