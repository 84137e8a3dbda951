"""Inspect's `.eval` log: a ZIP archive of JSON documents, compressed with Zstandard since Inspect 0.3.2xx."""

import io
import struct
import zipfile
import zlib

from trueup.adapters.evaluators.imports import codes
from trueup.adapters.evaluators.imports.documents import MAX_BYTES, Node, Problems, parse_json

HEADER = "header.json"
_ZSTANDARD = 93
"""Method number in ZIP archives (APPNOTE 6.3.7); Python's zipfile knows it from 3.14 on."""
_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What damaged archives raise; a RuntimeError where a bit says that they are encrypted."""
_LOCAL = struct.Struct("<26xHH")
"""Lengths of name and extra field in the header before a member's content."""


def unpack(content: bytes, name: str, problems: Problems) -> Node:
    """Return the log as the document that Inspect writes with `--log-format json`.

    Raises:
        RefusedResultsError: It is no archive, is damaged, or the run did not come to its end.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {info.filename: info for info in archive.infolist()}
            wanted = [m for m in members if m == HEADER or (m.startswith("samples/") and m.endswith(".json"))]
            if HEADER not in members:
                problems.add(codes.NOT_FINISHED, f"`{name}` has no `{HEADER}`: Inspect writes it when a run ends.")
            if sum(members[m].file_size for m in wanted) > MAX_BYTES:
                problems.add(codes.UNREADABLE, f"`{name}` unpacks to more than {MAX_BYTES // 2**20} MiB.")
            problems.refuse()
            parts = {m: _member(archive, members[m], content) for m in wanted}
    except _DAMAGES as error:
        problems.add(codes.UNREADABLE, f"`{name}` is no complete archive of Inspect ({error}).")
    except ModuleNotFoundError:
        detail = f"`{name}` is compressed with Zstandard, which is not installed."
        problems.add(
            codes.UNREADABLE, f"{detail} Install `zstandard`, or convert the log: `inspect log convert --to json`."
        )
    problems.refuse()
    read = {m: parse_json(part, f"{name}/{m}", problems) for m, part in parts.items()}
    samples = [node.value for m, node in sorted(read.items(), key=_in_order) if m != HEADER]
    return Node({**read[HEADER].fields(), "samples": samples}, "", problems)


def _in_order(member: tuple[str, Node]) -> tuple[int, str]:
    """Return the place of a sample: by number where the ids are numbers."""
    own = member[1].fields().get("id")
    return (own, "") if isinstance(own, int) else (0, member[0])


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, content: bytes) -> bytes:
    if info.compress_type != _ZSTANDARD:
        return archive.read(info)
    import zstandard

    name_length, extra_length = _LOCAL.unpack_from(content, info.header_offset)
    start = info.header_offset + _LOCAL.size + name_length + extra_length
    packed = content[start : start + info.compress_size]
    try:
        # One byte more than declared, so that a longer content is seen and not cut.
        with zstandard.ZstdDecompressor().stream_reader(packed) as reader:
            unpacked = reader.read(info.file_size + 1)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error
    if len(unpacked) != info.file_size or zlib.crc32(unpacked) != info.CRC:
        raise ValueError(f"{info.filename} is damaged")
    return unpacked
