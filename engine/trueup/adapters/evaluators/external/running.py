"""Runs a tool in its own Python: without our secrets, without network to hubs, in time or not at all."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from trueup.adapters.evaluators.external import codes
from trueup.core.errors import PermanentError, TransientError

LOG = "log.txt"
"""What the tool prints, in the work folder."""

_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_SHOWN_LINES, _SHOWN_BYTES = 8, 3000
"""How much of what the tool printed last is shown."""
_GRACE_SECONDS = 5.0
"""From SIGTERM to SIGKILL."""
_VERSION_SECONDS = 60.0
"""For asking the version: a cold Python on a busy disk takes seconds."""


def environment(work: Path) -> dict[str, str]:
    """Return all variables a tool gets: no keys, no proxies, no hub, its home in the work folder."""
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "HOME": str(work),
        "HF_HOME": str(work / "huggingface"),
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }


def version_of(interpreter: Path, package: str, work: Path) -> str:
    """Return the version of *package* that *interpreter* has.

    Raises:
        PermanentError: It has none, or does not start (EEXT001).
    """
    ask = f"import importlib.metadata as m; print(m.version({package!r}))"
    argv = [str(interpreter), "-I", "-c", ask]
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_VERSION_SECONDS,
            env=environment(work),
            cwd=work,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PermanentError(codes.NO_INTERPRETER, f"`{interpreter}`: {error}.") from error
    version = done.stdout.decode(errors="replace").strip()
    if done.returncode != 0 or not version:
        said = _last(done.stderr)
        raise PermanentError(codes.NO_INTERPRETER, f"`{interpreter}` has no `{package}`: {said or 'it said nothing'}.")
    return version


def held_to(declared: str, found: str, tool: str) -> None:
    """Refuse a tool of another version than *declared*; empty declares none.

    Raises:
        PermanentError: The versions differ (EEXT002).
    """
    if declared and declared != found:
        raise PermanentError(codes.OTHER_VERSION, f"Declared is {tool} {declared}; its Python has {found}.")


def run_tool(argv: Sequence[str], tool: str, work: Path, more: Mapping[str, str], timeout_seconds: float) -> None:
    """Run *argv* in *work* to its end; however it ends, nothing of it goes on.

    Args:
        argv: Command line.
        tool: Its name, for messages.
        work: Working folder; also gets the log.
        more: Variables besides those of `environment`.
        timeout_seconds: Time for all of it.

    Raises:
        PermanentError: It does not start (EEXT001) or fails (EEXT004).
        TransientError: It takes longer (EEXT005).
    """
    path = work / LOG
    with path.open("wb") as log:
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**environment(work), **more},
                cwd=work,
                start_new_session=True,
            )
        except OSError as error:
            raise PermanentError(codes.NO_INTERPRETER, f"`{argv[0]}`: {error}.") from error
        try:
            status = process.wait(timeout_seconds)
        except subprocess.TimeoutExpired as error:
            detail = f"{tool} took longer than {timeout_seconds:g} s. {_said(path)}"
            raise TransientError(codes.TOO_SLOW, detail) from error
        finally:
            _end(process)
    if status != 0:
        how = f"by signal {-status}" if status < 0 else f"with {status}"
        raise PermanentError(codes.FAILED, f"{tool} ended {how}. {_said(path)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the tool and all that it started; it leads a process group."""
    with suppress(ProcessLookupError, PermissionError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_SECONDS)
        # What ignored the first signal, or was left behind by a leader that is gone.
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _said(path: Path) -> str:
    with path.open("rb") as log:
        log.seek(0, os.SEEK_END)
        log.seek(max(0, log.tell() - _SHOWN_BYTES))
        said = _last(log.read())
    return f"It said: {said} (whole log: {path})" if said else f"It said nothing (log: {path})."


def _last(output: bytes) -> str:
    """Return the last lines that say something, as one."""
    lines = [line.strip() for line in output.decode(errors="replace").replace("\r", "\n").split("\n")]
    # Lines of carets mark places in a traceback.
    return " / ".join([line for line in lines if line.strip("^~ ")][-_SHOWN_LINES:])
