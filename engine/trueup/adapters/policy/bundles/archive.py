"""Reads `.tar.gz` bundles in memory: nothing is extracted, so nothing can be written where it should not.

Format: https://www.openpolicyagent.org/docs/management-bundles, "Bundle File Format". `opa build` writes names that
begin with a slash.
"""

import io
import tarfile
import zlib
from collections.abc import Iterator

from trueup.adapters.policy.bundles import codes
from trueup.core.diagnostics import Span
from trueup.core.errors import PermanentError

MAX_BYTES = 64 << 20
"""Of all files together, unpacked; a library of policies has some hundred kilobytes."""
MAX_FILES = 10_000

Files = list[tuple[str, bytes]]
"""Path inside the bundle and content."""


class BundleError(PermanentError):
    """A bundle that cannot be used; without it nothing is decided."""


def read_archive(content: bytes, where: str) -> Files:
    """Return the files of a gzipped tar, sorted by path; *where* names it in messages.

    Raises:
        BundleError: It is none, or it has what a bundle of policies has no use for.
    """
    try:
        unpacked = _gunzip(content)
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as archive:
            files = list(_members(archive, where))
    except (tarfile.TarError, zlib.error, EOFError, ValueError, UnicodeError) as error:
        raise refused(where, f"It cannot be read: {' '.join(str(error).split())}.") from error
    names = [path for path, _ in files]
    for earlier, later in zip(sorted(names, key=str.casefold), sorted(names, key=str.casefold)[1:], strict=False):
        if earlier.casefold() == later.casefold():
            raise refused(where, f"`{earlier}` and `{later}` are one name where case does not count.")
    return sorted(files)


def refused(where: str, detail: str) -> BundleError:
    """Return the error for an archive that is refused."""
    return BundleError(codes.ARCHIVE, detail, span=Span(where))


def _gunzip(content: bytes) -> bytes:
    """Unpack no more than may be: a small file can stand for terabytes."""
    unpacker = zlib.decompressobj(wbits=31)
    unpacked = unpacker.decompress(content, MAX_BYTES + 1)
    if len(unpacked) > MAX_BYTES:
        raise ValueError(f"unpacked it has more than {MAX_BYTES >> 20} MiB")
    if not unpacker.eof:
        raise EOFError("it ends too early")
    return unpacked


def _members(archive: tarfile.TarFile, where: str) -> Iterator[tuple[str, bytes]]:
    for number, member in enumerate(archive, start=1):
        if number > MAX_FILES:
            raise refused(where, f"It has more than {MAX_FILES:,} files.")
        if member.isdir():
            continue
        name = member.name.lstrip("/").removeprefix("./")
        if not member.isreg():
            raise refused(where, f"`{name}` is a link or a device.")
        if ".." in name.split("/") or "\\" in name or not name.isprintable() or not name:
            raise refused(where, f"`{name}` is no path inside it.")
        stream = archive.extractfile(member)
        yield name, stream.read() if stream else b""
