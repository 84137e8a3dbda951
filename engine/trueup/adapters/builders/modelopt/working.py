"""Runs a worker file under the Python that has the tools, and turns how it ended into a result or an error."""

import contextlib
import errno
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from trueup.adapters.builders import codes as builder_codes
from trueup.adapters.builders.modelopt import codes
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.ports import Progress

_INHERITED = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
)
_LOG_BYTES = 2000
"""How much of what the tools printed last is shown when they end without a word to us."""

_CODES = {
    "architecture": builder_codes.UNSUPPORTED_MODEL,
    "weights": builder_codes.DISAGREEING_WEIGHTS,
    "calibration": codes.BAD_CALIBRATION,
    "import": codes.NO_TOOLCHAIN,
    "memory": codes.KILLED,
}


def work(argv: list[str], job: Mapping[str, Json], what: str, beside: Path, progress: Progress) -> None:
    """Run *argv* on *job* until it ends; it ends with us, however we end.

    Args:
        argv: Program and arguments.
        job: What it is told on standard input.
        what: Name of the work, for messages.
        beside: Folder for its temporary files: what is left when we are killed goes with it.
        progress: Told while it works.

    Raises:
        PermanentError: It failed (ART305), was killed (ART306), or refused the model for the reason it gave.
        OSError: The disk is full.
    """
    folder = tempfile.TemporaryDirectory(prefix="trueup-build-", dir=beside.resolve())
    with folder as scratch, tempfile.TemporaryFile() as log:
        worker = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_environment(Path(scratch)),
            cwd=scratch,
            start_new_session=True,
        )
        try:
            ended = _follow(worker, job, what, progress)
            worker.wait()
        finally:
            _end(worker)
        if ended is None:
            raise _silent(worker.returncode, log, what)
        if ended:
            raise _failure(ended, what)


def _follow(
    worker: subprocess.Popen[bytes], job: Mapping[str, Json], what: str, progress: Progress
) -> Mapping[str, str] | None:
    """Hand over the job, pass on what is told, and return how it ended; None when it was not told."""
    if worker.stdin is None or worker.stdout is None:
        return None
    with contextlib.suppress(BrokenPipeError):
        worker.stdin.write(json.dumps(job).encode() + b"\n")
        worker.stdin.flush()
    ended: Mapping[str, str] | None = None
    now = ""
    for line in worker.stdout:
        match json.loads(line):
            case {"progress": [str(told), int(done), int(total)]}:
                if now not in ("", told):
                    progress(f"{what}: {now}", 1, 1)
                now = told
                progress(f"{what}: {told}", done, total)
            case {"ended": {**how}}:
                ended = {str(k): str(v) for k, v in how.items()}
            case _:
                pass
    if now:
        progress(f"{what}: {now}", 1, 1)
    return ended


def _end(worker: subprocess.Popen[bytes]) -> None:
    """Have the worker gone with all that it started; nothing is left to do for one that ended."""
    if worker.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(worker.pid, signal.SIGKILL)
    for stream in (worker.stdin, worker.stdout):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):
                stream.close()
    worker.wait()


def _failure(ended: Mapping[str, str], what: str) -> Exception:
    kind, detail = ended.get("kind", ""), ended.get("detail", "")
    if kind == "space":
        return OSError(errno.ENOSPC, f"No space left on device ({what})")
    return PermanentError(_CODES.get(kind, codes.FAILED), f"{what}: {detail}.")


def _silent(returncode: int, log: IO[bytes], what: str) -> PermanentError:
    if returncode < 0:
        name = signal.Signals(-returncode).name if -returncode in set(signal.Signals) else str(-returncode)
        return PermanentError(codes.KILLED, f"{what}: the process was ended by signal {-returncode} ({name}).")
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - _LOG_BYTES))
    said = " / ".join(line.strip() for line in log.read().decode(errors="replace").splitlines()[-5:] if line.strip())
    return PermanentError(codes.FAILED, f"{what}: the process ended with {returncode}. {said or 'It said nothing'}.")


def _environment(scratch: Path) -> dict[str, str]:
    """Return the few variables that tools get: no secrets, no network, one thread, no GPU, no caches of others."""
    kept = {k: v for k, v in os.environ.items() if k in _INHERITED}
    threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return {
        **kept,
        **dict.fromkeys(threads, "1"),
        "CUDA_VISIBLE_DEVICES": "",
        "HF_HOME": str(scratch / "huggingface"),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
