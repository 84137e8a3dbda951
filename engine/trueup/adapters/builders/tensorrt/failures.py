"""Recognises the failures that users of TensorRT-LLM report, in the log and the exit status of a program.

Source: issues of NVIDIA/TensorRT-LLM (#102, #222, #346, #743, #753, #811, #1543, #2451, #3031, #8223, #8633, #9680), of
triton-inference-server/tensorrtllm_backend (#194, #424, #456) and of triton_cli (#59).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from signal import SIGKILL

from trueup.adapters.builders.tensorrt import codes
from trueup.core.diagnostics import Code
from trueup.core.errors import PermanentError, TransientError, TrueupError


@dataclass(frozen=True, slots=True)
class Class:
    """One class of failures, told by what is in a line of the log."""

    code: Code
    pattern: re.Pattern[str]


def _class(code: Code, *patterns: str) -> Class:
    return Class(code, re.compile("|".join(patterns), re.IGNORECASE))


CLASSES = (
    _class(codes.NO_DISK, r"No space left on device", r"disk quota exceeded"),
    _class(
        codes.CONTAINER_FAILED,
        r"Cannot connect to the Docker daemon",
        r"could not select device driver",
        r"nvidia-container-cli",
        r"No such image",
        r"image not known",
        r"permission denied while trying to connect",
    ),
    _class(codes.WRONG_GPU, r"generated on an incompatible device", r"incompatible device, expecting compute"),
    _class(codes.WRONG_TENSORRT, r"not compatible with this version of TensorRT"),
    _class(codes.WRONG_WORLD, r"mpiSize == tp \* pp", r"Engine world size", r"MPI worldSize is expected"),
    _class(
        codes.SERVING_MEMORY,
        r"(out of memory|OutOfMemory|can.?t allocate|failed to allocate).*\bkv\b",
        r"\bkv ?cache\b.*(out of memory|OutOfMemory|can.?t allocate|failed to allocate)",
    ),
    _class(
        codes.GPU_MEMORY,
        r"Requested amount of GPU memory",
        r"resizePhysical",
        r"OutOfMemory",
        r"CUDA out of memory",
        r"cudaErrorMemoryAllocation",
    ),
    _class(codes.HOST_MEMORY, r"\bKilled\b", r"\bsignal 9\b", r"\bMemoryError\b", r"can.?t allocate memory"),
    _class(codes.UNKNOWN_ARCHITECTURE, r"Unsupported model architecture"),
    _class(
        codes.WRONG_BACKEND, r"not supported (by|in|on) the \S+ backend", r"only supported (by|in|on) the \S+ backend"
    ),
    _class(codes.BAD_COMMAND, r"unrecognized arguments", r"invalid choice", r": error: argument "),
    # Last: what TensorRT says in the end whatever the reason was.
    _class(
        codes.ENGINE_FAILED,
        r"Engine building failed",
        r"Error Code \d+: .*builder",
        r"could not find any implementation",
    ),
)
"""In the order in which they are looked for: what names a cause comes before what only says that it failed."""

_ERROR = re.compile(
    r"\[E\]|\b(error|exception|fatal|assertion ?error|traceback|killed|failed|abort(ed)?)\b", re.IGNORECASE
)
_NO_ERROR = re.compile(r"\b(0|no) errors?\b|error log", re.IGNORECASE)
_TRACEBACK = re.compile(r"^Traceback \(most recent call last\)")

_SHOWN = 300
"""Characters of a line that are shown: more would be a matrix or a path."""


class LogReader:
    """Keeps of a log what says why it failed: the first line of each class, and the first error line of all."""

    def __init__(self) -> None:
        self._first_error = ""
        self._found: dict[str, str] = {}
        self._last = ""

    def read(self, line: str) -> None:
        """Take in the next line."""
        text = line.strip()
        if not text:
            return
        self._last = text
        if not self._first_error and _ERROR.search(text) and not _NO_ERROR.search(text) and not _TRACEBACK.match(text):
            self._first_error = text
        for known in CLASSES:
            if known.code.id not in self._found and known.pattern.search(text):
                self._found[known.code.id] = text

    def read_all(self, lines: Iterable[str]) -> "LogReader":
        """Take in *lines*."""
        for line in lines:
            self.read(line)
        return self

    def failure(self, program: str, status: int, log: str = "") -> TrueupError:
        """Return why *program* failed.

        Args:
            program: Its name.
            status: Its exit status; negative is the signal that ended it.
            log: Where the whole log is kept.
        """
        code, evidence = self._classified(status)
        ended = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        parts = [f"{program} {ended}."]
        if self._first_error and self._first_error != evidence:
            parts.append(f"First error line: {_shown(self._first_error)}")
        if evidence:
            parts.append(f"It is told by: {_shown(evidence)}")
        if not evidence and not self._first_error and self._last:
            parts.append(f"Last line: {_shown(self._last)}")
        if log:
            parts.append(f"Log: {log}")
        # Only what another run changes by itself: a daemon that comes back.
        kind = TransientError if code is codes.CONTAINER_FAILED and "Cannot connect" in evidence else PermanentError
        return kind(code, " ".join(parts))

    def _classified(self, status: int) -> tuple[Code, str]:
        for known in CLASSES:
            if known.code.id in self._found:
                return known.code, self._found[known.code.id]
        if status in (-SIGKILL, 128 + SIGKILL):
            return codes.HOST_MEMORY, ""
        return codes.FAILED, ""


def _shown(line: str) -> str:
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]} ..."
