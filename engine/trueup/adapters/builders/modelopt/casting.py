"""Weights in another 16- or 32-bit type, tensor by tensor in numpy: no torch, and one shard in memory at a time."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trueup.adapters.builders import codes as builder_codes
from trueup.adapters.builders.gguf.weights import INDEX, Located, load
from trueup.adapters.builders.modelopt.source import Source
from trueup.core.errors import PermanentError
from trueup.ports import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPELLINGS: Mapping[str, str] = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
"""Names of the types in safetensors."""

_BYTES = {"F32": 4, "F16": 2, "BF16": 2}


def cast(source: Source, target: Path, dtype: str, progress: Progress) -> None:
    """Write the model in *dtype*, shard by shard under the same names, and say so in config.json.

    Raises:
        PermanentError: A tensor is neither of 16 nor of 32 bits (ART201), or does not fit float16 (ART207).
    """
    files = sorted({located.file for located in source.tensors.values()})
    total = done = 0
    for file in files:
        held = {n: t for n, t in source.tensors.items() if t.file == file}
        progress(f"to {dtype}", done, len(source.tensors))
        total += _write(target / file.name, held, SPELLINGS[dtype])
        done += len(held)
    progress(f"to {dtype}", done, len(source.tensors))
    if (source.folder / INDEX).is_file():
        index = {
            "metadata": {"total_size": total},
            "weight_map": {name: located.file.name for name, located in sorted(source.tensors.items())},
        }
        _document(target / INDEX, index)
    named = {k: dtype for k in ("dtype", "torch_dtype") if k in source.config} or {"dtype": dtype}
    _document(target / "config.json", {**source.config, **named})


def _write(path: Path, tensors: Mapping[str, Located], kind: str) -> int:
    """Write one file and return the bytes of its tensors."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    place = 0
    for name in sorted(tensors):
        shape = tensors[name].tensor.shape
        size = _BYTES[kind] * _count(shape)
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [place, place + size]}
        place += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            what = f"`{name}` in `{tensors[name].file.name}`"
            file.write(_converted(what, load(tensors[name]), kind).tobytes())
    return place


def _converted(what: str, values: "NDArray[Any]", kind: str) -> "NDArray[Any]":
    import numpy as np

    if kind == "F32":
        return values.astype("<f4")
    if kind == "BF16":
        bits = values.astype("<f4").view("<u4")
        # To the nearest, ties to even; what is no number stays none.
        rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)
        return np.where(np.isnan(values), np.uint32(0x7FC0), rounded).astype("<u2")
    with np.errstate(over="ignore", invalid="ignore"):
        half = values.astype("<f2")
    if bool(np.any(np.isinf(half) & np.isfinite(values))):
        raise PermanentError(builder_codes.OVERFLOW, f"{what} holds {float(np.nanmax(np.abs(values))):.3g}.")
    return half


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _document(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
