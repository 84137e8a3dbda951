"""What files really contain, whatever they are called; pickles are refused, declared formats are checked.

Only first bytes, archive listings and headers are read. Nothing is ever loaded.
"""

import struct
import zipfile
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path, PurePosixPath

from trueup.adapters.stores import codes
from trueup.adapters.stores.safetensors import HEADER_LIMIT_BYTES, read_header
from trueup.core.errors import PermanentError

PickleScanner = Callable[[Path], Sequence[str]]
"""Looks into a file or folder and returns what it found to be dangerous; empty when clean."""

PICKLE_SUFFIXES = frozenset({".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".dill", ".bin"})
"""Names under which loaders unpickle, whatever the first bytes are (protocol 0 has no mark of its own)."""

BIN_FORMATS = frozenset({"openvino", "onnx"})
"""Formats whose own weights end in `.bin` and are no pickles."""


class Kind(StrEnum):
    """What the bytes of a file are."""

    SAFETENSORS = "safetensors"
    GGUF = "gguf"
    PICKLE = "pickle"
    OTHER = "other"


def kind_of(path: Path) -> Kind:
    """Tell what a file is by its content."""
    with path.open("rb") as file:
        start = file.read(256)
    if start.startswith(b"GGUF"):
        return Kind.GGUF
    if start.startswith(b"PK\x03\x04"):
        return Kind.PICKLE if _zip_has_pickle(path) else Kind.OTHER
    # PROTO with a version that exists, then an opcode: numpy and torch pickles begin so, text never does.
    if len(start) > 2 and start[0] == 0x80 and 2 <= start[1] <= 5:
        return Kind.PICKLE
    if start.startswith(b"\x93NUMPY") and b"|O" in start:
        return Kind.PICKLE
    if len(start) >= 10 and start[8:9] == b"{" and struct.unpack("<Q", start[:8])[0] <= HEADER_LIMIT_BYTES:
        return Kind.SAFETENSORS
    return Kind.OTHER


def _zip_has_pickle(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(PurePosixPath(n).suffix in {".pkl", ".pickle"} for n in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return True  # an archive that cannot be looked into may hold anything


def pickles_by_name(paths: Sequence[str], declared: str) -> tuple[str, ...]:
    """Return those of *paths* that loaders of the declared format's world would unpickle."""
    spared = {".bin"} if declared in BIN_FORMATS else set()
    return tuple(p for p in paths if PurePosixPath(p).suffix.lower() in PICKLE_SUFFIXES - spared)


def check_content(content: Path, paths: Sequence[str], declared: str, *, allow_pickle: bool = False) -> None:
    """Refuse pickles and content that is not in the declared format.

    Args:
        content: The artifact: a file, or the folder that *paths* lie in.
        paths: Paths of the artifact's files.
        declared: The declared format; only `safetensors` and `gguf` can be told from the bytes.
        allow_pickle: An exception and a clean scan let pickles pass.

    Raises:
        PermanentError: A pickle (ART005), another format (ART006) or a broken file (ART007).
    """
    kinds = {p: kind_of(content / p if content.is_dir() else content) for p in paths}
    pickles = {*pickles_by_name(paths, declared), *(p for p, kind in kinds.items() if kind is Kind.PICKLE)}
    if pickles and not allow_pickle:
        raise refuse_pickles(sorted(pickles))
    for path, kind in kinds.items():
        if kind is Kind.SAFETENSORS or path.endswith(".safetensors"):
            read_header(content / path if content.is_dir() else content)
    if declared in {Kind.SAFETENSORS, Kind.GGUF} and declared not in kinds.values():
        found = sorted({k.value for k in kinds.values()} - {Kind.OTHER})
        what = f"its files are {', '.join(found)}" if found else f"none of its {len(paths)} files is"
        raise PermanentError(codes.WRONG_FORMAT, f"The format is declared as `{declared}`, but {what}.")


def refuse_pickles(paths: Sequence[str]) -> PermanentError:
    """Return the error that names *paths* as pickles."""
    shown = ", ".join(f"`{p}`" for p in paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
    return PermanentError(codes.PICKLE, f"{shown}: loading a file of this kind runs the code inside it.")
