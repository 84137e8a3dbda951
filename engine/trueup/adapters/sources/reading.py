"""Reading one file of a source to its end, whatever happens to the connection on the way."""

from collections.abc import Iterator
from threading import Event

from trueup.adapters.sources import codes
from trueup.adapters.sources.retries import Patience
from trueup.adapters.sources.source import Content, SourceFile
from trueup.adapters.stores.hashing import CHUNK_BYTES
from trueup.core.errors import PermanentError, TransientError


def read_on(file: SourceFile, offset: int, patience: Patience, stop: Event) -> Iterator[bytes]:
    """Yield the bytes of *file* from *offset* on; where the connection breaks, go on behind the last of them.

    Ends early when *stop* is set.

    Raises:
        PermanentError: The file has another length than was listed (ART108), or cannot be read (ART107).
        TransientError: The source was given up.
    """
    failures = 0
    while not stop.is_set():
        try:
            for chunk in _chunks(file, offset):
                failures, offset = 0, offset + len(chunk)
                if offset > file.size_bytes:
                    raise _other_length(file, f"at least {offset:,}")
                yield chunk
                if stop.is_set():
                    return
            break
        except TransientError as error:
            failures += 1
            if failures >= patience.tries:
                raise
            stop.wait(patience.wait_seconds(failures, error))
    if offset != file.size_bytes and not stop.is_set():
        raise _other_length(file, f"{offset:,}")


def _other_length(file: SourceFile, found: str) -> PermanentError:
    detail = f"`{file.path}` had {file.size_bytes:,} bytes when it was listed and {found} when it was read."
    return PermanentError(codes.CHANGED, detail)


def _chunks(file: SourceFile, offset: int) -> Iterator[bytes]:
    with _open(file, offset) as content:
        while chunk := _read(file, content):
            yield chunk


def _open(file: SourceFile, offset: int) -> Content:
    try:
        return file.open_at(offset)
    except OSError as error:
        raise PermanentError(codes.UNREADABLE, f"`{file.path}`: {error.strerror or error}.") from error


def _read(file: SourceFile, content: Content) -> bytes:
    try:
        return content.read(CHUNK_BYTES)
    except OSError as error:
        raise PermanentError(codes.UNREADABLE, f"`{file.path}`: {error.strerror or error}.") from error
