"""The safetensors layout, read without trusting it: 8 bytes of length, a JSON header, then the tensors.

Source of the format: https://github.com/huggingface/safetensors#format
"""

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path

from trueup.adapters.stores import codes
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json

HEADER_LIMIT_BYTES = 100_000_000
"""The format's own limit for the header."""

BITS: Mapping[str, int] = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "U16": 16, "I16": 16, "F16": 16, "BF16": 16,
    "U32": 32, "I32": 32, "F32": 32, "U64": 64, "I64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip
"""Bits of one element, by type."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where a tensor lies: its type, shape, first byte in the file and length."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    size_bytes: int


def read_header(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file by name, after checking that they and the file's length agree.

    Raises:
        PermanentError: The file is cut short, or its header is broken (ART007).
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        prefix = file.read(8)
        if len(prefix) < 8:
            raise _broken(path, f"it has {size} bytes, fewer than the length of its header takes")
        (length,) = struct.unpack("<Q", prefix)
        if length > HEADER_LIMIT_BYTES:
            raise _broken(path, f"its header claims {length:,} bytes, which no safetensors file has")
        if length > size - 8:
            raise _broken(path, f"it was cut short: its header has {length:,} bytes, the file {size:,}")
        text = file.read(length)
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _broken(path, f"its header is no JSON: {error}") from error
    if not isinstance(header, dict):
        raise _broken(path, "its header is no JSON object")
    start = 8 + length
    tensors = {n: _tensor(path, n, entry, start) for n, entry in header.items() if n != "__metadata__"}
    _check_places(path, tensors, start, size)
    return tensors


def _tensor(path: Path, name: str, entry: Json, start: int) -> Tensor:
    match entry:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(begin), int(end)]} if dtype in BITS:
            if all(isinstance(n, int) and n >= 0 for n in shape):
                expected = math.prod(shape) * BITS[dtype] // 8
                if end - begin != expected or begin < 0:
                    raise _broken(path, f"tensor `{name}` takes {end - begin:,} bytes, its shape needs {expected:,}")
                return Tensor(name, dtype, tuple(shape), start + begin, expected)
    raise _broken(path, f"the header's entry for tensor `{name}` is not a type, a shape and two offsets")


def _check_places(path: Path, tensors: Mapping[str, Tensor], start: int, size: int) -> None:
    place = start
    for tensor in sorted(tensors.values(), key=lambda t: (t.offset, t.size_bytes)):
        if tensor.offset != place:
            raise _broken(path, f"tensor `{tensor.name}` does not begin where the one before it ends")
        place += tensor.size_bytes
    if place > size:
        raise _broken(path, f"it was cut short: {size:,} of {place:,} bytes are there")
    if place < size:
        raise _broken(path, f"{size - place:,} bytes follow the last tensor")


def _broken(path: Path, why: str) -> PermanentError:
    return PermanentError(codes.BROKEN_WEIGHTS, f"`{path.name}`: {why}.")
