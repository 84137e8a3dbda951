"""Layers that are archives: their files, without anything being written where a name in them says.

A plain tar is left where it is: its headers are read by ranges, and each file is then a range of it. A compressed one
cannot be read from the middle: it is brought to a nameless file first, held to its digest and to what it may unpack to.
"""

import hashlib
import io
import os
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from threading import Event

from trueup.adapters.sources import codes
from trueup.adapters.sources.extras import library
from trueup.adapters.sources.ranges import RangeReader
from trueup.adapters.sources.reading import read_on
from trueup.adapters.sources.retries import PATIENT, words_of
from trueup.adapters.sources.safety import MAX_BYTES, MAX_FILES
from trueup.adapters.sources.source import Content, SourceFile
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass

_BLOCK_BYTES = 64 << 10
"""Of a tar's headers, which lie between files that are not read."""
_SMALL_BYTES = 64 << 20
_RATIO = 100
"""Beyond the first 64 MiB, text packs to a tenth and weights hardly at all; a bomb packs a thousandfold."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A layer as the registry has it."""

    uri: str
    kind: str
    digest: Digest
    size_bytes: int
    open_at: Callable[[int], Content]


def packed_files(blob: Blob) -> list[SourceFile]:
    """Return the files of an archive.

    Raises:
        PermanentError: It is broken or has what an artifact has no use for (ART118), it unpacks to more than it may
            (ART110), or its bytes are not those of its digest (ART119).
    """
    if blob.kind.endswith(".tar"):
        headers = RangeReader(_range(blob), blob.size_bytes, block=_BLOCK_BYTES)
        return _members(blob, headers, blob.size_bytes, blob.open_at)
    scratch = _Scratch()
    unpacked = 0
    limit = min(MAX_BYTES, _SMALL_BYTES + blob.size_bytes * _RATIO)
    try:
        for piece in _unpacked(blob):
            unpacked += len(piece)
            if unpacked > limit:
                detail = f"`{blob.uri}`: a layer of {blob.size_bytes:,} bytes unpacks to more than {limit:,}."
                raise PermanentError(codes.TOO_MUCH, detail)
            scratch.write(piece)
    except (zlib.error, EOFError) as error:
        raise _broken(blob, str(error)) from error
    return _members(
        blob,
        RangeReader(scratch.read, unpacked, block=_BLOCK_BYTES),
        unpacked,
        lambda offset: RangeReader(scratch.read, unpacked, offset),
    )


def _members(blob: Blob, headers: RangeReader, size: int, open_at: Callable[[int], Content]) -> list[SourceFile]:
    files = []
    try:
        with tarfile.open(fileobj=headers, mode="r:") as archive:
            for number, member in enumerate(archive, start=1):
                if number > MAX_FILES:
                    raise PermanentError(codes.TOO_MUCH, f"`{blob.uri}`: an archive has more than {MAX_FILES:,} files.")
                if member.isdir():
                    continue
                if not member.isreg() or member.issparse():
                    raise _broken(blob, f"`{member.name}` is a link, a device, or has holes")
                if member.offset_data + member.size > size:
                    raise _broken(blob, f"`{member.name}` ends behind the archive's own end")
                files.append(SourceFile(member.name.removeprefix("./"), member.size, _part(member, open_at)))
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise _broken(blob, words_of(error)) from error
    return files


def _part(member: tarfile.TarInfo, open_at: Callable[[int], Content]) -> Callable[[int], Content]:
    start, size = member.offset_data, member.size

    def part(offset: int) -> Content:
        return _Part(open_at(start + offset), size - offset)

    return part


class _Part(io.RawIOBase):
    """The next *size* bytes of a stream."""

    def __init__(self, stream: Content, size: int) -> None:
        super().__init__()
        self._stream, self._left = stream, size

    def read(self, size: int = -1, /) -> bytes:
        if self._left == 0:
            return b""
        content = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(content)
        return content

    def close(self) -> None:
        self._stream.close()
        super().close()


def _range(blob: Blob) -> Callable[[int, int], bytes]:
    def fetch(start: int, end: int) -> bytes:
        content = b""
        with blob.open_at(start) as stream:
            while len(content) < end - start and (piece := stream.read(end - start - len(content))):
                content += piece
        return content

    return fetch


def _unpacked(blob: Blob) -> Iterator[bytes]:
    """Yield what a compressed layer unpacks to, a piece at a time; the last one comes with the digest compared."""
    state = hashlib.sha256()
    whole = SourceFile(str(blob.digest), blob.size_bytes, blob.open_at)

    def packed() -> Iterator[bytes]:
        for chunk in read_on(whole, 0, PATIENT, Event()):
            state.update(chunk)
            yield chunk

    yield from _from_zstd(blob, packed()) if blob.kind.endswith("zstd") else _from_gzip(packed())
    if (got := f"sha256:{state.hexdigest()}") != blob.digest:
        detail = f"A layer of `{blob.uri}` has {got}, and its manifest says {blob.digest}."
        raise PermanentError(codes.OTHER_BYTES, detail)


def _from_gzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=31)
    for chunk in chunks:
        rest = chunk
        while rest:
            if unpacker.eof:  # one gzip member after another is one stream (RFC 1952, 2.2)
                unpacker = zlib.decompressobj(wbits=31)
            yield unpacker.decompress(rest, 1 << 20)
            rest = unpacker.unconsumed_tail or unpacker.unused_data
    while piece := unpacker.decompress(unpacker.unconsumed_tail, 1 << 20):
        yield piece
    if not unpacker.eof:
        raise EOFError("it ends too early")


def _from_zstd(blob: Blob, chunks: Iterator[bytes]) -> Iterator[bytes]:
    zstandard = library("zstandard", "oci", f"{blob.uri}: a layer packed by zstd")
    unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    try:
        with unpacker.stream_reader(_Chunks(chunks), read_across_frames=True) as stream:
            while piece := stream.read(1 << 20):
                yield piece
    except zstandard.ZstdError as error:
        raise EOFError(str(error)) from error


class _Chunks(io.RawIOBase):
    """Chunks as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks, self._rest = chunks, b""

    def read(self, size: int = -1, /) -> bytes:
        self._rest = self._rest or next(self._chunks, b"")
        piece, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return piece


class _Scratch:
    """A file without a name, gone with the last who reads it."""

    def __init__(self) -> None:
        handle, name = tempfile.mkstemp(prefix="trueup-layer-")
        os.unlink(name)
        self._handle = handle

    def write(self, content: bytes) -> None:
        view = memoryview(content)
        while view:
            view = view[os.write(self._handle, view) :]

    def read(self, start: int, end: int) -> bytes:
        return os.pread(self._handle, end - start, start)

    def __del__(self) -> None:
        os.close(self._handle)


def _broken(blob: Blob, why: str) -> PermanentError:
    return PermanentError(codes.BAD_ARCHIVE, f"A layer of `{blob.uri}`: {why}.")
